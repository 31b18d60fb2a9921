// The product of an adapter's matrices, added to weights. The change is summed up by itself first, since it is small beside
// the weights.

#include "merge.h"

#include <algorithm>

extern "C" void rft_add_product(float * w, const float * a, const float * b, int64_t rows, int64_t rank, int64_t in, float * sum) {
    for (int64_t j = 0; j < rows; j++, w += in, b += rank) {
        std::fill(sum, sum + in, 0.0f);
        int64_t k = 0;
        for (; k + 4 <= rank; k += 4) { // four at a time, since writing the sum costs more than reading
            const float *a0 = a + k * in, *a1 = a0 + in, *a2 = a1 + in, *a3 = a2 + in;
            const float b0 = b[k], b1 = b[k + 1], b2 = b[k + 2], b3 = b[k + 3];
            for (int64_t i = 0; i < in; i++) { sum[i] += (b0 * a0[i] + b1 * a1[i]) + (b2 * a2[i] + b3 * a3[i]); }
        }
        for (; k < rank; k++) {
            for (int64_t i = 0; i < in; i++) { sum[i] += b[k] * a[k * in + i]; }
        }
        for (int64_t i = 0; i < in; i++) { w[i] += sum[i]; }
    }
}
