// Dropout of the input of an adapter's A. The mask is not stored: each of its elements is a hash of the window's key, the
// name of A, row and column, so that the backward pass, and a forward pass that is computed again, find the same.

#include <cmath>
#include <cstring>

#include "captured.hpp"
#include "forward.hpp"

namespace rft {
namespace {

const char prefix[] = "dropout ";

// Two rounds of xor-shift and multiply, the constants from Wellons' search for little bias ("lowbias32"): every bit of x
// changes every bit of the result with a probability near one half.
inline uint32_t mixed(uint32_t x) {
    x = (x ^ (x >> 16)) * 0x7feb352du;
    x = (x ^ (x >> 15)) * 0x846ca68bu;
    return x ^ (x >> 16);
}

uint32_t name_hash(const char * s) { // FNV-1a
    uint32_t h = 2166136261u;
    for (; *s; s++) { h = (h ^ (uint8_t) *s) * 16777619u; }
    return h;
}

// dst = x where the mask is set, divided by the probability of that, and 0 elsewhere. src[1] is the key: two numbers, and
// the probability of a zero in units of 2^-32.
void drop(ggml_tensor * dst, int ith, int nth, void * userdata) {
    const ggml_tensor * x = dst->src[0];
    const auto * key = (const uint32_t *) dst->src[1]->data;
    const uint32_t threshold = key[2], name = (uint32_t) (uintptr_t) userdata;
    const float scale = (float) (1 / (1 - threshold / 4294967296.0));
    const int64_t n = dst->ne[0], rows = elements_of_rows(dst);
    for (int64_t r = rows * ith / nth; r < rows * (ith + 1) / nth; r++) {
        const int64_t i1 = r % x->ne[1], i2 = r / x->ne[1] % x->ne[2], i3 = r / x->ne[1] / x->ne[2];
        const auto * from = (const float *) ((const char *) x->data + i1 * x->nb[1] + i2 * x->nb[2] + i3 * x->nb[3]);
        auto * to = (float *) dst->data + r * n;
        const uint32_t row = mixed(mixed(mixed(key[0] ^ name) + key[1]) + (uint32_t) r);
        for (int64_t i = 0; i < n; i++) {
            to[i] = mixed(row ^ (uint32_t) i * 0x9e3779b9u) >= threshold ? from[i] * scale : 0.0f;
        }
    }
}

} // namespace

uint32_t dropout_threshold(float p) { return (uint32_t) std::lround((double) p * 4294967296.0); }

ggml_tensor * dropout(ggml_context * ctx, ggml_tensor * x, ggml_tensor * key, const ggml_tensor * a) {
    ggml_tensor * args[2] = {x, key};
    void * name = (void *) (uintptr_t) name_hash(a->name);
    ggml_tensor * n = ggml_custom_4d(ctx, GGML_TYPE_F32, x->ne[0], x->ne[1], x->ne[2], x->ne[3], args, 2, drop, GGML_N_TASKS_MAX, name);
    ggml_format_name(n, "%s%s", prefix, a->name);
    return n;
}

bool is_dropout(const ggml_tensor * t) { return t->op == GGML_OP_CUSTOM && strncmp(t->name, prefix, sizeof(prefix) - 1) == 0; }

ggml_tensor * dropout_gradient(ggml_context * ctx, const ggml_tensor * node, ggml_tensor * d) {
    ggml_tensor * args[2] = {d, node->src[1]};
    ggml_tensor * n = ggml_custom_4d(ctx, GGML_TYPE_F32, d->ne[0], d->ne[1], d->ne[2], d->ne[3], args, 2, drop, GGML_N_TASKS_MAX, nullptr);
    memcpy(n->op_params, node->op_params, sizeof(n->op_params)); // the mask is linear, and the same for the gradient
    return n;
}

} // namespace rft
