// Attention on the CPU as custom ops that never hold the matrix of scores: it is computed for one head and a few queries at
// a time, forward and again in the backward pass (arXiv 2205.14135, without its tiling of keys: a row of scores fits
// the cache). Keys that no query of a block sees are passed over, which in a causal mask is half of them and in a packed
// window most.

#include <algorithm>
#include <cmath>
#include <cstring>
#include <vector>

#include "gemm.hpp"
#include "kernels.hpp"
#include "simd.hpp"

namespace rft {
namespace {

constexpr int64_t block = 64; // queries

int64_t rounded(int64_t n) { return (n + lanes - 1) / lanes * lanes; }

// Floats between the scores of one query and the next: more than a power of two, which would crowd one place of the cache.
int64_t leading(int64_t n) { return rounded(n) + lanes; }

// Keys that some query of the block sees: [begin, end)
struct span {
    int64_t begin, end;
};

float * at(const ggml_tensor * t, int64_t i0, int64_t i1, int64_t i2) {
    return (float *) ((char *) t->data + i0 * t->nb[0] + i1 * t->nb[1] + i2 * t->nb[2]);
}

int64_t floats(size_t bytes) { return (int64_t) (bytes / sizeof(float)); }

void find_spans(ggml_tensor * dst, int ith, int nth, void *) {
    const ggml_tensor * mask = dst->src[0];
    auto * spans = (int32_t *) dst->data;
    const int64_t n_kv = mask->ne[0], queries = mask->ne[1];
    for (int64_t b = ith; b < dst->ne[1]; b += nth) {
        int64_t begin = n_kv, end = 0;
        for (int64_t j = b * block; j < std::min(queries, (b + 1) * block); j++) {
            const float * row = at(mask, 0, j, 0);
            int64_t i = 0, k = n_kv;
            while (i < begin && row[i] == -INFINITY) { i++; }
            while (k > end && row[k - 1] == -INFINITY) { k--; }
            begin = std::min(begin, i), end = std::max(end, k);
        }
        if (begin >= end) { begin = end = 0; } // nothing
        begin = begin / lanes * lanes, end = std::min(n_kv, rounded(end)); // whole vectors: what is masked gets a probability of 0
        spans[2 * b] = (int32_t) begin, spans[2 * b + 1] = (int32_t) end;
    }
}

struct operands { // [head_dim, queries, heads]; of keys and values [head_dim, keys, heads of keys], as they are and transposed
    const ggml_tensor *q, *k, *v, *mask, *spans, *kt, *vt;
    float scale;

    explicit operands(const ggml_tensor * node)
        : q(node->src[0]), k(node->src[1]), v(node->src[2]), mask(node->src[3]), spans(node->src[4]), kt(node->src[5]), vt(node->src[6]),
          scale(kernel_f32(node, 0)) {}

    int64_t blocks() const { return (q->ne[1] + block - 1) / block; }
    int64_t group() const { return q->ne[2] / k->ne[2]; } // query heads that share a head of keys
    span keys(int64_t b) const { return {((const int32_t *) spans->data)[2 * b], ((const int32_t *) spans->data)[2 * b + 1]}; }
};

// A(i, k) where the rows of t count k: t [i, k, head], or [k, i, head] where it lies transposed.
gemm_a rows_of(const ggml_tensor * t, int64_t from, int64_t i0, int64_t head, float scale = 1) {
    const bool transposed = t->nb[0] != sizeof(float);
    const float * data = transposed ? at(t, from, i0, head) : at(t, i0, from, head);
    return {(const char *) data, GGML_TYPE_F32, transposed ? t->nb[0] : t->nb[1], t->ne[transposed ? 1 : 0], false, scale};
}

// p[j] = softmax of scores[j] + mask[j] over n keys; the rest up to a whole vector becomes 0
void soft_max(float * p, const float * mask, int64_t n) {
    const int64_t whole = n / lanes * lanes;
    float top = -INFINITY;
    if (whole) {
        vec m = load(p) + load(mask);
        for (int64_t i = 0; i < whole; i += lanes) {
            const vec x = load(p + i) + load(mask + i);
            store(p + i, x);
            m = x > m ? x : m;
        }
        top = max(m);
    }
    for (int64_t i = whole; i < n; i++) { top = std::max(top, p[i] += mask[i]); }
    for (int64_t i = n; i < rounded(n); i++) { p[i] = -INFINITY; }
    if (top == -INFINITY) { top = 0; } // a query that sees nothing
    vec total = {};
    for (int64_t i = 0; i < rounded(n); i += lanes) {
        const vec e = exp(load(p + i) - top);
        store(p + i, e);
        total += e;
    }
    const float s = sum(total), inverse = s == 0 ? 0 : 1 / s;
    for (int64_t i = 0; i < rounded(n); i += lanes) { store(p + i, load(p + i) * inverse); }
}

struct scratch {
    std::vector<float> p, dp;
    static scratch & of_thread() {
        static thread_local scratch s;
        return s;
    }
    static float * sized(std::vector<float> & v, int64_t n) {
        if ((int64_t) v.size() < n) { v.resize(n); }
        return v.data();
    }
};

// The probabilities of a block's queries for the keys in s: p[j * ld + i]
void probabilities(const operands & o, int64_t head, int64_t j0, int64_t nj, span s, float * p, int64_t ld) {
    gemm(rows_of(o.kt, 0, s.begin, head / o.group(), o.scale), 0, s.end - s.begin, o.q->ne[0],
         {at(o.q, 0, j0, head), 1, floats(o.q->nb[1])}, nj, p, ld, false);
    for (int64_t j = 0; j < nj; j++) { soft_max(p + j * ld, at(o.mask, s.begin, j0 + j, 0), s.end - s.begin); }
}

// Which of the tasks are thread ith's: longest first, each to the thread with least to do.
std::vector<int> share(const std::vector<int64_t> & costs, int ith, int nth) {
    std::vector<int> order(costs.size()), mine;
    for (size_t i = 0; i < order.size(); i++) { order[i] = (int) i; }
    std::stable_sort(order.begin(), order.end(), [&](int a, int b) { return costs[a] > costs[b]; });
    std::vector<int64_t> load_of(nth, 0);
    for (int t : order) {
        const int to = (int) (std::min_element(load_of.begin(), load_of.end()) - load_of.begin());
        load_of[to] += costs[t];
        if (to == ith) { mine.push_back(t); }
    }
    return mine;
}

void attend(ggml_tensor * dst, int ith, int nth, void *) {
    const operands o(dst);
    const int64_t d = o.q->ne[0], heads = o.q->ne[2], blocks = o.blocks();
    std::vector<int64_t> costs(heads * blocks);
    for (int64_t t = 0; t < heads * blocks; t++) { costs[t] = o.keys(t % blocks).end - o.keys(t % blocks).begin; }
    std::vector<int> mine = share(costs, ith, nth);
    std::sort(mine.begin(), mine.end()); // one head after the other: its keys stay in the cache
    for (int t : mine) {
        const int64_t head = t / blocks, j0 = t % blocks * block, nj = std::min(block, o.q->ne[1] - j0);
        const span s = o.keys(t % blocks);
        const int64_t n = s.end - s.begin, ld = leading(n);
        float * out = at(dst, 0, j0, head);
        if (n == 0) {
            memset(out, 0, nj * dst->nb[1]);
            continue;
        }
        float * p = scratch::sized(scratch::of_thread().p, block * ld);
        probabilities(o, head, j0, nj, s, p, ld);
        gemm(rows_of(o.v, s.begin, 0, head / o.group()), 0, d, n, {p, 1, ld}, nj, out, floats(dst->nb[1]), false);
    }
}

// The gradients of keys and values are sums over blocks of queries, which threads compute side by side. So the blocks of
// each head of keys are dealt to a few chunks with sums of their own, as many whatever the number of threads, which
// add_up adds in their order.
int64_t chunks_of(int64_t heads_kv) { return (11 + heads_kv) / heads_kv; }

// Blocks are dealt forth and back, so that chunks get equal shares of a causal mask.
int64_t chunk_of(int64_t unit, int64_t chunks) { return unit / chunks % 2 ? chunks - 1 - unit % chunks : unit % chunks; }

// dst: gradient of q [head_dim, queries, heads], then of k and of v, [head_dim, keys, heads of keys, chunks] each
void attend_back(ggml_tensor * dst, int ith, int nth, void *) {
    const operands o(dst);
    const ggml_tensor * dout = dst->src[7];
    const int64_t d = o.q->ne[0], queries = o.q->ne[1], n_kv = o.k->ne[1], heads_kv = o.k->ne[2], blocks = o.blocks(),
                  chunks = chunks_of(heads_kv);
    const int64_t units = o.group() * blocks; // of a head of keys
    std::vector<int64_t> costs(heads_kv * chunks, 0);
    for (int64_t t = 0; t < heads_kv * units; t++) {
        const span s = o.keys(t % units % blocks);
        costs[t / units * chunks + chunk_of(t % units, chunks)] += s.end - s.begin;
    }
    auto * dq = (float *) dst->data, *dk = dq + ggml_nelements(o.q), *dv = dk + d * n_kv * heads_kv * chunks;
    for (int task : share(costs, ith, nth)) {
        const int64_t head_kv = task / chunks, chunk = task % chunks, part = (chunk * heads_kv + head_kv) * d * n_kv;
        memset(dk + part, 0, d * n_kv * sizeof(float));
        memset(dv + part, 0, d * n_kv * sizeof(float));
        for (int64_t u = 0; u < units; u++) {
            if (chunk_of(u, chunks) != chunk) { continue; }
            const int64_t head = head_kv * o.group() + u / blocks, j0 = u % blocks * block, nj = std::min(block, queries - j0);
            const span s = o.keys(u % blocks);
            const int64_t n = s.end - s.begin, ld = leading(n);
            float * dq_block = dq + (head * queries + j0) * d;
            if (n == 0) {
                memset(dq_block, 0, nj * d * sizeof(float));
                continue;
            }
            float * p = scratch::sized(scratch::of_thread().p, block * ld);
            float * ds = scratch::sized(scratch::of_thread().dp, block * ld);
            probabilities(o, head, j0, nj, s, p, ld);
            gemm(rows_of(o.vt, 0, s.begin, head_kv), 0, n, d, {at(dout, 0, j0, head), floats(dout->nb[0]), floats(dout->nb[1])}, nj, ds, ld,
                 false);
            for (int64_t j = 0; j < nj; j++) { // through the soft-max and the scale
                float *pj = p + j * ld, *dj = ds + j * ld;
                for (int64_t i = n; i < rounded(n); i++) { dj[i] = 0; }
                vec dot = {};
                for (int64_t i = 0; i < rounded(n); i += lanes) { dot += load(pj + i) * load(dj + i); }
                const float mean = sum(dot);
                for (int64_t i = 0; i < rounded(n); i += lanes) { store(dj + i, load(pj + i) * (load(dj + i) - mean) * o.scale); }
            }
            gemm(rows_of(o.k, s.begin, 0, head_kv), 0, d, n, {ds, 1, ld}, nj, dq_block, d, false);
            gemm(rows_of(o.q, j0, 0, head), 0, d, nj, {ds, ld, 1}, n, dk + part + s.begin * d, d, true);
            gemm(rows_of(dout, j0, 0, head), 0, d, nj, {p, ld, 1}, n, dv + part + s.begin * d, d, true);
        }
    }
}

// dst = sum of the chunks that begin at this offset of src[0], in floats
void add_up(ggml_tensor * dst, int ith, int nth, void * offset) {
    const int64_t n = ggml_nelements(dst), chunks = chunks_of(dst->ne[2]);
    const float * from = (const float *) dst->src[0]->data + (int64_t) (uintptr_t) offset;
    float * to = (float *) dst->data;
    for (int64_t i = n * ith / nth; i < n * (ith + 1) / nth; i++) {
        float s = 0;
        for (int64_t c = 0; c < chunks; c++) { s += from[c * n + i]; }
        to[i] = s;
    }
}

} // namespace

ggml_tensor * attention_spans(ggml_context * ctx, ggml_tensor * mask) {
    return ggml_custom_4d(ctx, GGML_TYPE_I32, 2, (mask->ne[1] + block - 1) / block, 1, 1, &mask, 1, find_spans, GGML_N_TASKS_MAX, nullptr);
}

ggml_tensor * attention(ggml_context * ctx, const attention_operands & o) {
    ggml_tensor * args[] = {o.q, o.k, o.v, o.mask, o.spans, o.kt, o.vt};
    ggml_tensor * t = ggml_custom_4d(ctx, GGML_TYPE_F32, o.q->ne[0], o.q->ne[1], o.q->ne[2], 1, args, 7, attend, GGML_N_TASKS_MAX, nullptr);
    set_kernel(t, kernel::attention, o.scale);
    return t;
}

attention_gradients attention_back(ggml_context * ctx, ggml_tensor * node, ggml_tensor * d) {
    ggml_tensor * args[8];
    std::copy(node->src, node->src + 7, args);
    args[7] = d;
    const ggml_tensor *q = args[0], *k = args[1];
    const int64_t nq = ggml_nelements(q), nk = ggml_nelements(k), chunks = chunks_of(k->ne[2]);
    ggml_tensor * all = ggml_custom_4d(ctx, GGML_TYPE_F32, nq + 2 * nk * chunks, 1, 1, 1, args, 8, attend_back, GGML_N_TASKS_MAX, nullptr);
    set_kernel(all, kernel::gradient, kernel_f32(node, 0));
    const size_t row = q->ne[0] * sizeof(float);
    auto added = [&](int64_t offset) {
        return ggml_custom_4d(ctx, GGML_TYPE_F32, k->ne[0], k->ne[1], k->ne[2], 1, &all, 1, add_up, GGML_N_TASKS_MAX,
                              (void *) (uintptr_t) offset);
    };
    return {ggml_view_3d(ctx, all, q->ne[0], q->ne[1], q->ne[2], row, row * q->ne[1], 0), added(nq), added(nq + nk * chunks)};
}

} // namespace rft
