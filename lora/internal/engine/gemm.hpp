// Matrix products on the CPU that read their operands as they lie in memory.
#pragma once

#include <cstdint>

#include "ggml.h"

namespace rft {

// The left operand A of C[i, j] = scale * sum over k of A(i, k) * B(k, j): a ggml matrix of any type, of which either
// the sum's index k or the result's index i counts the rows. i or k counts within a row.
struct gemm_a {
    const char * data;
    ggml_type type;
    size_t stride;  // bytes from row to row
    int64_t width;  // of a row
    bool rows_are_i;
    float scale = 1;
};

struct gemm_b { // F32
    const float * data;
    int64_t k, j; // strides in floats
};

// C[i, j] for i0 <= i < i1 and j < n, the sum over k < depth; c points at C[0, 0], ldc floats lie between its columns.
// Adds to C if so asked. The order of every sum depends on depth and on A's type only, never on how i and j are split.
void gemm(const gemm_a & a, int64_t i0, int64_t i1, int64_t depth, gemm_b b, int64_t n, float * c, int64_t ldc, bool add);

struct gemm_share {
    int64_t i0, i1, j0, j1;
};

// Thread ith's part of an m x n result: the grid over the threads that leaves the busiest one least to do.
gemm_share gemm_split(int64_t m, int64_t n, bool quantized, int ith, int nth);

} // namespace rft
