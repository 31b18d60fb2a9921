// Vectors of the machine's width, by the compilers' vector extensions.
#pragma once

#include <cmath>
#include <cstdint>
#include <cstring>

#if defined(__AVX__)
#include <immintrin.h>
#elif defined(__aarch64__)
#include <arm_neon.h>
#endif

namespace rft {

#if defined(__AVX512F__)
constexpr int lanes = 16;
#elif defined(__AVX__)
constexpr int lanes = 8;
#else
constexpr int lanes = 4;
#endif

// Of any alignment, so that a pointer to floats can be read through a pointer to it.
typedef float vec __attribute__((vector_size(lanes * sizeof(float)), aligned(4), may_alias));
typedef uint32_t uvec __attribute__((vector_size(lanes * sizeof(uint32_t)), aligned(4), may_alias));

inline vec load(const float * p) { return *(const vec *) p; }
inline void store(float * p, vec v) { *(vec *) p = v; }

// a * b + c, rounded once where the machine has an instruction for it. Left to the compiler, that depends on the loop around it
// and on the processor that it tunes for: GCC avoids chains of such instructions on AMD's.
inline vec multiply_add(vec a, float b, vec c) {
#if defined(__AVX512F__)
    return (vec) _mm512_fmadd_ps((__m512) a, _mm512_set1_ps(b), (__m512) c);
#elif defined(__AVX__) && defined(__FMA__)
    return (vec) _mm256_fmadd_ps((__m256) a, _mm256_set1_ps(b), (__m256) c);
#elif defined(__aarch64__)
    return (vec) vfmaq_n_f32((float32x4_t) c, (float32x4_t) a, b);
#else
    return a * b + c;
#endif
}

inline float sum(vec v) {
    float s = 0;
    for (int i = 0; i < lanes; i++) { s += v[i]; }
    return s;
}

inline float max(vec v) {
    float m = v[0];
    for (int i = 1; i < lanes; i++) { m = v[i] > m ? v[i] : m; }
    return m;
}

// e^x within two units in the last place; 0 below -87.3, where the result would be denormal.
inline vec exp(vec x) {
    const vec lowest = vec{} - 87.3f, highest = vec{} + 88.3f, zero = vec{};
    const vec y = x < lowest ? lowest : (x > highest ? highest : x); // NaN stays
    const vec magic = vec{} + 12582912.0f; // 1.5 * 2^23: rounds to an integer, which is then in the low bits
    const vec shifted = y * 1.44269504f + magic, n = shifted - magic;
    const vec r = (y - n * 0.693359375f) + n * 2.12194440e-4f; // ln 2 in two parts, the first exact in products with n
    vec p = r * (1.0f / 5040) + (1.0f / 720);
    p = p * r + (1.0f / 120);
    p = p * r + (1.0f / 24);
    p = p * r + (1.0f / 6);
    p = p * r + 0.5f;
    p = p * r + 1.0f;
    p = p * r + 1.0f;
    const uvec power = ((uvec) shifted << 23) + (127u << 23);
    return x < lowest ? zero : p * (vec) power;
}

} // namespace rft
