// Gradients and AdamW.
#pragma once

#include <vector>

#include "parameters.hpp"

namespace rft {

// A backend that holds trained tensors, with their state and the optimiser's graph for them.
struct place {
    ggml_backend_t backend = nullptr;
    std::vector<size_t> params;
    ggml_context *state_ctx = nullptr, *optimiser_ctx = nullptr;
    ggml_backend_buffer_t state_buffer = nullptr;
    ggml_tensor *decayed = nullptr, *plain = nullptr, *grad_scale = nullptr; // the optimiser's inputs
    ggml_cgraph * graph = nullptr;
    void free();
};

struct optimiser {
    std::vector<place> places;

    optimiser() = default;
    optimiser(const optimiser &) = delete;
    optimiser & operator=(const optimiser &) = delete;
    ~optimiser();
    void open(session & s, parameters & p); // gives the trained tensors gradients and moments
    uint64_t state_bytes() const;
    void step(session & s, const rft_adamw & a);

  private:
    void build(place & at, const parameters & p, bool of_adapter);
};

void zero_gradients(const parameters & p);
double gradient_norm(const parameters & p);

} // namespace rft
