// Rules of the ops that move, pick and repeat elements.

#include "rules.hpp"

namespace rft {

// A view takes a part of the tensor's memory: its gradient is added to that part of the tensor's, of which the views
// share one.
void view_rule(backward & b, ggml_tensor * n, ggml_tensor * d) {
    ggml_tensor * a = n->src[0];
    if (ggml_are_same_shape(n, a) && ggml_are_same_stride(n, a)) { return b.accumulate(a, d); }
    auto offset = [](const ggml_tensor * t) { return t->view_src ? t->view_offs : 0; };
    while (a->op == GGML_OP_VIEW && !ggml_is_contiguous(a)) { a = a->src[0]; }
    if (!ggml_is_contiguous(a) || n->nb[0] != sizeof(float)) { fail_no_rule(n, " that changes the order of elements"); }
    d = b.contiguous(d);
    if (ggml_nelements(n) == ggml_nelements(a) && ggml_is_contiguous(n)) {
        return b.accumulate(a, ggml_reshape_4d(b.ctx, d, a->ne[0], a->ne[1], a->ne[2], a->ne[3]));
    }
    if (!b.needs(a)) { return; }
    if (b.params.count(a)) {
        return b.accumulate(a, ggml_acc_inplace(b.ctx, ggml_fill(b.ctx, a, 0), d, n->nb[1], n->nb[2], n->nb[3], offset(n) - offset(a)));
    }
    ggml_tensor *& sum = b.view_gradients[a];
    if (!sum) { sum = ggml_fill(b.ctx, a, 0); }
    sum = ggml_acc_inplace(b.ctx, sum, d, n->nb[1], n->nb[2], n->nb[3], offset(n) - offset(a));
}

void reshape_rule(backward & b, ggml_tensor * n, ggml_tensor * d) {
    ggml_tensor * a = n->src[0];
    b.accumulate(a, ggml_reshape_4d(b.ctx, b.contiguous(d), a->ne[0], a->ne[1], a->ne[2], a->ne[3]));
}

void cont_rule(backward & b, ggml_tensor * n, ggml_tensor * d) {
    if (!ggml_are_same_shape(n->src[0], n)) { return reshape_rule(b, n, d); }
    b.accumulate(n->src[0], d);
}

void transpose_rule(backward & b, ggml_tensor * n, ggml_tensor * d) { b.accumulate(n->src[0], ggml_cont(b.ctx, ggml_transpose(b.ctx, d))); }

void repeat_rule(backward & b, ggml_tensor * n, ggml_tensor * d) { b.accumulate(n->src[0], b.reduced_to(d, n->src[0])); }

void permute_rule(backward & b, ggml_tensor * n, ggml_tensor * d) {
    int inverse[4];
    for (int k = 0; k < 4; k++) { inverse[param_i32(n, param::axes + k)] = k; }
    b.accumulate(n->src[0], ggml_cont(b.ctx, ggml_permute(b.ctx, d, inverse[0], inverse[1], inverse[2], inverse[3])));
}

void concat_rule(backward & b, ggml_tensor * n, ggml_tensor * d) {
    const int dim = param_i32(n, param::concat_dim);
    d = b.contiguous(d);
    size_t offset = 0;
    for (ggml_tensor * s : {n->src[0], n->src[1]}) {
        if (b.needs(s)) {
            b.accumulate(
                s, ggml_cont(b.ctx, ggml_view_4d(b.ctx, d, s->ne[0], s->ne[1], s->ne[2], s->ne[3], d->nb[1], d->nb[2], d->nb[3], offset)));
        }
        offset += s->ne[dim] * d->nb[dim];
    }
}

void get_rows_rule(backward & b, ggml_tensor * n, ggml_tensor * d) {
    ggml_tensor *a = n->src[0], *ids = n->src[1];
    if (!b.needs(a)) { return; }
    d = b.contiguous(d);
    if (ggml_is_matrix(a) && ggml_is_vector(ids)) {
        ggml_tensor * fused = ggml_get_rows_back(b.ctx, d, ids, a);
        if (b.params.count(a) || b.on.have(fused)) { return b.accumulate(a, fused); }
    }
    // rows of outputs or of chosen experts: each at most once, so that a scatter is enough
    b.accumulate(a, ggml_set_rows(b.ctx, ggml_fill(b.ctx, b.contiguous(a), 0), d, b.contiguous(ids)));
}

} // namespace rft
