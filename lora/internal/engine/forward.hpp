// The second stage: the captured graph as nodes of our own, without a KV cache, its layers fused where there are kernels.
#pragma once

#include <memory>
#include <unordered_map>
#include <vector>

#include "backends.hpp"
#include "captured.hpp"
#include "ggml.h"

namespace rft {

typedef std::unordered_map<const ggml_tensor *, ggml_tensor *> tensor_map;

struct context_free {
    void operator()(ggml_context * c) const { ggml_free(c); }
};
typedef std::unique_ptr<ggml_context, context_free> context_ptr;

struct forward {
    context_ptr ctx; // with room for the gradients, too
    std::vector<ggml_tensor *> order;  // nodes in the order of execution
    std::vector<ggml_tensor *> inputs; // parallel to captured::inputs
    ggml_tensor * logits = nullptr;
    ggml_tensor * dropout_key = nullptr; // NULL: no dropout

    // Copies the inputs of a capture with the same structure as the one that this was made of.
    void set_inputs(const captured & from, float dropout) const;
};

constexpr size_t max_nodes = 65536; // of a graph

forward rewrite(const captured & from, const backends & on, bool with_dropout);

// dropout.cpp
bool is_dropout(const ggml_tensor * t);
uint32_t dropout_threshold(float p);
ggml_tensor * dropout(ggml_context * ctx, ggml_tensor * x, ggml_tensor * key, const ggml_tensor * a);
ggml_tensor * dropout_gradient(ggml_context * ctx, const ggml_tensor * node, ggml_tensor * d);

} // namespace rft
