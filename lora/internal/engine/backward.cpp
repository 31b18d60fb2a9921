// Reverse-mode differentiation of a captured graph: one rule an op, here and in *_rules.cpp, composed of forward
// ops, or of the kernels of kernels.hpp on the CPU. Gradients are carried only where a trained tensor lies below.

#include <cmath>
#include <cstring>

#include "graph.hpp"

namespace rft {
void graph::accumulate(ggml_tensor * t, ggml_tensor * d) {
    if (!needs(t)) { return; }
    auto sum = params_.find(t);
    if (sum != params_.end()) { // at once, so that d need not be held
        outputs_.push_back(ggml_add_inplace(ctx_, sum->second, d));
        return;
    }
    auto it = gradient_.find(t);
    if (it == gradient_.end()) {
        gradient_[t] = d;
    } else {
        it->second = ggml_add(ctx_, it->second, d);
    }
}

// Whether the backend of the graph can run this node. Rules use an op's own backward where it can, and forward ops
// where it cannot.
bool graph::supported(ggml_tensor * node) const {
    if (composed_) { return false; }
    for (ggml_backend_t d : devices_) {
        if (!ggml_backend_supports_op(d, node)) { return false; }
    }
    return !devices_.empty() || ggml_backend_supports_op(cpu_, node);
}

ggml_tensor * graph::transposed(ggml_tensor * t) {
    ggml_tensor *& known = transposed_[t];
    if (!known) { known = ggml_cont(ctx_, ggml_transpose(ctx_, as_f32(t))); }
    return known;
}

// GPUs copy few quantised types to F32, but they can get rows of all of them.
ggml_tensor * graph::as_f32(ggml_tensor * t) {
    if (t->type == GGML_TYPE_F32) { return t; }
    if (!ggml_is_quantized(t->type) || !ggml_is_contiguous(t)) { return ggml_cast(ctx_, t, GGML_TYPE_F32); }
    const int64_t rows = elements_of_rows(t);
    if (rows > 1 << 24) { missing(t, ": it has too many rows to be numbered in F32"); }
    ggml_tensor *& numbers = row_numbers_[rows];
    if (!numbers) { numbers = ggml_cast(ctx_, ggml_arange(ctx_, 0, (float) rows, 1), GGML_TYPE_I32); }
    ggml_tensor * all = ggml_get_rows(ctx_, ggml_reshape_2d(ctx_, t, t->ne[0], rows), numbers);
    return ggml_reshape_4d(ctx_, all, t->ne[0], t->ne[1], t->ne[2], t->ne[3]);
}

void graph::differentiate(ggml_tensor * n, ggml_tensor * d) {
    ggml_tensor *a = n->src[0], *b = n->src[1];
    if (kernel_of(n) != kernel::none) { return differentiate_kernel(n, d); }
    switch (n->op) {
        case GGML_OP_ADD:
            accumulate(a, d);
            if (needs(b)) { accumulate(b, reduced_to(d, b)); }
            break;
        case GGML_OP_MUL:
            if (needs(a)) { accumulate(a, ggml_mul(ctx_, d, b)); }
            if (needs(b)) { accumulate(b, reduced_to(ggml_mul(ctx_, d, a), b)); }
            break;
        case GGML_OP_SUB:
            accumulate(a, d);
            if (needs(b)) { accumulate(b, reduced_to(ggml_scale(ctx_, d, -1), b)); }
            break;
        case GGML_OP_DIV:
            if (needs(a)) { accumulate(a, ggml_div(ctx_, d, b)); }
            if (needs(b)) { accumulate(b, reduced_to(ggml_scale(ctx_, ggml_div(ctx_, ggml_mul(ctx_, d, n), b), -1), b)); }
            break;
        case GGML_OP_SQR: accumulate(a, ggml_scale(ctx_, ggml_mul(ctx_, d, a), 2)); break;
        case GGML_OP_SQRT: accumulate(a, ggml_scale(ctx_, ggml_div(ctx_, d, n), 0.5f)); break;
        case GGML_OP_LOG: accumulate(a, ggml_div(ctx_, d, a)); break;
        case GGML_OP_CLAMP: accumulate(a, ggml_mul(ctx_, d, inside(contiguous(a), param_f32(n, 0), param_f32(n, 1)))); break;
        case GGML_OP_SUM_ROWS: accumulate(a, ggml_repeat(ctx_, contiguous(d), a)); break;
        case GGML_OP_MEAN: accumulate(a, ggml_repeat(ctx_, ggml_scale(ctx_, d, 1.0f / (float) a->ne[0]), a)); break;
        case GGML_OP_REPEAT: accumulate(a, reduced_to(d, a)); break;
        case GGML_OP_CONCAT: concat_rule(n, d); break;
        case GGML_OP_SCALE: accumulate(a, ggml_scale(ctx_, d, param_f32(n, 0))); break;
        case GGML_OP_RMS_NORM: accumulate(a, rms_norm_back(n, d)); break;
        case GGML_OP_NORM: accumulate(a, norm_back(n, d)); break;
        case GGML_OP_L2_NORM: accumulate(a, l2_norm_back(n, d)); break;
        case GGML_OP_RESHAPE: accumulate(a, ggml_reshape_4d(ctx_, contiguous(d), a->ne[0], a->ne[1], a->ne[2], a->ne[3])); break;
        case GGML_OP_VIEW: view_rule(n, d); break;
        case GGML_OP_PERMUTE: permute_rule(n, d); break;
        case GGML_OP_TRANSPOSE: accumulate(a, ggml_cont(ctx_, ggml_transpose(ctx_, d))); break;
        case GGML_OP_CONT:
            accumulate(a, ggml_are_same_shape(a, n) ? d : ggml_reshape_4d(ctx_, contiguous(d), a->ne[0], a->ne[1], a->ne[2], a->ne[3]));
            break;
        case GGML_OP_ROPE: {
            ggml_tensor * back = ggml_rope_ext_back(ctx_, d, b, n->src[2], param_i32(n, 1), param_i32(n, 2), param_i32(n, 4), param_f32(n, 5),
                                                    param_f32(n, 6), param_f32(n, 7), param_f32(n, 8), param_f32(n, 9), param_f32(n, 10));
            memcpy(back->op_params, n->op_params, sizeof(n->op_params)); // sections and offset too
            accumulate(a, back);
            break;
        }
        case GGML_OP_SOFT_MAX: accumulate(a, soft_max_back(n, d)); break;
        case GGML_OP_GLU: glu_rule(n, d); break;
        case GGML_OP_UNARY: unary_rule(n, d); break;
        case GGML_OP_GET_ROWS: get_rows_rule(n, d); break;
        case GGML_OP_MUL_MAT: mul_mat_rule(n, d); break;
        case GGML_OP_MUL_MAT_ID: mul_mat_id_rule(n, d); break;
        case GGML_OP_ADD_ID: add_id_rule(n, d); break;
        case GGML_OP_CUSTOM:
            if (!is_dropout(n)) { missing(n, ""); }
            accumulate(a, dropout_gradient(ctx_, n, d));
            break;
        default: missing(n, "");
    }
}

} // namespace rft
