// Matrix products for the backward pass on the CPU.
//
// ggml's mul_mat takes both operands with the summed dimension contiguous. The gradients of a product sum over
// another dimension, so composing them of mul_mat costs transposing copies, which take as long as the
// products themselves. These kernels sum over the strided dimension instead:
//
//     C[i, j] = sum over k of A[i + k * stride] * B(k, j)
//
// A is packed panel by panel (and dequantised on the way), B is broadcast element by element.

#include <algorithm>
#include <cstring>
#include <vector>

#include "graph.hpp"

namespace rft {
namespace {

#if defined(__AVX512F__)
constexpr int lanes = 16, wide = 3, columns = 8;
#elif defined(__AVX__)
constexpr int lanes = 8, wide = 2, columns = 6;
#elif defined(__aarch64__)
constexpr int lanes = 4, wide = 4, columns = 6;
#else
constexpr int lanes = 4, wide = 2, columns = 4;
#endif
constexpr int panel = lanes * wide;
constexpr int depth = 256; // of a packed block: panel * depth floats stay in the second-level cache

typedef float vec __attribute__((vector_size(lanes * sizeof(float)), aligned(4), may_alias));

// rows k .. of A; dequantises where A is not F32
struct source {
    const char * data;
    size_t stride; // bytes between consecutive k
    ggml_to_float_t to_float; // NULL: F32
    int64_t width;
};

struct matrix_b {
    const float * data;
    int64_t k, j; // strides in floats
};

template <int W, int N>
inline void tile(const float * packed, int64_t depth_, matrix_b b, float * c, int64_t ldc, bool add, int rows) {
    vec acc[W][N];
    for (int n = 0; n < N; n++) {
        for (int w = 0; w < W; w++) { acc[w][n] = vec{}; }
    }
    const float * bn[N];
    for (int n = 0; n < N; n++) { bn[n] = b.data + n * b.j; }
    for (int64_t k = 0; k < depth_; k++) {
        vec a[W];
        for (int w = 0; w < W; w++) { a[w] = *(const vec *) (packed + (k * W + w) * lanes); }
        for (int n = 0; n < N; n++) {
            const float s = bn[n][k * b.k];
            for (int w = 0; w < W; w++) { acc[w][n] += a[w] * s; }
        }
    }
    for (int n = 0; n < N; n++) {
        float * to = c + n * ldc;
        if (rows == W * lanes) {
            for (int w = 0; w < W; w++) {
                vec * p = (vec *) (to + w * lanes);
                *p = add ? *p + acc[w][n] : acc[w][n];
            }
        } else {
            float buffer[W * lanes];
            for (int w = 0; w < W; w++) { *(vec *) (buffer + w * lanes) = acc[w][n]; }
            for (int i = 0; i < rows; i++) { to[i] = add ? to[i] + buffer[i] : buffer[i]; }
        }
    }
}

template <int W>
void panel_product(const float * packed, int64_t depth_, matrix_b b, int64_t n, float * c, int64_t ldc, bool add, int rows) {
    int64_t j = 0;
    for (; j + columns <= n; j += columns) {
        tile<W, columns>(packed, depth_, {b.data + j * b.j, b.k, b.j}, c + j * ldc, ldc, add, rows);
    }
    for (; j < n; j++) {
        tile<W, 1>(packed, depth_, {b.data + j * b.j, b.k, b.j}, c + j * ldc, ldc, add, rows);
    }
}

// packs F32 A[i0 .. i0+rows, k0 .. k0+n] as [n][W * lanes], zeros beyond rows
void pack(const source & a, int64_t i0, int rows, int width, int64_t n, float * packed) {
    for (int64_t k = 0; k < n; k++) {
        float * to = packed + k * width;
        memcpy(to, (const float *) (a.data + k * a.stride) + i0, rows * sizeof(float));
        if (rows < width) { memset(to + rows, 0, (width - rows) * sizeof(float)); }
    }
}

struct block_buffers {
    std::vector<float> packed, dequantised;
};

// C[i0 .. i1, 0 .. n] (+)= A * B over k
void product(const source & a, int64_t i0, int64_t i1, int64_t depth_all, matrix_b b, int64_t n, float * c, int64_t ldc,
             bool add, block_buffers & buffers) {
    buffers.packed.resize((size_t) panel * depth);
    for (int64_t k0 = 0; k0 < depth_all; k0 += depth) {
        const int64_t kn = std::min<int64_t>(depth, depth_all - k0);
        source from = a;
        if (a.to_float) { // once for all panels of this block of rows
            buffers.dequantised.resize((size_t) a.width * kn);
            for (int64_t k = 0; k < kn; k++) {
                a.to_float(a.data + (k0 + k) * a.stride, buffers.dequantised.data() + k * a.width, a.width);
            }
            from = {(const char *) buffers.dequantised.data(), a.width * sizeof(float), nullptr, a.width};
        } else {
            from.data += k0 * a.stride;
        }
        const matrix_b part = {b.data + k0 * b.k, b.k, b.j};
        for (int64_t i = i0; i < i1;) {
            const int64_t left = i1 - i;
            const int width = left > lanes ? panel : lanes;
            const int rows = (int) std::min<int64_t>(width, left);
            pack(from, i, rows, width, kn, buffers.packed.data());
            if (width == panel) {
                panel_product<wide>(buffers.packed.data(), kn, part, n, c + i, ldc, add || k0 > 0, rows);
            } else {
                panel_product<1>(buffers.packed.data(), kn, part, n, c + i, ldc, add || k0 > 0, rows);
            }
            i += rows;
        }
    }
}

source source_of(const ggml_tensor * t, int64_t i2, int64_t i3) {
    return {(const char *) t->data + i2 * t->nb[2] + i3 * t->nb[3], t->nb[1],
            t->type == GGML_TYPE_F32 ? nullptr : ggml_get_type_traits(t->type)->to_float, t->ne[0]};
}

float * plane(const ggml_tensor * t, int64_t i2, int64_t i3) {
    return (float *) ((char *) t->data + i2 * t->nb[2] + i3 * t->nb[3]);
}

// Work is split by planes where there are enough of them, otherwise by columns (quantised: rows of A would be
// dequantised by every thread, so columns) or by panels.
struct share {
    int64_t i0, i1, j0, j1;
};

share share_of(int64_t m, int64_t n, bool by_columns, int ith, int nth) {
    if (by_columns) {
        const int64_t step = ((n + nth - 1) / nth + columns - 1) / columns * columns;
        return {0, m, std::min<int64_t>(n, ith * step), std::min<int64_t>(n, (ith + 1) * step)};
    }
    const int64_t unit = m > 2 * panel ? panel : lanes;
    const int64_t step = ((m + nth - 1) / nth + unit - 1) / unit * unit;
    return {std::min<int64_t>(m, ith * step), std::min<int64_t>(m, (ith + 1) * step), 0, n};
}

// dst [k, n, ...] = sum over m of a[k, m] * d[m, n]
void input_gradient(ggml_tensor * dst, int ith, int nth, void *) {
    const ggml_tensor *a = dst->src[0], *d = dst->src[1];
    const int64_t planes = dst->ne[2] * dst->ne[3];
    const int64_t g2 = dst->ne[2] / a->ne[2], g3 = dst->ne[3] / a->ne[3];
    block_buffers buffers;
    const bool by_plane = planes >= nth;
    for (int64_t p = 0; p < planes; p++) {
        if (by_plane && p % nth != ith) { continue; }
        const int64_t i2 = p % dst->ne[2], i3 = p / dst->ne[2];
        const share s = by_plane ? share{0, dst->ne[0], 0, dst->ne[1]}
                                 : share_of(dst->ne[0], dst->ne[1], dst->ne[1] >= 4 * nth * columns, ith, nth);
        if (s.i0 >= s.i1 || s.j0 >= s.j1) { continue; }
        const int64_t ld = d->nb[1] / sizeof(float), ldc = dst->nb[1] / sizeof(float);
        product(source_of(a, i2 / g2, i3 / g3), s.i0, s.i1, a->ne[1], {plane(d, i2, i3) + s.j0 * ld, 1, ld}, s.j1 - s.j0,
                plane(dst, i2, i3) + s.j0 * ldc, ldc, false, buffers);
    }
}

// dst [k, m, ...] = sum over n (and over the planes that share it) of b[k, n] * d[m, n]
void weight_gradient(ggml_tensor * dst, int ith, int nth, void *) {
    const ggml_tensor *b = dst->src[0], *d = dst->src[1];
    const int64_t planes = dst->ne[2] * dst->ne[3];
    const int64_t g2 = b->ne[2] / dst->ne[2], g3 = b->ne[3] / dst->ne[3];
    block_buffers buffers;
    const bool by_plane = planes >= nth;
    for (int64_t p = 0; p < planes; p++) {
        if (by_plane && p % nth != ith) { continue; }
        const int64_t i2 = p % dst->ne[2], i3 = p / dst->ne[2];
        const share s = by_plane ? share{0, dst->ne[0], 0, dst->ne[1]}
                                 : share_of(dst->ne[0], dst->ne[1], dst->ne[1] > dst->ne[0], ith, nth);
        if (s.i0 >= s.i1 || s.j0 >= s.j1) { continue; }
        const int64_t ldc = dst->nb[1] / sizeof(float);
        bool add = false;
        for (int64_t j3 = i3 * g3; j3 < (i3 + 1) * g3; j3++) {
            for (int64_t j2 = i2 * g2; j2 < (i2 + 1) * g2; j2++) {
                product(source_of(b, j2, j3), s.i0, s.i1, b->ne[1],
                        {plane(d, j2, j3) + s.j0, (int64_t) (d->nb[1] / sizeof(float)), 1}, s.j1 - s.j0,
                        plane(dst, i2, i3) + s.j0 * ldc, ldc, add, buffers);
                add = true;
            }
        }
    }
}

} // namespace

ggml_tensor * product_input_gradient(ggml_context * ctx, ggml_tensor * a, ggml_tensor * b, ggml_tensor * d) {
    ggml_tensor * args[2] = {a, d};
    return ggml_custom_4d(ctx, GGML_TYPE_F32, b->ne[0], b->ne[1], b->ne[2], b->ne[3], args, 2, input_gradient, GGML_N_TASKS_MAX, nullptr);
}

ggml_tensor * product_weight_gradient(ggml_context * ctx, ggml_tensor * a, ggml_tensor * b, ggml_tensor * d) {
    ggml_tensor * args[2] = {b, d};
    return ggml_custom_4d(ctx, GGML_TYPE_F32, a->ne[0], a->ne[1], a->ne[2], a->ne[3], args, 2, weight_gradient, GGML_N_TASKS_MAX, nullptr);
}

} // namespace rft
