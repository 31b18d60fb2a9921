// Rules of the ops that work row by row: sums, norms, soft-max, rotary positions.

#include <cmath>
#include <cstring>

#include "rules.hpp"

namespace rft {
namespace {

ggml_tensor * mean_of_rows(backward & b, ggml_tensor * t) {
    return ggml_scale(b.ctx, ggml_sum_rows(b.ctx, b.contiguous(t)), 1.0f / (float) t->ne[0]);
}

// y = x / rms, rms = sqrt(mean(x^2) + eps):  dx = (d - y * mean(d * y)) / rms
ggml_tensor * rms_norm_back(backward & b, ggml_tensor * n, ggml_tensor * d) {
    ggml_tensor * x = b.contiguous(n->src[0]);
    const float eps = param_f32(n, param::eps);
    ggml_tensor * fused = ggml_rms_norm_back(b.ctx, b.contiguous(d), x, eps);
    if (b.on.have(fused)) { return fused; }
    ggml_tensor * rms = ggml_sqrt(b.ctx, ggml_scale_bias(b.ctx, mean_of_rows(b, ggml_sqr(b.ctx, x)), 1, eps));
    ggml_tensor * mean = mean_of_rows(b, ggml_mul(b.ctx, d, n));
    return ggml_div(b.ctx, ggml_sub(b.ctx, d, ggml_mul(b.ctx, n, mean)), rms);
}

// y = (x - mean) / sd, sd = sqrt(variance + eps):  dx = (d - mean(d) - y * mean(d * y)) / sd
ggml_tensor * norm_back(backward & b, ggml_tensor * n, ggml_tensor * d) {
    ggml_tensor * x = b.contiguous(n->src[0]);
    ggml_tensor * centred = ggml_sub(b.ctx, x, mean_of_rows(b, x));
    ggml_tensor * sd = ggml_sqrt(b.ctx, ggml_scale_bias(b.ctx, mean_of_rows(b, ggml_sqr(b.ctx, centred)), 1, param_f32(n, param::eps)));
    ggml_tensor * along = ggml_mul(b.ctx, n, mean_of_rows(b, ggml_mul(b.ctx, d, n)));
    return ggml_div(b.ctx, ggml_sub(b.ctx, ggml_sub(b.ctx, d, mean_of_rows(b, d)), along), sd);
}

// y = x / max(|x|, eps):  dx = (d - y * sum(d * y)) / |x|
ggml_tensor * l2_norm_back(backward & b, ggml_tensor * n, ggml_tensor * d) {
    ggml_tensor * square = ggml_sum_rows(b.ctx, ggml_sqr(b.ctx, b.contiguous(n->src[0])));
    ggml_tensor * size = ggml_clamp(b.ctx, ggml_sqrt(b.ctx, square), param_f32(n, param::eps), INFINITY);
    ggml_tensor * along = ggml_mul(b.ctx, n, ggml_sum_rows(b.ctx, ggml_mul(b.ctx, d, n)));
    return ggml_div(b.ctx, ggml_sub(b.ctx, d, along), size);
}

// Neither a mask, nor ALiBi, which is added to it, nor a sink, which only makes the sum of y smaller, changes the rule.
ggml_tensor * soft_max_back(backward & b, ggml_tensor * n, ggml_tensor * d) {
    if (n->src[2] && b.needs(n->src[2])) { fail_no_rule(n, " with trained attention sinks"); }
    const float scale = param_f32(n, param::soft_max_scale);
    // ggml may let this op overwrite one of its sources, for which on the CPU only d will do: it is the one that ggml takes
    // if nothing else uses it
    const bool own = !d->view_src && (d->op == GGML_OP_CUSTOM || d->op == GGML_OP_MUL_MAT);
    ggml_tensor * fused = ggml_soft_max_ext_back(b.ctx, own ? d : ggml_cont(b.ctx, d), n, scale, 0.0f);
    if (b.on.have(fused)) { return fused; }
    ggml_tensor * dot = ggml_sum_rows(b.ctx, ggml_mul(b.ctx, d, n));
    return ggml_scale(b.ctx, ggml_mul(b.ctx, ggml_sub(b.ctx, d, dot), n), scale);
}

} // namespace

void sum_rows_rule(backward & b, ggml_tensor * n, ggml_tensor * d) {
    b.accumulate(n->src[0], ggml_repeat(b.ctx, b.contiguous(d), n->src[0]));
}

void mean_rule(backward & b, ggml_tensor * n, ggml_tensor * d) {
    ggml_tensor * a = n->src[0];
    b.accumulate(a, ggml_repeat(b.ctx, ggml_scale(b.ctx, d, 1.0f / (float) a->ne[0]), a));
}

void rms_norm_rule(backward & b, ggml_tensor * n, ggml_tensor * d) { b.accumulate(n->src[0], rms_norm_back(b, n, d)); }

void norm_rule(backward & b, ggml_tensor * n, ggml_tensor * d) { b.accumulate(n->src[0], norm_back(b, n, d)); }

void l2_norm_rule(backward & b, ggml_tensor * n, ggml_tensor * d) { b.accumulate(n->src[0], l2_norm_back(b, n, d)); }

void soft_max_rule(backward & b, ggml_tensor * n, ggml_tensor * d) { b.accumulate(n->src[0], soft_max_back(b, n, d)); }

void rope_rule(backward & b, ggml_tensor * n, ggml_tensor * d) {
    ggml_tensor * back = ggml_rope_ext_back(
        b.ctx, d, n->src[1], n->src[2], param_i32(n, param::rope_dims), param_i32(n, param::rope_mode), param_i32(n, param::rope_context),
        param_f32(n, param::rope_base), param_f32(n, param::rope_scale), param_f32(n, param::rope_ext), param_f32(n, param::rope_attention),
        param_f32(n, param::rope_fast), param_f32(n, param::rope_slow));
    memcpy(back->op_params, n->op_params, sizeof(n->op_params)); // sections and offset too
    b.accumulate(n->src[0], back);
}

} // namespace rft
