// Rules of the ops that move, pick, repeat and sum elements.

#include "graph.hpp"

namespace rft {

// The sum of d over the dimensions in which like was repeated.
ggml_tensor * graph::reduced_to(ggml_tensor * d, const ggml_tensor * like) {
    if (ggml_are_same_shape(d, like)) { return d; }
    d = contiguous(d);
    if (like->ne[0] == 1 && like->ne[1] == d->ne[1] && like->ne[2] == d->ne[2] && like->ne[3] == d->ne[3]) { return ggml_sum_rows(ctx_, d); }
    ggml_tensor * fused = ggml_repeat_back(ctx_, d, (ggml_tensor *) like);
    if (supported(fused)) { return fused; }
    int64_t ne[GGML_MAX_DIMS] = {d->ne[0], d->ne[1], d->ne[2], d->ne[3]};
    for (int k = 0; k < GGML_MAX_DIMS; k++) {
        const int64_t times = ne[k] / like->ne[k];
        if (times == 1) { continue; }
        ne[k] = like->ne[k];
        int64_t low = 1, high = 1;
        for (int j = 0; j < GGML_MAX_DIMS; j++) { (j <= k ? low : high) *= ne[j]; }
        ggml_tensor * v = ggml_reshape_3d(ctx_, d, low, times, high);
        d = ggml_sum_rows(ctx_, ggml_cont(ctx_, ggml_permute(ctx_, v, 1, 0, 2, 3)));
        d = ggml_reshape_4d(ctx_, d, ne[0], ne[1], ne[2], ne[3]);
    }
    return d;
}

// A view takes a part of the tensor's memory: its gradient is added to that part of the tensor's, of which the views
// share one.
void graph::view_rule(ggml_tensor * n, ggml_tensor * d) {
    ggml_tensor * a = n->src[0];
    if (ggml_are_same_shape(n, a) && ggml_are_same_stride(n, a)) { return accumulate(a, d); }
    auto offset = [](const ggml_tensor * t) { return t->view_src ? t->view_offs : 0; };
    while (a->op == GGML_OP_VIEW && !ggml_is_contiguous(a)) { a = a->src[0]; }
    if (!ggml_is_contiguous(a) || n->nb[0] != sizeof(float)) { missing(n, " that changes the order of elements"); }
    d = contiguous(d);
    if (ggml_nelements(n) == ggml_nelements(a) && ggml_is_contiguous(n)) {
        return accumulate(a, ggml_reshape_4d(ctx_, d, a->ne[0], a->ne[1], a->ne[2], a->ne[3]));
    }
    if (!needs(a)) { return; }
    if (params_.count(a)) {
        return accumulate(a, ggml_acc_inplace(ctx_, ggml_fill(ctx_, a, 0), d, n->nb[1], n->nb[2], n->nb[3], offset(n) - offset(a)));
    }
    ggml_tensor *& sum = parts_[a];
    if (!sum) { sum = ggml_fill(ctx_, a, 0); }
    sum = ggml_acc_inplace(ctx_, sum, d, n->nb[1], n->nb[2], n->nb[3], offset(n) - offset(a));
}

// What the views of n have summed up, once all of them have been seen.
void graph::take_parts(ggml_tensor * n) {
    auto it = parts_.find(n);
    if (it == parts_.end()) { return; }
    accumulate(n, it->second);
    parts_.erase(it);
}

void graph::permute_rule(ggml_tensor * n, ggml_tensor * d) {
    int inverse[4];
    for (int k = 0; k < 4; k++) { inverse[param_i32(n, k)] = k; }
    accumulate(n->src[0], ggml_cont(ctx_, ggml_permute(ctx_, d, inverse[0], inverse[1], inverse[2], inverse[3])));
}

void graph::concat_rule(ggml_tensor * n, ggml_tensor * d) {
    const int dim = param_i32(n, 0);
    d = contiguous(d);
    size_t offset = 0;
    for (ggml_tensor * s : {n->src[0], n->src[1]}) {
        if (needs(s)) {
            accumulate(s, ggml_cont(ctx_, ggml_view_4d(ctx_, d, s->ne[0], s->ne[1], s->ne[2], s->ne[3], d->nb[1], d->nb[2], d->nb[3], offset)));
        }
        offset += s->ne[dim] * d->nb[dim];
    }
}

void graph::get_rows_rule(ggml_tensor * n, ggml_tensor * d) {
    ggml_tensor *a = n->src[0], *ids = n->src[1];
    if (!needs(a)) { return; }
    d = contiguous(d);
    if (ggml_is_matrix(a) && ggml_is_vector(ids)) {
        ggml_tensor * fused = ggml_get_rows_back(ctx_, d, ids, a);
        if (params_.count(a) || supported(fused)) { return accumulate(a, fused); }
    }
    // rows of outputs or of chosen experts: each at most once, so that a scatter is enough
    accumulate(a, ggml_set_rows(ctx_, ggml_fill(ctx_, contiguous(a), 0), d, contiguous(ids)));
}

} // namespace rft
