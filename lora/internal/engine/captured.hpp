// The first stage: llama.cpp's graph as its callbacks see it.
#pragma once

#include <cstdint>
#include <unordered_map>
#include <vector>

#include "ggml.h"

namespace rft {

// One input tensor of llama.cpp's graph with its content at the time of the capture.
struct input {
    ggml_tensor * tensor;
    std::vector<uint8_t> data;
};

// The graph of one llama_decode, in execution order.
struct captured {
    std::vector<ggml_tensor *> nodes;
    std::vector<input> inputs; // the first `used`, in order of first use; kept to reuse their memory
    size_t used = 0;
    std::unordered_map<const ggml_tensor *, ggml_tensor *> copies; // the scheduler's copies of nodes
    uint64_t dropout_key = 0; // of this window's masks; 0: there are none except in training

    void clear();
    bool add(ggml_tensor * node); // false: an input of this node could not be read

  private:
    ggml_tensor * copied(const ggml_tensor * copy) const;
};

const ggml_tensor * root_of(const ggml_tensor * t);  // what a view is of
int64_t elements_of_rows(const ggml_tensor * t);     // the number of rows

} // namespace rft
