// The loss: cross-entropy with sparse labels, computed for some rows of logits at a time, so that no more than
// chunk rows x vocabulary numbers are held. Rows are cut and not the vocabulary, since each row's soft-max is then whole.

#include "engine.hpp"

namespace rft {

// Loss of all rows, and for training the gradient of what the logits are computed from, or of the logits themselves where
// all rows are computed together.
void graph::add_loss(mode m, const layout & l) {
    const int64_t rows = elements_of_rows(logits);
    if (l.without_logits) {
        ggml_tensor * top = l.chunk_rows ? order_[tail_ - 1] : logits;
        ggml_tensor * d = ggml_scale(ctx_, top, 1);
        outputs_.push_back(d);
        if (m == mode::train) { accumulate(top, d); }
        return;
    }
    if (l.chunk_rows == 0) {
        ggml_tensor * d = chunk_loss(m, logits, 0, l.chunk_labels);
        if (m == mode::train) { accumulate(logits, d); }
        return;
    }
    ggml_tensor * hidden = order_[tail_ - 1];
    ggml_tensor * joined = nullptr;
    for (int64_t first = 0; first < rows; first += l.chunk_rows) {
        const int64_t n = std::min<int64_t>(l.chunk_rows, rows - first);
        ggml_tensor * part = ggml_view_2d(ctx_, hidden, hidden->ne[0], n, hidden->nb[1], first * hidden->nb[1]);
        if (needs(hidden)) { needed_.insert(part); }
        tensor_map copies = {{hidden, part}};
        std::vector<ggml_tensor *> nodes;
        for (size_t i = tail_; i < order_.size(); i++) {
            bool is_above = false;
            for (const ggml_tensor * s : order_[i]->src) { is_above = is_above || copies.count(s); }
            if (is_above) { nodes.push_back(copies[order_[i]] = copy_of(order_[i], copies, n)); }
        }
        ggml_tensor * chunk_logits = copies[logits];
        ggml_tensor * d = chunk_loss(m, chunk_logits, first, l.chunk_labels);
        if (m != mode::train) { continue; }
        accumulate(chunk_logits, d);
        differentiate(nodes);
        if (!needs(hidden)) { continue; }
        ggml_tensor * dpart = contiguous(gradient_.at(part));
        joined = joined ? ggml_concat(ctx_, joined, dpart, 1) : dpart;
    }
    if (joined) { accumulate(hidden, joined); }
}

// log softmax(logits) at the labels, and for training the gradient of the loss = sum of -weight * that. With
// p = softmax(logits) it is p * (sum of the row's weights), less the weight at each label. Labels are sparse: (row, token)
// as one flat index. Labels that share a place have the sum of their weights, so it does not matter which is written last.
ggml_tensor * graph::chunk_loss(mode m, ggml_tensor * chunk_logits, int64_t first, int32_t n_labels) {
    const int64_t vocab = chunk_logits->ne[0], rows = elements_of_rows(chunk_logits);
    if (vocab * rows > INT32_MAX) { throw std::runtime_error("too many tokens with a loss in one window for this vocabulary: use a smaller window"); }
    chunk c;
    c.first = first, c.rows = rows;
    c.label_index = ggml_new_tensor_1d(ctx_, GGML_TYPE_I64, n_labels);
    c.label_gather = ggml_new_tensor_1d(ctx_, GGML_TYPE_I32, n_labels);
    c.label_weight = ggml_new_tensor_2d(ctx_, GGML_TYPE_F32, 1, n_labels);
    c.label_row_weight = ggml_new_tensor_2d(ctx_, GGML_TYPE_F32, 1, n_labels);
    c.row_weight = ggml_new_tensor_2d(ctx_, GGML_TYPE_F32, 1, rows);
    for (ggml_tensor * t : {c.label_index, c.label_gather, c.label_weight, c.label_row_weight, c.row_weight}) { ggml_set_input(t); }

    ggml_tensor * p = ggml_soft_max(ctx_, contiguous(chunk_logits));
    ggml_tensor * flat = ggml_reshape_2d(ctx_, p, 1, vocab * rows);
    ggml_tensor * chosen = ggml_get_rows(ctx_, flat, c.label_gather); // [1, n_labels]
    c.log_p = ggml_log(ctx_, ggml_clamp(ctx_, chosen, 1e-37f, 1.0f));
    ggml_set_output(c.log_p);
    outputs_.push_back(c.log_p);
    chunks.push_back(c);
    if (m != mode::train) { return nullptr; }

    ggml_tensor * d = ggml_mul(ctx_, p, c.row_weight);
    ggml_tensor * at_labels = ggml_sub(ctx_, ggml_mul(ctx_, chosen, c.label_row_weight), c.label_weight);
    ggml_tensor * set = ggml_set_rows(ctx_, ggml_reshape_2d(ctx_, d, 1, vocab * rows), at_labels, c.label_index);
    return ggml_reshape_2d(ctx_, set, vocab, rows);
}

} // namespace rft

namespace {

void set(ggml_tensor * t, const void * data) {
    if (t->buffer) { ggml_backend_tensor_set(t, data, 0, ggml_nbytes(t)); } // those of the gradient only are left out where there is none
}

} // namespace

// Room for labels that chunks of this many rows need for this batch.
int32_t rft_engine::labels_in_chunks(const rft_batch & b, int32_t chunk_rows) const {
    std::vector<int32_t> n(chunk_rows ? (b.n_rows + chunk_rows - 1) / chunk_rows : 1, 0);
    int32_t most = 1;
    for (int32_t l = 0; l < b.n_labels; l++) {
        if (b.label_rows[l] < 0 || b.label_rows[l] >= b.n_rows) { throw std::runtime_error("a label lies outside the rows"); }
        most = std::max(most, ++n[chunk_rows ? b.label_rows[l] / chunk_rows : 0]);
    }
    return most;
}

void rft_engine::set_labels(const rft_batch & b) {
    const int64_t vocab = current->logits->ne[0];
    std::vector<float> row_weight(b.n_rows, 0.0f);
    std::unordered_map<int64_t, float> weight_at; // place -> sum of weights
    for (int32_t l = 0; l < b.n_labels; l++) {
        const int32_t r = b.label_rows[l], t = b.label_tokens[l];
        if (r < 0 || r >= b.n_rows || t < 0 || t >= vocab) { throw std::runtime_error("a label lies outside the rows or the vocabulary"); }
        row_weight[r] += b.label_weights[l];
        weight_at[r * vocab + t] += b.label_weights[l];
    }
    const int32_t room = current_layout.chunk_labels;
    const int32_t per_chunk = current_layout.chunk_rows ? current_layout.chunk_rows : b.n_rows;
    label_slots.resize(b.n_labels);
    std::vector<int32_t> used(current->chunks.size(), 0);
    std::vector<int64_t> place(current->chunks.size() * room);
    for (int32_t l = 0; l < b.n_labels; l++) {
        const int32_t k = b.label_rows[l] / per_chunk;
        label_slots[l] = k * room + used[k]++;
        place[label_slots[l]] = b.label_rows[l] * vocab + b.label_tokens[l];
    }
    std::vector<int64_t> index(room);
    std::vector<int32_t> gather(room);
    std::vector<float> weight(room), label_row_weight(room);
    for (size_t k = 0; k < current->chunks.size(); k++) {
        const rft::chunk & c = current->chunks[k];
        for (int32_t i = 0; i < room; i++) { // the rest repeats the first label, or the chunk's first place if it has none
            const int64_t at = used[k] ? place[k * room + (i < used[k] ? i : 0)] : c.first * vocab;
            index[i] = at - c.first * vocab;
            gather[i] = (int32_t) index[i];
            weight[i] = used[k] ? weight_at[at] : 0;
            label_row_weight[i] = row_weight[at / vocab];
        }
        set(c.label_index, index.data());
        set(c.label_gather, gather.data());
        set(c.label_weight, weight.data());
        set(c.label_row_weight, label_row_weight.data());
        set(c.row_weight, row_weight.data() + c.first);
    }
}

// Reads the labels' losses; returns their sum.
double rft_engine::read_losses(const rft_batch & b) {
    const int32_t room = current_layout.chunk_labels;
    std::vector<float> log_p(current->chunks.size() * room);
    for (size_t k = 0; k < current->chunks.size(); k++) {
        ggml_backend_tensor_get(current->chunks[k].log_p, log_p.data() + k * room, 0, room * sizeof(float));
    }
    label_losses.resize(b.n_labels);
    double sum = 0;
    for (int32_t l = 0; l < b.n_labels; l++) {
        label_losses[l] = -b.label_weights[l] * log_p[label_slots[l]];
        sum += label_losses[l];
    }
    return sum;
}
