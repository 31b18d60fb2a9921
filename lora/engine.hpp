// The engine's inside, shared by engine.cpp, which works, and face.cpp, which is the C face.
#pragma once

#include <atomic>
#include <memory>

#include "engine.h"
#include "graph.hpp"

struct rft_engine {
    rft_options options;
    std::string error;
    std::atomic<bool> cancel{false};

    llama_model * model = nullptr;
    llama_adapter_lora * adapter = nullptr;
    llama_context * ctx = nullptr;
    ggml_backend_t cpu = nullptr, gpu = nullptr;
    ggml_threadpool_t threads = nullptr;
    ggml_backend_sched_t sched = nullptr;
    llama_batch batch{};

    bool capturing = false, capture_ok = true;
    rft::capture captured;

    std::vector<rft::graph::state> params;
    std::vector<std::string> names;
    ggml_context * state_ctx = nullptr;
    ggml_backend_buffer_t state_buffer = nullptr;
    ggml_tensor *decayed = nullptr, *plain = nullptr, *grad_scale = nullptr; // the optimiser's inputs
    ggml_context * optimiser_ctx = nullptr;
    ggml_cgraph * optimiser = nullptr;

    std::unique_ptr<rft::graph> current; // allocated in sched
    rft::graph::mode current_mode{};
    int32_t current_rows = -1, current_labels = -1;
    uint64_t compute_bytes = 0;

    ~rft_engine();
    void open();
    void find_params();
    void add_state();
    void fill_batch(const rft_batch & b);
    void run_capture(const rft_batch & b);
    void prepare(const rft_batch & b, rft::graph::mode m);
    void set_labels(const rft_batch & b);
    void compute(ggml_cgraph * g);
    void build_optimiser();
    double run(const rft_batch & b, rft::graph::mode m);
    double loss();
    double gradient_norm();
    void adamw_step(const rft_adamw & a);
    void decode(const rft_batch & b, float * dst);
    double bare_products(int32_t n_rows);
};
