// Rules of the ops that work element by element or row by row: activations, gated units, norms.

#include <algorithm>
#include <cmath>

#include "graph.hpp"

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

} // namespace

ggml_tensor * graph::one_minus(ggml_tensor * t) { return ggml_scale_bias(ctx_, t, -1, 1); }

// 1 where low < x < high, otherwise 0
ggml_tensor * graph::inside(ggml_tensor * x, float low, float high) {
    ggml_tensor * above = ggml_step(ctx_, ggml_scale_bias(ctx_, x, 1, -low));
    return ggml_mul(ctx_, above, ggml_step(ctx_, ggml_scale_bias(ctx_, x, -1, high)));
}

// The normal distribution function, of forward ops: erf by Abramowitz and Stegun, 7.1.26, whose error is below 1.5e-7.
ggml_tensor * graph::normal_cdf(ggml_tensor * x) {
    ggml_tensor * z = ggml_scale(ctx_, ggml_abs(ctx_, x), (float) M_SQRT1_2);
    ggml_tensor * bottom = ggml_scale_bias(ctx_, z, 0.3275911f, 1);
    ggml_tensor * t = ggml_div(ctx_, ggml_scale_bias(ctx_, z, 0, 1), bottom);
    const float c[] = {1.061405429f, -1.453152027f, 1.421413741f, -0.284496736f, 0.254829592f};
    ggml_tensor * sum = ggml_scale_bias(ctx_, t, c[0], c[1]);
    for (int i = 2; i < 5; i++) { sum = ggml_scale_bias(ctx_, ggml_mul(ctx_, sum, t), 1, c[i]); }
    ggml_tensor * tail = ggml_mul(ctx_, ggml_mul(ctx_, sum, t), ggml_exp(ctx_, ggml_scale(ctx_, ggml_sqr(ctx_, z), -1)));
    return ggml_scale_bias(ctx_, ggml_mul(ctx_, ggml_sgn(ctx_, x), one_minus(tail)), 0.5f, 0.5f);
}

// d * f'(x)
ggml_tensor * graph::activation_back(ggml_unary_op f, ggml_tensor * x, ggml_tensor * d) {
    x = contiguous(x), d = contiguous(d);
    auto custom = [&](ggml_custom_op_t k) {
        ggml_tensor * args[2] = {d, x};
        return ggml_custom_4d(ctx_, GGML_TYPE_F32, x->ne[0], x->ne[1], x->ne[2], x->ne[3], args, 2, k, GGML_N_TASKS_MAX, nullptr);
    };

    switch (f) {
        case GGML_UNARY_OP_SILU: {
            ggml_tensor * fused = ggml_silu_back(ctx_, d, x);
            if (supported(fused)) { return fused; }
            ggml_tensor *s = ggml_sigmoid(ctx_, x), *y = ggml_mul(ctx_, x, s);
            return ggml_mul(ctx_, d, ggml_add(ctx_, s, ggml_mul(ctx_, y, one_minus(s))));
        }
        case GGML_UNARY_OP_GELU: {
            if (kernels()) { return custom(times_slope<gelu_slope>); }
            ggml_tensor * square = ggml_sqr(ctx_, x);
            ggml_tensor * t = ggml_tanh(ctx_, ggml_mul(ctx_, x, ggml_scale_bias(ctx_, square, gelu_s * gelu_a, gelu_s)));
            ggml_tensor * inner = ggml_mul(ctx_, x, ggml_scale_bias(ctx_, square, 3 * gelu_s * gelu_a, gelu_s));
            ggml_tensor * sum = ggml_add(ctx_, t, ggml_mul(ctx_, inner, one_minus(ggml_sqr(ctx_, t))));
            return ggml_mul(ctx_, d, ggml_scale_bias(ctx_, sum, 0.5f, 0.5f));
        }
        case GGML_UNARY_OP_GELU_ERF: {
            if (kernels()) { return custom(times_slope<gelu_erf_slope>); }
            ggml_tensor * density = ggml_exp(ctx_, ggml_scale(ctx_, ggml_sqr(ctx_, x), -0.5f));
            ggml_tensor * slope = ggml_scale(ctx_, ggml_mul(ctx_, x, density), 0.39894228040143267794f);
            return ggml_mul(ctx_, d, ggml_add(ctx_, slope, normal_cdf(x)));
        }
        case GGML_UNARY_OP_GELU_QUICK: {
            if (kernels()) { return custom(times_slope<gelu_quick_slope>); }
            ggml_tensor * s = ggml_sigmoid(ctx_, ggml_scale(ctx_, x, quick));
            ggml_tensor * y = ggml_scale(ctx_, ggml_mul(ctx_, x, s), quick);
            return ggml_mul(ctx_, d, ggml_add(ctx_, s, ggml_mul(ctx_, y, one_minus(s))));
        }
        default: return ggml_mul(ctx_, d, ggml_step(ctx_, x)); // RELU
    }
}

void graph::unary_rule(ggml_tensor * n, ggml_tensor * d) {
    ggml_tensor * x = n->src[0];
    const ggml_unary_op f = ggml_get_unary_op(n);
    switch (f) {
        case GGML_UNARY_OP_SILU:
        case GGML_UNARY_OP_GELU:
        case GGML_UNARY_OP_GELU_ERF:
        case GGML_UNARY_OP_GELU_QUICK:
        case GGML_UNARY_OP_RELU: accumulate(x, activation_back(f, x, d)); return;
        case GGML_UNARY_OP_TANH: accumulate(x, ggml_mul(ctx_, d, one_minus(ggml_sqr(ctx_, n)))); return;
        case GGML_UNARY_OP_SIGMOID: accumulate(x, ggml_mul(ctx_, d, ggml_mul(ctx_, n, one_minus(n)))); return;
        case GGML_UNARY_OP_SOFTPLUS: accumulate(x, ggml_mul(ctx_, d, ggml_sigmoid(ctx_, contiguous(x)))); return;
        case GGML_UNARY_OP_EXP: accumulate(x, ggml_mul(ctx_, d, n)); return;
        case GGML_UNARY_OP_NEG: accumulate(x, ggml_scale(ctx_, d, -1)); return;
        case GGML_UNARY_OP_ABS: accumulate(x, ggml_mul(ctx_, d, ggml_sgn(ctx_, contiguous(x)))); return;
        case GGML_UNARY_OP_ELU: accumulate(x, ggml_mul(ctx_, d, ggml_exp(ctx_, ggml_clamp(ctx_, ggml_cont(ctx_, x), -INFINITY, 0)))); return;
        default: missing(n, "");
    }
}

// y = f(gate) * up. Both lie in one tensor, side by side, where the op has one source.
void graph::glu_rule(ggml_tensor * n, ggml_tensor * d) {
    ggml_tensor *gate = n->src[0], *up = n->src[1];
    const bool split = up != nullptr, swapped = param_i32(n, 1);
    if (!split) {
        ggml_tensor * a = n->src[0];
        auto half = [&](int64_t i) {
            return ggml_cont(ctx_, ggml_view_4d(ctx_, a, n->ne[0], a->ne[1], a->ne[2], a->ne[3], a->nb[1], a->nb[2], a->nb[3], i * n->ne[0] * a->nb[0]));
        };
        gate = half(swapped ? 1 : 0);
        up = half(swapped ? 0 : 1);
    }
    ggml_tensor *dgate = nullptr, *dup = nullptr;
    auto gated = [&](ggml_unary_op f) {
        if (!split || needs(gate)) { dgate = activation_back(f, gate, ggml_mul(ctx_, d, up)); }
        if (!split || needs(up)) { dup = ggml_mul(ctx_, d, ggml_unary(ctx_, contiguous(gate), f)); }
    };
    const float alpha = param_f32(n, 2), limit = param_f32(n, 3);
    switch (ggml_get_glu_op(n)) {
        case GGML_GLU_OP_SWIGLU: gated(GGML_UNARY_OP_SILU); break;
        case GGML_GLU_OP_GEGLU: gated(GGML_UNARY_OP_GELU); break;
        case GGML_GLU_OP_REGLU: gated(GGML_UNARY_OP_RELU); break;
        case GGML_GLU_OP_GEGLU_ERF: gated(GGML_UNARY_OP_GELU_ERF); break;
        case GGML_GLU_OP_GEGLU_QUICK: gated(GGML_UNARY_OP_GELU_QUICK); break;
        case GGML_GLU_OP_SWIGLU_OAI: { // x * sigmoid(alpha * x) * (y + 1), x = min(gate, limit), y = up within +-limit
            ggml_tensor * x = ggml_clamp(ctx_, ggml_cont(ctx_, gate), -INFINITY, limit);
            ggml_tensor * y = ggml_clamp(ctx_, ggml_cont(ctx_, up), -limit, limit);
            ggml_tensor * s = ggml_sigmoid(ctx_, ggml_scale(ctx_, x, alpha));
            ggml_tensor * f = ggml_mul(ctx_, x, s);
            ggml_tensor * slope = ggml_add(ctx_, s, ggml_scale(ctx_, ggml_mul(ctx_, f, one_minus(s)), alpha));
            dgate = ggml_mul(ctx_, ggml_mul(ctx_, d, ggml_scale_bias(ctx_, y, 1, 1)), ggml_mul(ctx_, slope, inside(gate, -INFINITY, limit)));
            dup = ggml_mul(ctx_, ggml_mul(ctx_, d, f), inside(up, -limit, limit));
            break;
        }
        case GGML_GLU_OP_SWIGLU_CLAMP: {
            ggml_tensor * x = ggml_clamp(ctx_, ggml_cont(ctx_, gate), -INFINITY, limit);
            ggml_tensor * y = ggml_clamp(ctx_, ggml_cont(ctx_, up), -limit, limit);
            dgate = ggml_mul(ctx_, activation_back(GGML_UNARY_OP_SILU, x, ggml_mul(ctx_, d, y)), inside(gate, -INFINITY, limit));
            dup = ggml_mul(ctx_, ggml_mul(ctx_, d, ggml_silu(ctx_, x)), inside(up, -limit, limit));
            break;
        }
        default: missing(n, "");
    }
    if (!split) {
        accumulate(n->src[0], swapped ? ggml_concat(ctx_, dup, dgate, 0) : ggml_concat(ctx_, dgate, dup, 0));
        return;
    }
    if (dgate) { accumulate(gate, dgate); }
    if (dup) { accumulate(up, dup); }
}

ggml_tensor * graph::mean_of_rows(ggml_tensor * t) { return ggml_scale(ctx_, ggml_sum_rows(ctx_, contiguous(t)), 1.0f / (float) t->ne[0]); }

// y = x / rms, rms = sqrt(mean(x^2) + eps):  dx = (d - y * mean(d * y)) / rms
ggml_tensor * graph::rms_norm_back(ggml_tensor * n, ggml_tensor * d) {
    ggml_tensor * x = contiguous(n->src[0]);
    const float eps = param_f32(n, 0);
    ggml_tensor * fused = ggml_rms_norm_back(ctx_, contiguous(d), x, eps);
    if (supported(fused)) { return fused; }
    ggml_tensor * rms = ggml_sqrt(ctx_, ggml_scale_bias(ctx_, mean_of_rows(ggml_sqr(ctx_, x)), 1, eps));
    ggml_tensor * mean = mean_of_rows(ggml_mul(ctx_, d, n));
    return ggml_div(ctx_, ggml_sub(ctx_, d, ggml_mul(ctx_, n, mean)), rms);
}

// y = (x - mean) / sd, sd = sqrt(variance + eps):  dx = (d - mean(d) - y * mean(d * y)) / sd
ggml_tensor * graph::norm_back(ggml_tensor * n, ggml_tensor * d) {
    ggml_tensor * x = contiguous(n->src[0]);
    ggml_tensor * centred = ggml_sub(ctx_, x, mean_of_rows(x));
    ggml_tensor * sd = ggml_sqrt(ctx_, ggml_scale_bias(ctx_, mean_of_rows(ggml_sqr(ctx_, centred)), 1, param_f32(n, 0)));
    ggml_tensor * along = ggml_mul(ctx_, n, mean_of_rows(ggml_mul(ctx_, d, n)));
    return ggml_div(ctx_, ggml_sub(ctx_, ggml_sub(ctx_, d, mean_of_rows(d)), along), sd);
}

// y = x / max(|x|, eps):  dx = (d - y * sum(d * y)) / |x|
ggml_tensor * graph::l2_norm_back(ggml_tensor * n, ggml_tensor * d) {
    ggml_tensor * square = ggml_sum_rows(ctx_, ggml_sqr(ctx_, contiguous(n->src[0])));
    ggml_tensor * size = ggml_clamp(ctx_, ggml_sqrt(ctx_, square), param_f32(n, 0), INFINITY);
    ggml_tensor * along = ggml_mul(ctx_, n, ggml_sum_rows(ctx_, ggml_mul(ctx_, d, n)));
    return ggml_div(ctx_, ggml_sub(ctx_, d, along), size);
}

// Neither a mask, nor ALiBi, which is added to it, nor a sink, which only makes the sum of y smaller, changes the rule.
ggml_tensor * graph::soft_max_back(ggml_tensor * n, ggml_tensor * d) {
    if (n->src[2] && needs(n->src[2])) { missing(n, " with trained attention sinks"); }
    const float scale = param_f32(n, 0);
    // ggml may let this op overwrite one of its sources, for which on the CPU only d will do: it is the one that ggml takes
    // if nothing else uses it
    const bool own = !d->view_src && (d->op == GGML_OP_CUSTOM || d->op == GGML_OP_MUL_MAT);
    ggml_tensor * fused = ggml_soft_max_ext_back(ctx_, own ? d : ggml_cont(ctx_, d), n, scale, 0.0f);
    if (supported(fused)) { return fused; }
    ggml_tensor * dot = ggml_sum_rows(ctx_, ggml_mul(ctx_, d, n));
    return ggml_scale(ctx_, ggml_mul(ctx_, ggml_sub(ctx_, d, dot), n), scale);
}

} // namespace rft
