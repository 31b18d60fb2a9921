// Ops of our own for the CPU, as custom nodes of ggml. A graph that runs elsewhere is composed of ggml's ops.
#pragma once

#include <cstring>

#include "assumptions.hpp"
#include "ggml.h"

namespace rft {

// What a custom node computes, kept in the part of its op_params that ggml_custom leaves free, so that copies of the
// node have it too.
enum class kernel : int32_t { none = 0, product, lora_product, attention, gradient };

constexpr int kernel_param = param::custom_free; // index in op_params; after it come up to 7 parameters

inline void set_kernel(ggml_tensor * t, kernel k, float p0 = 0) {
    t->op_params[kernel_param] = (int32_t) k;
    memcpy(t->op_params + kernel_param + 1, &p0, sizeof(p0));
}

inline kernel kernel_of(const ggml_tensor * t) { return t->op == GGML_OP_CUSTOM ? (kernel) t->op_params[kernel_param] : kernel::none; }

inline float kernel_f32(const ggml_tensor * t, int i) {
    float v;
    memcpy(&v, t->op_params + kernel_param + 1 + i, sizeof(v));
    return v;
}

// products.cpp. Matrices may lie in any order of strides, and a is of any type; the rest is F32.
bool product_reads(const ggml_tensor * a, const ggml_tensor * b);                         // whether the kernels can read them
ggml_tensor * product(ggml_context * ctx, ggml_tensor * a, ggml_tensor * b);              // mul_mat(a, b)
// mul_mat(w, x) + scale * mul_mat(b, z), all of them matrices: a linear layer and its adapter, z = mul_mat(a, x)
ggml_tensor * lora_product(ggml_context * ctx, ggml_tensor * w, ggml_tensor * x, ggml_tensor * b, ggml_tensor * z, float scale);
// With y = scale * mul_mat(a, b) and d its gradient. Where into is not NULL, it is added to in place.
ggml_tensor * product_input_gradient(ggml_context * ctx, ggml_tensor * a, ggml_tensor * b, ggml_tensor * d, float scale,
                                     ggml_tensor * into);
ggml_tensor * product_weight_gradient(ggml_context * ctx, ggml_tensor * a, ggml_tensor * b, ggml_tensor * d, float scale,
                                      ggml_tensor * into);

// attention.cpp, F32: q [head_dim, queries, heads] and k [head_dim, keys, heads of keys] with contiguous head_dim, v
// [keys, head_dim, heads of keys] too; kt and vt are k and v with contiguous keys.
struct attention_operands {
    ggml_tensor *q, *k, *v, *mask, *spans, *kt, *vt;
    float scale;
};
struct attention_gradients {
    ggml_tensor *q, *k, *v; // the last as [head_dim, keys, heads of keys]
};
ggml_tensor * attention_spans(ggml_context * ctx, ggml_tensor * mask);                // which keys each block of queries sees
ggml_tensor * attention(ggml_context * ctx, const attention_operands & o); // v softmax(scale * k q + mask): [head_dim, queries, heads]
attention_gradients attention_back(ggml_context * ctx, ggml_tensor * node, ggml_tensor * d); // of what attention gave

} // namespace rft
