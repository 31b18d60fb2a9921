// The labels of a batch, and the losses that come back.
#pragma once

#include <cstdint>
#include <vector>

#include "engine.h"
#include "schedule.hpp"

namespace rft {

// Room for labels that chunks of this many rows need for this batch.
int32_t labels_in_chunks(const rft_batch & b, int32_t chunk_rows);

// Copies the batch's labels into the graph's inputs. Returns where in the chunks' outputs each label is.
std::vector<int32_t> set_labels(const scheduled & g, const rft_batch & b);

// What a step gives.
struct losses {
    double sum = 0;
    std::vector<float> of_labels; // weight * -log p, in the batch's order, and then of the rests, if there are any
};

losses read_losses(const scheduled & g, const rft_batch & b, const std::vector<int32_t> & slots);

} // namespace rft
