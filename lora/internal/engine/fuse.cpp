// Finds the layers of llama.cpp's graph that have a kernel of their own, and puts it in their place.

#include <unordered_map>

#include "assumptions.hpp"
#include "kernels.hpp"
#include "rewrite.hpp"

namespace rft {
namespace {

bool is_matrix(const ggml_tensor * t) { return t->ne[2] == 1 && t->ne[3] == 1; }

bool is_product(const ggml_tensor * t) { return t->op == GGML_OP_MUL_MAT; }

bool is_layer(const ggml_tensor * t) {
    return is_product(t) && t->src[0]->op == GGML_OP_NONE && !t->src[0]->view_src && is_matrix(t->src[0]) && is_matrix(t->src[1]) &&
           product_reads(t->src[0], t->src[1]);
}

// ADD(MUL_MAT(w, x), SCALE(MUL_MAT(b, MUL_MAT(a, x))))
bool as_lora(const ggml_tensor * o, lora_layer & l) {
    if (o->op != GGML_OP_ADD || o->src[1]->op != GGML_OP_SCALE || !ggml_are_same_shape(o->src[0], o->src[1])) { return false; }
    const ggml_tensor *wx = o->src[0], *scaled = o->src[1], *bax = scaled->src[0];
    if (!is_layer(wx) || !is_layer(bax) || !is_layer(bax->src[1]) || bax->src[1]->src[1] != wx->src[1]) { return false; }
    if (param_f32(scaled, param::scale_bias) != 0) { return false; }
    l = {wx->src[0], wx->src[1], bax->src[0], bax->src[1], param_f32(scaled, param::scale)};
    return true;
}

// MUL_MAT(v, SOFT_MAX(MUL_MAT(k, q), mask)), without ALiBi and sinks
bool as_attention(const ggml_tensor * o, attention_layer & l) {
    if (!is_product(o) || o->src[1]->op != GGML_OP_SOFT_MAX) { return false; }
    const ggml_tensor *p = o->src[1], *kq = p->src[0], *mask = p->src[1];
    if (!is_product(kq) || !mask || p->src[2] || param_f32(p, param::soft_max_bias) != 0) { return false; }
    l = {kq->src[1], kq->src[0], o->src[0], p->src[1], param_f32(p, param::soft_max_scale)};
    for (const ggml_tensor * t : {l.q, l.k, l.v, l.mask}) {
        if (t->type != GGML_TYPE_F32 || t->ne[3] != 1) { return false; }
    }
    return is_matrix(mask) && ggml_is_contiguous(mask) && l.k->ne[2] == l.v->ne[2] && l.k->ne[0] == l.v->ne[1];
}

} // namespace

// llama.cpp computes an adapted layer and attention as several ops each. Where nothing else uses the parts, they become one.
fusions find_fusions(const captured & from) {
    fusions found;
    std::unordered_map<const ggml_tensor *, int> uses;
    for (const ggml_tensor * o : from.nodes) {
        for (const ggml_tensor * s : o->src) {
            if (s) { uses[s]++; }
        }
    }
    for (const ggml_tensor * o : from.nodes) {
        lora_layer l;
        attention_layer at;
        if (as_lora(o, l) && uses[o->src[0]] == 1 && uses[o->src[1]] == 1 && uses[o->src[1]->src[0]] == 1) {
            found.lora[o] = l;
            found.fused_nodes.insert({o->src[0], o->src[1], o->src[1]->src[0]});
        } else if (as_attention(o, at) && uses[o->src[1]] == 1 && uses[o->src[1]->src[0]] == 1) {
            found.attention[o] = at;
            found.fused_nodes.insert({o->src[1], o->src[1]->src[0]});
        }
    }
    return found;
}

// True if the captured node belongs to such a layer, which its last node puts in place.
bool rewriter::clone_layer(ggml_tensor * o) {
    if (fusions_.fused_nodes.count(o)) { return true; }
    auto lora = fusions_.lora.find(o);
    auto attention = fusions_.attention.find(o);
    if (lora != fusions_.lora.end()) {
        const lora_layer & l = lora->second;
        put(o, lora_product(ctx_, mapped(l.w), mapped(l.x), mapped(l.b), mapped(l.ax), l.scale));
        return true;
    }
    if (attention != fusions_.attention.end()) {
        put(o, clone_attention(attention->second));
        return true;
    }
    return false;
}

ggml_tensor * rewriter::clone_attention(const attention_layer & l) {
    ggml_tensor *q = mapped(l.q), *k = mapped(l.k), *v = mapped(l.v), *mask = mapped(l.mask);
    auto copied = [&](ggml_tensor * t) { return add(ggml_cont(ctx_, t)); };
    auto permuted = [&](ggml_tensor * t) { return add(ggml_permute(ctx_, t, 1, 0, 2, 3)); };
    if (q->nb[0] != sizeof(float)) { q = copied(q); }
    if (k->nb[0] != sizeof(float)) { k = copied(k); }
    if (v->nb[1] != sizeof(float)) { v = permuted(copied(permuted(v))); }
    ggml_tensor *& spans = spans_[mask];
    if (!spans) { spans = add(attention_spans(ctx_, mask)); }
    ggml_tensor *kt = copied(permuted(k)), *vt = copied(v); // no gradient goes through these
    return attention(ctx_, {q, k, v, mask, spans, kt, vt, l.scale});
}

} // namespace rft
