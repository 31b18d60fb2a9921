// The time of the products that no step can do without.

#include <algorithm>
#include <array>
#include <chrono>
#include <cmath>
#include <map>
#include <memory>
#include <set>
#include <vector>

#include "../assumptions.hpp"
#include "../engine.hpp"
#include "../guarded.hpp"
#include "probe.h"

namespace {

typedef std::array<int64_t, 3> shape; // k, m, n

// W x for every weight, and W^T d for every weight except those whose input needs no gradient.
std::vector<shape> products_of(const rft::session & s, const rft::parameters & params, int32_t n_rows) {
    std::vector<shape> wanted;
    std::set<const ggml_tensor *> needed; // those that a gradient goes to
    for (const rft::trained & p : params.tensors) { needed.insert(p.value); }
    for (ggml_tensor * node : s.graph.nodes) {
        for (const ggml_tensor * source : node->src) {
            if (source && needed.count(source)) { needed.insert(node); }
        }
        const ggml_tensor * w = node->src[0];
        if (node->op != GGML_OP_MUL_MAT || !rft::is_leaf(w) || rft::is_lora_a(w) || rft::is_lora_b(w)) { continue; }
        const int64_t n = node->ne[1] == s.window ? s.window : n_rows;
        wanted.push_back({w->ne[0], w->ne[1], n});
        if (needed.count(node->src[1])) { wanted.push_back({w->ne[1], w->ne[0], n}); }
    }
    return wanted;
}

// Products on operands that lie ready. Their contents do not matter.
struct bench {
    ggml_backend_t cpu;
    rft::context_ptr ctx{ggml_init({ggml_tensor_overhead() * 4096 + ggml_graph_overhead_custom(4096, false), nullptr, true})};
    std::unique_ptr<ggml_backend_buffer, decltype(&ggml_backend_buffer_free)> buffer{nullptr, ggml_backend_buffer_free};
    std::map<shape, std::array<ggml_tensor *, 3>> operands;

    bench(ggml_backend_t cpu, const std::vector<shape> & shapes) : cpu(cpu) {
        for (const shape & s : shapes) {
            auto & o = operands[s];
            if (o[0]) { continue; }
            o[0] = ggml_new_tensor_2d(ctx.get(), GGML_TYPE_F32, s[0], s[1]);
            o[1] = ggml_new_tensor_2d(ctx.get(), GGML_TYPE_F32, s[0], s[2]);
            o[2] = ggml_mul_mat(ctx.get(), o[0], o[1]);
        }
        buffer.reset(ggml_backend_alloc_ctx_tensors(ctx.get(), cpu));
        if (!buffer) { rft::fail("not enough memory for the products"); }
        for (auto & o : operands) {
            for (int i = 0; i < 2; i++) {
                std::vector<float> x(ggml_nelements(o.second[i]));
                for (size_t j = 0; j < x.size(); j++) { x[j] = (float) ((j * 2654435761u) % 1000) / 1000 - 0.5f; }
                ggml_backend_tensor_set(o.second[i], x.data(), 0, x.size() * sizeof(float));
            }
        }
    }

    double seconds(const shape & s) { // the best of three
        ggml_cgraph * one = ggml_new_graph_custom(ctx.get(), 8, false);
        ggml_tensor * product = operands[s][2];
        ggml_build_forward_expand(one, product); // ggml leaves out nodes that were only added to a graph
        float first = NAN;
        ggml_backend_tensor_set(product, &first, 0, sizeof(first));
        double best = 1e30;
        for (int i = 0; i < 3; i++) {
            const auto from = std::chrono::steady_clock::now();
            if (ggml_backend_graph_compute(cpu, one) != GGML_STATUS_SUCCESS) { throw rft::cancelled(); }
            best = std::min(best, std::chrono::duration<double>(std::chrono::steady_clock::now() - from).count());
        }
        ggml_backend_tensor_get(product, &first, 0, sizeof(first));
        if (std::isnan(first)) { rft::fail("a product was not computed"); }
        return best;
    }
};

} // namespace

int rft_probe_bare_products(rft_engine * e, int32_t n_rows, double * seconds) {
    return rft::guarded(e->error, [&] {
        if (e->session.graph.nodes.empty()) { rft::fail("no graph is captured: take a step first"); }
        const std::vector<shape> shapes = products_of(e->session, e->parameters, n_rows);
        bench b(e->session.on.cpu, shapes);
        *seconds = 0;
        for (const shape & s : shapes) { *seconds += b.seconds(s); }
    });
}
