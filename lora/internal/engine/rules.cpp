// Reverse-mode differentiation of a graph: one rule for each op, in rules_*.cpp, composed of forward ops, or of the kernels of
// kernels.hpp on the CPU. A new op is a function there, a row of the table here, and a case in enginetest/rule_cases.cpp.

#include "rules.hpp"

#include <array>
#include <utility>

namespace rft {
namespace {

struct table_row {
    ggml_op op;
    rule f;
};

constexpr table_row table[] = {
    {GGML_OP_ADD, add_rule},
    {GGML_OP_ADD_ID, add_id_rule},
    {GGML_OP_CLAMP, clamp_rule},
    {GGML_OP_CONCAT, concat_rule},
    {GGML_OP_CONT, cont_rule},
    {GGML_OP_CUSTOM, custom_rule}, // kernels and dropout
    {GGML_OP_DIV, div_rule},
    {GGML_OP_GET_ROWS, get_rows_rule},
    {GGML_OP_GLU, glu_rule},
    {GGML_OP_L2_NORM, l2_norm_rule},
    {GGML_OP_LOG, log_rule},
    {GGML_OP_MEAN, mean_rule},
    {GGML_OP_MUL, mul_rule},
    {GGML_OP_MUL_MAT, mul_mat_rule},
    {GGML_OP_MUL_MAT_ID, mul_mat_id_rule},
    {GGML_OP_NORM, norm_rule},
    {GGML_OP_PERMUTE, permute_rule},
    {GGML_OP_REPEAT, repeat_rule},
    {GGML_OP_RESHAPE, reshape_rule},
    {GGML_OP_RMS_NORM, rms_norm_rule},
    {GGML_OP_ROPE, rope_rule},
    {GGML_OP_SCALE, scale_rule},
    {GGML_OP_SOFT_MAX, soft_max_rule},
    {GGML_OP_SQR, sqr_rule},
    {GGML_OP_SQRT, sqrt_rule},
    {GGML_OP_SUB, sub_rule},
    {GGML_OP_SUM_ROWS, sum_rows_rule},
    {GGML_OP_TRANSPOSE, transpose_rule},
    {GGML_OP_UNARY, unary_rule},
    {GGML_OP_VIEW, view_rule},
};

} // namespace

rule rule_of(ggml_op op) {
    static const std::array<rule, GGML_OP_COUNT> rules = [] {
        std::array<rule, GGML_OP_COUNT> all{};
        for (const table_row & r : table) { all[r.op] = r.f; }
        return all;
    }();
    return rules[op];
}

backward::backward(ggml_context * ctx, const backends & on, std::vector<ggml_tensor *> & outputs, tensor_set needed,
                   const std::vector<trained> & of)
    : ctx(ctx), on(on), outputs(outputs), needed(std::move(needed)) {
    for (const trained & t : of) { params[t.value] = t.gradient; }
}

void backward::accumulate(ggml_tensor * t, ggml_tensor * d) {
    if (!needs(t)) { return; }
    auto sum = params.find(t);
    if (sum != params.end()) { // at once, so that d need not be held
        outputs.push_back(ggml_add_inplace(ctx, sum->second, d));
        return;
    }
    auto it = gradient.find(t);
    if (it == gradient.end()) {
        gradient[t] = d;
    } else {
        it->second = ggml_add(ctx, it->second, d);
    }
}

void backward::fold_view_gradients(ggml_tensor * node) {
    auto it = view_gradients.find(node);
    if (it == view_gradients.end()) { return; }
    accumulate(node, it->second);
    view_gradients.erase(it);
}

void backward::differentiate(const std::vector<ggml_tensor *> & nodes) {
    for (size_t i = nodes.size(); i-- > 0;) {
        fold_view_gradients(nodes[i]);
        auto it = gradient.find(nodes[i]);
        if (it == gradient.end()) { continue; }
        const rule f = rule_of(nodes[i]->op);
        if (!f) { fail_no_rule(nodes[i], ""); }
        f(*this, nodes[i], it->second);
    }
}

ggml_tensor * backward::contiguous(ggml_tensor * t) const { return ggml_is_contiguous(t) ? t : ggml_cont(ctx, t); }

ggml_tensor * backward::transposed(ggml_tensor * t) {
    ggml_tensor *& known = transposed_[t];
    if (!known) { known = ggml_cont(ctx, ggml_transpose(ctx, as_f32(t))); }
    return known;
}

// GPUs copy few quantised types to F32, but they can get rows of all of them.
ggml_tensor * backward::as_f32(ggml_tensor * t) {
    if (t->type == GGML_TYPE_F32) { return t; }
    if (!ggml_is_quantized(t->type) || !ggml_is_contiguous(t)) { return ggml_cast(ctx, t, GGML_TYPE_F32); }
    const int64_t rows = elements_of_rows(t);
    if (rows > 1 << 24) { fail_no_rule(t, ": it has too many rows to be numbered in F32"); }
    ggml_tensor *& numbers = row_numbers_[rows];
    if (!numbers) { numbers = ggml_cast(ctx, ggml_arange(ctx, 0, (float) rows, 1), GGML_TYPE_I32); }
    ggml_tensor * all = ggml_get_rows(ctx, ggml_reshape_2d(ctx, t, t->ne[0], rows), numbers);
    return ggml_reshape_4d(ctx, all, t->ne[0], t->ne[1], t->ne[2], t->ne[3]);
}

ggml_tensor * backward::reduced_to(ggml_tensor * d, const ggml_tensor * like) const {
    if (ggml_are_same_shape(d, like)) { return d; }
    d = contiguous(d);
    const bool rows_only = like->ne[0] == 1 && like->ne[1] == d->ne[1] && like->ne[2] == d->ne[2] && like->ne[3] == d->ne[3];
    if (rows_only) { return ggml_sum_rows(ctx, d); }
    ggml_tensor * fused = ggml_repeat_back(ctx, d, (ggml_tensor *) like);
    if (on.have(fused)) { return fused; }
    int64_t ne[GGML_MAX_DIMS] = {d->ne[0], d->ne[1], d->ne[2], d->ne[3]};
    for (int k = 0; k < GGML_MAX_DIMS; k++) {
        const int64_t times = ne[k] / like->ne[k];
        if (times == 1) { continue; }
        ne[k] = like->ne[k];
        int64_t low = 1, high = 1;
        for (int j = 0; j < GGML_MAX_DIMS; j++) { (j <= k ? low : high) *= ne[j]; }
        ggml_tensor * v = ggml_reshape_3d(ctx, d, low, times, high);
        d = ggml_sum_rows(ctx, ggml_cont(ctx, ggml_permute(ctx, v, 1, 0, 2, 3)));
        d = ggml_reshape_4d(ctx, d, ne[0], ne[1], ne[2], ne[3]);
    }
    return d;
}

} // namespace rft
