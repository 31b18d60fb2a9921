// A is packed panel by panel, dequantised and transposed on the way where need be; B is broadcast element by element.
// A panel stays in the second-level cache while all columns of B pass by.

#include "gemm.hpp"
#include "ggml-cpu.h"
#include "simd.hpp"

#include <algorithm>
#include <cstring>
#include <vector>

namespace rft {
namespace {

#if defined(__AVX512F__)
constexpr int wide = 3, columns = 8;
#elif defined(__AVX__)
constexpr int wide = 2, columns = 6;
#elif defined(__aarch64__)
constexpr int wide = 4, columns = 6;
#else
constexpr int wide = 2, columns = 4;
#endif
constexpr int panel = lanes * wide;
constexpr int64_t max_depth = 256; // of a packed block; a multiple of every type's block

typedef float vec4 __attribute__((vector_size(4 * sizeof(float)), aligned(4), may_alias));

#if defined(__clang__)
#define RFT_SHUFFLE(a, b, i, j, k, l) __builtin_shufflevector(a, b, i, j, k, l)
#else
typedef int index4 __attribute__((vector_size(4 * sizeof(int))));
#define RFT_SHUFFLE(a, b, i, j, k, l) __builtin_shuffle(a, b, index4{i, j, k, l})
#endif

// lda: floats from one k to the next in a; depth is at least 1
//
// The sums must stay in registers. GCC writes them to the stack in each turn, which halves the speed, if the loop may have no
// turn at all or has a second version for the stride 1: its sums then meet those of the other way behind it. So the loop
// tests at its end, and the compiler is not told what the stride makes of the index.
template <int W, int N>
inline void tile(const float * a, int64_t lda, int64_t depth, gemm_b b, float * c, int64_t ldc, bool add, int rows) {
    vec acc[W][N];
    for (int n = 0; n < N; n++) {
        for (int w = 0; w < W; w++) { acc[w][n] = vec{}; }
    }
    const float * bn[N];
    for (int n = 0; n < N; n++) { bn[n] = b.data + n * b.j; }
    int64_t k = 0, at = 0;
    do {
        vec v[W];
        for (int w = 0; w < W; w++) { v[w] = load(a + w * lanes); }
        for (int n = 0; n < N; n++) {
            const float s = bn[n][at];
            for (int w = 0; w < W; w++) { acc[w][n] = multiply_add(v[w], s, acc[w][n]); }
        }
        a += lda, at += b.k;
        asm("" : "+r"(at));
    } while (++k < depth);
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

// the last n columns, fewer than a tile has
template <int W, int N = columns - 1>
inline void rest_of(const float * a, int64_t lda, int64_t depth, gemm_b b, int64_t n, float * c, int64_t ldc, bool add, int rows) {
    if (n == N) {
        tile<W, N>(a, lda, depth, b, c, ldc, add, rows);
    } else if constexpr (N > 1) {
        rest_of<W, N - 1>(a, lda, depth, b, n, c, ldc, add, rows);
    }
}

template <int W>
void columns_of(const float * a, int64_t lda, int64_t depth, gemm_b b, int64_t n, float * c, int64_t ldc, bool add, int rows) {
    int64_t j = 0;
    for (; j + columns <= n; j += columns) {
        tile<W, columns>(a, lda, depth, {b.data + j * b.j, b.k, b.j}, c + j * ldc, ldc, add, rows);
    }
    rest_of<W>(a, lda, depth, {b.data + j * b.j, b.k, b.j}, n - j, c + j * ldc, ldc, add, rows);
}

void panel_product(const float * a, int64_t lda, int width, int64_t depth, gemm_b b, int64_t n, float * c, int64_t ldc, bool add,
                   int rows) {
    if (width == panel) {
        columns_of<wide>(a, lda, depth, b, n, c, ldc, add, rows);
    } else {
        columns_of<1>(a, lda, depth, b, n, c, ldc, add, rows);
    }
}

void half_to_float(const void * x, float * y, int64_t n) { ggml_cpu_fp16_to_fp32((const ggml_fp16_t *) x, y, n); }

// ggml's conversion to F32; of F16 the one that uses the machine's instruction. NULL: it is F32.
ggml_to_float_t conversion(ggml_type t) {
    if (t == GGML_TYPE_F32) { return nullptr; }
    return t == GGML_TYPE_F16 ? half_to_float : ggml_get_type_traits(t)->to_float;
}

int panel_width(int64_t left) { return left > lanes ? panel : lanes; }

// to[k][0 .. width] = scale * from[i][k] for i < rows, zeros beyond
void pack_transposed(const float * from, int64_t ld, int rows, int width, int64_t n, float scale, float * to) {
    int i = 0;
    for (; i + 4 <= rows; i += 4) {
        const float *r0 = from + i * ld, *r1 = r0 + ld, *r2 = r1 + ld, *r3 = r2 + ld;
        int64_t k = 0;
        for (; k + 4 <= n; k += 4) {
            const vec4 a = *(const vec4 *) (r0 + k) * scale, b = *(const vec4 *) (r1 + k) * scale;
            const vec4 c = *(const vec4 *) (r2 + k) * scale, d = *(const vec4 *) (r3 + k) * scale;
            const vec4 ab = RFT_SHUFFLE(a, b, 0, 4, 1, 5), AB = RFT_SHUFFLE(a, b, 2, 6, 3, 7);
            const vec4 cd = RFT_SHUFFLE(c, d, 0, 4, 1, 5), CD = RFT_SHUFFLE(c, d, 2, 6, 3, 7);
            float * t = to + k * width + i;
            *(vec4 *) t = RFT_SHUFFLE(ab, cd, 0, 1, 4, 5);
            *(vec4 *) (t + width) = RFT_SHUFFLE(ab, cd, 2, 3, 6, 7);
            *(vec4 *) (t + 2 * width) = RFT_SHUFFLE(AB, CD, 0, 1, 4, 5);
            *(vec4 *) (t + 3 * width) = RFT_SHUFFLE(AB, CD, 2, 3, 6, 7);
        }
        for (; k < n; k++) {
            float * t = to + k * width + i;
            t[0] = r0[k] * scale, t[1] = r1[k] * scale, t[2] = r2[k] * scale, t[3] = r3[k] * scale;
        }
    }
    for (; i < width; i++) {
        for (int64_t k = 0; k < n; k++) { to[k * width + i] = i < rows ? from[i * ld + k] * scale : 0; }
    }
}

void pack_row(const float * from, int rows, int width, float scale, float * to) {
    for (int i = 0; i < rows; i++) { to[i] = from[i] * scale; }
    for (int i = rows; i < width; i++) { to[i] = 0; }
}

// Memory of a thread that is used again by its next product: at most 1 MiB.
struct buffers {
    std::vector<float> packed, row;
    static buffers & of_thread() {
        static thread_local buffers b;
        return b;
    }
    float * packed_for(int64_t n) {
        if ((int64_t) packed.size() < n) { packed.resize(n); }
        return packed.data();
    }
    float * row_for(int64_t n) {
        if ((int64_t) row.size() < n) { row.resize(n); }
        return row.data();
    }
};

// Rows count i: a panel is a few rows, packed by transposing.
void gemm_rows_are_i(const gemm_a & a, int64_t i0, int64_t i1, int64_t depth, int64_t step, gemm_b b, int64_t n, float * c, int64_t ldc,
                     bool add) {
    buffers & own = buffers::of_thread();
    float * packed = own.packed_for(panel * max_depth);
    const ggml_to_float_t to_float = conversion(a.type);
    for (int64_t i = i0; i < i1;) {
        const int width = panel_width(i1 - i), rows = (int) std::min<int64_t>(width, i1 - i);
        for (int64_t k0 = 0; k0 < depth; k0 += step) {
            const int64_t kn = std::min(step, depth - k0);
            if (to_float) {
                const int64_t ld = max_depth + 16; // rows that do not fall on the same cache lines
                float * floats = own.row_for(panel * ld);
                for (int r = 0; r < rows; r++) { to_float(a.data + (i + r) * a.stride + ggml_row_size(a.type, k0), floats + r * ld, kn); }
                pack_transposed(floats, ld, rows, width, kn, a.scale, packed);
            } else {
                pack_transposed((const float *) (a.data + i * a.stride) + k0, a.stride / sizeof(float), rows, width, kn, a.scale, packed);
            }
            panel_product(packed, width, width, kn, {b.data + k0 * b.k, b.k, b.j}, n, c + i, ldc, add || k0 > 0, rows);
        }
        i += rows;
    }
}

// Rows count k. Quantised rows are dequantised a stretch at a time, which covers several panels.
void gemm_rows_are_k(const gemm_a & a, int64_t i0, int64_t i1, int64_t depth, int64_t step, gemm_b b, int64_t n, float * c, int64_t ldc,
                     bool add) {
    buffers & own = buffers::of_thread();
    const ggml_to_float_t to_float = conversion(a.type);
    const int64_t block = ggml_blck_size(a.type), stretch = block > 32 ? 768 : 384;
    const bool direct = !to_float && a.scale == 1 && n <= 4 * columns; // too few columns to pay for packing
    for (int64_t k0 = 0; k0 < depth; k0 += step) {
        const int64_t kn = std::min(step, depth - k0);
        const gemm_b part = {b.data + k0 * b.k, b.k, b.j};
        for (int64_t s0 = i0; s0 < i1; s0 += stretch) {
            const int64_t s1 = std::min(i1, s0 + stretch);
            float * packed = own.packed_for(to_float ? (stretch + panel) * max_depth : panel * max_depth);
            if (to_float) {
                const int64_t from = s0 / block * block, to = std::min(a.width, (s1 + block - 1) / block * block);
                float * row = own.row_for(std::max<int64_t>(stretch + 2 * block, panel * (max_depth + 16)));
                for (int64_t k = 0; k < kn; k++) {
                    to_float(a.data + (k0 + k) * a.stride + ggml_row_size(a.type, from), row, to - from);
                    float * p = packed;
                    for (int64_t i = s0; i < s1;) {
                        const int width = panel_width(s1 - i), rows = (int) std::min<int64_t>(width, s1 - i);
                        pack_row(row + i - from, rows, width, a.scale, p + k * width);
                        p += width * kn;
                        i += rows;
                    }
                }
            }
            for (int64_t i = s0; i < s1;) {
                const int width = panel_width(s1 - i), rows = (int) std::min<int64_t>(width, s1 - i);
                const float * row = (const float *) (a.data + k0 * a.stride) + i;
                const float * panel_data = packed;
                int64_t lda = width;
                if (direct && rows == width) {
                    panel_data = row, lda = a.stride / sizeof(float);
                } else if (!to_float) {
                    for (int64_t k = 0; k < kn; k++) {
                        pack_row(row + k * (a.stride / sizeof(float)), rows, width, a.scale, packed + k * width);
                    }
                }
                panel_product(panel_data, lda, width, kn, part, n, c + i, ldc, add || k0 > 0, rows);
                if (to_float) { packed += width * kn; }
                i += rows;
            }
        }
    }
}

} // namespace

void gemm(const gemm_a & a, int64_t i0, int64_t i1, int64_t depth, gemm_b b, int64_t n, float * c, int64_t ldc, bool add) {
    if (i0 >= i1 || n <= 0) { return; }
    // as few blocks as max_depth allows, equally deep
    const int64_t block = a.rows_are_i ? std::max<int64_t>(4, ggml_blck_size(a.type)) : 4;
    const int64_t blocks = (depth + max_depth - 1) / max_depth;
    const int64_t step = std::min(max_depth, ((depth + blocks - 1) / blocks + block - 1) / block * block);
    (a.rows_are_i ? gemm_rows_are_i : gemm_rows_are_k)(a, i0, i1, depth, step, b, n, c, ldc, add);
}

gemm_share gemm_split(int64_t m, int64_t n, bool quantized, int ith, int nth) {
    // packing an element costs as much as multiplying it with this many columns, or less
    const int64_t pack = quantized ? 48 : 8;
    const int64_t unit = m >= panel * nth ? panel : lanes;
    const int64_t panels = (m + unit - 1) / unit, tiles = (n + columns - 1) / columns;
    int64_t best = INT64_MAX, si = 0, sj = 0;
    int parts = 1;
    for (int p = 1; p <= nth; p++) { // parts of i
        if (nth % p != 0) { continue; }
        const int64_t i = (panels + p - 1) / p, j = (tiles + nth / p - 1) / (nth / p);
        const int64_t cost = i * (j * columns + pack);
        if (cost < best) { best = cost, parts = p, si = i * unit, sj = j * columns; }
    }
    const int64_t i = ith % parts, j = ith / parts;
    return {std::min(m, i * si), std::min(m, (i + 1) * si), std::min(n, j * sj), std::min(n, (j + 1) * sj)};
}

} // namespace rft
