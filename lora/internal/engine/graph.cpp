// Which nodes a graph has and in which order: what is differentiated, what is computed twice to save memory, and where the
// forward pass can be cut for that.
//
// ggml frees a tensor after its last use in the order of the graph. The forward pass is stored where the backward pass
// reads it, unless its segment is recomputed: then only the tensor at the segment's begin is kept, and the backward pass
// starts by computing the segment's nodes once more (arXiv 1604.06174, section 4.1). The result is the same to the bit.

#include <algorithm>
#include <cstring>

#include "graph.hpp"

namespace rft {

void graph::begin(const capture & from, bool with_dropout) {
    ggml_init_params ip = {ggml_tensor_overhead() * max_nodes + ggml_graph_overhead_custom(max_nodes, false), nullptr, true};
    ctx_ = ggml_init(ip);
    if (!ctx_) { throw std::runtime_error("out of memory for the graph"); }
    cgraph = ggml_new_graph_custom(ctx_, max_nodes, false);
    forward(from, with_dropout);
}

void graph::build(const capture & from, mode m, const std::vector<state> & trained, const layout & l) {
    begin(from, drops(from, m));
    if (m == mode::logits) {
        ggml_set_output(logits);
        outputs_.push_back(logits);
    } else {
        find_needed(trained);
        if (m == mode::train && !needs(logits)) { throw std::runtime_error("none of the trained tensors is used by the model's graph"); }
        find_cuts();
        add_loss(m, l);
        if (m == mode::train) { backward(l); }
    }
    collect();
}

void graph::build_gradient(const capture & from, const std::vector<state> & trained, ggml_tensor * d) {
    begin(from, false);
    find_needed(trained);
    ggml_set_output(logits);
    outputs_.push_back(logits);
    accumulate(logits, d);
    differentiate(order_);
    collect();
}

// Which nodes carry gradients: those that lie above a trained tensor.
void graph::find_needed(const std::vector<state> & trained) {
    for (const state & s : trained) {
        params_[s.value] = s.gradient;
        needed_.insert(s.value);
    }
    for (ggml_tensor * n : order_) {
        for (ggml_tensor * s : n->src) {
            if (s && n->type == GGML_TYPE_F32 && needs(s)) { needed_.insert(n); } // a choice of experts has no gradient
        }
    }
}

// The forward pass can be cut where a single activation is read later on: the residual stream, before and after each
// layer, and between its attention and its feed-forward part. An activation depends on inputs and on weights: masks, which
// every layer reads, do not count. What lies before the last cut without gradient is never differentiated.
void graph::find_cuts() {
    std::unordered_set<const ggml_tensor *> of_inputs, of_weights, live;
    for (size_t i = 0; i < order_.size(); i++) {
        for (ggml_tensor * s : order_[i]->src) {
            if (!s) { continue; }
            last_use_[s] = i;
            const bool leaf = s->op == GGML_OP_NONE, input = s->flags & GGML_TENSOR_FLAG_INPUT;
            if (of_inputs.count(s) || (leaf && input)) { of_inputs.insert(order_[i]); }
            if (of_weights.count(s) || (leaf && !input)) { of_weights.insert(order_[i]); }
        }
    }
    last_use_[logits] = order_.size();
    for (size_t i = 0; i + 1 < order_.size(); i++) {
        ggml_tensor * n = order_[i];
        if (last_use_.count(n) && of_inputs.count(n) && of_weights.count(n)) { live.insert(n); }
        for (ggml_tensor * s : n->src) {
            if (s && last_use_[s] == i) { live.erase(s); }
        }
        if (live.size() != 1 || !live.count(n)) { continue; }
        if (needs(n)) {
            const bool thin = !cuts_.empty() && std::none_of(order_.begin() + cuts_.back() + 1, order_.begin() + i + 1,
                                                             [](const ggml_tensor * t) { return t->op == GGML_OP_MUL_MAT || t->op == GGML_OP_CUSTOM; });
            if (thin) { cuts_.pop_back(); } // not worth a tensor of its own
            cuts_.push_back(i);
        } else {
            frozen_ = i + 1;
        }
        if (n->ne[0] < logits->ne[0] && ggml_is_contiguous(n) && by_rows(i + 1)) { tail_ = i + 1; } // the last one is the best
    }
    while (tail_ && !cuts_.empty() && cuts_.back() >= tail_) { cuts_.pop_back(); }
}

// Whether the nodes from this one on compute each row of the logits from the same row of the node before, so that they
// can be computed for some rows at a time.
bool graph::by_rows(size_t tail) const {
    const ggml_tensor * begin = order_[tail - 1];
    const int64_t rows = elements_of_rows(logits);
    if (begin->ne[1] != rows || elements_of_rows(begin) != rows) { return false; }
    std::unordered_set<const ggml_tensor *> above = {begin};
    for (size_t i = tail; i < order_.size(); i++) {
        const ggml_tensor * n = order_[i];
        bool is_above = false;
        for (const ggml_tensor * s : n->src) { is_above = is_above || above.count(s); }
        if (!is_above) { continue; }
        above.insert(n);
        if (n->view_src || n->ne[1] != rows || elements_of_rows(n) != rows) { return false; }
        switch (n->op) {
            case GGML_OP_CUSTOM:
                if (kernel_of(n) != kernel::product && kernel_of(n) != kernel::lora_product) { return false; }
                if (above.count(n->src[0]) || (n->src[2] && above.count(n->src[2]))) { return false; }
                continue;
            case GGML_OP_MUL_MAT:
                if (above.count(n->src[0])) { return false; }
                continue;
            case GGML_OP_ADD:
            case GGML_OP_SUB:
            case GGML_OP_MUL:
            case GGML_OP_DIV:
                for (const ggml_tensor * s : n->src) {
                    if (s && !above.count(s) && elements_of_rows(s) != 1) { return false; }
                }
                continue;
            case GGML_OP_SCALE:
            case GGML_OP_SQR:
            case GGML_OP_SQRT:
            case GGML_OP_CLAMP:
            case GGML_OP_UNARY:
            case GGML_OP_CONT:
            case GGML_OP_NORM:
            case GGML_OP_RMS_NORM: continue;
            default: return false;
        }
    }
    return above.count(logits) > 0;
}

// A node like n on copies of its sources, those that have one. rows, if not zero, takes the place of its number of rows.
ggml_tensor * graph::copy_of(const ggml_tensor * n, const tensor_map & copies, int64_t rows) {
    auto copied = [&](ggml_tensor * t) {
        auto it = copies.find(t);
        return it == copies.end() ? t : it->second;
    };
    ggml_tensor * c;
    if (n->view_src) {
        c = ggml_view_4d(ctx_, copied(n->view_src), n->ne[0], n->ne[1], n->ne[2], n->ne[3], n->nb[1], n->nb[2], n->nb[3], n->view_offs);
        c->nb[0] = n->nb[0];
    } else {
        c = ggml_new_tensor_4d(ctx_, n->type, n->ne[0], rows ? rows : n->ne[1], n->ne[2], n->ne[3]);
    }
    c->op = n->op;
    memcpy(c->op_params, n->op_params, sizeof(n->op_params));
    for (int j = 0; j < GGML_MAX_SRC; j++) { c->src[j] = n->src[j] ? copied(n->src[j]) : nullptr; }
    ggml_set_name(c, n->name);
    if (needs((ggml_tensor *) n)) { needed_.insert(c); }
    return c;
}

// Computes the nodes from .. to of the forward pass again, except those without gradient that others read too, which
// are kept anyway. What of it nothing reads is never computed: see collect.
std::vector<ggml_tensor *> graph::recompute(size_t from, size_t to) {
    tensor_map copies;
    std::vector<ggml_tensor *> nodes;
    for (size_t i = from; i < to; i++) {
        ggml_tensor * n = order_[i];
        if (!needs(n) && last_use_.count(n) && last_use_[n] >= to) { continue; }
        nodes.push_back(copies[n] = copy_of(n, copies));
    }
    ggml_tensor * end = order_[to - 1];
    take_parts(end);
    auto d = gradient_.find(end);
    if (d != gradient_.end()) { gradient_[copies[end]] = d->second; }
    return nodes;
}

// From the gradient at the end of the last segment to those of all trained tensors.
void graph::backward(const layout & l) {
    const size_t end = l.chunk_rows ? tail_ : order_.size();
    for (size_t k = cuts_.size() + 1; k-- > 0;) {
        const size_t from = k ? cuts_[k - 1] + 1 : frozen_, to = k < cuts_.size() ? cuts_[k] + 1 : end;
        const bool again = (int32_t) k < std::min(l.recomputed, segments());
        differentiate(again ? recompute(from, to) : std::vector<ggml_tensor *>(order_.begin() + from, order_.begin() + to));
    }
}

void graph::differentiate(const std::vector<ggml_tensor *> & nodes) {
    for (size_t i = nodes.size(); i-- > 0;) {
        take_parts(nodes[i]);
        auto it = gradient_.find(nodes[i]);
        if (it != gradient_.end()) { differentiate(nodes[i], it->second); }
    }
}

// Puts what the outputs need into the graph, in the order in which it was created: forward, loss, backward. That order
// decides how long each tensor is held. (Left to itself, ggml orders depth first from the outputs, which keeps every
// parameter's gradient to the end.) Nodes that nothing needs, such as those made to ask whether an op is supported, are
// left out.
void graph::collect() {
    std::unordered_set<const ggml_tensor *> wanted;
    std::vector<const ggml_tensor *> open(outputs_.begin(), outputs_.end());
    while (!open.empty()) {
        const ggml_tensor * t = open.back();
        open.pop_back();
        if (!t || !wanted.insert(t).second) { continue; }
        open.insert(open.end(), t->src, t->src + GGML_MAX_SRC);
        open.push_back(t->view_src);
    }
    for (ggml_tensor * t = ggml_get_first_tensor(ctx_); t; t = ggml_get_next_tensor(ctx_, t)) {
        if (t->op != GGML_OP_NONE && wanted.count(t)) { ggml_build_forward_expand(cgraph, t); } // its sources are in already
    }
}

} // namespace rft
