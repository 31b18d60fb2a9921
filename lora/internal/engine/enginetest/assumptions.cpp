// Checks of assumptions.hpp: on a captured graph, and on ggml alone.

#include "../assumptions.hpp"

#include <cstdio>
#include <memory>
#include <set>
#include <string>

#include "../engine.hpp"
#include "../guarded.hpp"
#include "ggml-cpu.h"
#include "probe.h"

namespace {

rft_graph_facts facts_of(const rft::captured & graph) {
    rft_graph_facts f = {};
    std::set<const ggml_tensor *> seen;
    std::set<std::string> layers;
    for (const ggml_tensor * node : graph.nodes) {
        f.nodes++;
        f.without_compute_flag += !(node->flags & rft::compute_flag);
        if (node->op == GGML_OP_SET_ROWS) { (rft::is_cache(rft::root_of(node)) ? f.writes : f.writes_elsewhere)++; }
        if (!rft::layer_of(node).empty()) { layers.insert(rft::layer_of(node)); }
        for (const ggml_tensor * source : node->src) {
            const ggml_tensor * s = source ? rft::root_of(source) : nullptr;
            if (!s || !rft::is_leaf(s) || !seen.insert(s).second) { continue; }
            f.caches += rft::is_cache(s);
            f.lora_a += rft::is_lora_a(s);
            f.lora_b += rft::is_lora_b(s);
            f.of_adapter += rft::is_of_adapter(s);
            f.copies += rft::is_copy(s);
            f.truncated += rft::is_copy(s) && rft::is_truncated_copy(s);
        }
    }
    f.copied_nodes = (int32_t) graph.copies.size();
    f.layers = (int32_t) layers.size();
    for (int32_t i = 0; i < f.layers; i++) { f.misnamed_layers += layers.count(std::to_string(i)) == 0; }
    return f;
}

struct check {
    rft::context_ptr ctx{ggml_init({ggml_tensor_overhead() * 64 + ggml_graph_overhead(), nullptr, true})};
    std::string failure; // the first

    void expect(bool holds, const char * what) {
        if (!holds && failure.empty()) { failure = what; }
    }

    void parameters() {
        namespace param = rft::param;
        using rft::param_f32;
        using rft::param_i32;
        ggml_context * c = ctx.get();
        ggml_tensor *x = ggml_new_tensor_4d(c, GGML_TYPE_F32, 8, 2, 3, 1), *ids = ggml_new_tensor_1d(c, GGML_TYPE_I32, 3);
        const ggml_tensor * t = ggml_scale_bias(c, x, 2, 3);
        expect(param_f32(t, param::scale) == 2 && param_f32(t, param::scale_bias) == 3, "SCALE");
        for (const ggml_tensor * norm : {ggml_norm(c, x, 0.5f), ggml_rms_norm(c, x, 0.5f), ggml_l2_norm(c, x, 0.5f)}) {
            expect(param_f32(norm, param::eps) == 0.5f, "NORM, RMS_NORM or L2_NORM");
        }
        t = ggml_clamp(c, x, -2, 3);
        expect(param_f32(t, param::clamp_low) == -2 && param_f32(t, param::clamp_high) == 3, "CLAMP");
        t = ggml_soft_max_ext(c, x, ggml_new_tensor_2d(c, GGML_TYPE_F32, 8, 2), 2, 3);
        expect(param_f32(t, param::soft_max_scale) == 2 && param_f32(t, param::soft_max_bias) == 3, "SOFT_MAX");
        expect(param_i32(ggml_concat(c, x, x, 2), param::concat_dim) == 2, "CONCAT");
        t = ggml_permute(c, x, 2, 0, 3, 1);
        expect(param_i32(t, param::axes) == 2 && param_i32(t, param::axes + 1) == 0 && param_i32(t, param::axes + 2) == 3, "PERMUTE");
        t = ggml_glu(c, x, GGML_GLU_OP_SWIGLU, true);
        expect(param_i32(t, param::glu_swapped) == 1, "GLU");
        t = ggml_swiglu_oai(c, x, x, 2, 3);
        expect(param_f32(t, param::glu_alpha) == 2 && param_f32(t, param::glu_limit) == 3, "SWIGLU_OAI");
        t = ggml_rope_ext(c, x, ids, nullptr, 6, GGML_ROPE_TYPE_NEOX, 16, 2, 3, 4, 5, 6, 7);
        expect(param_i32(t, param::rope_dims) == 6 && param_i32(t, param::rope_mode) == GGML_ROPE_TYPE_NEOX &&
                   param_i32(t, param::rope_context) == 16 && param_f32(t, param::rope_base) == 2 && param_f32(t, param::rope_scale) == 3 &&
                   param_f32(t, param::rope_ext) == 4 && param_f32(t, param::rope_attention) == 5 && param_f32(t, param::rope_fast) == 6 &&
                   param_f32(t, param::rope_slow) == 7,
               "ROPE");
    }

    void custom() {
        ggml_context * c = ctx.get();
        ggml_tensor * x = ggml_new_tensor_1d(c, GGML_TYPE_F32, 8);
        auto f = [](ggml_tensor *, int, int, void *) {};
        void * all_bits = (void *) ~(uintptr_t) 0;
        for (const ggml_tensor * t : {ggml_custom_4d(c, GGML_TYPE_F32, 8, 1, 1, 1, &x, 1, f, GGML_N_TASKS_MAX, all_bits),
                                      ggml_custom_inplace(c, x, &x, 1, f, GGML_N_TASKS_MAX, all_bits)}) {
            for (size_t i = rft::param::custom_free; i < sizeof(t->op_params) / sizeof(int32_t); i++) {
                expect(t->op_params[i] == 0, "ggml uses the op_params of CUSTOM that kernels use");
            }
        }
    }

    // Of two nodes, the one without the flag keeps what its memory held.
    void flag() {
        std::unique_ptr<ggml_backend, decltype(&ggml_backend_free)> cpu(ggml_backend_init_by_type(GGML_BACKEND_DEVICE_TYPE_CPU, nullptr),
                                                                         ggml_backend_free);
        rft::context_ptr own(ggml_init({ggml_tensor_overhead() * 8 + ggml_graph_overhead(), nullptr, true}));
        ggml_tensor * x = ggml_new_tensor_1d(own.get(), GGML_TYPE_F32, 1);
        ggml_tensor *computed = ggml_scale(own.get(), x, 2), *skipped = ggml_scale(own.get(), x, 3);
        ggml_cgraph * g = ggml_new_graph(own.get());
        for (ggml_tensor * t : {computed, skipped}) { ggml_build_forward_expand(g, t); }
        expect(computed->flags & rft::compute_flag, "nodes of a graph have no compute flag");
        skipped->flags &= ~rft::compute_flag;
        std::unique_ptr<ggml_backend_buffer, decltype(&ggml_backend_buffer_free)> buffer(
            ggml_backend_alloc_ctx_tensors(own.get(), cpu.get()), ggml_backend_buffer_free);
        float one = 1, seven = 7, a = 0, b = 0;
        ggml_backend_tensor_set(x, &one, 0, sizeof(one));
        ggml_backend_tensor_set(skipped, &seven, 0, sizeof(seven));
        ggml_backend_graph_compute(cpu.get(), g);
        ggml_backend_tensor_get(computed, &a, 0, sizeof(a));
        ggml_backend_tensor_get(skipped, &b, 0, sizeof(b));
        expect(a == 2 && b == 7, "a node without the compute flag is computed");
    }
};

} // namespace

int rft_probe_facts(rft_engine * e, rft_graph_facts * facts) {
    return rft::guarded(e->error, [&] {
        e->session.capture_rows(2);
        *facts = facts_of(e->session.graph);
    });
}

void rft_probe_ggml(char * failure, size_t size) {
    check c;
    c.parameters();
    c.custom();
    c.flag();
    snprintf(failure, size, "%s", c.failure.c_str());
}
