#include "shim_context.h"

#include <algorithm>
#include <new>
#include <stdexcept>

// --- contexts ---

static llama_context_params context_params(const ragft_context_params * params, ragft_context * ctx) {
    llama_context_params p = llama_context_default_params();
    p.n_ctx           = (uint32_t) params->n_ctx * (params->separate ? (uint32_t) params->n_seq : 1);
    p.n_batch         = (uint32_t) params->n_batch;
    p.n_ubatch        = (uint32_t) params->n_batch;
    p.n_seq_max       = (uint32_t) params->n_seq;
    p.n_outputs_max   = (uint32_t) params->n_outputs;
    p.n_threads       = params->n_threads;
    p.n_threads_batch = params->n_threads;
    p.kv_unified      = !params->separate; // sequences share the cells of a common prefix
    p.swa_full        = true; // a shared prefix must not be dropped by a sliding window
    p.no_perf         = true;
    p.embeddings      = params->embeddings; // pooled as the model says
    p.flash_attn_type = params->flash < 0 ? LLAMA_FLASH_ATTN_TYPE_AUTO
                      : params->flash     ? LLAMA_FLASH_ATTN_TYPE_ENABLED
                                          : LLAMA_FLASH_ATTN_TYPE_DISABLED;
    if (params->exact_attention) {
        p.type_k          = GGML_TYPE_F32;
        p.type_v          = GGML_TYPE_F32;
        p.flash_attn_type = LLAMA_FLASH_ATTN_TYPE_DISABLED;
    }
    p.abort_callback_data = ctx;
    p.abort_callback      = [](void * data) {
        const bool stop = ((ragft_context *) data)->abort.load(std::memory_order_relaxed) != 0;
        ragft_quiet = ragft_quiet || stop; // llama.cpp warns about what it then corrects
        return stop;
    };
    return p;
}

// trial decodes two tokens on one thread, where a failed assertion can be caught: a file may pass all checks and still use an
// operation that ggml does not support. Without `whole`, only the graph is built. It throws.
static void trial(ragft_context * ctx, bool whole) {
    struct restore {
        ragft_context * ctx;
        explicit restore(ragft_context * ctx) : ctx(ctx) {
            llama_detach_threadpool(ctx->llama);
            llama_set_n_threads(ctx->llama, 1, 1);
            ragft_quiet = true;
        }
        ~restore() {
            ragft_quiet = false;
            llama_memory_clear(llama_get_memory(ctx->llama), false);
            llama_set_n_threads(ctx->llama, ctx->n_threads, ctx->n_threads);
            if (ctx->pool) {
                llama_attach_threadpool(ctx->llama, ctx->pool, ctx->pool);
            }
            ctx->abort = 0;
        }
    } restore(ctx);
    llama_token tokens[2] = {0, 0};
    ctx->abort = whole ? 0 : 1; // ends the computation after its first operation
    const int rc = llama_decode(ctx->llama, llama_batch_get_one(tokens, llama_n_batch(ctx->llama) > 1 ? 2 : 1));
    llama_synchronize(ctx->llama);
    if (rc != 0 && (whole || rc != 2)) {
        throw std::runtime_error("llama_decode failed with " + std::to_string(rc));
    }
}

static void start_threads(ragft_context * ctx, int n_threads) {
    ctx->n_threads = n_threads;
    if (n_threads < 2) {
        return;
    }
    // Without a thread pool, ggml starts new threads for every batch.
    ggml_threadpool_params p = ggml_threadpool_params_default(n_threads);
    p.poll = 1; // spin for some milliseconds between batches, not for a tenth of a second
    ctx->pool = ggml_threadpool_new(&p);
    if (ctx->pool) {
        llama_attach_threadpool(ctx->llama, ctx->pool, ctx->pool);
    }
    ctx->workers = new ragft_workers(std::min(n_threads, 16) - 1);
}

// init makes the llama_context and what depends on its shape. It throws, or returns false with a reason in the guard.
static bool init(ragft_model * model, ragft_context * ctx, const ragft_context_params * params) {
    ragft_quiet = true; // llama.cpp warns if all sequences together exceed the training length, which is intended
    ctx->llama  = llama_init_from_model(model->llama, context_params(params, ctx));
    ragft_quiet = false;
    if (!ctx->llama) {
        return false;
    }
    ctx->params = *params;
    const size_t n_batch = llama_n_batch(ctx->llama);
    ctx->samplers.resize((size_t) params->n_seq);
    ctx->n_seq_id.assign(n_batch, 1);
    ctx->seq_ids.resize(n_batch);
    ctx->seq_id.resize(n_batch + 1);
    for (size_t i = 0; i < n_batch; i++) {
        ctx->seq_id[i] = &ctx->seq_ids[i];
    }
    return true;
}

int ragft_context_new(ragft_model * model, const ragft_context_params * params, ragft_context ** out, ragft_error * err) {
    ragft_guard guard;
    ragft_context * ctx = nullptr;
    try {
        ctx          = new ragft_context();
        ctx->vocab   = model->vocab;
        ctx->n_vocab = llama_vocab_n_tokens(model->vocab);
        if (!init(model, ctx, params)) {
            ragft_fail(err, guard.reasons());
            ragft_context_free(ctx);
            return RAGFT_FAILED;
        }
        trial(ctx, true);
        llama_set_n_threads(ctx->llama, params->n_threads, params->n_threads);
        start_threads(ctx, params->n_threads);
        *out = ctx;
        return RAGFT_OK;
    } catch (...) {
        ragft_fail_caught(err);
    }
    ragft_context_free(ctx);
    return RAGFT_FAILED;
}

// release frees what init made.
static void release(ragft_context * ctx) {
    for (auto & s : ctx->samplers) {
        ragft_sampler_clear(s);
    }
    if (ctx->llama) {
        llama_free(ctx->llama);
        ctx->llama = nullptr;
    }
}

int ragft_context_reshape(ragft_model * model, ragft_context * ctx, const ragft_context_params * params, ragft_error * err) {
    ragft_guard guard;
    const ragft_context_params before = ctx->params;
    const int aborted = ctx->abort.load();
    int rc = RAGFT_FAILED;
    try {
        release(ctx);
        if (init(model, ctx, params)) {
            trial(ctx, false);
            rc = RAGFT_OK;
        } else {
            ragft_fail(err, guard.reasons());
        }
    } catch (...) {
        ragft_fail_caught(err);
    }
    if (rc != RAGFT_OK) {
        try {
            release(ctx);
            if (init(model, ctx, &before)) {
                trial(ctx, false);
            }
        } catch (...) {
            release(ctx);
        }
    }
    ctx->abort = aborted;
    return rc;
}

bool ragft_context_usable(const ragft_context * ctx) { return ctx->llama != nullptr; }

void ragft_context_free(ragft_context * ctx) {
    if (!ctx) {
        return;
    }
    release(ctx);
    delete ctx->workers;
    if (ctx->pool) {
        ggml_threadpool_free(ctx->pool);
    }
    delete ctx;
}

int32_t ragft_context_size(const ragft_context * ctx) { return (int32_t) llama_n_ctx_seq(ctx->llama); }

void ragft_context_abort(ragft_context * ctx, int32_t on) { ctx->abort.store(on); }

int ragft_context_set_adapters(ragft_context * ctx, ragft_adapter ** adapters, float * scales, int32_t n, bool try_out,
                               ragft_error * err) {
    ragft_guard guard;
    try {
        std::vector<llama_adapter_lora *> list;
        for (int32_t i = 0; i < n; i++) {
            list.push_back(adapters[i]->llama);
        }
        if (llama_set_adapters_lora(ctx->llama, list.data(), list.size(), scales) != 0) {
            ragft_fail(err, "llama.cpp rejects the adapters");
            return RAGFT_FAILED;
        }
        if (try_out) {
            trial(ctx, false);
        }
        return RAGFT_OK;
    } catch (...) {
        ragft_fail_caught(err);
    }
    return RAGFT_FAILED;
}

// --- sequences ---

void ragft_context_clear(ragft_context * ctx) {
    llama_memory_clear(llama_get_memory(ctx->llama), false);
    for (auto & s : ctx->samplers) {
        ragft_sampler_clear(s);
    }
}

void ragft_sequence_share(ragft_context * ctx, int32_t src, int32_t dst, int32_t end) {
    llama_memory_t memory = llama_get_memory(ctx->llama);
    if (!ctx->params.separate) {
        llama_memory_seq_cp(memory, src, dst, 0, end);
        return;
    }
    llama_memory_seq_cp(memory, src, dst, -1, -1); // llama.cpp can only copy a separate cache as a whole
    llama_memory_seq_rm(memory, dst, end, -1);
}

void ragft_sequence_drop(ragft_context * ctx, int32_t seq, int32_t begin) {
    llama_memory_seq_rm(llama_get_memory(ctx->llama), seq, begin, -1);
}

// --- decoding ---

static int decode(ragft_context * ctx, llama_batch batch, ragft_error * err) {
    const int rc = llama_decode(ctx->llama, batch);
    ragft_quiet = false;
    switch (rc) {
        case 0:
            return RAGFT_OK;
        case 1:
            ragft_fail(err, "no room in the key-value cache");
            return RAGFT_FULL;
        case 2:
            return RAGFT_ABORTED;
        default:
            ragft_fail(err, "llama_decode failed with " + std::to_string(rc));
            return RAGFT_FAILED;
    }
}

static int pick_all(ragft_context * ctx, const int32_t * tokens, const ragft_pick * picks, int32_t n, ragft_picked * out,
                    ragft_picked * top, ragft_error * err) {
    ctx->rows.resize((size_t) n);
    ctx->status.assign((size_t) n, RAGFT_OK);
    ctx->groups.clear();
    for (int32_t i = 0; i < n; i++) {
        ctx->rows[i] = llama_get_logits_ith(ctx->llama, picks[i].row);
        if (!ctx->rows[i]) {
            ragft_fail(err, "the batch row has no logits");
            return RAGFT_FAILED;
        }
        if (!picks[i].drafted) {
            ctx->groups.push_back(i);
        }
    }
    const auto pick = [&](int32_t i) {
        ragft_sampler * sampler = picks[i].slot < 0 ? nullptr : &ctx->samplers[picks[i].slot];
        try {
            ctx->status[i] = ragft_pick_token(sampler, ctx->rows[i], ctx->n_vocab, picks[i], &out[i], top + picks[i].top_at);
        } catch (...) {
            ctx->status[i] = RAGFT_FAILED;
        }
    };
    const auto pick_group = [&](int g) {
        int32_t i = ctx->groups[g];
        pick(i);
        for (i++; i < n && picks[i].drafted; i++) {
            if (ctx->status[i - 1] == RAGFT_OK && out[i - 1].token == tokens[picks[i].row]) {
                pick(i);
            } else {
                out[i] = {-3, 0};
            }
        }
    };
    // waking the workers takes about 20 microseconds
    const int n_groups = (int) ctx->groups.size();
    if (ctx->workers && n_groups > 1 && (int64_t) n * ctx->n_vocab > 200000) {
        ctx->workers->run(n_groups, pick_group);
    } else {
        for (int g = 0; g < n_groups; g++) {
            pick_group(g);
        }
    }
    int status = RAGFT_OK;
    for (int32_t i = 0; i < n; i++) {
        if (ctx->status[i] == RAGFT_FAILED) {
            ragft_fail(err, "sampling failed");
            return RAGFT_FAILED;
        }
        if (ctx->status[i] != RAGFT_OK) {
            status = ctx->status[i];
        }
    }
    return status;
}

int ragft_decode(ragft_context * ctx, const int32_t * tokens, const int32_t * positions, const int32_t * sequences,
                 const int8_t * wanted, int32_t n, const ragft_pick * picks, int32_t n_picks, ragft_picked * out,
                 ragft_picked * top, ragft_error * err) {
    try {
        if (n < 1 || (size_t) n > ctx->seq_ids.size()) {
            ragft_fail(err, "the batch is empty or too large");
            return RAGFT_FAILED;
        }
        std::copy(sequences, sequences + n, ctx->seq_ids.begin());
        llama_batch batch = {};
        batch.n_tokens = n;
        batch.token    = const_cast<int32_t *>(tokens);
        batch.pos      = const_cast<int32_t *>(positions);
        batch.n_seq_id = ctx->n_seq_id.data();
        batch.seq_id   = ctx->seq_id.data();
        batch.logits   = const_cast<int8_t *>(wanted);
        if (const int rc = decode(ctx, batch, err)) {
            return rc;
        }
        if (n_picks == 0) {
            return RAGFT_OK;
        }
        llama_synchronize(ctx->llama); // on a GPU the logits arrive later
        return pick_all(ctx, tokens, picks, n_picks, out, top, err);
    } catch (...) {
        ragft_fail_caught(err);
    }
    return RAGFT_FAILED;
}

int ragft_embed(ragft_context * ctx, const int32_t * tokens, const int32_t * positions, const int32_t * sequences, int32_t n,
                int32_t n_seq, int32_t width, float * out, ragft_error * err) {
    try {
        if (n < 1 || (size_t) n > ctx->seq_ids.size()) {
            ragft_fail(err, "the batch is empty or too large");
            return RAGFT_FAILED;
        }
        std::copy(sequences, sequences + n, ctx->seq_ids.begin());
        std::vector<int8_t> wanted((size_t) n, 1);
        llama_batch batch = {};
        batch.n_tokens = n;
        batch.token    = const_cast<int32_t *>(tokens);
        batch.pos      = const_cast<int32_t *>(positions);
        batch.n_seq_id = ctx->n_seq_id.data();
        batch.seq_id   = ctx->seq_id.data();
        batch.logits   = wanted.data();
        llama_memory_clear(llama_get_memory(ctx->llama), false);
        if (const int rc = decode(ctx, batch, err)) {
            return rc;
        }
        llama_synchronize(ctx->llama);
        for (int32_t s = 0; s < n_seq; s++) {
            const float * row = llama_get_embeddings_seq(ctx->llama, s);
            if (!row) {
                ragft_fail(err, "the model has no pooled embeddings");
                return RAGFT_FAILED;
            }
            std::copy(row, row + width, out + (size_t) s * width);
        }
        return RAGFT_OK;
    } catch (...) {
        ragft_fail_caught(err);
    }
    return RAGFT_FAILED;
}

int ragft_context_logits(ragft_context * ctx, int32_t row, float * out, ragft_error * err) {
    try {
        const float * logits = llama_get_logits_ith(ctx->llama, row); // waits for a GPU
        if (!logits) {
            ragft_fail(err, "the batch row has no logits");
            return RAGFT_FAILED;
        }
        bool sound = true;
        for (int32_t i = 0; i < ctx->n_vocab; i++) {
            sound &= logits[i] == logits[i];
            out[i] = logits[i];
        }
        return sound ? RAGFT_OK : RAGFT_NAN;
    } catch (...) {
        ragft_fail_caught(err);
    }
    return RAGFT_FAILED;
}
