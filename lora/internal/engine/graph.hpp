// What the parts of the engine share: the captured graph, and the training graph made of it.
#pragma once

#include <cstdint>
#include <cstring>
#include <map>
#include <stdexcept>
#include <string>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "ggml-alloc.h"
#include "ggml-backend.h"
#include "ggml-cpu.h"
#include "ggml.h"
#include "llama.h"

#include "kernels.hpp"

namespace rft {

// An op that cannot be differentiated.
struct no_rule : std::runtime_error {
    using std::runtime_error::runtime_error;
};

// More memory is needed than there is or may be used.
struct no_memory : std::runtime_error {
    using std::runtime_error::runtime_error;
};

struct cancelled : std::runtime_error {
    cancelled() : std::runtime_error("cancelled") {}
};

// One input tensor of llama.cpp's graph with its content at the time of the capture.
struct input {
    ggml_tensor * tensor;
    std::vector<uint8_t> data;
};

// The graph of one llama_decode, in execution order.
struct capture {
    std::vector<ggml_tensor *> nodes;
    std::vector<input> inputs; // the first `used`, in order of first use; kept to reuse their memory
    size_t used = 0;
    std::unordered_map<const ggml_tensor *, ggml_tensor *> copies; // the scheduler's copies of nodes
    std::map<std::string, float> scales; // of adapter pairs whose scale is not llama.cpp's, by the name of their B
    float dropout = 0;        // probability; 0: none, in training, and in a loss with the training's key
    uint64_t dropout_key = 0; // of this window's masks; 0: there are none but in training
    std::vector<ggml_tensor *> passed_over; // nodes that are marked as not to be computed
    void clear();
    void release(); // takes those marks away
    ggml_tensor * copied(const ggml_tensor * copy) const;
    bool add(ggml_tensor * node, bool pass_over); // false: an input of this node could not be read
};

// dropout.cpp
bool is_lora_a(const ggml_tensor * t);
bool is_dropout(const ggml_tensor * t);
uint32_t dropout_threshold(float p);
ggml_tensor * dropout(ggml_context * ctx, ggml_tensor * x, ggml_tensor * key, const ggml_tensor * a);
ggml_tensor * dropout_gradient(ggml_context * ctx, const ggml_tensor * node, ggml_tensor * d);

bool is_input(const ggml_tensor * t);
bool is_cache(const ggml_tensor * t);
const ggml_tensor * root_of(const ggml_tensor * t);
int64_t elements_of_rows(const ggml_tensor * t);

inline int32_t param_i32(const ggml_tensor * t, int i) { return t->op_params[i]; }

inline float param_f32(const ggml_tensor * t, int i) {
    float v;
    memcpy(&v, t->op_params + i, sizeof(v));
    return v;
}

// How a graph trades time for memory, and what it has room for.
struct layout {
    int32_t chunk_rows = 0;   // rows whose logits are held at a time; 0: all
    int32_t chunk_labels = 0; // labels that a chunk has room for
    int32_t recomputed = 0;   // segments, from the first on, whose activations are computed again in the backward pass
    bool without_logits = false; // for measuring: something else stands for the gradient that comes from the loss
};

// The rows whose logits, loss and gradients are computed together, and their labels.
struct chunk {
    int64_t first, rows;
    ggml_tensor *label_index, *label_gather; // the place of each label in the chunk's logits, [labels], I64 and I32
    ggml_tensor *label_weight, *label_row_weight; // [1, labels]
    ggml_tensor * row_weight; // the sum of the weights of each row's labels, [1, rows]
    ggml_tensor * log_p; // log-probability of each label, [1, labels]
};

// Parts of a captured graph that become one op: a linear layer with its adapter, w x + scale * b (a x), and attention,
// v softmax(scale * k q + mask).
struct lora_layer {
    ggml_tensor *w, *x, *b, *ax;
    float scale;
};
struct attention_layer {
    ggml_tensor *q, *k, *v, *mask;
    float scale;
};

// A graph of our own, built from a capture: forward, and for training also loss and gradients.
class graph {
  public:
    enum class mode { logits, loss, train };
    static constexpr size_t max_nodes = 65536;

    struct state { // the trained tensor, with what belongs to it; all F32
        ggml_tensor *value, *gradient, *moment1, *moment2;
    };

    graph(ggml_backend_t cpu, const std::vector<ggml_backend_t> & devices, bool composed);
    ~graph();
    graph(const graph &) = delete;
    graph & operator=(const graph &) = delete;

    // Whether the graph for a capture has dropout.
    static bool drops(const capture & from, mode m) {
        return from.dropout > 0 && (m == mode::train || (m == mode::loss && from.dropout_key));
    }

    // Builds for this capture; trained lists the tensors that get gradients.
    void build(const capture & from, mode m, const std::vector<state> & trained, const layout & l);

    bool with_dropout() const { return dropout_key_ != nullptr; }

    // Builds for any captured graph, whose last node's gradient is d: what the rules are checked with.
    void build_gradient(const capture & from, const std::vector<state> & trained, ggml_tensor * d);

    // Copies the inputs of a capture with the same structure as the one that it was built from.
    void set_inputs(const capture & from);

    ggml_cgraph * cgraph = nullptr;
    ggml_tensor * logits = nullptr; // mode::logits only has their values
    std::vector<chunk> chunks;
    int32_t segments() const { return (int32_t) cuts_.size(); } // that can be recomputed: all but what comes after the last cut
    bool chunkable() const { return tail_ > 0; } // whether the logits can be computed by chunks of rows

  private:
    // graph.cpp: which nodes, in which order
    typedef std::unordered_map<const ggml_tensor *, ggml_tensor *> tensor_map;
    void begin(const capture & from, bool with_dropout);
    void find_needed(const std::vector<state> & trained);
    void find_cuts();
    bool by_rows(size_t tail) const;
    ggml_tensor * copy_of(const ggml_tensor * n, const tensor_map & copies, int64_t rows = 0);
    std::vector<ggml_tensor *> recompute(size_t from, size_t to);
    void backward(const layout & l);
    void differentiate(const std::vector<ggml_tensor *> & nodes);
    void collect();

    // loss.cpp
    void add_loss(mode m, const layout & l);
    ggml_tensor * chunk_loss(mode m, ggml_tensor * chunk_logits, int64_t first, int32_t n_labels);

    // capture.cpp: llama.cpp's nodes as our own
    void forward(const capture & from, bool with_dropout);
    ggml_tensor * mapped(ggml_tensor * o);
    void clone(ggml_tensor * o);
    void rescale(ggml_tensor * n);
    bool rewrite_cache(ggml_tensor * o);

    // backward.cpp: the rules
    void differentiate(ggml_tensor * node, ggml_tensor * d);
    void accumulate(ggml_tensor * t, ggml_tensor * d);
    ggml_tensor * contiguous(ggml_tensor * t);
    ggml_tensor * contiguous_node(ggml_tensor * t);
    ggml_tensor * transposed(ggml_tensor * t);
    ggml_tensor * as_f32(ggml_tensor * t);

    // kernel_rules.cpp: products, and what else has a kernel of its own on the CPU
    void find_layers(const capture & from);
    bool clone_layer(ggml_tensor * o);
    ggml_tensor * clone_attention(const attention_layer & l);
    bool kernels() const { return !composed_ && devices_.empty(); } // those of kernels.hpp run on the CPU only
    void mul_mat_rule(ggml_tensor * node, ggml_tensor * d);
    void differentiate_kernel(ggml_tensor * node, ggml_tensor * d);
    void product_gradients(ggml_tensor * a, ggml_tensor * b, ggml_tensor * d, float scale);
    ggml_tensor * reduced_planes(ggml_tensor * full, const ggml_tensor * a);

    // elementwise_rules.cpp
    void unary_rule(ggml_tensor * node, ggml_tensor * d);
    void glu_rule(ggml_tensor * node, ggml_tensor * d);
    ggml_tensor * soft_max_back(ggml_tensor * node, ggml_tensor * d);
    ggml_tensor * rms_norm_back(ggml_tensor * node, ggml_tensor * d);
    ggml_tensor * norm_back(ggml_tensor * node, ggml_tensor * d);
    ggml_tensor * l2_norm_back(ggml_tensor * node, ggml_tensor * d);
    ggml_tensor * activation_back(ggml_unary_op f, ggml_tensor * x, ggml_tensor * d);
    ggml_tensor * one_minus(ggml_tensor * t);
    ggml_tensor * inside(ggml_tensor * x, float low, float high);
    ggml_tensor * normal_cdf(ggml_tensor * x);
    ggml_tensor * mean_of_rows(ggml_tensor * t);

    // shape_rules.cpp
    void view_rule(ggml_tensor * node, ggml_tensor * d);
    void take_parts(ggml_tensor * node);
    void permute_rule(ggml_tensor * node, ggml_tensor * d);
    void concat_rule(ggml_tensor * node, ggml_tensor * d);
    void get_rows_rule(ggml_tensor * node, ggml_tensor * d);
    ggml_tensor * reduced_to(ggml_tensor * d, const ggml_tensor * like);

    // expert_rules.cpp
    void mul_mat_id_rule(ggml_tensor * node, ggml_tensor * d);
    void add_id_rule(ggml_tensor * node, ggml_tensor * d);

    bool needs(ggml_tensor * t) const { return needed_.count(t) > 0; }
    bool supported(ggml_tensor * node) const;
    [[noreturn]] void missing(const ggml_tensor * node, const char * what) const;

    ggml_backend_t cpu_;
    std::vector<ggml_backend_t> devices_;
    bool composed_; // do not use what not every backend has
    ggml_context * ctx_ = nullptr;
    const capture * from_ = nullptr; // while building
    ggml_tensor * dropout_key_ = nullptr; // NULL: no dropout
    std::vector<ggml_tensor *> order_;
    tensor_map map_;
    tensor_map cache_; // cache tensor -> what was written to it
    tensor_map gradient_, transposed_;
    tensor_map parts_; // tensor -> the sum of its views' gradients so far
    std::unordered_map<int64_t, ggml_tensor *> row_numbers_; // how many -> 0, 1, ...
    std::unordered_set<const ggml_tensor *> needed_;
    tensor_map params_; // trained tensor -> where its gradient is summed up
    std::unordered_map<const ggml_tensor *, size_t> last_use_; // node -> the last in order_ that reads it
    std::vector<size_t> cuts_; // in order_: the segments' last nodes, but for the last segment's
    size_t frozen_ = 0; // in order_: the first node that may carry a gradient
    size_t tail_ = 0; // in order_: the first node of those that are computed by chunks of rows
    tensor_map own_gradient_; // gradient that may be added to in place -> what it is the gradient of
    std::unordered_map<const ggml_tensor *, lora_layer> lora_; // captured node -> the layer that it ends
    std::unordered_map<const ggml_tensor *, attention_layer> attention_;
    std::unordered_set<const ggml_tensor *> within_; // captured nodes that such a layer replaces
    tensor_map spans_; // mask -> which keys it shows
    std::vector<ggml_tensor *> outputs_; // what the graph is computed for
    std::vector<ggml_tensor *> inputs_; // parallel to capture.inputs; NULL where the rewritten graph has no use for it
};

} // namespace rft
