// Captures a batch, makes the graph for it unless the last one serves, and computes it.

#include "step.hpp"

#include <algorithm>
#include <utility>
#include <vector>

namespace rft {

// Whether the current graph has the shape that the captured batch needs.
bool stepper::serves(mode m, int32_t n_rows, const layout & l, int32_t labels) const {
    if (!current || current->m != m || current->rows != n_rows) { return false; }
    const bool with_dropout = current->graph.pass.dropout_key != nullptr;
    const layout & has = current->layout;
    return with_dropout == has_dropout(of.dropout, of.graph, m) && has.chunk_rows == l.chunk_rows &&
           has.recomputed == l.recomputed && has.rest == l.rest && has.chunk_labels >= labels;
}

void stepper::prepare(const rft_batch & b, mode m) {
    of.capture(b);
    layout l = plan.layout_for(m, b.n_rows, b.rest_weights != nullptr).layout;
    const int32_t labels = labels_in_chunks(b, l.chunk_rows);
    if (!serves(m, b.n_rows, l, labels)) {
        l.chunk_labels = (std::max(labels, l.chunk_rows ? l.chunk_rows : b.n_rows) + 63) / 64 * 64; // so that it serves other batches too
        current.reset(); // frees its memory first
        scheduled next{plan.build(m, l), nullptr, m, b.n_rows, l};
        next.order = collect(next.graph.pass.ctx.get(), next.graph.outputs);
        memory.allocate(next.order);
        current = std::move(next);
        held.note(*current, memory.bytes(current->order), plan);
    }
    current->graph.pass.set_inputs(of.graph, of.dropout);
}

double stepper::run(const rft_batch & b, mode m) {
    prepare(b, m);
    const std::vector<int32_t> slots = set_labels(*current, b);
    memory.compute(current->order);
    last = read_losses(*current, b, slots);
    return last.sum;
}

} // namespace rft
