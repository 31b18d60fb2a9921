// The nodes of the training graph, to ask before the start which of them a device can compute.

#include "engine.hpp"

using rft::graph;

namespace {

void describe(const ggml_tensor * t, rft_tensor * to) {
    to->type = t->type;
    std::copy(t->ne, t->ne + GGML_MAX_DIMS, to->ne);
    std::copy(t->nb, t->nb + GGML_MAX_DIMS, to->nb);
}

} // namespace

// Whether the node can be computed where layers lie: on one of the devices, or without any on the CPU.
bool rft_engine::supported(const ggml_tensor * node) const {
    for (ggml_backend_t d : devices) {
        if (ggml_backend_supports_op(d, node)) { return true; }
    }
    return devices.empty() && ggml_backend_supports_op(cpu, node);
}

// The nodes of one step, those of the optimiser included, for a window with this many rows. Nothing is computed, and the
// graph gets no memory.
std::vector<rft_node> rft_engine::training_nodes(int32_t n_rows) {
    capture_rows(n_rows);
    graph g(cpu, devices, options.composed);
    rft::layout l = {};
    l.chunk_rows = options.chunk_rows < n_rows ? options.chunk_rows : 0;
    l.chunk_labels = 64;
    l.recomputed = options.recomputed;
    g.build(captured, graph::mode::train, params, l);

    std::vector<ggml_tensor *> nodes(ggml_graph_nodes(g.cgraph), ggml_graph_nodes(g.cgraph) + ggml_graph_n_nodes(g.cgraph));
    for (const rft::place & p : places) {
        nodes.insert(nodes.end(), ggml_graph_nodes(p.optimiser), ggml_graph_nodes(p.optimiser) + ggml_graph_n_nodes(p.optimiser));
    }
    std::vector<rft_node> all;
    for (const ggml_tensor * t : nodes) {
        rft_node d = {};
        snprintf(d.op, sizeof(d.op), "%s", ggml_op_name(t->op));
        snprintf(d.description, sizeof(d.description), "%s", ggml_op_desc(t));
        snprintf(d.name, sizeof(d.name), "%s", t->name);
        std::copy(t->op_params, t->op_params + sizeof(t->op_params) / sizeof(int32_t), d.params);
        d.supported = supported(t);
        describe(t, &d.result);
        for (const ggml_tensor * s : t->src) {
            if (s && d.n_sources < RFT_MAX_SOURCES) { describe(s, &d.sources[d.n_sources++]); }
        }
        all.push_back(d);
    }
    return all;
}
