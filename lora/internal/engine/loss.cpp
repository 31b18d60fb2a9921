// The loss: cross-entropy with sparse labels, computed for some rows of logits at a time, so that no more than
// chunk rows x vocabulary numbers are held. Rows are split and not the vocabulary, since each row's soft-max is then whole.

#include <algorithm>
#include <vector>

#include "rules.hpp"

namespace rft {
namespace {

// log softmax(logits) at the labels, [1, labels]. The logarithm of p would end where p underflows, at -87, so that it is
// taken of the likeliest token, whose p is at least 1 / vocab: log p = x - x_max + log p_max.
ggml_tensor * log_softmax(backward & b, const chunk & c, ggml_tensor * logits, ggml_tensor * p) {
    const int64_t vocab = logits->ne[0], rows = logits->ne[1];
    ggml_tensor * likeliest = ggml_reshape_2d(b.ctx, ggml_argmax(b.ctx, logits), 1, rows);
    auto at_likeliest = [&](ggml_tensor * t) { return ggml_get_rows(b.ctx, ggml_reshape_3d(b.ctx, t, 1, vocab, rows), likeliest); };
    ggml_tensor * shift = ggml_sub(b.ctx, ggml_log(b.ctx, at_likeliest(p)), at_likeliest(logits)); // [1, 1, rows]
    ggml_tensor * of_labels = ggml_get_rows(b.ctx, ggml_reshape_2d(b.ctx, shift, 1, rows), c.label_row);
    ggml_tensor * x = ggml_get_rows(b.ctx, ggml_reshape_2d(b.ctx, logits, 1, vocab * rows), c.label_gather);
    return ggml_add(b.ctx, x, of_labels);
}

// The probability of all tokens of each row that have no label, [1, rows]. It is summed, since 1 less the others would be
// nothing but rounding errors where they have nearly all of it.
ggml_tensor * rest_of(ggml_context * ctx, ggml_tensor * p, ggml_tensor * chosen, ggml_tensor * label_index) {
    ggml_tensor * copy = ggml_reshape_2d(ctx, ggml_scale(ctx, p, 1), 1, ggml_nelements(p)); // set_rows writes in place
    ggml_tensor * others = ggml_set_rows(ctx, copy, ggml_scale(ctx, chosen, 0), label_index);
    return ggml_clamp(ctx, ggml_sum_rows(ctx, ggml_reshape_2d(ctx, others, p->ne[0], p->ne[1])), 1e-37f, 1.0f);
}

// log softmax(logits) at the labels, and for training the gradient of the loss = sum of -weight * that. With
// p = softmax(logits) it is p * (sum of the row's weights), less the weight at each label. Labels are sparse: (row, token)
// as one flat index. Labels that share a place have the sum of their weights, so it does not matter which is written last.
// With a rest, whose probability is r = sum of p over the tokens without a label, the gradient there is p * (sum of the row's
// weights - weight of the rest / r); at the labels it stays the same.
ggml_tensor * chunk_loss(backward & b, training & t, mode m, ggml_tensor * chunk_logits, int64_t first, const layout & l) {
    const int32_t n_labels = l.chunk_labels;
    const int64_t vocab = chunk_logits->ne[0], rows = elements_of_rows(chunk_logits);
    if (vocab * rows > INT32_MAX) { fail("too many tokens with a loss in one window for this vocabulary: use a smaller window"); }
    chunk c = {};
    c.first = first, c.rows = rows;
    c.label_index = ggml_new_tensor_1d(b.ctx, GGML_TYPE_I64, n_labels);
    c.label_gather = ggml_new_tensor_1d(b.ctx, GGML_TYPE_I32, n_labels);
    c.label_row = ggml_new_tensor_1d(b.ctx, GGML_TYPE_I32, n_labels);
    c.label_weight = ggml_new_tensor_2d(b.ctx, GGML_TYPE_F32, 1, n_labels);
    c.label_row_weight = ggml_new_tensor_2d(b.ctx, GGML_TYPE_F32, 1, n_labels);
    c.row_weight = ggml_new_tensor_2d(b.ctx, GGML_TYPE_F32, 1, rows);
    for (ggml_tensor * in : {c.label_index, c.label_gather, c.label_row, c.label_weight, c.label_row_weight, c.row_weight}) {
        ggml_set_input(in);
    }

    ggml_tensor * logits = ggml_reshape_2d(b.ctx, b.contiguous(chunk_logits), vocab, rows);
    ggml_tensor * p = ggml_soft_max(b.ctx, logits);
    ggml_tensor * flat = ggml_reshape_2d(b.ctx, p, 1, vocab * rows);
    ggml_tensor * chosen = ggml_get_rows(b.ctx, flat, c.label_gather); // [1, n_labels]
    c.log_p = log_softmax(b, c, logits, p);
    ggml_set_output(c.log_p);
    t.outputs.push_back(c.log_p);
    ggml_tensor * factor = c.row_weight;
    if (l.rest) {
        ggml_tensor * r = rest_of(b.ctx, p, chosen, c.label_index);
        c.rest_weight = ggml_new_tensor_2d(b.ctx, GGML_TYPE_F32, 1, rows);
        ggml_set_input(c.rest_weight);
        c.log_rest = ggml_log(b.ctx, r);
        ggml_set_output(c.log_rest);
        t.outputs.push_back(c.log_rest);
        factor = ggml_sub(b.ctx, c.row_weight, ggml_div(b.ctx, c.rest_weight, r));
    }
    t.chunks.push_back(c);
    if (m != mode::train) { return nullptr; }

    ggml_tensor * d = ggml_mul(b.ctx, p, factor);
    ggml_tensor * at_labels = ggml_sub(b.ctx, ggml_mul(b.ctx, chosen, c.label_row_weight), c.label_weight);
    ggml_tensor * set = ggml_set_rows(b.ctx, ggml_reshape_2d(b.ctx, d, 1, vocab * rows), at_labels, c.label_index);
    return ggml_reshape_2d(b.ctx, set, vocab, rows);
}

} // namespace

// Loss of all rows, and for training the gradient of what the logits are computed from, or of the logits themselves where
// all rows are computed together.
void add_loss(backward & b, training & t, mode m, const layout & l) {
    const forward & f = t.pass;
    const size_t tail = t.parts.tail;
    const int64_t rows = elements_of_rows(f.logits);
    if (l.without_logits) {
        ggml_tensor * top = l.chunk_rows ? f.order[tail - 1] : f.logits;
        ggml_tensor * d = ggml_scale(b.ctx, top, 1);
        t.outputs.push_back(d);
        if (m == mode::train) { b.accumulate(top, d); }
        return;
    }
    if (l.chunk_rows == 0) {
        ggml_tensor * d = chunk_loss(b, t, m, f.logits, 0, l);
        if (m == mode::train) { b.accumulate(f.logits, d); }
        return;
    }
    ggml_tensor * hidden = f.order[tail - 1];
    ggml_tensor * joined = nullptr;
    for (int64_t first = 0; first < rows; first += l.chunk_rows) {
        const int64_t n = std::min<int64_t>(l.chunk_rows, rows - first);
        ggml_tensor * part = ggml_view_2d(b.ctx, hidden, hidden->ne[0], n, hidden->nb[1], first * hidden->nb[1]);
        if (b.needs(hidden)) { b.needed.insert(part); }
        tensor_map copies = {{hidden, part}};
        std::vector<ggml_tensor *> nodes;
        for (size_t i = tail; i < f.order.size(); i++) {
            bool is_above = false;
            for (const ggml_tensor * s : f.order[i]->src) { is_above = is_above || copies.count(s); }
            if (is_above) { nodes.push_back(copies[f.order[i]] = copy_of(b, f.order[i], copies, n)); }
        }
        ggml_tensor * chunk_logits = copies[f.logits];
        ggml_tensor * d = chunk_loss(b, t, m, chunk_logits, first, l);
        if (m != mode::train) { continue; }
        b.accumulate(chunk_logits, d);
        b.differentiate(nodes);
        if (!b.needs(hidden)) { continue; }
        ggml_tensor * dpart = b.contiguous(b.gradient.at(part));
        joined = joined ? ggml_concat(b.ctx, joined, dpart, 1) : dpart;
    }
    if (joined) { b.accumulate(hidden, joined); }
}

} // namespace rft
