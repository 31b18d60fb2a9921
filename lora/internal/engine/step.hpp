// The last stage: a graph is computed.
#pragma once

#include <optional>

#include "labels.hpp"
#include "memory.hpp"

namespace rft {

struct stepper {
    session & of;
    planner & plan;
    held_memory & held;
    scheduler memory;
    std::optional<scheduled> current; // allocated
    losses last;                      // of the last run

    stepper(session & s, planner & p, held_memory & h) : of(s), plan(p), held(h), memory(s) {}
    double run(const rft_batch & b, mode m); // returns the loss
    void forget() { current.reset(); }       // since llama.cpp builds another graph from now on

  private:
    void prepare(const rft_batch & b, mode m);
    bool serves(mode m, int32_t n_rows, const layout & l, int32_t labels) const;
};

} // namespace rft
