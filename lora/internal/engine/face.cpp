// The functions of engine.h: they catch what C++ throws and turn it into a status and a message.

#include <new>

#include "engine.hpp"

using rft::graph;

namespace {

template <typename F> int guarded(rft_engine * e, F && f) {
    try {
        f();
        return RFT_OK;
    } catch (const rft::cancelled & x) {
        e->error = x.what();
        return RFT_CANCELLED;
    } catch (const rft::no_memory & x) {
        e->error = x.what();
        return RFT_NO_MEMORY;
    } catch (const std::bad_alloc &) {
        e->error = "the C++ side cannot allocate memory";
        return RFT_NO_MEMORY;
    } catch (const rft::no_rule & x) {
        e->error = x.what();
        return RFT_NO_RULE;
    } catch (const std::exception & x) {
        e->error = x.what();
    } catch (...) {
        e->error = "an unknown C++ exception";
    }
    return RFT_ERROR;
}

ggml_tensor * part(const graph::state & p, int what) {
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
    e->options = *options;
    return guarded(e, [&] { e->open(); });
}

void rft_close(rft_engine * e) { delete e; }

const char * rft_last_error(const rft_engine * e) { return e->error.c_str(); }

void rft_cancel(rft_engine * e, bool on) { e->cancel.store(on); }

int32_t rft_n_vocab(const rft_engine * e) { return llama_vocab_n_tokens(llama_model_get_vocab(e->model)); }

int32_t rft_n_params(const rft_engine * e) { return (int32_t) e->params.size(); }

const char * rft_param_name(const rft_engine * e, int32_t i) { return e->names[i].c_str(); }

void rft_param_shape(const rft_engine * e, int32_t i, int64_t * ne0, int64_t * ne1) {
    *ne0 = e->params[i].value->ne[0];
    *ne1 = e->params[i].value->ne[1];
}

int rft_param_get(rft_engine * e, int32_t i, int what, float * dst) {
    return guarded(e, [&] {
        ggml_tensor * t = part(e->params[i], what);
        ggml_backend_tensor_get(t, dst, 0, ggml_nbytes(t));
    });
}

int rft_param_set(rft_engine * e, int32_t i, int what, const float * src) {
    return guarded(e, [&] {
        ggml_tensor * t = part(e->params[i], what);
        ggml_backend_tensor_set(t, src, 0, ggml_nbytes(t));
    });
}

int rft_forward(rft_engine * e, const rft_batch * b, double * loss) {
    return guarded(e, [&] { *loss = e->run(*b, graph::mode::loss); });
}

int rft_backward(rft_engine * e, const rft_batch * b, double * loss) {
    return guarded(e, [&] { *loss = e->run(*b, graph::mode::train); });
}

int rft_label_losses(rft_engine * e, float * dst) {
    return guarded(e, [&] { std::copy(e->label_losses.begin(), e->label_losses.end(), dst); });
}

int rft_use_adapter(rft_engine * e, bool on) {
    return guarded(e, [&] { e->use_adapter(on); });
}

int rft_zero_gradients(rft_engine * e) {
    return guarded(e, [&] {
        for (const graph::state & p : e->params) { ggml_backend_tensor_memset(p.gradient, 0, 0, ggml_nbytes(p.gradient)); }
    });
}

int rft_gradient_norm(rft_engine * e, double * norm) {
    return guarded(e, [&] { *norm = e->gradient_norm(); });
}

int rft_adamw_step(rft_engine * e, const rft_adamw * a) {
    return guarded(e, [&] { e->adamw_step(*a); });
}

int rft_logits(rft_engine * e, const rft_batch * b, float * dst) {
    return guarded(e, [&] {
        e->run(*b, graph::mode::logits);
        ggml_backend_tensor_get(e->current->logits, dst, 0, ggml_nbytes(e->current->logits));
    });
}

int rft_decode(rft_engine * e, const rft_batch * b, float * dst) {
    return guarded(e, [&] { e->decode(*b, dst); });
}

void rft_memory(const rft_engine * e, rft_memory_use * use) { *use = e->use_of(e->largest); }

int rft_estimate(rft_engine * e, int32_t n_rows, bool backward, rft_memory_use * use) {
    return guarded(e, [&] { *use = e->estimate(n_rows, backward ? graph::mode::train : graph::mode::loss); });
}

int rft_training_nodes(rft_engine * e, int32_t n_rows, int32_t room, rft_node * dst, int32_t * n) {
    return guarded(e, [&] {
        const std::vector<rft_node> all = e->training_nodes(n_rows);
        *n = (int32_t) all.size();
        std::copy_n(all.begin(), std::min(*n, room), dst);
    });
}

int rft_bare_products(rft_engine * e, int32_t n_rows, double * seconds) {
    return guarded(e, [&] { *seconds = e->bare_products(n_rows); });
}
