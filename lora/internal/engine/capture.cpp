// llama.cpp's graph, seen through its public callbacks, cloned into a context of our own.
//
// Weights and adapter tensors are taken by reference; inputs get tensors of their own. What llama.cpp writes to
// the KV cache and reads back is rewritten to a direct use of the keys and values, which is what lets gradients
// reach them: a window is computed whole, from an empty cache, so both are the same numbers.

#include <cstring>

#include "graph.hpp"

namespace rft {
namespace {

bool is_leaf(const ggml_tensor * t) { return t->op == GGML_OP_NONE && !t->view_src; }

bool is_view_op(ggml_op op) {
    return op == GGML_OP_VIEW || op == GGML_OP_RESHAPE || op == GGML_OP_PERMUTE || op == GGML_OP_TRANSPOSE;
}

} // namespace

// The scheduler names its copies of tensors that cross from one backend to another BACKEND#tensor#number.
bool is_copy(const ggml_tensor * t) { return is_leaf(t) && strchr(t->name, '#'); }

bool is_cache(const ggml_tensor * t) { return is_leaf(t) && strncmp(t->name, "cache_", 6) == 0; }

bool is_input(const ggml_tensor * t) { return is_leaf(t) && (t->flags & GGML_TENSOR_FLAG_INPUT || is_copy(t)); }

const ggml_tensor * root_of(const ggml_tensor * t) {
    while (t->view_src) { t = t->view_src; }
    return t;
}

int64_t elements_of_rows(const ggml_tensor * t) { return ggml_nelements(t) / t->ne[0]; }

void capture::clear() {
    nodes.clear();
    copies.clear();
    used = 0;
}

// The captured node that a scheduler's copy was made of; NULL if it is a copy of an input.
ggml_tensor * capture::copied(const ggml_tensor * copy) const {
    const std::string name = copy->name;
    const size_t from = name.find('#'), to = name.rfind('#');
    for (size_t i = nodes.size(); i-- > 0 && to > from;) {
        if (name.compare(from + 1, to - from - 1, nodes[i]->name) == 0 && ggml_are_same_shape(nodes[i], copy)) { return nodes[i]; }
    }
    return nullptr;
}

void capture::release() {
    for (ggml_tensor * n : passed_over) { n->flags |= GGML_TENSOR_FLAG_COMPUTE; }
    passed_over.clear();
}

bool capture::add(ggml_tensor * node, bool pass_over) {
    if (is_leaf(node)) { return true; } // llama.cpp lists some weights as nodes
    if (pass_over && node->flags & GGML_TENSOR_FLAG_COMPUTE) {
        passed_over.push_back(node);
        node->flags &= ~GGML_TENSOR_FLAG_COMPUTE;
    }
    nodes.push_back(node);
    for (ggml_tensor * s : node->src) {
        if (!s || !is_input(s) || copies.count(s)) { continue; }
        if (is_copy(s)) {
            if (strchr(s->name, '#') == strrchr(s->name, '#')) { return false; } // cut short: of what cannot be told
            if (ggml_tensor * original = copied(s)) {
                copies[s] = original;
                continue;
            }
        }
        bool known = false;
        for (size_t i = 0; i < used; i++) { known = known || inputs[i].tensor == s; }
        if (known) { continue; }
        if (!s->buffer) { return false; }
        if (used == inputs.size()) { inputs.emplace_back(); }
        input & i = inputs[used++];
        i.tensor = s;
        i.data.resize(ggml_nbytes(s));
        ggml_backend_tensor_get(s, i.data.data(), 0, i.data.size());
    }
    return true;
}

graph::graph(ggml_backend_t cpu, const std::vector<ggml_backend_t> & devices, bool composed) : cpu_(cpu), devices_(devices), composed_(composed) {}

graph::~graph() { ggml_free(ctx_); }

void graph::missing(const ggml_tensor * node, const char * what) const {
    const std::string name = node->name; // llama.cpp ends the names of a layer's tensors in -LAYER
    const size_t dash = name.rfind('-');
    const size_t end = dash == std::string::npos ? dash : name.find_first_not_of("0123456789", dash + 1);
    std::string layer = ", outside the layers";
    if (dash != std::string::npos && dash + 1 < name.size() && end != dash + 1) { layer = ", layer " + name.substr(dash + 1, end - dash - 1); }
    throw no_rule(std::string("no rule for op ") + ggml_op_desc(node) + " of tensor " + name + layer + what);
}

ggml_tensor * graph::contiguous(ggml_tensor * t) { return ggml_is_contiguous(t) ? t : ggml_cont(ctx_, t); }

// In the forward pass a copy is a node like others, through which the gradient goes.
ggml_tensor * graph::contiguous_node(ggml_tensor * t) {
    if (ggml_is_contiguous(t)) { return t; }
    order_.push_back(ggml_cont(ctx_, t));
    return order_.back();
}

ggml_tensor * graph::mapped(ggml_tensor * o) {
    auto it = map_.find(o);
    if (it != map_.end()) { return it->second; }
    auto copy = from_->copies.find(o);
    if (copy != from_->copies.end()) { return mapped(copy->second); }
    if (is_cache(root_of(o))) { missing(o, ": a cache or a recurrent state is used in a way that training cannot follow"); }
    if (!is_leaf(o)) { throw std::runtime_error(std::string("captured graph: ") + o->name + " is used before it is computed"); }
    return map_[o] = o; // a weight: by reference
}

void graph::clone(ggml_tensor * o) {
    const auto * p = (const int32_t *) o->op_params;
    ggml_tensor * n;
    switch (o->op) {
        case GGML_OP_RESHAPE:
            n = ggml_reshape_4d(ctx_, contiguous_node(mapped(o->src[0])), o->ne[0], o->ne[1], o->ne[2], o->ne[3]);
            break;
        case GGML_OP_VIEW: {
            const size_t base = o->src[0]->view_src ? o->src[0]->view_offs : 0;
            ggml_tensor * a = mapped(o->src[0]);
            if (ggml_is_contiguous(o->src[0])) { a = contiguous_node(a); }
            n = ggml_view_4d(ctx_, a, o->ne[0], o->ne[1], o->ne[2], o->ne[3], o->nb[1], o->nb[2], o->nb[3],
                             o->view_offs - base);
            break;
        }
        case GGML_OP_PERMUTE: n = ggml_permute(ctx_, mapped(o->src[0]), p[0], p[1], p[2], p[3]); break;
        case GGML_OP_MUL_MAT: {
            ggml_tensor *a = mapped(o->src[0]), *b = mapped(o->src[1]);
            if (dropout_key_ && is_lora_a(o->src[0])) {
                b = dropout(ctx_, b, dropout_key_, o->src[0]);
                order_.push_back(b);
            }
            if (kernels() && product_reads(a, b)) {
                n = product(ctx_, a, b);
                break;
            }
            n = ggml_mul_mat(ctx_, a, b);
            memcpy(n->op_params, o->op_params, sizeof(o->op_params));
            break;
        }
        case GGML_OP_TRANSPOSE: n = ggml_transpose(ctx_, mapped(o->src[0])); break;
        default:
            n = ggml_new_tensor(ctx_, o->type, GGML_MAX_DIMS, o->ne);
            n->op = o->op;
            memcpy(n->op_params, o->op_params, sizeof(o->op_params));
            for (int j = 0; j < GGML_MAX_SRC; j++) {
                if (o->src[j]) { n->src[j] = mapped(o->src[j]); }
            }
            rescale(n);
    }
    ggml_set_name(n, o->name);
    map_[o] = n;
    order_.push_back(n);
}

// llama.cpp scales all pairs of an adapter alike. A pair that is trained with a scale of its own gets it here; the file has
// the quotient in its B.
void graph::rescale(ggml_tensor * n) {
    if (n->op != GGML_OP_SCALE || !n->src[0]->src[0]) { return; }
    auto own = from_->scales.find(n->src[0]->src[0]->name); // the name of B
    if (own != from_->scales.end()) { memcpy(n->op_params, &own->second, sizeof(float)); }
}

// Writes to the cache are remembered instead of done; reads become what was written. True if o was dealt with.
bool graph::rewrite_cache(ggml_tensor * o) {
    const ggml_tensor * root = root_of(o);
    if (!is_cache(root)) { return false; }
    if (o->op == GGML_OP_SET_ROWS) {
        cache_[root] = mapped(o->src[0]);
        return true;
    }
    if (!is_view_op(o->op)) { missing(o, ": the KV cache is used in a way that training cannot follow"); }
    auto written = cache_.find(root);
    if (written == cache_.end() || o->src[0] != root) {
        // a view made for writing, or a view of a read that is mapped already
        if (map_.count(o->src[0])) { return false; }
        return true;
    }
    ggml_tensor * w = contiguous_node(written->second); // [.., tokens] with all heads of a token together
    if (ggml_nelements(w) != ggml_nelements(o)) { missing(o, ": the cache does not hold exactly the window"); }
    ggml_tensor * n;
    if (o->nb[1] <= o->nb[2]) { // [head_dim, heads, tokens]
        n = ggml_reshape_4d(ctx_, w, o->ne[0], o->ne[1], o->ne[2], o->ne[3]);
        order_.push_back(n);
    } else { // values, transposed: [tokens, heads, head_dim]
        ggml_tensor * r = ggml_reshape_3d(ctx_, w, o->ne[2], o->ne[1], o->ne[0]);
        n = ggml_permute(ctx_, r, 2, 1, 0, 3);
        order_.insert(order_.end(), {r, n});
        if (!kernels()) { // which read it as it lies
            n = ggml_cont(ctx_, n);
            order_.push_back(n);
        }
    }
    ggml_format_name(n, "%s (window)", root->name);
    map_[o] = n;
    return true;
}

void graph::forward(const capture & from, bool with_dropout) {
    from_ = &from;
    if (with_dropout) {
        dropout_key_ = ggml_new_tensor_1d(ctx_, GGML_TYPE_I32, 3);
        ggml_set_input(dropout_key_);
        ggml_set_name(dropout_key_, "dropout key");
    }
    for (size_t k = 0; k < from.used; k++) {
        const input & i = from.inputs[k];
        ggml_tensor * n = ggml_new_tensor(ctx_, i.tensor->type, GGML_MAX_DIMS, i.tensor->ne);
        ggml_set_input(n);
        ggml_set_name(n, i.tensor->name);
        map_[i.tensor] = n;
        inputs_.push_back(n);
    }
    if (kernels()) { find_layers(from); }
    for (ggml_tensor * o : from.nodes) {
        if (!clone_layer(o) && !rewrite_cache(o)) { clone(o); }
    }
    logits = order_.back();
}

void graph::set_inputs(const capture & from) {
    if (from.used != inputs_.size()) { throw std::runtime_error("captured graph: its structure changed"); }
    for (size_t i = 0; i < inputs_.size(); i++) {
        if (!inputs_[i]->buffer) { continue; } // only the cache's indices, which the rewritten graph does not use
        if (from.inputs[i].data.size() != ggml_nbytes(inputs_[i])) { throw std::runtime_error("captured graph: an input changed its size"); }
        ggml_backend_tensor_set(inputs_[i], from.inputs[i].data.data(), 0, from.inputs[i].data.size());
    }
    if (dropout_key_) {
        const uint32_t key[3] = {(uint32_t) from.dropout_key, (uint32_t) (from.dropout_key >> 32), dropout_threshold(from.dropout)};
        ggml_backend_tensor_set(dropout_key_, key, 0, sizeof(key));
    }
}

} // namespace rft
