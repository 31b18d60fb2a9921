// Rules of mixtures of experts. Which experts a token goes to is a choice without a gradient; how much each of them
// counts has one, through the ops between the router's logits and the weights.

#include <cstring>
#include <vector>

#include "gemm.hpp"
#include "rules.hpp"

namespace rft {
namespace {

// dst[:, u, t] = experts[:, :, ids[u, t]] * d[:, u, t]: expert by expert, on the columns that chose it.
void expert_input_gradient(ggml_tensor * dst, int ith, int nth, void *) {
    const ggml_tensor *experts = dst->src[0], *d = dst->src[1], *ids = dst->src[2];
    const int64_t in = experts->ne[0], out = experts->ne[1], columns = ggml_nelements(ids);
    const auto * chosen = (const int32_t *) ids->data;
    std::vector<int64_t> mine;
    std::vector<float> from, to;
    for (int64_t e = ith; e < experts->ne[2]; e += nth) {
        mine.clear();
        for (int64_t j = 0; j < columns; j++) {
            if (chosen[j] == e) { mine.push_back(j); }
        }
        const auto n = (int64_t) mine.size();
        from.resize(n * out);
        to.resize(n * in);
        for (int64_t j = 0; j < n; j++) { memcpy(&from[j * out], (const float *) d->data + mine[j] * out, out * sizeof(float)); }
        const gemm_a a = {(const char *) experts->data + e * experts->nb[2], experts->type, experts->nb[1], in, false};
        if (n > 0) { gemm(a, 0, in, out, {from.data(), 1, out}, n, to.data(), in, false); }
        for (int64_t j = 0; j < n; j++) { memcpy((float *) dst->data + mine[j] * in, &to[j * in], in * sizeof(float)); }
    }
}

} // namespace

// y[:, u, t] = experts[:, :, ids[u, t]]^T * x[:, u, t], where x may hold one column for all u
void mul_mat_id_rule(backward & b, ggml_tensor * n, ggml_tensor * d) {
    ggml_tensor *experts = n->src[0], *x = n->src[1], *ids = n->src[2];
    if (b.needs(experts)) { fail_no_rule(n, " whose experts are trained: train the other weights"); }
    if (!b.needs(x)) { return; }
    d = b.contiguous(d), ids = b.contiguous(ids);
    ggml_tensor * full; // a column for each chosen expert
    if (b.on.kernels()) {
        ggml_tensor * args[3] = {experts, d, ids};
        full = ggml_custom_4d(b.ctx, GGML_TYPE_F32, experts->ne[0], d->ne[1], d->ne[2], 1, args, 3, expert_input_gradient, GGML_N_TASKS_MAX,
                              nullptr);
    } else {
        full = ggml_mul_mat_id(b.ctx, b.transposed(experts), d, ids);
    }
    b.accumulate(x, b.reduced_to(full, x));
}

// y[:, u, t] = a[:, u, t] + bias[:, ids[u, t]]
void add_id_rule(backward & b, ggml_tensor * n, ggml_tensor * d) {
    if (b.needs(n->src[1])) { fail_no_rule(n, " whose biases are trained: train the other weights"); }
    b.accumulate(n->src[0], d);
}

} // namespace rft
