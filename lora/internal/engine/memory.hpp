// How much memory an engine takes.
#pragma once

#include "optimiser.hpp"
#include "schedule.hpp"

namespace rft {

struct held_memory {
    const session & of;
    const parameters & params;
    const optimiser & state;
    choice largest; // of the graphs that were computed

    rft_memory_use use_of(const choice & c) const;
    uint64_t fixed() const; // bytes of everything except graphs
    void note(const scheduled & g, uint64_t bytes, const planner & p); // that a graph was allocated
};

// What a batch with so many rows would take.
rft_memory_use estimate(session & s, planner & p, const held_memory & held, int32_t n_rows, mode m);

} // namespace rft
