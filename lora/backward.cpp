// Reverse-mode differentiation of a captured graph: one rule an op, composed of forward ops, or of the kernels of
// kernels.cpp on the CPU. Gradients are carried only where a trained tensor lies below.

#include <cmath>
#include <cstring>

#include "graph.hpp"

namespace rft {
namespace {

float param_f32(const ggml_tensor * t, int i) {
    float v;
    memcpy(&v, (const char *) t->op_params + i * sizeof(float), sizeof(v));
    return v;
}

int32_t param_i32(const ggml_tensor * t, int i) { return ((const int32_t *) t->op_params)[i]; }

constexpr size_t max_nodes = 65536;

} // namespace

void graph::build(const capture & from, mode m, const std::vector<state> & trained, int32_t n_labels) {
    ggml_init_params ip = {ggml_tensor_overhead() * max_nodes + ggml_graph_overhead_custom(max_nodes, false), nullptr, true};
    ctx_ = ggml_init(ip);
    if (!ctx_) { throw std::runtime_error("out of memory for the graph"); }
    cgraph = ggml_new_graph_custom(ctx_, max_nodes, false);
    forward(from);
    ggml_set_output(logits);
    if (m == mode::logits) {
        ggml_build_forward_expand(cgraph, logits);
        return;
    }
    if (m == mode::train) {
        for (const state & s : trained) { params_.insert(s.value); }
        needed_.insert(params_.begin(), params_.end());
        for (ggml_tensor * n : order_) {
            for (ggml_tensor * s : n->src) {
                if (s && needs(s)) { needed_.insert(n); }
            }
        }
        if (!needs(logits)) { throw std::runtime_error("none of the trained tensors is used by the model's graph"); }
    }
    add_loss(m, n_labels);
    if (m != mode::train) { return; }
    for (const state & s : trained) {
        auto it = gradient_.find(s.value);
        if (it == gradient_.end()) { continue; }
        ggml_build_forward_expand(cgraph, ggml_add_inplace(ctx_, s.gradient, it->second));
    }
}

// loss = sum over labels of -weight * log softmax(logits)[label]. With p = softmax(logits), its gradient is
// p * (sum of the row's weights), less the weight at each label. Labels are sparse: (row, token) as one flat index.
void graph::add_loss(mode m, int32_t n_labels) {
    const int64_t vocab = logits->ne[0], rows = elements_of_rows(logits);
    if (vocab * rows > INT32_MAX) { throw std::runtime_error("too many tokens with a loss in one window for this vocabulary: use a smaller window"); }
    label_index = ggml_new_tensor_1d(ctx_, GGML_TYPE_I64, n_labels);
    label_weight = ggml_new_tensor_2d(ctx_, GGML_TYPE_F32, 1, n_labels);
    label_row_weight = ggml_new_tensor_2d(ctx_, GGML_TYPE_F32, 1, n_labels);
    row_weight = ggml_new_tensor_2d(ctx_, GGML_TYPE_F32, 1, rows);
    ggml_tensor * gather = ggml_new_tensor_1d(ctx_, GGML_TYPE_I32, n_labels);
    label_gather = gather;
    for (ggml_tensor * t : {label_index, label_weight, label_row_weight, row_weight, gather}) { ggml_set_input(t); }

    ggml_tensor * p = ggml_soft_max(ctx_, contiguous(logits));
    ggml_tensor * flat = ggml_reshape_2d(ctx_, p, 1, vocab * rows);
    ggml_tensor * chosen = ggml_get_rows(ctx_, flat, gather); // [1, n_labels]
    ggml_tensor * log_p = ggml_log(ctx_, ggml_clamp(ctx_, chosen, 1e-37f, 1.0f));
    loss = ggml_mul(ctx_, log_p, label_weight);
    ggml_set_output(loss);
    ggml_set_name(loss, "label losses");
    ggml_build_forward_expand(cgraph, loss);
    if (m != mode::train) { return; }

    ggml_tensor * d = ggml_mul(ctx_, p, row_weight);
    ggml_tensor * at_labels = ggml_sub(ctx_, ggml_mul(ctx_, chosen, label_row_weight), label_weight);
    ggml_tensor * set = ggml_set_rows(ctx_, ggml_reshape_2d(ctx_, d, 1, vocab * rows), at_labels, label_index);
    backward(ggml_reshape_2d(ctx_, set, vocab, rows));
}

void graph::backward(ggml_tensor * dlogits) {
    accumulate(logits, dlogits);
    for (size_t i = order_.size(); i-- > 0;) {
        ggml_tensor * n = order_[i];
        auto it = gradient_.find(n);
        if (it != gradient_.end()) { differentiate(n, it->second); }
    }
}

void graph::accumulate(ggml_tensor * t, ggml_tensor * d) {
    if (!needs(t)) { return; }
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
    return !composed_ && ggml_backend_supports_op(gpu_ ? gpu_ : cpu_, node);
}

ggml_tensor * graph::transposed(ggml_tensor * t) {
    ggml_tensor *& known = transposed_[t];
    if (!known) { known = ggml_cont(ctx_, ggml_transpose(ctx_, t->type == GGML_TYPE_F32 ? t : ggml_cast(ctx_, t, GGML_TYPE_F32))); }
    return known;
}

// The sum of d over the dimensions in which like was broadcast.
ggml_tensor * graph::reduced_to(ggml_tensor * d, const ggml_tensor * like) {
    if (ggml_are_same_shape(d, like)) { return d; }
    return ggml_repeat_back(ctx_, contiguous(d), (ggml_tensor *) like);
}

ggml_tensor * graph::soft_max_back(ggml_tensor * node, ggml_tensor * d) {
    const float scale = param_f32(node, 0);
    if (param_f32(node, 1) != 0.0f) { missing(node, " with ALiBi"); }
    if (node->src[2]) { missing(node, " with attention sinks"); }
    ggml_tensor * fused = ggml_soft_max_ext_back(ctx_, contiguous(d), node, scale, 0.0f);
    if (supported(fused)) { return fused; }
    ggml_tensor * dot = ggml_sum_rows(ctx_, ggml_mul(ctx_, d, node));
    return ggml_scale(ctx_, ggml_mul(ctx_, ggml_sub(ctx_, d, dot), node), scale);
}

// y = x / rms, rms = sqrt(mean(x^2) + eps):  dx = (d - y * mean(d * y)) / rms, and 1 / rms = y / x, which is taken from
// rms_norm of a vector of the same length to stay within forward ops.
ggml_tensor * graph::rms_norm_back(ggml_tensor * node, ggml_tensor * d) {
    ggml_tensor * x = node->src[0];
    ggml_tensor * fused = ggml_rms_norm_back(ctx_, contiguous(d), contiguous(x), param_f32(node, 0));
    if (supported(fused)) { return fused; }
    const float n = (float) x->ne[0], eps = param_f32(node, 0);
    ggml_tensor * square = ggml_scale(ctx_, ggml_sum_rows(ctx_, ggml_sqr(ctx_, contiguous(x))), 1.0f / n);
    ggml_tensor * rms = ggml_sqrt(ctx_, ggml_clamp(ctx_, ggml_scale_bias(ctx_, square, 1.0f, eps), eps, INFINITY));
    ggml_tensor * mean = ggml_scale(ctx_, ggml_sum_rows(ctx_, ggml_mul(ctx_, d, node)), 1.0f / n);
    return ggml_div(ctx_, ggml_sub(ctx_, d, ggml_mul(ctx_, node, mean)), rms);
}

void graph::mul_mat_rule(ggml_tensor * node, ggml_tensor * d) {
    ggml_tensor *a = node->src[0], *b = node->src[1];
    d = contiguous(d);
    const bool kernels = !composed_ && !gpu_;
    if (needs(b)) {
        const bool rows_readable = a->nb[0] == ggml_type_size(a->type);
        if (kernels && rows_readable) {
            accumulate(b, product_input_gradient(ctx_, a, b, d));
        } else {
            accumulate(b, ggml_mul_mat(ctx_, transposed(a), d));
        }
    }
    if (needs(a)) {
        if (kernels && b->nb[0] == sizeof(float) && b->type == GGML_TYPE_F32) {
            accumulate(a, product_weight_gradient(ctx_, a, b, d));
        } else {
            ggml_tensor * full = ggml_mul_mat(ctx_, transposed(b), transposed(d)); // one for each plane of b
            accumulate(a, reduced_planes(full, a));
        }
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

void graph::view_rule(ggml_tensor * node, ggml_tensor * d) {
    ggml_tensor * a = node->src[0];
    if (ggml_nelements(node) != ggml_nelements(a)) { missing(node, " that takes a part of a tensor"); }
    if (!ggml_is_contiguous(node) || !ggml_is_contiguous(a)) { missing(node, " that changes the order of elements"); }
    accumulate(a, ggml_reshape_4d(ctx_, contiguous(d), a->ne[0], a->ne[1], a->ne[2], a->ne[3]));
}

void graph::unary_rule(ggml_tensor * node, ggml_tensor * d) {
    switch (ggml_get_unary_op(node)) {
        case GGML_UNARY_OP_SILU: accumulate(node->src[0], ggml_silu_back(ctx_, d, node->src[0])); return;
        case GGML_UNARY_OP_TANH: accumulate(node->src[0], ggml_sub(ctx_, d, ggml_mul(ctx_, d, ggml_sqr(ctx_, node)))); return;
        default: missing(node, "");
    }
}

void graph::get_rows_rule(ggml_tensor * node, ggml_tensor * d) {
    ggml_tensor *a = node->src[0], *ids = node->src[1];
    ggml_tensor * fused = ggml_get_rows_back(ctx_, contiguous(d), ids, a);
    if (params_.count(a) || supported(fused)) {
        accumulate(a, fused);
    } else { // the rows of outputs: each at most once, so that a scatter is enough
        ggml_tensor * zeros = ggml_scale(ctx_, a, 0.0f);
        accumulate(a, ggml_set_rows(ctx_, zeros, contiguous(d), ids));
    }
}

void graph::differentiate(ggml_tensor * n, ggml_tensor * d) {
    ggml_tensor *a = n->src[0], *b = n->src[1];
    switch (n->op) {
        case GGML_OP_ADD:
            accumulate(a, d);
            if (needs(b)) { accumulate(b, reduced_to(d, b)); }
            break;
        case GGML_OP_MUL:
            if (needs(a)) { accumulate(a, ggml_mul(ctx_, d, b)); }
            if (needs(b)) { accumulate(b, reduced_to(ggml_mul(ctx_, d, a), b)); }
            break;
        case GGML_OP_SCALE: accumulate(a, ggml_scale(ctx_, d, param_f32(n, 0))); break;
        case GGML_OP_RMS_NORM: accumulate(a, rms_norm_back(n, d)); break;
        case GGML_OP_RESHAPE: accumulate(a, ggml_reshape_4d(ctx_, contiguous(d), a->ne[0], a->ne[1], a->ne[2], a->ne[3])); break;
        case GGML_OP_VIEW: view_rule(n, d); break;
        case GGML_OP_PERMUTE: {
            int inverse[4];
            for (int k = 0; k < 4; k++) { inverse[param_i32(n, k)] = k; }
            accumulate(a, ggml_cont(ctx_, ggml_permute(ctx_, d, inverse[0], inverse[1], inverse[2], inverse[3])));
            break;
        }
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
        case GGML_OP_GLU:
            if (ggml_get_glu_op(n) != GGML_GLU_OP_SWIGLU || !b) { missing(n, ""); }
            if (needs(a)) { accumulate(a, ggml_silu_back(ctx_, ggml_mul(ctx_, d, b), a)); }
            if (needs(b)) { accumulate(b, ggml_mul(ctx_, d, ggml_silu(ctx_, a))); }
            break;
        case GGML_OP_UNARY: unary_rule(n, d); break;
        case GGML_OP_GET_ROWS: get_rows_rule(n, d); break;
        case GGML_OP_MUL_MAT: mul_mat_rule(n, d); break;
        default: missing(n, "");
    }
}

} // namespace rft
