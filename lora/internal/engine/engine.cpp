// The engine behind the C face: one model, one adapter (or all weights), their state, and the graphs.

#include "engine.hpp"

#include <algorithm>
#include <array>
#include <chrono>
#include <cmath>
#include <cstring>
#include <set>

#include "../../../internal/llamacpp/log.h"

using rft::graph;

namespace {

bool on_node(ggml_tensor * node, bool ask, void * data) {
    auto * e = (rft_engine *) data;
    if (!ask || !e->capturing) { return false; }
    try {
        e->capture_ok = e->captured.add(node, !e->devices.empty()) && e->capture_ok;
    } catch (...) { // nothing may unwind through ggml
        e->capture_ok = false;
    }
    return false;
}

// While capturing, nothing is computed: the graph is all that is wanted. On the CPU alone the computation is stopped before
// it starts; with devices every part of the graph has to be reached, so that its nodes are passed over: see capture::add.
bool on_abort(void * data) {
    auto * e = (rft_engine *) data;
    return e->cancel.load(std::memory_order_relaxed) || (e->capturing && e->devices.empty());
}

bool on_cancel(void * data) { return ((rft_engine *) data)->cancel.load(std::memory_order_relaxed); }

void fail(const std::string & message) { throw std::runtime_error(message); }

// While it lives, graphs are captured, and llama.cpp's report of the stop that we ask for is not logged as a failure.
struct capturing_scope {
    explicit capturing_scope(rft_engine & e) : engine(e) {
        engine.capturing = engine.capture_ok = true;
        ragft_log_quiet(true);
    }
    ~capturing_scope() {
        engine.captured.release();
        ragft_log_quiet(false);
        engine.capturing = false;
    }
    rft_engine & engine;
};

} // namespace

rft_engine::~rft_engine() {
    current.reset();
    ggml_backend_sched_free(sched);
    for (rft::place & p : places) { p.free(); }
    if (batch.token) { llama_batch_free(batch); }
    llama_free(ctx);
    if (adapter) { llama_adapter_lora_free(adapter); }
    llama_model_free(model);
    if (cpu) { ggml_backend_free(cpu); }
    for (ggml_backend_t d : devices) { ggml_backend_free(d); }
    if (threads) { ggml_threadpool_free(threads); }
}

void rft_engine::open() {
    ggml_threadpool_params tp = ggml_threadpool_params_default(options.threads);
    threads = ggml_threadpool_new(&tp);
    cpu = ggml_backend_init_by_type(GGML_BACKEND_DEVICE_TYPE_CPU, nullptr);
    if (!threads || !cpu) { fail("the CPU backend cannot be started"); }
    ggml_backend_cpu_set_n_threads(cpu, options.threads);
    ggml_backend_cpu_set_threadpool(cpu, threads);
    ggml_backend_cpu_set_abort_callback(cpu, on_cancel, this);
    std::vector<ggml_backend_dev_t> used = open_devices();

    llama_model_params mp = llama_model_default_params();
    mp.n_gpu_layers = options.gpu_layers;
    mp.devices = used.data();
    mp.use_extra_bufts = false; // repacked weights cannot be read by other ops than mul_mat
    mp.load_mode = options.adapter_path ? LLAMA_LOAD_MODE_MMAP : LLAMA_LOAD_MODE_NONE;
    mp.progress_callback = [](float, void * e) { return !((rft_engine *) e)->cancel.load(); };
    mp.progress_callback_user_data = this;
    model = llama_model_load_from_file(options.model_path, mp);
    if (!model) {
        if (cancel) { throw rft::cancelled(); }
        fail(std::string("llama.cpp cannot load the model ") + options.model_path);
    }
    if (llama_model_is_recurrent(model) || llama_model_is_hybrid(model)) {
        throw rft::no_rule("its layers have recurrent states (SSM_CONV, SSM_SCAN, RWKV_WKV or the like), for which there are no rules: use a model whose layers are attention only");
    }
    captured.dropout = options.dropout;
    for (int32_t i = 0; i < options.n_scaled; i++) { captured.scales[options.scaled[i]] = options.scales[i]; }
    if (options.adapter_path) {
        adapter = llama_adapter_lora_init(model, options.adapter_path);
        if (!adapter) { fail(std::string("llama.cpp cannot load the adapter ") + options.adapter_path + " for this model"); }
    }

    llama_context_params cp = llama_context_default_params();
    cp.n_ctx = cp.n_batch = cp.n_ubatch = cp.n_outputs_max = options.window;
    cp.n_seq_max = options.max_sequences;
    cp.kv_unified = true;
    cp.type_k = cp.type_v = GGML_TYPE_F32;
    cp.flash_attn_type = LLAMA_FLASH_ATTN_TYPE_DISABLED;
    cp.n_threads = cp.n_threads_batch = options.threads;
    cp.swa_full = true;
    cp.op_offload = false;
    cp.cb_eval = on_node;
    cp.cb_eval_user_data = this;
    cp.abort_callback = on_abort;
    cp.abort_callback_data = this;
    ctx = llama_init_from_model(model, cp);
    if (!ctx) { fail("llama.cpp cannot make a context of " + std::to_string(options.window) + " tokens"); }
    if ((int32_t) llama_n_ctx(ctx) != options.window) { fail("the context is not of the size asked for"); }
    llama_attach_threadpool(ctx, threads, threads);
    if (adapter) {
        float scale = 1;
        if (llama_set_adapters_lora(ctx, &adapter, 1, &scale) != 0) { fail("the adapter cannot be applied"); }
    }
    batch = llama_batch_init(options.window, 0, options.max_sequences);

    find_params();
    add_state();
}

// Captures a window with so many rows, its last, whatever its content.
void rft_engine::capture_rows(int32_t n_rows) {
    const int32_t n = options.window;
    std::vector<int32_t> zeros(n, 0), positions(n), offsets(n + 1), rows(n_rows);
    for (int32_t i = 0; i < n; i++) { positions[i] = offsets[i] = i; }
    for (int32_t i = 0; i < n_rows; i++) { rows[i] = n - n_rows + i; }
    offsets[n] = n;
    run_capture({zeros.data(), positions.data(), offsets.data(), zeros.data(), rows.data(), n_rows, nullptr, nullptr, nullptr, 0, 0});
}

// Which tensors are trained is read off a captured graph: those of the adapter, or every weight.
void rft_engine::find_params() {
    capture_rows(2);
    if (adapter && !devices.empty()) {
        settle_adapter();
        capture_rows(1); // another shape, so that llama.cpp plans anew
        if (settle_adapter()) { fail("a part of the adapter on the CPU cannot be followed on its way to a device: use another number of GPU layers"); }
    }
    release_context();
    std::map<std::string, ggml_tensor *> found;
    for (ggml_tensor * node : captured.nodes) {
        for (int j = 0; j < GGML_MAX_SRC; j++) {
            ggml_tensor * s = node->src[j];
            if (!s || s->op != GGML_OP_NONE || s->view_src || rft::is_input(s) || strncmp(s->name, "cache_", 6) == 0) { continue; }
            const std::string name = s->name;
            const bool lora = name.size() > 7 && (name.rfind(".lora_a") == name.size() - 7 || name.rfind(".lora_b") == name.size() - 7);
            if (adapter ? !lora : (node->op == GGML_OP_ROPE && j == 2)) { continue; }
            if (s->type != GGML_TYPE_F32) {
                fail("tensor " + name + " is " + ggml_type_name(s->type) + ": only F32 tensors can be trained" +
                     (adapter ? "" : "; convert the model to F32, or train an adapter"));
            }
            if (found.count(name) && found[name] != s) { fail("tensor " + name + " lies in memory twice, so it cannot be trained"); }
            found[name] = s;
        }
    }
    if (found.empty()) { fail("the model's graph uses no tensor of the adapter"); }
    for (auto & f : found) {
        names.push_back(f.first);
        params.push_back({f.second, nullptr, nullptr, nullptr});
    }
}

void rft_engine::fill_batch(const rft_batch & b) {
    batch.n_tokens = options.window;
    for (int32_t i = 0; i < options.window; i++) {
        batch.token[i] = b.tokens[i];
        batch.pos[i] = b.positions[i];
        batch.n_seq_id[i] = b.seq_offsets[i + 1] - b.seq_offsets[i];
        if (batch.n_seq_id[i] < 1 || batch.n_seq_id[i] > options.max_sequences) { fail("a token belongs to too many sequences or to none"); }
        for (int32_t j = 0; j < batch.n_seq_id[i]; j++) { batch.seq_id[i][j] = b.seqs[b.seq_offsets[i] + j]; }
        batch.logits[i] = 0;
    }
    for (int32_t r = 0; r < b.n_rows; r++) {
        if (b.rows[r] < 0 || b.rows[r] >= options.window || (r > 0 && b.rows[r] <= b.rows[r - 1])) { fail("rows must ascend within the window"); }
        batch.logits[b.rows[r]] = 1;
    }
}

void rft_engine::run_capture(const rft_batch & b) {
    fill_batch(b);
    captured.clear();
    captured.dropout_key = b.dropout_key;
    llama_memory_clear(llama_get_memory(ctx), false);
    int32_t rc;
    {
        const capturing_scope scope(*this);
        rc = llama_decode(ctx, batch);
    }
    llama_memory_clear(llama_get_memory(ctx), false);
    if (cancel) { throw rft::cancelled(); }
    if ((rc != 0 && rc != 2) || captured.nodes.empty() || !capture_ok) {
        fail("llama.cpp refused the batch (llama_decode: " + std::to_string(rc) + ")");
    }
    release_outputs(b.n_rows);
}

// Captures the batch and makes the graph for it, unless the last one has the same shape.
void rft_engine::prepare(const rft_batch & b, graph::mode m) {
    run_capture(b);
    rft::layout l;
    if (m != graph::mode::logits) { l = layout_for(m, b.n_rows).layout; }
    const int32_t labels = labels_in_chunks(b, l.chunk_rows);
    const bool same = current && current_mode == m && current->with_dropout() == graph::drops(captured, m) && current_rows == b.n_rows && current_layout.chunk_rows == l.chunk_rows &&
                      current_layout.recomputed == l.recomputed && current_layout.chunk_labels >= labels;
    if (!same) {
        l.chunk_labels = (std::max(labels, l.chunk_rows ? l.chunk_rows : b.n_rows) + 63) / 64 * 64; // so that it serves other batches too
        current.reset(new graph(cpu, devices, options.composed));
        current_rows = -1;
        current->build(captured, m, params, l);
        make_room(current->cgraph);
        if (!ggml_backend_sched_alloc_graph(sched, current->cgraph)) {
            current.reset();
            throw rft::no_memory("the activations of a window cannot be allocated; use a smaller window, or a memory budget");
        }
        current_mode = m, current_rows = b.n_rows, current_layout = l;
        if (m != graph::mode::logits) { note_largest(); }
    }
    current->set_inputs(captured);
}

void rft_engine::compute(ggml_cgraph * g) {
    const ggml_status status = ggml_backend_sched_graph_compute(sched, g);
    if (status == GGML_STATUS_ABORTED || cancel) { throw rft::cancelled(); }
    if (status != GGML_STATUS_SUCCESS) { fail(std::string("the computation failed: ") + ggml_status_to_string(status)); }
}

// Returns the loss, or 0 for logits only.
double rft_engine::run(const rft_batch & b, graph::mode m) {
    prepare(b, m);
    if (m != graph::mode::logits) { set_labels(b); }
    compute(current->cgraph);
    return m == graph::mode::logits ? 0 : read_losses(b);
}

void rft_engine::use_adapter(bool on) {
    if (!adapter) { fail("there is no adapter to switch off: all weights are trained"); }
    float scale = 1;
    if (llama_set_adapters_lora(ctx, on ? &adapter : nullptr, on ? 1 : 0, on ? &scale : nullptr) != 0) { fail("the adapter cannot be switched"); }
    current.reset(); // it was made of the other graph
}

void rft_engine::decode(const rft_batch & b, float * dst) {
    fill_batch(b);
    captured.clear(); // llama.cpp may build another graph
    llama_memory_clear(llama_get_memory(ctx), true);
    const int32_t rc = llama_decode(ctx, batch);
    if (cancel) { throw rft::cancelled(); }
    if (rc != 0) { fail("llama_decode: " + std::to_string(rc)); }
    const int32_t vocab = rft_n_vocab(this);
    for (int32_t r = 0; r < b.n_rows; r++) {
        const float * logits = llama_get_logits_ith(ctx, b.rows[r]);
        if (!logits) { fail("llama.cpp gave no logits"); }
        memcpy(dst + (size_t) r * vocab, logits, vocab * sizeof(float));
    }
    llama_memory_clear(llama_get_memory(ctx), false);
}

// Seconds for the products that no step can do without: W x for every weight, and W^T d for every weight but those whose
// input needs no gradient, as F32 mul_mat on operands that lie ready.
double rft_engine::bare_products(int32_t n_rows) {
    if (captured.nodes.empty()) { fail("no graph is captured: take a step first"); }
    ggml_init_params ip = {ggml_tensor_overhead() * 4096 + ggml_graph_overhead_custom(4096, false), nullptr, true};
    std::unique_ptr<ggml_context, decltype(&ggml_free)> c(ggml_init(ip), ggml_free);
    ggml_cgraph * g = ggml_new_graph_custom(c.get(), 4096, false);
    std::map<std::array<int64_t, 3>, std::array<ggml_tensor *, 3>> operands; // by shape; contents do not matter
    auto product = [&](int64_t k, int64_t m, int64_t n) {
        auto & o = operands[{k, m, n}];
        if (!o[0]) {
            o[0] = ggml_new_tensor_2d(c.get(), GGML_TYPE_F32, k, m);
            o[1] = ggml_new_tensor_2d(c.get(), GGML_TYPE_F32, k, n);
            o[2] = ggml_mul_mat(c.get(), o[0], o[1]);
            ggml_build_forward_expand(g, o[2]);
        }
    };
    std::vector<std::array<int64_t, 3>> wanted;
    std::set<const ggml_tensor *> needed; // those that a gradient goes to
    for (const graph::state & p : params) { needed.insert(p.value); }
    for (ggml_tensor * node : captured.nodes) {
        for (const ggml_tensor * s : node->src) {
            if (s && needed.count(s)) { needed.insert(node); }
        }
        const ggml_tensor * w = node->src[0];
        const bool weight = node->op == GGML_OP_MUL_MAT && w->op == GGML_OP_NONE && !w->view_src && !strstr(w->name, ".lora_");
        if (!weight) { continue; }
        const int64_t n = node->ne[1] == options.window ? options.window : n_rows;
        wanted.push_back({w->ne[0], w->ne[1], n});
        if (needed.count(node->src[1])) { wanted.push_back({w->ne[1], w->ne[0], n}); }
    }
    for (auto & s : wanted) { product(s[0], s[1], s[2]); }
    std::unique_ptr<ggml_backend_buffer, decltype(&ggml_backend_buffer_free)> buffer(ggml_backend_alloc_ctx_tensors(c.get(), cpu), ggml_backend_buffer_free);
    if (!buffer) { fail("not enough memory for the products"); }
    for (auto & o : operands) {
        for (int i = 0; i < 2; i++) {
            std::vector<float> x(ggml_nelements(o.second[i]));
            for (size_t j = 0; j < x.size(); j++) { x[j] = (float) ((j * 2654435761u) % 1000) / 1000 - 0.5f; }
            ggml_backend_tensor_set(o.second[i], x.data(), 0, x.size() * sizeof(float));
        }
    }
    double total = 0;
    for (auto & s : wanted) {
        ggml_cgraph * one = ggml_new_graph_custom(c.get(), 8, false);
        ggml_graph_add_node(one, operands[s][2]);
        double best = 1e30;
        for (int i = 0; i < 3; i++) {
            const auto from = std::chrono::steady_clock::now();
            if (ggml_backend_graph_compute(cpu, one) != GGML_STATUS_SUCCESS) { throw rft::cancelled(); }
            best = std::min(best, std::chrono::duration<double>(std::chrono::steady_clock::now() - from).count());
        }
        total += best;
    }
    return total;
}
