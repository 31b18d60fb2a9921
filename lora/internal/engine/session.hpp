// llama.cpp's side of an engine: one model, one adapter or none, and a context that only serves to capture graphs.
#pragma once

#include <atomic>
#include <cstdint>
#include <vector>

#include "backends.hpp"
#include "captured.hpp"
#include "engine.h"
#include "forward.hpp"
#include "ggml-cpu.h"
#include "llama.h"

namespace rft {

struct session {
    std::atomic<bool> cancel{false};

    int32_t window = 0, max_sequences = 0, n_threads = 0;
    float dropout = 0; // probability that an element of the input of A is zero
    backends on; // owned
    ggml_threadpool_t threads = nullptr;
    llama_model * model = nullptr;
    llama_adapter_lora * adapter = nullptr; // NULL: all weights are trained
    llama_context * ctx = nullptr;
    llama_batch batch{};
    captured graph; // of the last capture
    uint64_t context_bytes = 0; // what the context holds while training

    session() = default;
    session(const session &) = delete;
    session & operator=(const session &) = delete;
    ~session();
    void open(const rft_options & options);
    int32_t n_vocab() const { return llama_vocab_n_tokens(llama_model_get_vocab(model)); }

    const captured & capture(const rft_batch & b);
    void capture_rows(int32_t n_rows); // of a window with this many rows, its last ones, whatever its content
    void fill_batch(const rft_batch & b);
    void use_adapter(bool on);
    uint64_t output_bytes(int32_t n_rows) const; // of the context's buffer for logits

    // ggml's callbacks
    void record(ggml_tensor * node);
    bool stops() const { return cancel.load(std::memory_order_relaxed) || (recording_ && on.devices.empty()); }
    bool recording() const { return recording_; }

  private:
    struct recording_scope;

    std::vector<ggml_backend_dev_t> open_backends(const rft_options & options);
    void open_model(const rft_options & options, ggml_backend_dev_t * devices);
    void open_context();
    void pin_adapter();
    void release_context();
    void release_outputs(int32_t n_rows);

    bool recording_ = false, recorded_ = true;
    std::vector<ggml_tensor *> skipped_nodes_; // those whose compute_flag was taken away
    int32_t released_rows_ = 0;
};

// devices.cpp
std::vector<ggml_backend_dev_t> chosen_devices(const rft_options & options); // that layers may lie on
void open_devices(const std::vector<ggml_backend_dev_t> & chosen, backends & on);
bool mark_adapter(const captured & graph); // true: some of the adapter's tensors were copied to another device

bool on_cancel(void * session);

} // namespace rft
