// Matrix products on the CPU as custom ops: forward, and both gradients.
//
// ggml's mul_mat takes both operands with the summed dimension contiguous. The gradients of a product sum over
// another dimension, so composing them of mul_mat costs transposing copies, which take as long as the products
// themselves; and on quantised weights it rounds the activations. These read every operand as it lies.

#include <initializer_list>

#include "gemm.hpp"
#include "kernels.hpp"

namespace rft {
namespace {

float * plane(const ggml_tensor * t, int64_t i2, int64_t i3) { return (float *) ((char *) t->data + i2 * t->nb[2] + i3 * t->nb[3]); }

int64_t stride(const ggml_tensor * t, int dim) { return (int64_t) (t->nb[dim] / sizeof(float)); }

// A(i, k) is element (k, i) of t where t's rows count i, and element (i, k) where they count k; F32 may lie transposed.
gemm_a left(const ggml_tensor * t, int64_t i2, int64_t i3, bool rows_are_i, float scale) {
    const bool transposed = t->nb[0] != ggml_type_size(t->type);
    return {(const char *) plane(t, i2, i3), t->type, transposed ? t->nb[0] : t->nb[1], transposed ? t->ne[1] : t->ne[0],
            rows_are_i != transposed,        scale};
}

// f(plane, share) for this thread's part: whole planes as far as they go round, and a part of each that is left over.
template <typename F>
void for_share(const ggml_tensor * dst, bool quantized, int ith, int nth, F f) {
    const int64_t planes = dst->ne[2] * dst->ne[3], whole = planes / nth * nth;
    for (int64_t p = ith; p < whole; p += nth) { f(p % dst->ne[2], p / dst->ne[2], gemm_share{0, dst->ne[0], 0, dst->ne[1]}); }
    for (int64_t p = whole; p < planes; p++) { f(p % dst->ne[2], p / dst->ne[2], gemm_split(dst->ne[0], dst->ne[1], quantized, ith, nth)); }
}

// dst [m, n, ...] = sum over k of a[k, m] * b[k, n]
void forward(ggml_tensor * dst, int ith, int nth, void *) {
    const ggml_tensor *a = dst->src[0], *b = dst->src[1];
    const int64_t g2 = dst->ne[2] / a->ne[2], g3 = dst->ne[3] / a->ne[3];
    for_share(dst, ggml_is_quantized(a->type), ith, nth, [&](int64_t i2, int64_t i3, gemm_share s) {
        gemm(left(a, i2 / g2, i3 / g3, true, 1), s.i0, s.i1, a->ne[0], {plane(b, i2, i3) + s.j0 * stride(b, 1), stride(b, 0), stride(b, 1)},
             s.j1 - s.j0, plane(dst, i2, i3) + s.j0 * stride(dst, 1), stride(dst, 1), false);
    });
}

void lora_forward(ggml_tensor * dst, int ith, int nth, void *) {
    const ggml_tensor *w = dst->src[0], *x = dst->src[1], *b = dst->src[2], *z = dst->src[3];
    const gemm_share s = gemm_split(dst->ne[0], dst->ne[1], ggml_is_quantized(w->type), ith, nth);
    float * c = plane(dst, 0, 0) + s.j0 * stride(dst, 1);
    constexpr int64_t rows = 96; // of the result, which are still in the cache when the adapter's part is added
    for (int64_t i = s.i0; i < s.i1; i += rows) {
        const int64_t end = i + rows < s.i1 ? i + rows : s.i1;
        gemm(left(w, 0, 0, true, 1), i, end, w->ne[0], {plane(x, 0, 0) + s.j0 * stride(x, 1), stride(x, 0), stride(x, 1)}, s.j1 - s.j0, c,
             stride(dst, 1), false);
        gemm(left(b, 0, 0, true, kernel_f32(dst, 0)), i, end, b->ne[0], {plane(z, 0, 0) + s.j0 * stride(z, 1), stride(z, 0), stride(z, 1)},
             s.j1 - s.j0, c, stride(dst, 1), true);
    }
}

// dst [k, n, ...] (+)= sum over m of a[k, m] * d[m, n]
void input_gradient(ggml_tensor * dst, int ith, int nth, void * add) {
    const ggml_tensor *a = dst->src[add ? 1 : 0], *d = dst->src[add ? 2 : 1];
    const int64_t g2 = dst->ne[2] / a->ne[2], g3 = dst->ne[3] / a->ne[3];
    for_share(dst, ggml_is_quantized(a->type), ith, nth, [&](int64_t i2, int64_t i3, gemm_share s) {
        gemm(left(a, i2 / g2, i3 / g3, false, kernel_f32(dst, 0)), s.i0, s.i1, a->ne[1],
             {plane(d, i2, i3) + s.j0 * stride(d, 1), stride(d, 0), stride(d, 1)}, s.j1 - s.j0, plane(dst, i2, i3) + s.j0 * stride(dst, 1),
             stride(dst, 1), add != nullptr);
    });
}

// dst [k, m, ...] (+)= sum over n (and over the planes that share it) of b[k, n] * d[m, n]
void weight_gradient(ggml_tensor * dst, int ith, int nth, void * into) {
    const ggml_tensor *b = dst->src[into ? 1 : 0], *d = dst->src[into ? 2 : 1];
    const int64_t g2 = b->ne[2] / dst->ne[2], g3 = b->ne[3] / dst->ne[3];
    for_share(dst, false, ith, nth, [&](int64_t i2, int64_t i3, gemm_share s) {
        bool add = into != nullptr;
        for (int64_t j3 = i3 * g3; j3 < (i3 + 1) * g3; j3++) {
            for (int64_t j2 = i2 * g2; j2 < (i2 + 1) * g2; j2++) {
                gemm(left(b, j2, j3, false, kernel_f32(dst, 0)), s.i0, s.i1, b->ne[1],
                     {plane(d, j2, j3) + s.j0 * stride(d, 0), stride(d, 1), stride(d, 0)}, s.j1 - s.j0,
                     plane(dst, i2, i3) + s.j0 * stride(dst, 1), stride(dst, 1), add);
                add = true;
            }
        }
    });
}

// A new node of this shape, or one that adds to into.
ggml_tensor * node(ggml_context * ctx, const int64_t * ne, std::initializer_list<ggml_tensor *> args, ggml_custom_op_t f, kernel k,
                   float p0, ggml_tensor * into = nullptr) {
    auto ** a = (ggml_tensor **) args.begin();
    ggml_tensor * t =
        into ? ggml_custom_inplace(ctx, into, a, (int) args.size(), f, GGML_N_TASKS_MAX, into)
             : ggml_custom_4d(ctx, GGML_TYPE_F32, ne[0], ne[1], ne[2], ne[3], a, (int) args.size(), f, GGML_N_TASKS_MAX, nullptr);
    set_kernel(t, k, p0);
    return t;
}

} // namespace

bool product_reads(const ggml_tensor * a, const ggml_tensor * b) {
    const bool rows = a->nb[0] == ggml_type_size(a->type) && (a->type == GGML_TYPE_F32 || ggml_get_type_traits(a->type)->to_float);
    return b->type == GGML_TYPE_F32 && (rows || (a->type == GGML_TYPE_F32 && a->nb[1] == sizeof(float)));
}

ggml_tensor * product(ggml_context * ctx, ggml_tensor * a, ggml_tensor * b) {
    const int64_t ne[4] = {a->ne[1], b->ne[1], b->ne[2], b->ne[3]};
    return node(ctx, ne, {a, b}, forward, kernel::product, 1);
}

ggml_tensor * lora_product(ggml_context * ctx, ggml_tensor * w, ggml_tensor * x, ggml_tensor * b, ggml_tensor * z, float scale) {
    const int64_t ne[4] = {w->ne[1], x->ne[1], 1, 1};
    return node(ctx, ne, {w, x, b, z}, lora_forward, kernel::lora_product, scale);
}

ggml_tensor * product_input_gradient(ggml_context * ctx, ggml_tensor * a, ggml_tensor * b, ggml_tensor * d, float scale,
                                     ggml_tensor * into) {
    return node(ctx, b->ne, {a, d}, input_gradient, kernel::gradient, scale, into);
}

ggml_tensor * product_weight_gradient(ggml_context * ctx, ggml_tensor * a, ggml_tensor * b, ggml_tensor * d, float scale,
                                      ggml_tensor * into) {
    return node(ctx, a->ne, {b, d}, weight_gradient, kernel::gradient, scale, into);
}

} // namespace rft
