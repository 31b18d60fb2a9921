// The fourth stage: a training graph in the order in which it is computed, within a budget of memory.
#pragma once

#include <cstdint>
#include <map>
#include <tuple>
#include <vector>

#include "parameters.hpp"

namespace rft {

struct held_memory;

// What the outputs need, in the order in which it was created: forward, loss, backward.
ggml_cgraph * collect(ggml_context * ctx, const std::vector<ggml_tensor *> & outputs);

// A layout, and what it takes.
struct choice {
    struct layout layout;
    int32_t segments = 0;
    uint64_t compute = 0, logits = 0; // bytes of the graph, and of these those that the logits take
};

// Decides how a graph keeps within the budget: sizes are measured on the graph before anything is allocated.
struct planner {
    const session & of;
    const parameters & params;
    const held_memory & held;
    uint64_t budget = 0; // bytes of everything in rft_memory_use together; 0: no bound
    std::map<std::tuple<mode, int32_t, bool>, choice> choices; // by mode, rows, and whether these have rests

    training build(mode m, const layout & l) const;        // for the captured window
    choice measured(mode m, layout l, int32_t n_rows) const; // for the captured window
    const choice & layout_for(mode m, int32_t n_rows, bool rest);
    uint64_t logits_of(mode m, layout l, int32_t n_rows, uint64_t bytes) const; // what would not be needed without logits

  private:
    struct search;
    choice choose(mode m, int32_t n_rows, bool rest) const;
    choice unbounded(const training & probe, int32_t n_rows, bool rest) const;
};

// A graph with memory, in a scheduler.
struct scheduled {
    training graph;
    ggml_cgraph * order = nullptr;
    mode m{};
    int32_t rows = 0;
    struct layout layout;
};

// Has room for one graph at a time.
struct scheduler {
    const session & of;

    explicit scheduler(const session & s) : of(s) {}
    scheduler(const scheduler &) = delete;
    scheduler & operator=(const scheduler &) = delete;
    ~scheduler() { ggml_backend_sched_free(sched_); }
    void allocate(ggml_cgraph * g);
    void compute(ggml_cgraph * g) const;
    uint64_t bytes(ggml_cgraph * g) const; // held for it

  private:
    ggml_backend_sched_t sched_ = nullptr;
    size_t capacity_ = 0; // nodes and leaves
};

} // namespace rft
