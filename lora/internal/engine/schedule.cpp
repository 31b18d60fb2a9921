// The order of a training graph, and the layout that keeps it within the budget.

#include "schedule.hpp"

#include <algorithm>
#include <memory>
#include <numeric>
#include <string>
#include <vector>

#include "errors.hpp"
#include "memory.hpp"

namespace rft {
namespace {

constexpr int32_t smallest_chunk = 64; // rows: fewer would make the products with the output matrix slow
constexpr int64_t largest_chunk = 1 << 29; // logits, whose places are counted in 32 bits

std::string mib(uint64_t bytes) { return std::to_string((bytes + (1 << 20) - 1) >> 20) + " MiB"; }

} // namespace

// The order decides how long each tensor is held. (Left to itself, ggml orders depth first from the outputs, which keeps every
// parameter's gradient to the end.) Nodes that nothing needs, such as those made to ask whether an op is supported, are
// left out.
ggml_cgraph * collect(ggml_context * ctx, const std::vector<ggml_tensor *> & outputs) {
    ggml_cgraph * order = ggml_new_graph_custom(ctx, max_nodes, false);
    tensor_set wanted;
    std::vector<const ggml_tensor *> open(outputs.begin(), outputs.end());
    while (!open.empty()) {
        const ggml_tensor * t = open.back();
        open.pop_back();
        if (!t || !wanted.insert(t).second) { continue; }
        open.insert(open.end(), t->src, t->src + GGML_MAX_SRC);
        open.push_back(t->view_src);
    }
    for (ggml_tensor * t = ggml_get_first_tensor(ctx); t; t = ggml_get_next_tensor(ctx, t)) {
        if (t->op != GGML_OP_NONE && wanted.count(t)) { ggml_build_forward_expand(order, t); } // its sources are in already
    }
    return order;
}

training planner::build(mode m, const layout & l) const {
    const float dropout = of.dropout;
    const bool with_dropout = has_dropout(dropout, of.graph, m);
    return differentiate(rewrite(of.graph, of.on, with_dropout), of.on, m, params.tensors, l);
}

// On the CPU the scheduler has nothing to split, so its allocator alone will do, which takes far less memory than a scheduler.
choice planner::measured(mode m, layout l, int32_t n_rows) const {
    l.chunk_labels = l.chunk_rows ? l.chunk_rows : n_rows;
    const training t = build(m, l);
    ggml_cgraph * order = collect(t.pass.ctx.get(), t.outputs);
    std::vector<size_t> sizes(of.on.devices.size() + 1, 0);
    uint64_t work = 0;
    if (!of.on.devices.empty()) {
        std::unique_ptr<ggml_backend_sched, decltype(&ggml_backend_sched_free)> measuring(
            of.on.new_scheduler(2 * ggml_graph_n_nodes(order)), ggml_backend_sched_free);
        ggml_backend_sched_reserve_size(measuring.get(), order, sizes.data());
    } else {
        std::unique_ptr<ggml_gallocr, decltype(&ggml_gallocr_free)> measuring(
            ggml_gallocr_new(ggml_backend_get_default_buffer_type(of.on.cpu)), ggml_gallocr_free);
        ggml_gallocr_reserve_n_size(measuring.get(), order, nullptr, nullptr, sizes.data());
        work = ggml_graph_plan(order, of.n_threads, of.threads).work_size;
    }
    return {l, t.parts.count(), std::accumulate(sizes.begin(), sizes.end(), work), 0};
}

uint64_t planner::logits_of(mode m, layout l, int32_t n_rows, uint64_t bytes) const {
    l.without_logits = true;
    return bytes - std::min(bytes, measured(m, l, n_rows).compute);
}

const choice & planner::layout_for(mode m, int32_t n_rows, bool rest) {
    auto known = choices.find({m, n_rows, rest});
    if (known == choices.end()) { known = choices.insert({{m, n_rows, rest}, choose(m, n_rows, rest)}).first; }
    return known->second;
}

// The search for the layout that costs the least time within the budget: everything held; else logits by chunks; else as few
// segments recomputed as will do.
struct planner::search {
    const planner & p;
    mode m;
    int32_t n_rows;
    bool rest;
    const segments & parts;
    uint64_t fixed, room, least = UINT64_MAX;

    choice recomputing(int32_t n_segments, int32_t rows) const { return p.measured(m, {rows, 0, n_segments, false, rest}, n_rows); }

    bool fits(const choice & c) {
        const uint64_t bytes = !p.of.on.devices.empty() ? c.compute : std::max(c.compute, p.of.output_bytes(n_rows));
        least = std::min(least, bytes);
        return bytes <= room;
    }

    std::vector<int32_t> chunk_sizes() const { // from large to small
        const int64_t vocab = p.of.n_vocab();
        std::vector<int32_t> sizes;
        if (vocab * n_rows <= largest_chunk || !parts.chunkable()) { sizes.push_back(0); }
        for (int32_t c = n_rows / 2; parts.chunkable() && c > smallest_chunk / 2; c /= 2) {
            const int32_t rows = (c + smallest_chunk - 1) / smallest_chunk * smallest_chunk;
            if (vocab * rows <= largest_chunk || rows == smallest_chunk) { sizes.push_back(rows); }
        }
        return sizes;
    }

    choice run() {
        const std::vector<int32_t> sizes = chunk_sizes();
        for (int32_t rows : sizes) {
            const choice c = recomputing(0, rows);
            if (fits(c)) { return c; }
        }
        int32_t few = 0, many = m == mode::train ? parts.count() : 0;
        if (many > 0 && fits(recomputing(many, sizes.back()))) {
            while (many - few > 1) {
                const int32_t middle = (few + many) / 2;
                (fits(recomputing(middle, sizes.back())) ? many : few) = middle;
            }
            for (int32_t rows : sizes) {
                const choice c = recomputing(many, rows);
                if (fits(c)) { return c; }
            }
        }
        throw no_memory("a window with " + std::to_string(n_rows) + " tokens to learn needs " + mib(fixed + least) +
                        " even with all activations recomputed, " + mib(fixed + least - p.budget) +
                        " more than the budget; use a smaller window, a lower rank or fewer targets, a smaller base, or a larger budget");
    }
};

// Everything is held, but for logits that could not be counted.
choice planner::unbounded(const training & probe, int32_t n_rows, bool rest) const {
    const int64_t vocab = of.n_vocab();
    layout l;
    l.rest = rest;
    if (vocab * n_rows > largest_chunk) { l.chunk_rows = std::max<int32_t>(smallest_chunk, largest_chunk / vocab); }
    if (l.chunk_rows >= n_rows || !probe.parts.chunkable()) { l.chunk_rows = 0; }
    return {l, probe.parts.count(), 0, 0};
}

// The choice depends on the shape only, so that a resumed run computes as one that was not interrupted.
choice planner::choose(mode m, int32_t n_rows, bool rest) const {
    const training probe = build(m, {0, 1, 0, true});
    if ((int64_t) of.n_vocab() * n_rows > INT32_MAX && !probe.parts.chunkable()) {
        throw no_memory(
            "a window with " + std::to_string(n_rows) +
            " tokens to learn has more logits than can be counted, and this model's cannot be computed in parts; use a smaller window");
    }
    if (budget == 0) { return unbounded(probe, n_rows, rest); }
    const uint64_t fixed = held.fixed();
    return search{*this, m, n_rows, rest, probe.parts, fixed, budget - std::min(budget, fixed)}.run();
}

// Makes room and allocates. Each scheduler holds a good kilobyte for every node and leaf that it has room for.
void scheduler::allocate(ggml_cgraph * g) {
    const size_t needed = 2 * ggml_graph_n_nodes(g); // there are fewer leaves than nodes
    if (needed > capacity_) {
        ggml_backend_sched_free(sched_);
        sched_ = of.on.new_scheduler(needed);
        capacity_ = needed;
    } else {
        ggml_backend_sched_reset(sched_);
    }
    if (!ggml_backend_sched_alloc_graph(sched_, g)) {
        throw no_memory("the activations of a window cannot be allocated; use a smaller window, or a memory budget");
    }
}

void scheduler::compute(ggml_cgraph * g) const {
    const ggml_status status = ggml_backend_sched_graph_compute(sched_, g);
    if (status == GGML_STATUS_ABORTED || of.cancel) { throw cancelled(); }
    if (status != GGML_STATUS_SUCCESS) { fail(std::string("the computation failed: ") + ggml_status_to_string(status)); }
}

uint64_t scheduler::bytes(ggml_cgraph * g) const {
    uint64_t sum = ggml_backend_sched_get_buffer_size(sched_, of.on.cpu);
    for (ggml_backend_t d : of.on.devices) { sum += ggml_backend_sched_get_buffer_size(sched_, d); }
    if (of.on.devices.empty()) { sum += ggml_graph_plan(g, of.n_threads, of.threads).work_size; }
    return sum;
}

} // namespace rft
