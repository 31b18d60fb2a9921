// Rules of the ops that work element by element: arithmetic, activations, gated units.

#include <algorithm>
#include <cmath>

#include "rules.hpp"

namespace rft {
namespace {

constexpr float gelu_a = 0.044715f, gelu_s = 0.79788456080286535588f, quick = 1.702f; // ggml's constants

float sigmoid(float x) { return 1 / (1 + expf(-x)); }

float gelu_slope(float x) {
    const float t = tanhf(gelu_s * x * (1 + gelu_a * x * x));
    return 0.5f * (1 + t + x * (1 - t * t) * gelu_s * (1 + 3 * gelu_a * x * x));
}

float gelu_erf_slope(float x) { return 0.5f * (1 + erff(x * (float) M_SQRT1_2)) + x * 0.39894228040143267794f * expf(-0.5f * x * x); }

float gelu_quick_slope(float x) {
    const float s = sigmoid(quick * x);
    return s + quick * x * s * (1 - s);
}

// dst = d * slope(x) over contiguous tensors of one shape
template <float (*slope)(float)> void times_slope(ggml_tensor * dst, int ith, int nth, void *) {
    const auto *d = (const float *) dst->src[0]->data, *x = (const float *) dst->src[1]->data;
    auto * to = (float *) dst->data;
    const int64_t n = ggml_nelements(dst), share = (n + nth - 1) / nth;
    for (int64_t i = ith * share; i < std::min(n, (ith + 1) * share); i++) { to[i] = d[i] * slope(x[i]); }
}

ggml_tensor * one_minus(backward & b, ggml_tensor * t) { return ggml_scale_bias(b.ctx, t, -1, 1); }

// 1 where low < x < high, otherwise 0
ggml_tensor * inside(backward & b, ggml_tensor * x, float low, float high) {
    ggml_tensor * above = ggml_step(b.ctx, ggml_scale_bias(b.ctx, x, 1, -low));
    return ggml_mul(b.ctx, above, ggml_step(b.ctx, ggml_scale_bias(b.ctx, x, -1, high)));
}

// The normal distribution function, of forward ops: erf by Abramowitz and Stegun, 7.1.26, whose error is below 1.5e-7.
ggml_tensor * normal_cdf(backward & b, ggml_tensor * x) {
    ggml_tensor * z = ggml_scale(b.ctx, ggml_abs(b.ctx, x), (float) M_SQRT1_2);
    ggml_tensor * bottom = ggml_scale_bias(b.ctx, z, 0.3275911f, 1);
    ggml_tensor * t = ggml_div(b.ctx, ggml_scale_bias(b.ctx, z, 0, 1), bottom);
    const float c[] = {1.061405429f, -1.453152027f, 1.421413741f, -0.284496736f, 0.254829592f};
    ggml_tensor * sum = ggml_scale_bias(b.ctx, t, c[0], c[1]);
    for (int i = 2; i < 5; i++) { sum = ggml_scale_bias(b.ctx, ggml_mul(b.ctx, sum, t), 1, c[i]); }
    ggml_tensor * tail = ggml_mul(b.ctx, ggml_mul(b.ctx, sum, t), ggml_exp(b.ctx, ggml_scale(b.ctx, ggml_sqr(b.ctx, z), -1)));
    return ggml_scale_bias(b.ctx, ggml_mul(b.ctx, ggml_sgn(b.ctx, x), one_minus(b, tail)), 0.5f, 0.5f);
}

// d * f'(x)
ggml_tensor * activation_back(backward & b, ggml_unary_op f, ggml_tensor * x, ggml_tensor * d) {
    x = b.contiguous(x), d = b.contiguous(d);
    auto custom = [&](ggml_custom_op_t k) {
        ggml_tensor * args[2] = {d, x};
        return ggml_custom_4d(b.ctx, GGML_TYPE_F32, x->ne[0], x->ne[1], x->ne[2], x->ne[3], args, 2, k, GGML_N_TASKS_MAX, nullptr);
    };

    switch (f) {
        case GGML_UNARY_OP_SILU: {
            ggml_tensor * fused = ggml_silu_back(b.ctx, d, x);
            if (b.on.have(fused)) { return fused; }
            ggml_tensor *s = ggml_sigmoid(b.ctx, x), *y = ggml_mul(b.ctx, x, s);
            return ggml_mul(b.ctx, d, ggml_add(b.ctx, s, ggml_mul(b.ctx, y, one_minus(b, s))));
        }
        case GGML_UNARY_OP_GELU: {
            if (b.on.kernels()) { return custom(times_slope<gelu_slope>); }
            ggml_tensor * square = ggml_sqr(b.ctx, x);
            ggml_tensor * t = ggml_tanh(b.ctx, ggml_mul(b.ctx, x, ggml_scale_bias(b.ctx, square, gelu_s * gelu_a, gelu_s)));
            ggml_tensor * inner = ggml_mul(b.ctx, x, ggml_scale_bias(b.ctx, square, 3 * gelu_s * gelu_a, gelu_s));
            ggml_tensor * sum = ggml_add(b.ctx, t, ggml_mul(b.ctx, inner, one_minus(b, ggml_sqr(b.ctx, t))));
            return ggml_mul(b.ctx, d, ggml_scale_bias(b.ctx, sum, 0.5f, 0.5f));
        }
        case GGML_UNARY_OP_GELU_ERF: {
            if (b.on.kernels()) { return custom(times_slope<gelu_erf_slope>); }
            ggml_tensor * density = ggml_exp(b.ctx, ggml_scale(b.ctx, ggml_sqr(b.ctx, x), -0.5f));
            ggml_tensor * slope = ggml_scale(b.ctx, ggml_mul(b.ctx, x, density), 0.39894228040143267794f);
            return ggml_mul(b.ctx, d, ggml_add(b.ctx, slope, normal_cdf(b, x)));
        }
        case GGML_UNARY_OP_GELU_QUICK: {
            if (b.on.kernels()) { return custom(times_slope<gelu_quick_slope>); }
            ggml_tensor * s = ggml_sigmoid(b.ctx, ggml_scale(b.ctx, x, quick));
            ggml_tensor * y = ggml_scale(b.ctx, ggml_mul(b.ctx, x, s), quick);
            return ggml_mul(b.ctx, d, ggml_add(b.ctx, s, ggml_mul(b.ctx, y, one_minus(b, s))));
        }
        default: return ggml_mul(b.ctx, d, ggml_step(b.ctx, x)); // RELU
    }
}

} // namespace

// The second operand of the binary ops may be repeated.
void add_rule(backward & b, ggml_tensor * n, ggml_tensor * d) {
    b.accumulate(n->src[0], d);
    if (b.needs(n->src[1])) { b.accumulate(n->src[1], b.reduced_to(d, n->src[1])); }
}

void sub_rule(backward & b, ggml_tensor * n, ggml_tensor * d) {
    b.accumulate(n->src[0], d);
    if (b.needs(n->src[1])) { b.accumulate(n->src[1], b.reduced_to(ggml_scale(b.ctx, d, -1), n->src[1])); }
}

void mul_rule(backward & b, ggml_tensor * n, ggml_tensor * d) {
    ggml_tensor *x = n->src[0], *y = n->src[1];
    if (b.needs(x)) { b.accumulate(x, ggml_mul(b.ctx, d, y)); }
    if (b.needs(y)) { b.accumulate(y, b.reduced_to(ggml_mul(b.ctx, d, x), y)); }
}

void div_rule(backward & b, ggml_tensor * n, ggml_tensor * d) {
    ggml_tensor *x = n->src[0], *y = n->src[1];
    if (b.needs(x)) { b.accumulate(x, ggml_div(b.ctx, d, y)); }
    if (b.needs(y)) { b.accumulate(y, b.reduced_to(ggml_scale(b.ctx, ggml_div(b.ctx, ggml_mul(b.ctx, d, n), y), -1), y)); }
}

void sqr_rule(backward & b, ggml_tensor * n, ggml_tensor * d) {
    b.accumulate(n->src[0], ggml_scale(b.ctx, ggml_mul(b.ctx, d, n->src[0]), 2));
}

void sqrt_rule(backward & b, ggml_tensor * n, ggml_tensor * d) { b.accumulate(n->src[0], ggml_scale(b.ctx, ggml_div(b.ctx, d, n), 0.5f)); }

void log_rule(backward & b, ggml_tensor * n, ggml_tensor * d) { b.accumulate(n->src[0], ggml_div(b.ctx, d, n->src[0])); }

void scale_rule(backward & b, ggml_tensor * n, ggml_tensor * d) {
    b.accumulate(n->src[0], ggml_scale(b.ctx, d, param_f32(n, param::scale)));
}

void clamp_rule(backward & b, ggml_tensor * n, ggml_tensor * d) {
    const float low = param_f32(n, param::clamp_low), high = param_f32(n, param::clamp_high);
    b.accumulate(n->src[0], ggml_mul(b.ctx, d, inside(b, b.contiguous(n->src[0]), low, high)));
}

void unary_rule(backward & b, ggml_tensor * n, ggml_tensor * d) {
    ggml_tensor * x = n->src[0];
    const ggml_unary_op f = ggml_get_unary_op(n);
    switch (f) {
        case GGML_UNARY_OP_SILU:
        case GGML_UNARY_OP_GELU:
        case GGML_UNARY_OP_GELU_ERF:
        case GGML_UNARY_OP_GELU_QUICK:
        case GGML_UNARY_OP_RELU: b.accumulate(x, activation_back(b, f, x, d)); return;
        case GGML_UNARY_OP_TANH: b.accumulate(x, ggml_mul(b.ctx, d, one_minus(b, ggml_sqr(b.ctx, n)))); return;
        case GGML_UNARY_OP_SIGMOID: b.accumulate(x, ggml_mul(b.ctx, d, ggml_mul(b.ctx, n, one_minus(b, n)))); return;
        case GGML_UNARY_OP_SOFTPLUS: b.accumulate(x, ggml_mul(b.ctx, d, ggml_sigmoid(b.ctx, b.contiguous(x)))); return;
        case GGML_UNARY_OP_EXP: b.accumulate(x, ggml_mul(b.ctx, d, n)); return;
        case GGML_UNARY_OP_NEG: b.accumulate(x, ggml_scale(b.ctx, d, -1)); return;
        case GGML_UNARY_OP_ABS: b.accumulate(x, ggml_mul(b.ctx, d, ggml_sgn(b.ctx, b.contiguous(x)))); return;
        case GGML_UNARY_OP_ELU:
            b.accumulate(x, ggml_mul(b.ctx, d, ggml_exp(b.ctx, ggml_clamp(b.ctx, ggml_cont(b.ctx, x), -INFINITY, 0))));
            return;
        default: fail_no_rule(n, "");
    }
}

namespace {

struct glu_gradients {
    ggml_tensor *gate = nullptr, *up = nullptr;
};

// y = x * sigmoid(alpha * x) * (v + 1), x = min(gate, limit), v = up within +-limit
glu_gradients swiglu_oai_back(backward & b, ggml_tensor * gate, ggml_tensor * up, ggml_tensor * d, float alpha, float limit) {
    ggml_tensor * x = ggml_clamp(b.ctx, ggml_cont(b.ctx, gate), -INFINITY, limit);
    ggml_tensor * v = ggml_clamp(b.ctx, ggml_cont(b.ctx, up), -limit, limit);
    ggml_tensor * s = ggml_sigmoid(b.ctx, ggml_scale(b.ctx, x, alpha));
    ggml_tensor * f = ggml_mul(b.ctx, x, s);
    ggml_tensor * slope = ggml_add(b.ctx, s, ggml_scale(b.ctx, ggml_mul(b.ctx, f, one_minus(b, s)), alpha));
    glu_gradients g;
    g.gate = ggml_mul(b.ctx, ggml_mul(b.ctx, d, ggml_scale_bias(b.ctx, v, 1, 1)),
                      ggml_mul(b.ctx, slope, inside(b, gate, -INFINITY, limit)));
    g.up = ggml_mul(b.ctx, ggml_mul(b.ctx, d, f), inside(b, up, -limit, limit));
    return g;
}

// y = silu(min(gate, limit)) * v, v = up within +-limit
glu_gradients swiglu_clamp_back(backward & b, ggml_tensor * gate, ggml_tensor * up, ggml_tensor * d, float limit) {
    ggml_tensor * x = ggml_clamp(b.ctx, ggml_cont(b.ctx, gate), -INFINITY, limit);
    ggml_tensor * v = ggml_clamp(b.ctx, ggml_cont(b.ctx, up), -limit, limit);
    glu_gradients g;
    g.gate = ggml_mul(b.ctx, activation_back(b, GGML_UNARY_OP_SILU, x, ggml_mul(b.ctx, d, v)), inside(b, gate, -INFINITY, limit));
    g.up = ggml_mul(b.ctx, ggml_mul(b.ctx, d, ggml_silu(b.ctx, x)), inside(b, up, -limit, limit));
    return g;
}

// y = f(gate) * up. Gradients that are not wanted may be left out.
glu_gradients glu_back(backward & b, const ggml_tensor * n, ggml_tensor * gate, ggml_tensor * up, ggml_tensor * d, bool want_gate,
                       bool want_up) {
    auto gated = [&](ggml_unary_op f) {
        glu_gradients g;
        if (want_gate) { g.gate = activation_back(b, f, gate, ggml_mul(b.ctx, d, up)); }
        if (want_up) { g.up = ggml_mul(b.ctx, d, ggml_unary(b.ctx, b.contiguous(gate), f)); }
        return g;
    };
    const float alpha = param_f32(n, param::glu_alpha), limit = param_f32(n, param::glu_limit);
    switch (ggml_get_glu_op(n)) {
        case GGML_GLU_OP_SWIGLU: return gated(GGML_UNARY_OP_SILU);
        case GGML_GLU_OP_GEGLU: return gated(GGML_UNARY_OP_GELU);
        case GGML_GLU_OP_REGLU: return gated(GGML_UNARY_OP_RELU);
        case GGML_GLU_OP_GEGLU_ERF: return gated(GGML_UNARY_OP_GELU_ERF);
        case GGML_GLU_OP_GEGLU_QUICK: return gated(GGML_UNARY_OP_GELU_QUICK);
        case GGML_GLU_OP_SWIGLU_OAI: return swiglu_oai_back(b, gate, up, d, alpha, limit);
        case GGML_GLU_OP_SWIGLU_CLAMP: return swiglu_clamp_back(b, gate, up, d, limit);
        default: fail_no_rule(n, "");
    }
}

} // namespace

// Gate and up lie in one tensor, side by side, where the op has one source.
void glu_rule(backward & b, ggml_tensor * n, ggml_tensor * d) {
    ggml_tensor *gate = n->src[0], *up = n->src[1];
    if (up) {
        const glu_gradients g = glu_back(b, n, gate, up, d, b.needs(gate), b.needs(up));
        if (g.gate) { b.accumulate(gate, g.gate); }
        if (g.up) { b.accumulate(up, g.up); }
        return;
    }
    ggml_tensor * a = n->src[0];
    const bool swapped = param_i32(n, param::glu_swapped);
    auto half = [&](int64_t i) {
        return ggml_cont(b.ctx, ggml_view_4d(b.ctx, a, n->ne[0], a->ne[1], a->ne[2], a->ne[3], a->nb[1], a->nb[2], a->nb[3],
                                             i * n->ne[0] * a->nb[0]));
    };
    gate = half(swapped ? 1 : 0);
    up = half(swapped ? 0 : 1);
    const glu_gradients g = glu_back(b, n, gate, up, d, true, true);
    b.accumulate(a, swapped ? ggml_concat(b.ctx, g.up, g.gate, 0) : ggml_concat(b.ctx, g.gate, g.up, 0));
}

} // namespace rft
