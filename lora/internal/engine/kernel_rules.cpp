// Products and attention in the captured graph and their gradients: by kernels of our own on the CPU, elsewhere composed of
// ggml's ops.

#include <cstring>

#include "graph.hpp"

namespace rft {
namespace {

bool is_matrix(const ggml_tensor * t) { return t->ne[2] == 1 && t->ne[3] == 1; }

bool is_product(const ggml_tensor * t) { return t->op == GGML_OP_MUL_MAT; }

bool is_layer(const ggml_tensor * t) {
    return is_product(t) && t->src[0]->op == GGML_OP_NONE && !t->src[0]->view_src && is_matrix(t->src[0]) && is_matrix(t->src[1]) &&
           product_reads(t->src[0], t->src[1]);
}

float param(const ggml_tensor * t, int i) {
    float v;
    memcpy(&v, t->op_params + i, sizeof(v));
    return v;
}

// ADD(MUL_MAT(w, x), SCALE(MUL_MAT(b, MUL_MAT(a, x))))
bool as_lora(const ggml_tensor * o, const std::map<std::string, float> & scales, lora_layer & l) {
    if (o->op != GGML_OP_ADD || o->src[1]->op != GGML_OP_SCALE || !ggml_are_same_shape(o->src[0], o->src[1])) { return false; }
    const ggml_tensor *wx = o->src[0], *scaled = o->src[1], *bax = scaled->src[0];
    if (!is_layer(wx) || !is_layer(bax) || !is_layer(bax->src[1]) || bax->src[1]->src[1] != wx->src[1] || param(scaled, 1) != 0) { return false; }
    auto own = scales.find(bax->src[0]->name);
    l = {wx->src[0], wx->src[1], bax->src[0], bax->src[1], own == scales.end() ? param(scaled, 0) : own->second};
    return true;
}

// MUL_MAT(v, SOFT_MAX(MUL_MAT(k, q), mask)), without ALiBi and sinks
bool as_attention(const ggml_tensor * o, attention_layer & l) {
    if (!is_product(o) || o->src[1]->op != GGML_OP_SOFT_MAX) { return false; }
    const ggml_tensor *p = o->src[1], *kq = p->src[0], *mask = p->src[1];
    if (!is_product(kq) || !mask || p->src[2] || param(p, 1) != 0) { return false; }
    l = {kq->src[1], kq->src[0], o->src[0], p->src[1], param(p, 0)};
    for (const ggml_tensor * t : {l.q, l.k, l.v, l.mask}) {
        if (t->type != GGML_TYPE_F32 || t->ne[3] != 1) { return false; }
    }
    return is_matrix(mask) && ggml_is_contiguous(mask) && l.k->ne[2] == l.v->ne[2] && l.k->ne[0] == l.v->ne[1];
}

} // namespace

// llama.cpp computes an adapted layer and attention as several ops each. Where nothing else uses the parts, they become one.
void graph::find_layers(const capture & from) {
    std::unordered_map<const ggml_tensor *, int> uses;
    for (const ggml_tensor * o : from.nodes) {
        for (const ggml_tensor * s : o->src) {
            if (s) { uses[s]++; }
        }
    }
    for (const ggml_tensor * o : from.nodes) {
        lora_layer l;
        attention_layer at;
        if (as_lora(o, from.scales, l) && uses[o->src[0]] == 1 && uses[o->src[1]] == 1 && uses[o->src[1]->src[0]] == 1) {
            lora_[o] = l;
            within_.insert({o->src[0], o->src[1], o->src[1]->src[0]});
        } else if (as_attention(o, at) && uses[o->src[1]] == 1 && uses[o->src[1]->src[0]] == 1) {
            attention_[o] = at;
            within_.insert({o->src[1], o->src[1]->src[0]});
        }
    }
}

// True if the captured node belongs to such a layer, which its last node puts in place.
bool graph::clone_layer(ggml_tensor * o) {
    if (within_.count(o)) { return true; }
    ggml_tensor * n;
    auto lora = lora_.find(o);
    auto attention = attention_.find(o);
    if (lora != lora_.end()) {
        const lora_layer & l = lora->second;
        n = lora_product(ctx_, mapped(l.w), mapped(l.x), mapped(l.b), mapped(l.ax), l.scale);
    } else if (attention != attention_.end()) {
        n = clone_attention(attention->second);
    } else {
        return false;
    }
    ggml_set_name(n, o->name);
    map_[o] = n;
    order_.push_back(n);
    return true;
}

ggml_tensor * graph::clone_attention(const attention_layer & l) {
    ggml_tensor *q = mapped(l.q), *k = mapped(l.k), *v = mapped(l.v), *mask = mapped(l.mask);
    auto copied = [&](ggml_tensor * t) {
        order_.push_back(ggml_cont(ctx_, t));
        return order_.back();
    };
    auto permuted = [&](ggml_tensor * t) {
        order_.push_back(ggml_permute(ctx_, t, 1, 0, 2, 3));
        return order_.back();
    };
    if (q->nb[0] != sizeof(float)) { q = copied(q); }
    if (k->nb[0] != sizeof(float)) { k = copied(k); }
    if (v->nb[1] != sizeof(float)) { v = permuted(copied(permuted(v))); }
    ggml_tensor *& spans = spans_[mask];
    if (!spans) {
        spans = attention_spans(ctx_, mask);
        order_.push_back(spans);
    }
    ggml_tensor *kt = copied(permuted(k)), *vt = copied(v); // no gradient goes through these
    return attention(ctx_, {q, k, v, mask, spans, kt, vt, l.scale});
}

// y = scale * mul_mat(a, b), d its gradient: adds to the gradients of a and b, in place where they are sums already.
void graph::product_gradients(ggml_tensor * a, ggml_tensor * b, ggml_tensor * d, float scale) {
    if (needs(b)) {
        auto known = gradient_.find(b);
        ggml_tensor * into = known != gradient_.end() && own_gradient_.count(known->second) && own_gradient_[known->second] == b ? known->second : nullptr;
        ggml_tensor * sum = product_input_gradient(ctx_, a, b, d, scale, into);
        if (into) {
            known->second = sum;
        } else {
            accumulate(b, sum);
        }
        own_gradient_[gradient_[b]] = b; // a product or the sum of one and what was there: nothing else has it yet
    }
    if (!needs(a)) { return; }
    auto sum = params_.find(a);
    if (sum != params_.end()) {
        outputs_.push_back(product_weight_gradient(ctx_, a, b, d, scale, sum->second));
    } else {
        accumulate(a, product_weight_gradient(ctx_, a, b, d, scale, nullptr));
    }
}

void graph::differentiate_kernel(ggml_tensor * n, ggml_tensor * d) {
    switch (kernel_of(n)) {
        case kernel::product: product_gradients(n->src[0], n->src[1], d, 1); break;
        case kernel::lora_product:
            product_gradients(n->src[2], n->src[3], d, kernel_f32(n, 0));
            product_gradients(n->src[0], n->src[1], d, 1);
            break;
        case kernel::attention: {
            const attention_gradients g = attention_back(ctx_, n, d->nb[0] == sizeof(float) ? d : ggml_cont(ctx_, d));
            accumulate(n->src[0], g.q);
            accumulate(n->src[1], g.k);
            accumulate(n->src[2], ggml_permute(ctx_, g.v, 1, 0, 2, 3));
            break;
        }
        default: missing(n, "");
    }
}

void graph::mul_mat_rule(ggml_tensor * node, ggml_tensor * d) {
    ggml_tensor *a = node->src[0], *b = node->src[1];
    d = contiguous(d);
    if (needs(b)) { accumulate(b, ggml_mul_mat(ctx_, transposed(a), d)); }
    if (needs(a)) {
        ggml_tensor * full = ggml_mul_mat(ctx_, transposed(b), transposed(d)); // one for each plane of b
        accumulate(a, reduced_planes(full, a));
    }
}

// Sums the planes of full [.., planes] that share one plane of a: grouped query attention.
ggml_tensor * graph::reduced_planes(ggml_tensor * full, const ggml_tensor * a) {
    if (full->ne[2] == a->ne[2]) { return full; }
    const int64_t group = full->ne[2] / a->ne[2];
    ggml_tensor * sum = nullptr;
    for (int64_t i = 0; i < group; i++) {
        ggml_tensor * v = ggml_view_3d(ctx_, full, full->ne[0], full->ne[1], a->ne[2], full->nb[1], full->nb[2] * group, full->nb[2] * i);
        sum = sum ? ggml_add(ctx_, sum, v) : ggml_cont(ctx_, v);
    }
    return sum;
}

} // namespace rft
