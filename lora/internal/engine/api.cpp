// The functions of engine.h: they catch what C++ throws and turn it into a status and a message.

#include <algorithm>
#include <new>
#include <vector>

#include "engine.hpp"
#include "guarded.hpp"
#include "nodes.hpp"

namespace {

template <typename F> int guarded(rft_engine * e, F && f) { return rft::guarded(e->error, f); }

ggml_tensor * part(const rft::trained & p, int what) {
    switch (what) {
        case RFT_VALUE: return p.value;
        case RFT_GRADIENT: return p.gradient;
        case RFT_MOMENT1: return p.moment1;
        default: return p.moment2;
    }
}

} // namespace

rft_engine * rft_new(void) { return new (std::nothrow) rft_engine; }

int rft_open(rft_engine * e, const rft_options * options) {
    return guarded(e, [&] {
        e->planner.budget = options->memory_budget;
        e->session.open(*options);
        e->parameters.find(e->session);
        e->optimiser.open(e->session, e->parameters);
    });
}

void rft_close(rft_engine * e) { delete e; }

const char * rft_last_error(const rft_engine * e) { return e->error.c_str(); }

void rft_cancel(rft_engine * e, bool on) { e->session.cancel.store(on); }

int32_t rft_n_vocab(const rft_engine * e) { return e->session.n_vocab(); }

int32_t rft_n_params(const rft_engine * e) { return (int32_t) e->parameters.tensors.size(); }

const char * rft_param_name(const rft_engine * e, int32_t i) { return e->parameters.names[i].c_str(); }

void rft_param_shape(const rft_engine * e, int32_t i, int64_t * ne0, int64_t * ne1) {
    *ne0 = e->parameters.tensors[i].value->ne[0];
    *ne1 = e->parameters.tensors[i].value->ne[1];
}

int rft_param_get(rft_engine * e, int32_t i, int what, float * dst) {
    return guarded(e, [&] {
        ggml_tensor * t = part(e->parameters.tensors[i], what);
        ggml_backend_tensor_get(t, dst, 0, ggml_nbytes(t));
    });
}

int rft_param_set(rft_engine * e, int32_t i, int what, const float * src) {
    return guarded(e, [&] {
        ggml_tensor * t = part(e->parameters.tensors[i], what);
        ggml_backend_tensor_set(t, src, 0, ggml_nbytes(t));
    });
}

int rft_forward(rft_engine * e, const rft_batch * b, double * loss) {
    return guarded(e, [&] { *loss = e->step.run(*b, rft::mode::loss); });
}

int rft_backward(rft_engine * e, const rft_batch * b, double * loss) {
    return guarded(e, [&] { *loss = e->step.run(*b, rft::mode::train); });
}

int rft_label_losses(rft_engine * e, float * dst) {
    return guarded(e, [&] { std::copy(e->step.last.of_labels.begin(), e->step.last.of_labels.end(), dst); });
}

int rft_use_adapter(rft_engine * e, bool on) {
    return guarded(e, [&] {
        e->session.use_adapter(on);
        e->step.forget();
    });
}

int rft_zero_gradients(rft_engine * e) {
    return guarded(e, [&] { rft::zero_gradients(e->parameters); });
}

int rft_gradient_norm(rft_engine * e, double * norm) {
    return guarded(e, [&] { *norm = rft::gradient_norm(e->parameters); });
}

int rft_adamw_step(rft_engine * e, const rft_adamw * a) {
    return guarded(e, [&] { e->optimiser.step(e->session, *a); });
}

void rft_memory(const rft_engine * e, rft_memory_use * use) { *use = e->held.use_of(e->held.largest); }

int rft_estimate(rft_engine * e, int32_t n_rows, bool backward, rft_memory_use * use) {
    return guarded(e, [&] {
        *use = rft::estimate(e->session, e->planner, e->held, n_rows, backward ? rft::mode::train : rft::mode::loss);
    });
}

int rft_training_nodes(rft_engine * e, const rft_nodes_query * query, rft_node * dst, int32_t * n) {
    return guarded(e, [&] {
        rft::layout l;
        l.chunk_rows = query->chunk_rows < query->n_rows ? query->chunk_rows : 0;
        l.recomputed = query->recomputed;
        const std::vector<rft_node> all = rft::training_nodes(e->session, e->planner, e->optimiser, query->n_rows, l);
        *n = (int32_t) all.size();
        std::copy_n(all.begin(), std::min(*n, query->room), dst);
    });
}
