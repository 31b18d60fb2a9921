// Where the forward pass can be cut, and computing parts of it again.
//
// ggml frees a tensor after its last use in the order of the graph. The forward pass is stored where the backward pass
// reads it, unless its segment is recomputed: then only the tensor at the segment's begin is kept, and the backward pass
// starts by computing the segment's nodes once more (arXiv 1604.06174, section 4.1). The result is the same to the bit.

#include <algorithm>
#include <cstring>
#include <vector>

#include "rules.hpp"

namespace rft {
namespace {

// Whether the nodes from this one on compute each row of the logits from the same row of the node before, so that they
// can be computed for some rows at a time.
bool by_rows(const forward & f, size_t tail) {
    const ggml_tensor * begin = f.order[tail - 1];
    const int64_t rows = elements_of_rows(f.logits);
    if (begin->ne[1] != rows || elements_of_rows(begin) != rows) { return false; }
    tensor_set above = {begin};
    for (size_t i = tail; i < f.order.size(); i++) {
        const ggml_tensor * n = f.order[i];
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
    return above.count(f.logits) > 0;
}

} // namespace

// Which nodes carry gradients: those that lie above a trained tensor.
tensor_set find_needed(const forward & f, const std::vector<trained> & of) {
    tensor_set needed;
    for (const trained & t : of) { needed.insert(t.value); }
    for (ggml_tensor * n : f.order) {
        for (ggml_tensor * s : n->src) {
            if (s && n->type == GGML_TYPE_F32 && needed.count(s)) { needed.insert(n); } // a choice of experts has no gradient
        }
    }
    return needed;
}

// The forward pass can be cut where a single activation is read later on: the residual stream, before and after each
// layer, and between its attention and its feed-forward part. An activation depends on inputs and on weights: masks, which
// every layer reads, do not count. What lies before the last cut without gradient is never differentiated.
segments find_segments(const forward & f, const tensor_set & needed) {
    segments found;
    tensor_set of_inputs, of_weights, live;
    for (size_t i = 0; i < f.order.size(); i++) {
        for (ggml_tensor * s : f.order[i]->src) {
            if (!s) { continue; }
            found.last_use[s] = i;
            const bool leaf = s->op == GGML_OP_NONE, input = s->flags & GGML_TENSOR_FLAG_INPUT;
            if (of_inputs.count(s) || (leaf && input)) { of_inputs.insert(f.order[i]); }
            if (of_weights.count(s) || (leaf && !input)) { of_weights.insert(f.order[i]); }
        }
    }
    found.last_use[f.logits] = f.order.size();
    for (size_t i = 0; i + 1 < f.order.size(); i++) {
        ggml_tensor * n = f.order[i];
        if (found.last_use.count(n) && of_inputs.count(n) && of_weights.count(n)) { live.insert(n); }
        for (ggml_tensor * s : n->src) {
            if (s && found.last_use[s] == i) { live.erase(s); }
        }
        if (live.size() != 1 || !live.count(n)) { continue; }
        if (needed.count(n)) {
            const bool thin = !found.cuts.empty() &&
                              std::none_of(f.order.begin() + found.cuts.back() + 1, f.order.begin() + i + 1,
                                           [](const ggml_tensor * t) { return t->op == GGML_OP_MUL_MAT || t->op == GGML_OP_CUSTOM; });
            if (thin) { found.cuts.pop_back(); } // not worth a tensor of its own
            found.cuts.push_back(i);
        } else {
            found.frozen = i + 1;
        }
        if (n->ne[0] < f.logits->ne[0] && ggml_is_contiguous(n) && by_rows(f, i + 1)) { found.tail = i + 1; } // the last one is the best
    }
    while (found.tail && !found.cuts.empty() && found.cuts.back() >= found.tail) { found.cuts.pop_back(); }
    return found;
}

ggml_tensor * copy_of(backward & b, const ggml_tensor * n, const tensor_map & copies, int64_t rows) {
    auto copied = [&](ggml_tensor * t) {
        auto it = copies.find(t);
        return it == copies.end() ? t : it->second;
    };
    ggml_tensor * c;
    if (n->view_src) {
        c = ggml_view_4d(b.ctx, copied(n->view_src), n->ne[0], n->ne[1], n->ne[2], n->ne[3], n->nb[1], n->nb[2], n->nb[3], n->view_offs);
        c->nb[0] = n->nb[0];
    } else {
        c = ggml_new_tensor_4d(b.ctx, n->type, n->ne[0], rows ? rows : n->ne[1], n->ne[2], n->ne[3]);
    }
    c->op = n->op;
    memcpy(c->op_params, n->op_params, sizeof(n->op_params));
    for (int j = 0; j < GGML_MAX_SRC; j++) { c->src[j] = n->src[j] ? copied(n->src[j]) : nullptr; }
    ggml_set_name(c, n->name);
    if (b.needs(n)) { b.needed.insert(c); }
    return c;
}

// Nodes without gradient that others read too are not copied, since they are kept anyway. Copies that nothing reads are never
// computed: see collect.
std::vector<ggml_tensor *> recompute(backward & b, const forward & f, const segments & s, size_t from, size_t to) {
    tensor_map copies;
    std::vector<ggml_tensor *> nodes;
    for (size_t i = from; i < to; i++) {
        ggml_tensor * n = f.order[i];
        if (!b.needs(n) && s.last_use.count(n) && s.last_use.at(n) >= to) { continue; }
        nodes.push_back(copies[n] = copy_of(b, n, copies));
    }
    ggml_tensor * end = f.order[to - 1];
    b.fold_view_gradients(end);
    auto d = b.gradient.find(end);
    if (d != b.gradient.end()) { b.gradient[copies[end]] = d->second; }
    return nodes;
}

} // namespace rft
