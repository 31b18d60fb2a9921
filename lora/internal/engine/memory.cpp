// Accounts for memory by kind.

#include "memory.hpp"

namespace rft {

rft_memory_use held_memory::use_of(const choice & c) const {
    rft_memory_use use{};
    use.weights = llama_model_size(of.model);
    for (const trained & t : params.tensors) { use.adapter += of.adapter ? ggml_nbytes(t.value) : 0; }
    use.optimiser = state.state_bytes();
    use.context = of.context_bytes;
    use.activations = c.compute - c.logits;
    use.logits = c.logits;
    use.segments = c.segments;
    use.recomputed = c.layout.recomputed;
    use.chunk_rows = c.layout.chunk_rows;
    return use;
}

uint64_t held_memory::fixed() const {
    const rft_memory_use u = use_of({});
    return u.weights + u.adapter + u.optimiser + u.context;
}

void held_memory::note(const scheduled & g, uint64_t bytes, const planner & p) {
    if (bytes <= largest.compute) { return; }
    largest = {g.layout, g.graph.parts.count(), bytes, p.logits_of(g.m, g.layout, g.rows, bytes)};
}

rft_memory_use estimate(session & s, planner & p, const held_memory & held, int32_t n_rows, mode m) {
    s.capture_rows(n_rows);
    choice c = p.layout_for(m, n_rows, false);
    if (c.compute == 0) { c = p.measured(m, c.layout, n_rows); }
    c.logits = p.logits_of(m, c.layout, n_rows, c.compute);
    rft_memory_use use = held.use_of(c);
    const uint64_t outputs = s.output_bytes(n_rows);
    if (s.on.devices.empty() && outputs > c.compute) { use.context += outputs - c.compute; } // held for a moment, before the graph is
    return use;
}

} // namespace rft
