// The third stage: the forward pass with loss and gradients.
#pragma once

#include <cstdint>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "forward.hpp"

namespace rft {

// A trained tensor, with what belongs to it; all F32.
struct trained {
    ggml_tensor *value, *gradient, *moment1, *moment2;
};

enum class mode { loss, train };

// How a graph trades time for memory, and what it has room for.
struct layout {
    int32_t chunk_rows = 0;      // rows whose logits are held at a time; 0: all
    int32_t chunk_labels = 0;    // labels that a chunk has room for
    int32_t recomputed = 0;      // segments, from the first on, whose activations are computed again in the backward pass
    bool without_logits = false; // for measuring: something else stands for the gradient that comes from the loss
    bool rest = false;           // whether rows have a rest besides their labels
};

// The rows whose logits, loss and gradients are computed together, and their labels.
struct chunk {
    int64_t first, rows;
    ggml_tensor *label_index, *label_gather;      // the place of each label in the chunk's logits, [labels], I64 and I32
    ggml_tensor * label_row;                      // the row of each label in the chunk, [labels], I32
    ggml_tensor *label_weight, *label_row_weight; // [1, labels]
    ggml_tensor * row_weight;                     // the sum of the weights of each row's labels and rest, [1, rows]
    ggml_tensor * log_p;                          // log-probability of each label, [1, labels]
    ggml_tensor *rest_weight, *log_rest; // of each row's rest, [1, rows]; NULL without layout::rest
};

typedef std::unordered_set<const ggml_tensor *> tensor_set;

// Where the forward pass can be cut. Numbers are indices into forward::order.
struct segments {
    std::vector<size_t> cuts; // the segments' last nodes, except for the last segment's
    size_t frozen = 0;        // the first node that may carry a gradient
    size_t tail = 0;          // the first node of those that are computed by chunks of rows; 0: there is none
    std::unordered_map<const ggml_tensor *, size_t> last_use; // node -> the last that reads it

    int32_t count() const { return (int32_t) cuts.size(); } // that can be recomputed: all but what comes after the last cut
    bool chunkable() const { return tail > 0; }             // whether the logits can be computed by chunks of rows
};

struct training {
    forward pass;
    segments parts;
    std::vector<chunk> chunks;
    std::vector<ggml_tensor *> outputs; // what the graph is computed for
};

// Whether the graph for a captured window has dropout: in training, and in a loss with the training's key.
inline bool has_dropout(float probability, const captured & from, mode m) {
    return probability > 0 && (m == mode::train || from.dropout_key);
}

tensor_set find_needed(const forward & f, const std::vector<trained> & of);
segments find_segments(const forward & f, const tensor_set & needed);

training differentiate(forward f, const backends & on, mode m, const std::vector<trained> & of, const layout & l);

} // namespace rft
