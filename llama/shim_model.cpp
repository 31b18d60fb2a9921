#include "shim_internal.h"

#include <cstdio>
#include <cstdlib>
#include <mutex>
#include <stdexcept>

// Written in Go, model.go.
extern "C" bool goLlamaProgress(uintptr_t handle, float fraction);

// --- log and aborts ---

static thread_local int         guard_depth;
static thread_local std::string guard_reasons;
static thread_local int         log_level = GGML_LOG_LEVEL_INFO; // of the line that CONT pieces belong to
static thread_local std::string log_line;
static ggml_abort_callback_t    previous_abort;
static ggml_log_callback        previous_log; // that of internal/llamacpp, which passes lines to Go
static void *                   previous_log_data;
thread_local bool               ragft_quiet;

ragft_guard::ragft_guard() {
    if (guard_depth++ == 0) {
        guard_reasons.clear();
    }
}

ragft_guard::~ragft_guard() { guard_depth--; }

const std::string & ragft_guard::reasons() const { return guard_reasons; }

static void on_log(ggml_log_level level, const char * text, void *) {
    // llama.cpp logs a line in pieces: the first has the level, the others are "continued"
    if (level != GGML_LOG_LEVEL_CONT) {
        log_level = level;
    }
    log_line += text;
    size_t end;
    while ((end = log_line.find('\n')) != std::string::npos) {
        std::string line = log_line.substr(0, end);
        log_line.erase(0, end + 1);
        if (log_level == GGML_LOG_LEVEL_ERROR && guard_depth > 0 && guard_reasons.size() < 4096) {
            guard_reasons += guard_reasons.empty() ? line : "; " + line;
        }
        // errors that are returned, or follow from stopping, are logged as information
        const bool known = ragft_quiet || (log_level == GGML_LOG_LEVEL_ERROR && guard_depth > 0);
        const int level = known && log_level != GGML_LOG_LEVEL_CONT ? GGML_LOG_LEVEL_INFO : log_level;
        if (!line.empty() && previous_log) {
            previous_log((ggml_log_level) level, (line + "\n").c_str(), previous_log_data);
        }
    }
}

// without_folders returns the message without the folders of the file that it begins with, which are those of the machine that built it.
static const char * without_folders(const char * message) {
    const char * from = message;
    for (const char * c = message; *c && strncmp(c, ": ", 2) != 0; c++) {
        if (*c == '/' || *c == '\\') {
            from = c + 1;
        }
    }
    return from;
}

static void on_abort(const char * message) {
    if (guard_depth > 0) {
        throw std::runtime_error(without_folders(message));
    }
    if (previous_abort) {
        previous_abort(message);
    }
    fprintf(stderr, "llama.cpp: %s\n", message);
}

void ragft_init(void) {
    static std::once_flag once;
    std::call_once(once, [] {
        llama_log_get(&previous_log, &previous_log_data);
        llama_log_set(on_log, nullptr);
        previous_abort = ggml_set_abort_callback(on_abort);
        llama_backend_init();
    });
}

void ragft_free(void * memory) { free(memory); }

char * ragft_copy(const std::string & bytes) {
    char * copy = (char *) malloc(bytes.size() + 1);
    if (copy) {
        memcpy(copy, bytes.data(), bytes.size());
        copy[bytes.size()] = 0;
    }
    return copy;
}

// --- models ---

// special returns a special token, or none. Where the file names none, llama.cpp takes a fixed number, which can be that of a comma.
static llama_token special(const llama_model * model, const char * key, llama_token token, bool added) {
    const llama_vocab * vocab = llama_model_get_vocab(model);
    char text[32];
    const bool named = llama_model_meta_val_str(model, key, text, sizeof(text)) > 0 && text == std::to_string(token);
    const bool control = token != LLAMA_TOKEN_NULL && (llama_vocab_get_attr(vocab, token) & LLAMA_TOKEN_ATTR_CONTROL);
    return named || added || control ? token : LLAMA_TOKEN_NULL;
}

static ragft_model described(llama_model * model) {
    const llama_vocab * v = llama_model_get_vocab(model);
    return {
        model, v,
        special(model, "tokenizer.ggml.bos_token_id", llama_vocab_bos(v), llama_vocab_get_add_bos(v)),
        special(model, "tokenizer.ggml.eos_token_id", llama_vocab_eos(v), llama_vocab_get_add_eos(v)),
        special(model, "tokenizer.ggml.seperator_token_id", llama_vocab_sep(v), llama_vocab_get_add_sep(v)),
    };
}

int ragft_model_load(const char * path, const ragft_model_params * params, ragft_model ** out, ragft_error * err) {
    ragft_guard guard;
    struct progress_state { uintptr_t handle; bool stopped; } progress = {params->progress, false};
    try {
        llama_model_params p = llama_model_default_params();
        p.n_gpu_layers    = params->gpu_layers;
        p.load_mode       = params->mmap ? LLAMA_LOAD_MODE_MMAP : LLAMA_LOAD_MODE_NONE;
        p.use_extra_bufts = params->repack;
        p.check_tensors   = params->check_tensors;
        p.devices         = (ggml_backend_dev_t *) params->devices;
        p.progress_callback_user_data = &progress;
        p.progress_callback = [](float fraction, void * data) {
            auto * state = (progress_state *) data;
            state->stopped = state->stopped || !goLlamaProgress(state->handle, fraction);
            return !state->stopped;
        };
        llama_model * model = llama_model_load_from_file(path, p);
        if (!model) {
            ragft_fail(err, guard.reasons());
            return progress.stopped ? RAGFT_ABORTED : RAGFT_FAILED;
        }
        *out = new ragft_model(described(model));
        return RAGFT_OK;
    } catch (...) {
        ragft_fail_caught(err);
    }
    return RAGFT_FAILED;
}

void ragft_model_free(ragft_model * model) {
    if (model) {
        llama_model_free(model->llama);
        delete model;
    }
}

void ragft_model_describe(const ragft_model * model, ragft_model_info * info) {
    const llama_model * m = model->llama;
    info->n_vocab     = llama_vocab_n_tokens(model->vocab);
    info->n_ctx_train = llama_model_n_ctx_train(m);
    info->n_head      = llama_model_n_head(m);
    info->n_head_kv   = llama_model_n_head_kv(m);
    info->n_embd      = llama_model_n_embd(m);
    info->n_embd_out  = llama_model_n_embd_out(m);
    info->n_cls_out   = llama_model_n_cls_out(m);
    info->n_layer     = llama_model_n_layer(m);
    info->bos         = model->bos;
    info->eos         = model->eos;
    info->sep         = model->sep;
    info->add_bos     = llama_vocab_get_add_bos(model->vocab);
    info->add_eos     = llama_vocab_get_add_eos(model->vocab);
    info->add_sep     = llama_vocab_get_add_sep(model->vocab);
    info->has_encoder = llama_model_has_encoder(m);
    info->has_decoder = llama_model_has_decoder(m) && !llama_model_is_diffusion(m);
    info->recurrent   = llama_model_is_recurrent(m) || llama_model_is_hybrid(m);
    info->bytes       = llama_model_size(m);
    info->parameters  = llama_model_n_params(m);
}

static void append_field(std::string & out, const std::string & field) {
    const uint32_t n = (uint32_t) field.size();
    out.append((const char *) &n, sizeof(n));
    out.append(field);
}

template <typename F> static std::string read_string(F read) {
    std::string s(256, 0);
    int32_t n = read(&s[0], s.size());
    if (n >= (int32_t) s.size()) {
        s.resize((size_t) n + 1);
        n = read(&s[0], s.size());
    }
    s.resize(n > 0 ? (size_t) n : 0);
    return s;
}

char * ragft_model_metadata(const ragft_model * model, size_t * size) {
    try {
        std::string out;
        const int32_t n = llama_model_meta_count(model->llama);
        for (int32_t i = 0; i < n; i++) {
            append_field(out, read_string([&](char * b, size_t l) { return llama_model_meta_key_by_index(model->llama, i, b, l); }));
            append_field(out, read_string([&](char * b, size_t l) { return llama_model_meta_val_str_by_index(model->llama, i, b, l); }));
        }
        *size = out.size();
        return ragft_copy(out);
    } catch (...) {
        return nullptr;
    }
}

const char * ragft_model_chat_template(const ragft_model * model) {
    return llama_model_chat_template(model->llama, nullptr);
}

// --- vocabulary ---

static uint8_t token_flags(const ragft_model * model, llama_token token) {
    const llama_vocab * vocab = model->vocab;
    const auto attr = llama_vocab_get_attr(vocab, token);
    uint8_t flags = 0;
    if (ragft_token_ends(model, token)) flags |= RAGFT_END;
    if (attr & (LLAMA_TOKEN_ATTR_CONTROL | LLAMA_TOKEN_ATTR_UNKNOWN)) flags |= RAGFT_HIDDEN;
    if (ragft_token_is_special(model, token)) flags |= RAGFT_SPECIAL;
    if (attr & LLAMA_TOKEN_ATTR_LSTRIP) flags |= RAGFT_LSTRIP;
    if (attr & LLAMA_TOKEN_ATTR_RSTRIP) flags |= RAGFT_RSTRIP;
    return flags;
}

char * ragft_model_pieces(const ragft_model * model, int32_t * ends, uint8_t * flags, ragft_error * err) {
    ragft_guard guard;
    try {
        std::string text;
        const int32_t n = llama_vocab_n_tokens(model->vocab);
        for (llama_token t = 0; t < n; t++) {
            text += read_string([&](char * b, size_t l) {
                const int32_t got = llama_token_to_piece(model->vocab, t, b, (int32_t) l, 0, true);
                return got < 0 ? -got : got; // negative: the room needed
            });
            if (text.size() > INT32_MAX) {
                throw std::length_error("the vocabulary is too large");
            }
            ends[t]  = (int32_t) text.size();
            flags[t] = token_flags(model, t);
        }
        char * copy = ragft_copy(text);
        if (!copy) ragft_fail(err, "out of memory");
        return copy;
    } catch (...) {
        ragft_fail_caught(err);
    }
    return nullptr;
}

int32_t ragft_detokenize(const ragft_model * model, const int32_t * tokens, int32_t n, char * text, int32_t room,
                         ragft_error * err) {
    ragft_guard guard;
    try {
        return llama_detokenize(model->vocab, tokens, n, text, room, true, false);
    } catch (...) {
        ragft_fail_caught(err);
    }
    return INT32_MIN;
}

// --- adapters ---

int ragft_adapter_load(ragft_model * model, const char * path, ragft_adapter ** out, ragft_error * err) {
    ragft_guard guard;
    try {
        llama_adapter_lora * adapter = llama_adapter_lora_init(model->llama, path);
        if (!adapter) {
            ragft_fail(err, guard.reasons());
            return RAGFT_FAILED;
        }
        *out = new ragft_adapter{adapter};
        return RAGFT_OK;
    } catch (...) {
        ragft_fail_caught(err);
    }
    return RAGFT_FAILED;
}

void ragft_adapter_free(ragft_adapter * adapter) {
    if (adapter) {
        llama_adapter_lora_free(adapter->llama);
        delete adapter;
    }
}
