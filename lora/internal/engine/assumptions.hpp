// What the engine relies on in llama.cpp and ggml beyond what their headers promise, all of it in one place. An update of
// llama.cpp that breaks one of these must fail assumptions_test.go, rather than give wrong gradients.
#pragma once

#include <cstdint>
#include <cstring>
#include <string>

#include "ggml.h"

namespace rft {

// llama_decode returns this when the abort callback stops it. Its graph is built by then, and the inputs are filled.
constexpr int32_t decode_aborted = 2;

inline bool is_leaf(const ggml_tensor * t) { return t->op == GGML_OP_NONE && !t->view_src; }

// The tensors of the KV cache, and those of recurrent states, have names that begin like this.
inline bool is_cache(const ggml_tensor * t) { return is_leaf(t) && strncmp(t->name, "cache_", 6) == 0; }

// The scheduler names its copies of tensors that cross from one backend to another BACKEND#tensor#number. A long name is
// truncated, and then lacks the second #.
inline bool is_copy(const ggml_tensor * t) { return is_leaf(t) && strchr(t->name, '#'); }

inline bool is_truncated_copy(const ggml_tensor * t) { return strchr(t->name, '#') == strrchr(t->name, '#'); }

// The name of the tensor that a copy was made of; "" if it is truncated.
inline std::string copied_name(const ggml_tensor * copy) {
    const std::string name = copy->name;
    const size_t from = name.find('#'), to = name.rfind('#');
    return to > from ? name.substr(from + 1, to - from - 1) : "";
}

// What llama.cpp fills in before it computes has this flag; the scheduler's copies of it do not.
inline bool is_input(const ggml_tensor * t) { return is_leaf(t) && (t->flags & GGML_TENSOR_FLAG_INPUT || is_copy(t)); }

// ggml computes only nodes with this flag, so a node without it is skipped.
constexpr int32_t compute_flag = GGML_TENSOR_FLAG_COMPUTE;

inline bool ends_with(const char * s, const char * end) {
    const size_t n = strlen(s), m = strlen(end);
    return n > m && strcmp(s + n - m, end) == 0;
}

// The matrices of an adapter are named WEIGHT.lora_a and WEIGHT.lora_b, where WEIGHT ends in ".weight".
inline bool is_lora_a(const ggml_tensor * t) { return t->op == GGML_OP_NONE && ends_with(t->name, ".lora_a"); }

inline bool is_lora_b(const ggml_tensor * t) { return t->op == GGML_OP_NONE && ends_with(t->name, ".lora_b"); }

// One of an adapter's matrices, or the scheduler's copy of it.
inline bool is_of_adapter(const ggml_tensor * t) { return is_leaf(t) && strstr(t->name, ".weight.lora_"); }

// Names of a layer's nodes end in -LAYER, which others may follow in parentheses. "" if the node is of no layer.
inline std::string layer_of(const ggml_tensor * node) {
    const std::string name = node->name;
    const size_t dash = name.rfind('-');
    if (dash == std::string::npos) { return ""; }
    return name.substr(dash + 1, name.find_first_not_of("0123456789", dash + 1) - dash - 1);
}

// Where ops keep their parameters in op_params.
namespace param {
constexpr int scale = 0, scale_bias = 1;                     // SCALE
constexpr int eps = 0;                                       // NORM, RMS_NORM, L2_NORM
constexpr int clamp_low = 0, clamp_high = 1;                 // CLAMP
constexpr int soft_max_scale = 0, soft_max_bias = 1;         // SOFT_MAX
constexpr int concat_dim = 0;                                // CONCAT
constexpr int axes = 0;                                      // PERMUTE: four
constexpr int glu_swapped = 1, glu_alpha = 2, glu_limit = 3; // GLU
constexpr int rope_dims = 1, rope_mode = 2, rope_context = 4, rope_base = 5, rope_scale = 6, rope_ext = 7, rope_attention = 8,
              rope_fast = 9, rope_slow = 10;                 // ROPE
constexpr int custom_free = 8;                               // CUSTOM: those from here on are not used by ggml
} // namespace param

inline int32_t param_i32(const ggml_tensor * t, int i) { return t->op_params[i]; }

inline float param_f32(const ggml_tensor * t, int i) {
    float v;
    memcpy(&v, t->op_params + i, sizeof(v));
    return v;
}

static_assert(GGML_MAX_OP_PARAMS >= (param::custom_free + 8) * sizeof(int32_t), "kernels keep their parameters there");

} // namespace rft
