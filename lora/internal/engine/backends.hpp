// The backends that a graph is computed on.
#pragma once

#include <vector>

#include "ggml-backend.h"
#include "ggml.h"

namespace rft {

// Not owned.
struct backends {
    ggml_backend_t cpu = nullptr;
    std::vector<ggml_backend_t> devices; // that may hold layers, besides the CPU
    bool composed = false;               // use no op that some backend lacks

    // Whether the kernels of kernels.hpp can be used, which run on the CPU only.
    bool kernels() const { return !composed && devices.empty(); }
    // Whether every backend that may get this node has its op. Rules use an op's own backward if so, and forward ops if not.
    bool have(const ggml_tensor * node) const;
    // Whether the node can be computed where layers lie: on one of the devices, or without any on the CPU.
    bool some_has(const ggml_tensor * node) const;
    // The backend whose memory holds a tensor.
    ggml_backend_t holder(const ggml_tensor * t) const;
    ggml_backend_sched_t new_scheduler(size_t capacity) const; // of nodes and leaves
};

} // namespace rft
