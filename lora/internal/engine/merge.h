// The C face of merge.cpp: it adds low-rank products to rows of weights, and cannot fail.
#ifndef RAGFT_MERGE_H
#define RAGFT_MERGE_H

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

// w[j, i] += sum over k of b[j, k] * a[k, i], for w [rows][in], a [rank][in], b [rows][rank]. sum is room for one row.
void rft_add_product(float * w, const float * a, const float * b, int64_t rows, int64_t rank, int64_t in, float * sum);

#ifdef __cplusplus
}
#endif
#endif
