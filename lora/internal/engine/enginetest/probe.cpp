#include "probe.h"

#include <cstring>
#include <string>

#include "../engine.hpp"
#include "../guarded.hpp"

namespace {

template <typename F> int guarded(rft_engine * e, F && f) { return rft::guarded(e->error, f); }

void decode(rft::session & s, const rft_batch & b, float * dst) {
    s.fill_batch(b);
    s.graph.clear(); // llama.cpp may build another graph
    llama_memory_clear(llama_get_memory(s.ctx), true);
    const int32_t rc = llama_decode(s.ctx, s.batch);
    if (s.cancel) { throw rft::cancelled(); }
    if (rc != 0) { rft::fail("llama_decode: " + std::to_string(rc)); }
    const int32_t vocab = s.n_vocab();
    for (int32_t r = 0; r < b.n_rows; r++) {
        const float * logits = llama_get_logits_ith(s.ctx, b.rows[r]);
        if (!logits) { rft::fail("llama.cpp gave no logits"); }
        memcpy(dst + (size_t) r * vocab, logits, vocab * sizeof(float));
    }
    llama_memory_clear(llama_get_memory(s.ctx), false);
}

} // namespace

int rft_probe_logits(rft_engine * e, const rft_batch * b, float * dst) {
    return guarded(e, [&] {
        rft::session & s = e->session;
        const rft::forward f = rft::rewrite(s.capture(*b), s.on, false);
        ggml_set_output(f.logits);
        ggml_cgraph * order = rft::collect(f.ctx.get(), {f.logits});
        rft::scheduler memory(s);
        memory.allocate(order);
        f.set_inputs(s.graph, 0);
        memory.compute(order);
        ggml_backend_tensor_get(f.logits, dst, 0, ggml_nbytes(f.logits));
    });
}

int rft_probe_decode(rft_engine * e, const rft_batch * b, float * dst) {
    return guarded(e, [&] { decode(e->session, *b, dst); });
}

int rft_probe_set_layout(rft_engine * e, int32_t chunk_rows, int32_t recomputed) {
    return guarded(e, [&] {
        for (rft::mode m : {rft::mode::loss, rft::mode::train}) {
            for (int32_t rows = 1; rows <= e->session.window; rows++) {
                rft::choice c;
                c.layout.chunk_rows = chunk_rows < rows ? chunk_rows : 0;
                c.layout.recomputed = recomputed;
                for (bool rest : {false, true}) {
                    c.layout.rest = rest;
                    e->planner.choices[{m, rows, rest}] = c;
                }
            }
        }
        e->step.forget();
    });
}
