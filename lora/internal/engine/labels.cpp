// Labels are laid out by chunk: each has as many places as its graph has room for.

#include "labels.hpp"

#include <algorithm>
#include <unordered_map>

#include "errors.hpp"

namespace rft {
namespace {

void set(ggml_tensor * t, const void * data) {
    if (t->buffer) { ggml_backend_tensor_set(t, data, 0, ggml_nbytes(t)); } // what only the gradient needs is left out without one
}

} // namespace

int32_t labels_in_chunks(const rft_batch & b, int32_t chunk_rows) {
    std::vector<int32_t> n(chunk_rows ? (b.n_rows + chunk_rows - 1) / chunk_rows : 1, 0);
    int32_t most = 1;
    for (int32_t l = 0; l < b.n_labels; l++) {
        if (b.label_rows[l] < 0 || b.label_rows[l] >= b.n_rows) { fail("a label lies outside the rows"); }
        most = std::max(most, ++n[chunk_rows ? b.label_rows[l] / chunk_rows : 0]);
    }
    return most;
}

std::vector<int32_t> set_labels(const scheduled & g, const rft_batch & b) {
    const std::vector<chunk> & chunks = g.graph.chunks;
    const int64_t vocab = g.graph.pass.logits->ne[0];
    std::vector<float> row_weight(b.n_rows, 0.0f);
    if (b.rest_weights) { row_weight.assign(b.rest_weights, b.rest_weights + b.n_rows); }
    std::unordered_map<int64_t, float> weight_at; // place -> sum of weights
    for (int32_t l = 0; l < b.n_labels; l++) {
        const int32_t r = b.label_rows[l], t = b.label_tokens[l];
        if (r < 0 || r >= b.n_rows || t < 0 || t >= vocab) { fail("a label lies outside the rows or the vocabulary"); }
        row_weight[r] += b.label_weights[l];
        weight_at[r * vocab + t] += b.label_weights[l];
    }
    const int32_t room = g.layout.chunk_labels;
    const int32_t per_chunk = g.layout.chunk_rows ? g.layout.chunk_rows : b.n_rows;
    std::vector<int32_t> slots(b.n_labels);
    std::vector<int32_t> used(chunks.size(), 0);
    std::vector<int64_t> place(chunks.size() * room);
    for (int32_t l = 0; l < b.n_labels; l++) {
        const int32_t k = b.label_rows[l] / per_chunk;
        slots[l] = k * room + used[k]++;
        place[slots[l]] = b.label_rows[l] * vocab + b.label_tokens[l];
    }
    std::vector<int64_t> index(room);
    std::vector<int32_t> gather(room), row(room);
    std::vector<float> weight(room), label_row_weight(room);
    for (size_t k = 0; k < chunks.size(); k++) {
        const chunk & c = chunks[k];
        for (int32_t i = 0; i < room; i++) { // the rest repeats the first label, or the chunk's first place if it has none
            const int64_t at = used[k] ? place[k * room + (i < used[k] ? i : 0)] : c.first * vocab;
            index[i] = at - c.first * vocab;
            gather[i] = (int32_t) index[i];
            row[i] = (int32_t) (index[i] / vocab);
            weight[i] = used[k] ? weight_at[at] : 0;
            label_row_weight[i] = row_weight[at / vocab];
        }
        set(c.label_index, index.data());
        set(c.label_gather, gather.data());
        set(c.label_row, row.data());
        set(c.label_weight, weight.data());
        set(c.label_row_weight, label_row_weight.data());
        set(c.row_weight, row_weight.data() + c.first);
        if (c.rest_weight) { set(c.rest_weight, b.rest_weights + c.first); }
    }
    return slots;
}

losses read_losses(const scheduled & g, const rft_batch & b, const std::vector<int32_t> & slots) {
    const int32_t room = g.layout.chunk_labels;
    const std::vector<chunk> & chunks = g.graph.chunks;
    std::vector<float> log_p(chunks.size() * room);
    for (size_t k = 0; k < chunks.size(); k++) {
        ggml_backend_tensor_get(chunks[k].log_p, log_p.data() + k * room, 0, room * sizeof(float));
    }
    losses found;
    found.of_labels.resize(b.n_labels);
    for (int32_t l = 0; l < b.n_labels; l++) {
        found.of_labels[l] = -b.label_weights[l] * log_p[slots[l]];
        found.sum += found.of_labels[l];
    }
    if (!b.rest_weights) { return found; }
    std::vector<float> log_rest(b.n_rows);
    for (const chunk & c : chunks) { ggml_backend_tensor_get(c.log_rest, log_rest.data() + c.first, 0, c.rows * sizeof(float)); }
    for (int32_t r = 0; r < b.n_rows; r++) {
        found.of_labels.push_back(-b.rest_weights[r] * log_rest[r]);
        found.sum += found.of_labels.back();
    }
    return found;
}

} // namespace rft
