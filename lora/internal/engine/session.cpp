// Opens a model for training, and captures the graph that llama.cpp builds for a window.

#include "session.hpp"

#include <algorithm>
#include <cstdint>
#include <set>
#include <string>
#include <vector>

#include "../../../internal/llamacpp/log.h"
#include "assumptions.hpp"
#include "errors.hpp"

#if defined(__unix__) || defined(__APPLE__)
#include <sys/mman.h>
#include <unistd.h>
#endif

namespace rft {
namespace {

// What llama.cpp's tokenizer holds for a token: from 182 bytes (SentencePiece) to 432 (BPE with 280,000 merges) were seen.
constexpr uint64_t vocabulary_bytes = 432;

bool on_node(ggml_tensor * node, bool ask, void * data) {
    auto * s = (session *) data;
    if (ask && s->recording()) { s->record(node); }
    return false;
}

bool on_abort(void * data) { return ((session *) data)->stops(); }

// Gives the pages of memory that holds only zeros back to the system, which fills them with zeros again when they are used.
void release(void * data, size_t size) {
#if defined(__unix__) || defined(__APPLE__)
    const uintptr_t page = (uintptr_t) sysconf(_SC_PAGESIZE);
    const uintptr_t from = ((uintptr_t) data + page - 1) / page * page, to = ((uintptr_t) data + size) / page * page;
#if defined(__linux__)
    constexpr int advice = MADV_DONTNEED;
#else
    constexpr int advice = MADV_FREE;
#endif
    if (from < to) { madvise((void *) from, to - from, advice); }
#else
    (void) data, (void) size;
#endif
}

} // namespace

bool on_cancel(void * data) { return ((session *) data)->cancel.load(std::memory_order_relaxed); }

// While it lives, graphs are captured, and llama.cpp's report of the stop that we ask for is not logged as a failure. Nothing
// is computed then. On the CPU alone the computation is stopped before it starts; with devices every part of the graph has to
// be reached, so its nodes are marked as not to be computed.
struct session::recording_scope {
    explicit recording_scope(session & s) : of(s) {
        of.recording_ = of.recorded_ = true;
        ragft_log_quiet(true);
    }
    ~recording_scope() {
        for (ggml_tensor * n : of.skipped_nodes_) { n->flags |= compute_flag; }
        of.skipped_nodes_.clear();
        ragft_log_quiet(false);
        of.recording_ = false;
    }
    session & of;
};

void session::record(ggml_tensor * node) {
    try {
        if (!on.devices.empty() && !is_leaf(node) && node->flags & compute_flag) {
            skipped_nodes_.push_back(node);
            node->flags &= ~compute_flag;
        }
        recorded_ = graph.add(node) && recorded_;
    } catch (...) { // nothing may unwind through ggml
        recorded_ = false;
    }
}

session::~session() {
    if (batch.token) { llama_batch_free(batch); }
    llama_free(ctx);
    if (adapter) { llama_adapter_lora_free(adapter); }
    llama_model_free(model);
    if (on.cpu) { ggml_backend_free(on.cpu); }
    for (ggml_backend_t d : on.devices) { ggml_backend_free(d); }
    if (threads) { ggml_threadpool_free(threads); }
}

void session::open(const rft_options & options) {
    window = options.window, max_sequences = options.max_sequences, n_threads = options.threads;
    dropout = options.dropout;
    std::vector<ggml_backend_dev_t> devices = open_backends(options);
    open_model(options, devices.data());
    open_context();
    batch = llama_batch_init(window, 0, max_sequences);
    capture_rows(2);
    pin_adapter();
    release_context();
}

// Returns the devices that layers may lie on, NULL-terminated, as llama.cpp takes them.
std::vector<ggml_backend_dev_t> session::open_backends(const rft_options & options) {
    ggml_threadpool_params tp = ggml_threadpool_params_default(n_threads);
    threads = ggml_threadpool_new(&tp);
    on.cpu = ggml_backend_init_by_type(GGML_BACKEND_DEVICE_TYPE_CPU, nullptr);
    if (!threads || !on.cpu) { fail("the CPU backend cannot be started"); }
    ggml_backend_cpu_set_n_threads(on.cpu, n_threads);
    ggml_backend_cpu_set_threadpool(on.cpu, threads);
    ggml_backend_cpu_set_abort_callback(on.cpu, on_cancel, this);
    on.composed = options.composed;
    std::vector<ggml_backend_dev_t> devices = chosen_devices(options);
    open_devices(devices, on);
    devices.push_back(nullptr);
    return devices;
}

void session::open_model(const rft_options & options, ggml_backend_dev_t * devices) {
    llama_model_params mp = llama_model_default_params();
    mp.n_gpu_layers = options.gpu_layers;
    mp.devices = devices;
    mp.use_extra_bufts = false; // repacked weights cannot be read by other ops than mul_mat
    mp.load_mode = options.adapter_path ? LLAMA_LOAD_MODE_MMAP : LLAMA_LOAD_MODE_NONE;
    mp.progress_callback = [](float, void * s) { return !((session *) s)->cancel.load(); };
    mp.progress_callback_user_data = this;
    model = llama_model_load_from_file(options.model_path, mp);
    if (!model) {
        if (cancel) { throw cancelled(); }
        fail(std::string("llama.cpp cannot load the model ") + options.model_path);
    }
    if (llama_model_is_recurrent(model) || llama_model_is_hybrid(model)) {
        throw no_rule("its layers have recurrent states (SSM_CONV, SSM_SCAN, RWKV_WKV or the like), for which there are no rules: "
                      "use a model whose layers are attention only");
    }
    if (!options.adapter_path) { return; }
    adapter = llama_adapter_lora_init(model, options.adapter_path);
    if (!adapter) { fail(std::string("llama.cpp cannot load the adapter ") + options.adapter_path + " for this model"); }
}

void session::open_context() {
    llama_context_params cp = llama_context_default_params();
    cp.n_ctx = cp.n_batch = cp.n_ubatch = cp.n_outputs_max = window;
    cp.n_seq_max = max_sequences;
    cp.kv_unified = true;
    cp.type_k = cp.type_v = GGML_TYPE_F32;
    cp.flash_attn_type = LLAMA_FLASH_ATTN_TYPE_DISABLED;
    cp.n_threads = cp.n_threads_batch = n_threads;
    cp.swa_full = true;
    cp.op_offload = false;
    cp.cb_eval = on_node;
    cp.cb_eval_user_data = this;
    cp.abort_callback = on_abort;
    cp.abort_callback_data = this;
    ctx = llama_init_from_model(model, cp);
    if (!ctx) { // it reserves the attention scores of all heads, which training never holds
        const uint64_t scores = sizeof(float) * (uint64_t) window * window * llama_model_n_head(model);
        throw no_memory("llama.cpp cannot make a context for a window of " + std::to_string(window) + " tokens, for whose attention it " +
                        "reserves " + std::to_string(scores >> 20) + " MiB; use a smaller window");
    }
    if ((int32_t) llama_n_ctx(ctx) != window) { fail("the context is not of the size asked for"); }
    llama_attach_threadpool(ctx, threads, threads);
    float scale = 1;
    if (adapter && llama_set_adapters_lora(ctx, &adapter, 1, &scale) != 0) { fail("the adapter cannot be applied"); }
}

void session::use_adapter(bool yes) {
    if (!adapter) { fail("there is no adapter to switch off: all weights are trained"); }
    float scale = 1;
    if (llama_set_adapters_lora(ctx, yes ? &adapter : nullptr, yes ? 1 : 0, yes ? &scale : nullptr) != 0) {
        fail("the adapter cannot be switched");
    }
}

// Keeps llama.cpp's scheduler from copying the adapter's tensors between devices: a copy cannot be trained.
void session::pin_adapter() {
    if (!adapter || on.devices.empty()) { return; }
    mark_adapter(graph);
    capture_rows(1); // another shape, so that llama.cpp plans anew
    if (mark_adapter(graph)) { fail("llama.cpp copied adapter tensors between devices: use another number of GPU layers"); }
}

void session::capture_rows(int32_t n_rows) {
    std::vector<int32_t> zeros(window, 0), positions(window), offsets(window + 1), rows(n_rows);
    for (int32_t i = 0; i < window; i++) { positions[i] = offsets[i] = i; }
    for (int32_t i = 0; i < n_rows; i++) { rows[i] = window - n_rows + i; }
    offsets[window] = window;
    capture({zeros.data(), positions.data(), offsets.data(), zeros.data(), rows.data(), n_rows, nullptr, nullptr, nullptr, 0, nullptr, 0});
}

void session::fill_batch(const rft_batch & b) {
    batch.n_tokens = window;
    for (int32_t i = 0; i < window; i++) {
        batch.token[i] = b.tokens[i];
        batch.pos[i] = b.positions[i];
        batch.n_seq_id[i] = b.seq_offsets[i + 1] - b.seq_offsets[i];
        if (batch.n_seq_id[i] < 1 || batch.n_seq_id[i] > max_sequences) { fail("a token belongs to too many sequences or to none"); }
        for (int32_t j = 0; j < batch.n_seq_id[i]; j++) { batch.seq_id[i][j] = b.seqs[b.seq_offsets[i] + j]; }
        batch.logits[i] = 0;
    }
    for (int32_t r = 0; r < b.n_rows; r++) {
        if (b.rows[r] < 0 || b.rows[r] >= window || (r > 0 && b.rows[r] <= b.rows[r - 1])) { fail("rows must ascend within the window"); }
        batch.logits[b.rows[r]] = 1;
    }
}

const captured & session::capture(const rft_batch & b) {
    fill_batch(b);
    graph.clear();
    graph.dropout_key = b.dropout_key;
    llama_memory_clear(llama_get_memory(ctx), false);
    int32_t rc;
    {
        const recording_scope scope(*this);
        rc = llama_decode(ctx, batch);
    }
    llama_memory_clear(llama_get_memory(ctx), false);
    if (cancel) { throw cancelled(); }
    if ((rc != 0 && rc != decode_aborted) || graph.nodes.empty() || !recorded_) {
        fail("llama.cpp refused the batch (llama_decode: " + std::to_string(rc) + ")");
    }
    release_outputs(b.n_rows);
    return graph;
}

// On the CPU llama.cpp's context only serves to capture graphs: its cache is never written to.
void session::release_context() {
    std::set<ggml_backend_buffer_t> caches;
    for (const ggml_tensor * node : graph.nodes) {
        for (const ggml_tensor * s : node->src) {
            if (s && is_cache(root_of(s))) { caches.insert(root_of(s)->buffer); }
        }
    }
    context_bytes = 0;
    for (ggml_backend_buffer_t c : caches) {
        if (!on.devices.empty()) {
            context_bytes += ggml_backend_buffer_get_size(c);
        } else if (ggml_backend_buffer_is_host(c)) {
            release(ggml_backend_buffer_get_base(c), ggml_backend_buffer_get_size(c));
        }
    }
    for (size_t i = 0; i < graph.used; i++) { context_bytes += 2 * graph.inputs[i].data.size(); }
    context_bytes += vocabulary_bytes * n_vocab();
}

uint64_t session::output_bytes(int32_t n_rows) const {
    return sizeof(float) * (uint64_t) std::max(n_rows, max_sequences) * n_vocab();
}

// llama.cpp clears the buffer when it makes it for more rows than before.
void session::release_outputs(int32_t n_rows) {
    if (!on.devices.empty() || n_rows <= released_rows_) { return; }
    if (float * logits = llama_get_logits(ctx)) { release(logits, output_bytes(n_rows)); }
    released_rows_ = n_rows;
}

} // namespace rft
