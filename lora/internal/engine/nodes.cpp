#include "nodes.hpp"

#include <algorithm>
#include <cstdio>
#include <vector>

namespace rft {
namespace {

void describe(const ggml_tensor * t, rft_tensor * to) {
    to->type = t->type;
    std::copy(t->ne, t->ne + GGML_MAX_DIMS, to->ne);
    std::copy(t->nb, t->nb + GGML_MAX_DIMS, to->nb);
}

rft_node described(const ggml_tensor * t, const backends & on) {
    rft_node d = {};
    snprintf(d.op, sizeof(d.op), "%s", ggml_op_name(t->op));
    snprintf(d.description, sizeof(d.description), "%s", ggml_op_desc(t));
    snprintf(d.name, sizeof(d.name), "%s", t->name);
    std::copy(t->op_params, t->op_params + sizeof(t->op_params) / sizeof(int32_t), d.params);
    d.supported = on.some_has(t);
    describe(t, &d.result);
    for (const ggml_tensor * s : t->src) {
        if (s && d.n_sources < RFT_MAX_SOURCES) { describe(s, &d.sources[d.n_sources++]); }
    }
    return d;
}

} // namespace

std::vector<rft_node> training_nodes(session & s, const planner & p, const optimiser & o, int32_t n_rows, layout l) {
    s.capture_rows(n_rows);
    l.chunk_labels = 64;
    const training t = p.build(mode::train, l);
    std::vector<rft_node> all;
    auto add = [&](ggml_cgraph * g) {
        for (int i = 0; i < ggml_graph_n_nodes(g); i++) { all.push_back(described(ggml_graph_node(g, i), s.on)); }
    };
    add(collect(t.pass.ctx.get(), t.outputs));
    for (const place & at : o.places) { add(at.graph); }
    return all;
}

} // namespace rft
