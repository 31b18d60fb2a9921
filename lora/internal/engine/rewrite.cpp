// The captured graph, cloned into a context of our own.
//
// Weights and adapter tensors are taken by reference; inputs get tensors of their own. What llama.cpp writes to
// the KV cache and reads back is rewritten to a direct use of the keys and values, which is what lets gradients
// reach them: a window is computed whole, from an empty cache, so both are the same numbers.

#include "rewrite.hpp"

#include <cstring>
#include <stdexcept>
#include <string>

#include "assumptions.hpp"
#include "errors.hpp"
#include "kernels.hpp"

namespace rft {
namespace {

bool is_view_op(ggml_op op) {
    return op == GGML_OP_VIEW || op == GGML_OP_RESHAPE || op == GGML_OP_PERMUTE || op == GGML_OP_TRANSPOSE;
}

} // namespace

void fail_no_rule(const ggml_tensor * node, const char * what) {
    const std::string number = layer_of(node), layer = number.empty() ? ", outside the layers" : ", layer " + number;
    throw no_rule(std::string("no rule for op ") + ggml_op_desc(node) + " of tensor " + node->name + layer + what);
}

ggml_tensor * rewriter::add(ggml_tensor * node) {
    to_.order.push_back(node);
    return node;
}

// A copy is a node like others, through which the gradient goes.
ggml_tensor * rewriter::contiguous(ggml_tensor * t) { return ggml_is_contiguous(t) ? t : add(ggml_cont(ctx_, t)); }

ggml_tensor * rewriter::mapped(ggml_tensor * o) {
    auto it = map_.find(o);
    if (it != map_.end()) { return it->second; }
    auto copy = from_.copies.find(o);
    if (copy != from_.copies.end()) { return mapped(copy->second); }
    if (is_cache(root_of(o))) { fail_no_rule(o, ": a cache or a recurrent state is used in a way that training cannot follow"); }
    if (!is_leaf(o)) { fail(std::string("captured graph: ") + o->name + " is used before it is computed"); }
    return map_[o] = o; // a weight: by reference
}

// Puts n in the place of o.
void rewriter::put(const ggml_tensor * o, ggml_tensor * n) {
    ggml_set_name(n, o->name);
    map_[o] = n;
    add(n);
}

void rewriter::clone(ggml_tensor * o) {
    const int32_t * axes = o->op_params + param::axes;
    switch (o->op) {
        case GGML_OP_RESHAPE:
            return put(o, ggml_reshape_4d(ctx_, contiguous(mapped(o->src[0])), o->ne[0], o->ne[1], o->ne[2], o->ne[3]));
        case GGML_OP_VIEW: return put(o, clone_view(o));
        case GGML_OP_PERMUTE: return put(o, ggml_permute(ctx_, mapped(o->src[0]), axes[0], axes[1], axes[2], axes[3]));
        case GGML_OP_TRANSPOSE: return put(o, ggml_transpose(ctx_, mapped(o->src[0])));
        case GGML_OP_MUL_MAT: return put(o, clone_product(o));
        default: return put(o, clone_other(o));
    }
}

ggml_tensor * rewriter::clone_view(const ggml_tensor * o) {
    const size_t base = o->src[0]->view_src ? o->src[0]->view_offs : 0;
    ggml_tensor * a = mapped(o->src[0]);
    if (ggml_is_contiguous(o->src[0])) { a = contiguous(a); }
    return ggml_view_4d(ctx_, a, o->ne[0], o->ne[1], o->ne[2], o->ne[3], o->nb[1], o->nb[2], o->nb[3], o->view_offs - base);
}

ggml_tensor * rewriter::clone_product(const ggml_tensor * o) {
    ggml_tensor *a = mapped(o->src[0]), *b = mapped(o->src[1]);
    if (to_.dropout_key && is_lora_a(o->src[0])) { b = add(dropout(ctx_, b, to_.dropout_key, o->src[0])); }
    if (on_.kernels() && product_reads(a, b)) { return product(ctx_, a, b); }
    ggml_tensor * n = ggml_mul_mat(ctx_, a, b);
    memcpy(n->op_params, o->op_params, sizeof(o->op_params));
    return n;
}

ggml_tensor * rewriter::clone_other(const ggml_tensor * o) {
    ggml_tensor * n = ggml_new_tensor(ctx_, o->type, GGML_MAX_DIMS, o->ne);
    n->op = o->op;
    memcpy(n->op_params, o->op_params, sizeof(o->op_params));
    for (int j = 0; j < GGML_MAX_SRC; j++) {
        if (o->src[j]) { n->src[j] = mapped(o->src[j]); }
    }
    return n;
}

// Writes to the cache are remembered instead of done; reads become what was written. False if o has nothing to do with it.
bool rewriter::rewrite_cache(ggml_tensor * o) {
    const ggml_tensor * root = root_of(o);
    if (!is_cache(root)) { return false; }
    if (o->op == GGML_OP_SET_ROWS) {
        cache_[root] = mapped(o->src[0]);
        return true;
    }
    if (!is_view_op(o->op)) { fail_no_rule(o, ": the KV cache is used in a way that training cannot follow"); }
    auto written = cache_.find(root);
    if (written == cache_.end() || o->src[0] != root) { // a view made for writing, or a view of a read that is mapped already
        return map_.count(o->src[0]) == 0;
    }
    ggml_tensor * w = contiguous(written->second); // [.., tokens] with all heads of a token together
    if (ggml_nelements(w) != ggml_nelements(o)) { fail_no_rule(o, ": the cache does not hold exactly the window"); }
    ggml_tensor * n;
    if (o->nb[1] <= o->nb[2]) { // [head_dim, heads, tokens]
        n = add(ggml_reshape_4d(ctx_, w, o->ne[0], o->ne[1], o->ne[2], o->ne[3]));
    } else { // values, transposed: [tokens, heads, head_dim]
        ggml_tensor * r = add(ggml_reshape_3d(ctx_, w, o->ne[2], o->ne[1], o->ne[0]));
        n = add(ggml_permute(ctx_, r, 2, 1, 0, 3));
        if (!on_.kernels()) { n = add(ggml_cont(ctx_, n)); } // kernels read it as it lies
    }
    ggml_format_name(n, "%s (window)", root->name);
    map_[o] = n;
    return true;
}

void rewriter::run(bool with_dropout) {
    if (with_dropout) {
        to_.dropout_key = ggml_new_tensor_1d(ctx_, GGML_TYPE_I32, 3);
        ggml_set_input(to_.dropout_key);
        ggml_set_name(to_.dropout_key, "dropout key");
    }
    for (size_t k = 0; k < from_.used; k++) {
        const ggml_tensor * o = from_.inputs[k].tensor;
        ggml_tensor * n = ggml_new_tensor(ctx_, o->type, GGML_MAX_DIMS, o->ne);
        ggml_set_input(n);
        ggml_set_name(n, o->name);
        map_[o] = n;
        to_.inputs.push_back(n);
    }
    if (on_.kernels()) { fusions_ = find_fusions(from_); }
    for (ggml_tensor * o : from_.nodes) {
        if (!clone_layer(o) && !rewrite_cache(o)) { clone(o); }
    }
    to_.logits = to_.order.back();
}

forward rewrite(const captured & from, const backends & on, bool with_dropout) {
    forward f;
    f.ctx.reset(ggml_init({ggml_tensor_overhead() * max_nodes + ggml_graph_overhead_custom(max_nodes, false), nullptr, true}));
    if (!f.ctx) { fail("out of memory for the graph"); }
    rewriter(from, on, f).run(with_dropout);
    return f;
}

void forward::set_inputs(const captured & from, float dropout) const {
    if (from.used != inputs.size()) { fail("captured graph: its structure changed"); }
    for (size_t i = 0; i < inputs.size(); i++) {
        if (!inputs[i]->buffer) { continue; } // only the cache's indices, which the rewritten graph does not use
        if (from.inputs[i].data.size() != ggml_nbytes(inputs[i])) { fail("captured graph: an input changed its size"); }
        ggml_backend_tensor_set(inputs[i], from.inputs[i].data.data(), 0, from.inputs[i].data.size());
    }
    if (dropout_key) {
        const uint32_t key[3] = {(uint32_t) from.dropout_key, (uint32_t) (from.dropout_key >> 32), dropout_threshold(dropout)};
        ggml_backend_tensor_set(dropout_key, key, 0, sizeof(key));
    }
}

} // namespace rft
