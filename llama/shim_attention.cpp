#include "shim_internal.h"

#include <ggml-alloc.h>
#include <ggml-backend.h>
#include <ggml-cpp.h>
#include <ggml-cpu.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <stdexcept>
#include <vector>

namespace {

using seconds = std::chrono::duration<double>;

// layers is the number of layers in the graph: enough that starting the threads does not count, each with memory of its own.
const int layers = 4;

struct layer { ggml_tensor * q, * k, * v; };

// attend adds one layer's attention to the context as llama.cpp builds it (llm_graph_context::build_attn_mha).
ggml_tensor * attend(ggml_context * ctx, const layer & l, ggml_tensor * mask, float scale, bool flash) {
    ggml_tensor * q = ggml_permute(ctx, l.q, 0, 2, 1, 3);
    ggml_tensor * k = ggml_permute(ctx, l.k, 0, 2, 1, 3);
    if (flash) {
        ggml_tensor * out = ggml_flash_attn_ext(ctx, q, k, ggml_permute(ctx, l.v, 0, 2, 1, 3), mask, scale, 0, 0);
        ggml_prec_set_acc(out, GGML_PREC_F32);
        return out;
    }
    ggml_tensor * kq = ggml_mul_mat(ctx, k, q);
    ggml_prec_set_acc(kq, GGML_PREC_F32);
    kq = ggml_soft_max_ext(ctx, kq, mask, scale, 0);
    ggml_tensor * v = ggml_permute(ctx, l.v, 0, 2, 1, 3); // transposed: the positions are in its first dimension
    return ggml_mul_mat(ctx, v, kq);
}

// time_layer returns the least seconds that one layer's attention took, of several runs in at most `limit` seconds.
double time_layer(ggml_backend_t backend, const ragft_attention_shape & s, int rows, int cells, bool flash, double limit) {
    ggml_context_ptr ctx(ggml_init({ggml_tensor_overhead() * 16 * layers + ggml_graph_overhead(), nullptr, true}));
    ggml_cgraph * graph = ggml_new_graph(ctx.get());
    ggml_tensor * mask  = ggml_new_tensor_2d(ctx.get(), flash ? GGML_TYPE_F16 : GGML_TYPE_F32, cells, rows);
    for (int i = 0; i < layers; i++) {
        layer l;
        l.q = ggml_new_tensor_3d(ctx.get(), GGML_TYPE_F32, s.key, s.heads, rows);
        l.k = ggml_new_tensor_3d(ctx.get(), GGML_TYPE_F16, s.key, s.heads_kv, cells);
        l.v = flash ? ggml_new_tensor_3d(ctx.get(), GGML_TYPE_F16, s.value, s.heads_kv, cells)
                    : ggml_new_tensor_3d(ctx.get(), GGML_TYPE_F16, cells, s.heads_kv, s.value);
        ggml_build_forward_expand(graph, attend(ctx.get(), l, mask, 1 / std::sqrt((float) s.key), flash));
    }
    ggml_backend_buffer_ptr buffer(ggml_backend_alloc_ctx_tensors(ctx.get(), backend));
    if (!buffer) {
        throw std::runtime_error("no memory to measure attention");
    }
    ggml_backend_buffer_clear(buffer.get(), 0);
    double least = INFINITY;
    const auto begin = std::chrono::steady_clock::now();
    for (int runs = 0; runs == 0 || (runs < 100 && seconds(std::chrono::steady_clock::now() - begin).count() < limit); runs++) {
        const auto start = std::chrono::steady_clock::now();
        if (ggml_backend_graph_compute(backend, graph) != GGML_STATUS_SUCCESS) {
            throw std::runtime_error("attention could not be computed");
        }
        least = std::min(least, seconds(std::chrono::steady_clock::now() - start).count());
    }
    return least / layers;
}

} // namespace

int ragft_measure_attention(const ragft_attention_shape * shape, int32_t n_threads, double limit, ragft_attention_time * times,
                            int32_t n, ragft_error * err) {
    try {
        ggml_backend_ptr backend(ggml_backend_cpu_init());
        if (!backend) {
            throw std::runtime_error("the CPU backend does not start");
        }
        ggml_backend_cpu_set_n_threads(backend.get(), n_threads);
        for (int32_t i = 0; i < n; i++) {
            times[i].seconds = time_layer(backend.get(), *shape, times[i].rows, times[i].cells, times[i].flash, limit / n);
        }
        return RAGFT_OK;
    } catch (...) {
        ragft_fail_caught(err);
    }
    return RAGFT_FAILED;
}
