// The nodes of a training step, to ask before the start which of them a device can compute.
#pragma once

#include <cstdint>
#include <vector>

#include "memory.hpp"

namespace rft {

// The nodes of one step, those of the optimiser included, for a window with this many rows. Nothing is computed, and the
// graph gets no memory.
std::vector<rft_node> training_nodes(session & s, const planner & p, const optimiser & o, int32_t n_rows, layout l);

} // namespace rft
