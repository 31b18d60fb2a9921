// Rules of matrix products and attention: by kernels of our own on the CPU, elsewhere composed of ggml's ops.

#include "rules.hpp"

namespace rft {
namespace {

// y = scale * mul_mat(a, x), d its gradient: adds to the gradients of a and x, in place where they are sums already.
void product_gradients(backward & b, ggml_tensor * a, ggml_tensor * x, ggml_tensor * d, float scale) {
    if (b.needs(x)) {
        auto known = b.gradient.find(x);
        const bool own = known != b.gradient.end() && b.own_gradient.count(known->second) && b.own_gradient[known->second] == x;
        ggml_tensor * into = own ? known->second : nullptr;
        ggml_tensor * sum = product_input_gradient(b.ctx, a, x, d, scale, into);
        if (into) {
            known->second = sum;
        } else {
            b.accumulate(x, sum);
        }
        b.own_gradient[b.gradient[x]] = x; // a product or the sum of one and what was there: nothing else has it yet
    }
    if (!b.needs(a)) { return; }
    auto sum = b.params.find(a);
    if (sum != b.params.end()) {
        b.outputs.push_back(product_weight_gradient(b.ctx, a, x, d, scale, sum->second));
    } else {
        b.accumulate(a, product_weight_gradient(b.ctx, a, x, d, scale, nullptr));
    }
}

// Sums the planes of full [.., planes] that share one plane of a: grouped query attention.
ggml_tensor * reduced_planes(ggml_context * ctx, ggml_tensor * full, const ggml_tensor * a) {
    if (full->ne[2] == a->ne[2]) { return full; }
    const int64_t group = full->ne[2] / a->ne[2];
    ggml_tensor * sum = nullptr;
    for (int64_t i = 0; i < group; i++) {
        ggml_tensor * v = ggml_view_3d(ctx, full, full->ne[0], full->ne[1], a->ne[2], full->nb[1], full->nb[2] * group, full->nb[2] * i);
        sum = sum ? ggml_add(ctx, sum, v) : ggml_cont(ctx, v);
    }
    return sum;
}

void attention_rule(backward & b, ggml_tensor * n, ggml_tensor * d) {
    const attention_gradients g = attention_back(b.ctx, n, d->nb[0] == sizeof(float) ? d : ggml_cont(b.ctx, d));
    b.accumulate(n->src[0], g.q);
    b.accumulate(n->src[1], g.k);
    b.accumulate(n->src[2], ggml_permute(b.ctx, g.v, 1, 0, 2, 3));
}

} // namespace

void mul_mat_rule(backward & b, ggml_tensor * node, ggml_tensor * d) {
    ggml_tensor *a = node->src[0], *x = node->src[1];
    d = b.contiguous(d);
    if (b.needs(x)) { b.accumulate(x, ggml_mul_mat(b.ctx, b.transposed(a), d)); }
    if (b.needs(a)) {
        ggml_tensor * full = ggml_mul_mat(b.ctx, b.transposed(x), b.transposed(d)); // one for each plane of x
        b.accumulate(a, reduced_planes(b.ctx, full, a));
    }
}

void custom_rule(backward & b, ggml_tensor * n, ggml_tensor * d) {
    switch (kernel_of(n)) {
        case kernel::product: return product_gradients(b, n->src[0], n->src[1], d, 1);
        case kernel::lora_product:
            product_gradients(b, n->src[2], n->src[3], d, kernel_f32(n, 0));
            return product_gradients(b, n->src[0], n->src[1], d, 1);
        case kernel::attention: return attention_rule(b, n, d);
        default: break;
    }
    if (!is_dropout(n)) { fail_no_rule(n, ""); }
    b.accumulate(n->src[0], dropout_gradient(b.ctx, n, d));
}

} // namespace rft
