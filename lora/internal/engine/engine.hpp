// The engine's inside, shared by engine.cpp, which works, and face.cpp, which is the C face.
#pragma once

#include <algorithm>
#include <atomic>
#include <cstring>
#include <map>
#include <memory>

#include "engine.h"
#include "graph.hpp"

namespace rft {

// A backend that holds trained tensors, with their state and the optimiser's graph for them.
struct place {
    ggml_backend_t backend = nullptr;
    std::vector<size_t> params;
    ggml_context *state_ctx = nullptr, *optimiser_ctx = nullptr;
    ggml_backend_buffer_t state_buffer = nullptr;
    ggml_tensor *decayed = nullptr, *plain = nullptr, *grad_scale = nullptr; // the optimiser's inputs
    ggml_cgraph * optimiser = nullptr;
    void free();
};

} // namespace rft

struct rft_engine {
    rft_options options;
    std::string error;
    std::atomic<bool> cancel{false};

    llama_model * model = nullptr;
    llama_adapter_lora * adapter = nullptr;
    llama_context * ctx = nullptr;
    ggml_backend_t cpu = nullptr;
    std::vector<ggml_backend_t> devices; // that may hold layers, besides the CPU
    ggml_threadpool_t threads = nullptr;
    ggml_backend_sched_t sched = nullptr;
    size_t sched_capacity = 0; // nodes and leaves
    llama_batch batch{};

    bool capturing = false, capture_ok = true;
    rft::capture captured;

    std::vector<rft::graph::state> params;
    std::vector<std::string> names;
    std::vector<rft::place> places;

    std::unique_ptr<rft::graph> current; // allocated in sched
    rft::graph::mode current_mode{};
    int32_t current_rows = -1;
    rft::layout current_layout;
    std::vector<int32_t> label_slots; // of the last batch: where in the chunks' outputs each label is
    std::vector<float> label_losses;

    // memory.cpp
    struct choice {
        rft::layout layout;
        int32_t segments;
        uint64_t compute, logits; // bytes of the graph, and of these those that the logits take
    };
    std::map<std::pair<rft::graph::mode, int32_t>, choice> choices; // by mode and rows
    choice largest{}; // of the graphs that were computed
    uint64_t context_bytes = 0;
    int32_t released_rows = 0;

    ~rft_engine();
    void open();
    void find_params();
    std::vector<ggml_backend_dev_t> open_devices();
    bool settle_adapter();
    ggml_backend_t backend_of(const ggml_tensor * t) const;
    void add_state();
    uint64_t state_bytes() const;
    bool supported(const ggml_tensor * node) const;
    std::vector<rft_node> training_nodes(int32_t n_rows);
    void fill_batch(const rft_batch & b);
    void run_capture(const rft_batch & b);
    ggml_backend_sched_t new_scheduler(size_t capacity) const;
    void make_room(ggml_cgraph * g);
    void release_context();
    void release_outputs(int32_t n_rows);
    uint64_t output_bytes(int32_t n_rows) const;
    choice measured(rft::graph::mode m, rft::layout l, int32_t n_rows);
    choice choose(rft::graph::mode m, int32_t n_rows);
    const choice & layout_for(rft::graph::mode m, int32_t n_rows);
    rft_memory_use use_of(const choice & c) const;
    rft_memory_use estimate(int32_t n_rows, rft::graph::mode m);
    void note_largest();
    uint64_t logits_of(rft::graph::mode m, rft::layout l, int32_t n_rows, uint64_t bytes);
    void capture_rows(int32_t n_rows);
    void prepare(const rft_batch & b, rft::graph::mode m);
    int32_t labels_in_chunks(const rft_batch & b, int32_t chunk_rows) const;
    void set_labels(const rft_batch & b);
    double read_losses(const rft_batch & b);
    void compute(ggml_cgraph * g);
    void build_optimiser(rft::place & at);
    double run(const rft_batch & b, rft::graph::mode m);
    void use_adapter(bool on);
    double gradient_norm();
    void adamw_step(const rft_adamw & a);
    void decode(const rft_batch & b, float * dst);
    double bare_products(int32_t n_rows);
};
