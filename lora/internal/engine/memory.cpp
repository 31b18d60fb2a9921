// How much memory the engine takes, and how it keeps within a budget: sizes are measured on the graph before anything is
// allocated.

#include <numeric>

#include "engine.hpp"

#if defined(__unix__) || defined(__APPLE__)
#include <sys/mman.h>
#include <unistd.h>
#endif

using rft::graph;
using rft::layout;

namespace {

constexpr int32_t smallest_chunk = 64; // rows: fewer would make the products with the output matrix slow
constexpr int64_t largest_chunk = 1 << 29; // logits, whose places are counted in 32 bits

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

uint64_t total(const rft_memory_use & u) { return u.weights + u.adapter + u.optimiser + u.context + u.activations + u.logits; }

std::string mib(uint64_t bytes) { return std::to_string((bytes + (1 << 20) - 1) >> 20) + " MiB"; }

} // namespace

// What llama.cpp's tokenizer holds for a token: from 182 bytes (SentencePiece) to 432 (BPE with 280,000 merges) were seen.
constexpr uint64_t vocabulary_bytes = 432;

// On the CPU llama.cpp's context only serves to capture graphs: its cache is never written to.
void rft_engine::release_context() {
    std::map<ggml_backend_buffer_t, size_t> caches;
    for (const ggml_tensor * node : captured.nodes) {
        for (const ggml_tensor * s : node->src) {
            if (s && rft::is_cache(rft::root_of(s))) { caches[rft::root_of(s)->buffer] = 0; }
        }
    }
    context_bytes = 0;
    for (auto & c : caches) {
        if (!devices.empty()) {
            context_bytes += ggml_backend_buffer_get_size(c.first);
        } else if (ggml_backend_buffer_is_host(c.first)) {
            release(ggml_backend_buffer_get_base(c.first), ggml_backend_buffer_get_size(c.first));
        }
    }
    for (size_t i = 0; i < captured.used; i++) { context_bytes += 2 * captured.inputs[i].data.size(); }
    context_bytes += vocabulary_bytes * rft_n_vocab(this);
}

// Bytes of the context's buffer for logits.
uint64_t rft_engine::output_bytes(int32_t n_rows) const {
    return sizeof(float) * (uint64_t) std::max(n_rows, options.max_sequences) * rft_n_vocab(this);
}

// llama.cpp clears the buffer when it makes it for more rows than before.
void rft_engine::release_outputs(int32_t n_rows) {
    if (!devices.empty() || n_rows <= released_rows) { return; }
    if (float * logits = llama_get_logits(ctx)) { release(logits, output_bytes(n_rows)); }
    released_rows = n_rows;
}

ggml_backend_sched_t rft_engine::new_scheduler(size_t capacity) const {
    std::vector<ggml_backend_t> backends = devices;
    backends.push_back(cpu);
    return ggml_backend_sched_new(backends.data(), nullptr, (int) backends.size(), capacity, false, false);
}

// Has a scheduler that can take the graph: each holds a good kilobyte for every node and leaf that it has room for.
void rft_engine::make_room(ggml_cgraph * g) {
    const size_t needed = 2 * ggml_graph_n_nodes(g); // there are fewer leaves than nodes
    if (needed > sched_capacity) {
        ggml_backend_sched_free(sched);
        sched = new_scheduler(needed);
        sched_capacity = needed;
    } else {
        ggml_backend_sched_reset(sched);
    }
}

// The size of the graph for the captured window. On the CPU the scheduler has nothing to split, so its allocator alone will
// do, which takes far less memory than a scheduler.
rft_engine::choice rft_engine::measured(graph::mode m, layout l, int32_t n_rows) {
    l.chunk_labels = l.chunk_rows ? l.chunk_rows : n_rows;
    graph g(cpu, devices, options.composed);
    g.build(captured, m, params, l);
    std::vector<size_t> sizes(devices.size() + 1, 0);
    uint64_t work = 0;
    if (!devices.empty()) {
        std::unique_ptr<ggml_backend_sched, decltype(&ggml_backend_sched_free)> measuring(
            new_scheduler(2 * ggml_graph_n_nodes(g.cgraph)), ggml_backend_sched_free);
        ggml_backend_sched_reserve_size(measuring.get(), g.cgraph, sizes.data());
    } else {
        std::unique_ptr<ggml_gallocr, decltype(&ggml_gallocr_free)> measuring(
            ggml_gallocr_new(ggml_backend_get_default_buffer_type(cpu)), ggml_gallocr_free);
        ggml_gallocr_reserve_n_size(measuring.get(), g.cgraph, nullptr, nullptr, sizes.data());
        work = ggml_graph_plan(g.cgraph, options.threads, threads).work_size;
    }
    return {l, g.segments(), std::accumulate(sizes.begin(), sizes.end(), work), 0};
}

// The layout that costs the least time within the budget: everything held; else logits by chunks; else as few segments
// recomputed as will do. It depends on the shape only, so that a resumed run computes as one that was not interrupted.
rft_engine::choice rft_engine::choose(graph::mode m, int32_t n_rows) {
    const int64_t vocab = rft_n_vocab(this), whole = vocab * n_rows;
    graph probe(cpu, devices, options.composed);
    probe.build(captured, m, params, {0, 1, 0, true});
    if (whole > INT32_MAX && !probe.chunkable()) {
        throw rft::no_memory("a window with " + std::to_string(n_rows) + " tokens to learn has more logits than can be counted, and this model's cannot be computed in parts; use a smaller window");
    }
    if (options.memory_budget == 0) {
        layout l = {options.chunk_rows, 0, options.recomputed, false};
        if (l.chunk_rows == 0 && whole > largest_chunk) { l.chunk_rows = std::max<int32_t>(smallest_chunk, largest_chunk / vocab); }
        if (l.chunk_rows >= n_rows || !probe.chunkable()) { l.chunk_rows = 0; }
        return {l, probe.segments(), 0, 0};
    }
    const uint64_t fixed = total(use_of({})), room = options.memory_budget - std::min(options.memory_budget, fixed);
    uint64_t least = UINT64_MAX;
    auto fits = [&](const choice & c) {
        const uint64_t bytes = !devices.empty() ? c.compute : std::max(c.compute, output_bytes(n_rows));
        least = std::min(least, bytes);
        return bytes <= room;
    };
    std::vector<int32_t> chunks; // from large to small
    if (whole <= largest_chunk || !probe.chunkable()) { chunks.push_back(0); }
    for (int32_t c = n_rows / 2; probe.chunkable() && c > smallest_chunk / 2; c /= 2) {
        const int32_t rows = (c + smallest_chunk - 1) / smallest_chunk * smallest_chunk;
        if (vocab * rows <= largest_chunk || rows == smallest_chunk) { chunks.push_back(rows); }
    }
    for (int32_t rows : chunks) {
        const choice c = measured(m, {rows, 0, 0, false}, n_rows);
        if (fits(c)) { return c; }
    }
    auto recomputing = [&](int32_t segments, int32_t rows) { return measured(m, {rows, 0, segments, false}, n_rows); };
    int32_t few = 0, many = m == graph::mode::train ? probe.segments() : 0;
    if (many > 0 && fits(recomputing(many, chunks.back()))) {
        while (many - few > 1) {
            const int32_t middle = (few + many) / 2;
            (fits(recomputing(middle, chunks.back())) ? many : few) = middle;
        }
        for (int32_t rows : chunks) {
            const choice c = recomputing(many, rows);
            if (fits(c)) { return c; }
        }
    }
    throw rft::no_memory("a window with " + std::to_string(n_rows) + " tokens to learn needs " + mib(fixed + least) +
                         " even with all activations recomputed, " + mib(fixed + least - options.memory_budget) +
                         " more than the budget; use a smaller window, a lower rank or fewer targets, a smaller base, or a larger budget");
}

const rft_engine::choice & rft_engine::layout_for(graph::mode m, int32_t n_rows) {
    auto known = choices.find({m, n_rows});
    if (known == choices.end()) { known = choices.insert({{m, n_rows}, choose(m, n_rows)}).first; }
    return known->second;
}

// Remembers the current graph if it takes more than those before.
void rft_engine::note_largest() {
    uint64_t bytes = ggml_backend_sched_get_buffer_size(sched, cpu);
    for (ggml_backend_t d : devices) { bytes += ggml_backend_sched_get_buffer_size(sched, d); }
    if (devices.empty()) { bytes += ggml_graph_plan(current->cgraph, options.threads, threads).work_size; }
    if (bytes <= largest.compute) { return; }
    largest = {current_layout, current->segments(), bytes, logits_of(current_mode, current_layout, current_rows, bytes)};
}

// What of a graph's bytes would not be needed without logits.
uint64_t rft_engine::logits_of(graph::mode m, layout l, int32_t n_rows, uint64_t bytes) {
    l.without_logits = true;
    return bytes - std::min(bytes, measured(m, l, n_rows).compute);
}

rft_memory_use rft_engine::use_of(const choice & c) const {
    rft_memory_use use{};
    use.weights = llama_model_size(model);
    for (const graph::state & p : params) { use.adapter += adapter ? ggml_nbytes(p.value) : 0; }
    use.optimiser = state_bytes();
    use.context = context_bytes;
    use.activations = c.compute - c.logits;
    use.logits = c.logits;
    use.segments = c.segments;
    use.recomputed = c.layout.recomputed;
    use.chunk_rows = c.layout.chunk_rows;
    return use;
}

rft_memory_use rft_engine::estimate(int32_t n_rows, graph::mode m) {
    capture_rows(n_rows);
    choice c = layout_for(m, n_rows);
    if (c.compute == 0) { c = measured(m, c.layout, n_rows); }
    c.logits = logits_of(m, c.layout, n_rows, c.compute);
    rft_memory_use use = use_of(c);
    if (devices.empty() && output_bytes(n_rows) > c.compute) { use.context += output_bytes(n_rows) - c.compute; } // held for a moment, before the graph is
    return use;
}
