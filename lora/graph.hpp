// What the parts of the engine share: the captured graph, and the training graph made of it.
#pragma once

#include <cstdint>
#include <map>
#include <set>
#include <stdexcept>
#include <string>
#include <unordered_map>
#include <vector>

#include "ggml-alloc.h"
#include "ggml-backend.h"
#include "ggml-cpu.h"
#include "ggml.h"
#include "llama.h"

namespace rft {

// An op that cannot be differentiated.
struct no_rule : std::runtime_error {
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
    void clear();
    ggml_tensor * copied(const ggml_tensor * copy) const;
    bool add(ggml_tensor * node); // false: an input of this node could not be read
};

bool is_input(const ggml_tensor * t);
const ggml_tensor * root_of(const ggml_tensor * t);
int64_t elements_of_rows(const ggml_tensor * t);

// A graph of our own, built from a capture: forward, and for training also loss and gradients.
class graph {
  public:
    enum class mode { logits, loss, train };

    struct state { // the trained tensor, with what belongs to it; all F32
        ggml_tensor *value, *gradient, *moment1, *moment2;
    };

    graph(ggml_backend_t cpu, ggml_backend_t gpu, bool composed);
    ~graph();
    graph(const graph &) = delete;
    graph & operator=(const graph &) = delete;

    // Builds for this capture; trained lists the tensors that get gradients.
    void build(const capture & from, mode m, const std::vector<state> & trained, int32_t n_labels);

    // Copies the inputs of a capture with the same structure as the one that it was built from.
    void set_inputs(const capture & from);

    ggml_cgraph * cgraph = nullptr;
    ggml_tensor * logits = nullptr;
    ggml_tensor *label_index = nullptr, *label_gather = nullptr, *label_weight = nullptr, *label_row_weight = nullptr, *row_weight = nullptr;
    ggml_tensor * loss = nullptr;

  private:
    // capture.cpp: llama.cpp's nodes as our own
    void forward(const capture & from);
    ggml_tensor * mapped(ggml_tensor * o);
    void clone(ggml_tensor * o);
    bool rewrite_cache(ggml_tensor * o);

    // backward.cpp: the rules
    void add_loss(mode m, int32_t n_labels);
    void backward(ggml_tensor * dlogits);
    void differentiate(ggml_tensor * node, ggml_tensor * d);
    void accumulate(ggml_tensor * t, ggml_tensor * d);
    void mul_mat_rule(ggml_tensor * node, ggml_tensor * d);
    void view_rule(ggml_tensor * node, ggml_tensor * d);
    void unary_rule(ggml_tensor * node, ggml_tensor * d);
    void get_rows_rule(ggml_tensor * node, ggml_tensor * d);
    ggml_tensor * soft_max_back(ggml_tensor * node, ggml_tensor * d);
    ggml_tensor * rms_norm_back(ggml_tensor * node, ggml_tensor * d);
    ggml_tensor * reduced_planes(ggml_tensor * full, const ggml_tensor * a);
    ggml_tensor * reduced_to(ggml_tensor * d, const ggml_tensor * like);
    ggml_tensor * contiguous(ggml_tensor * t);
    ggml_tensor * contiguous_node(ggml_tensor * t);
    ggml_tensor * transposed(ggml_tensor * t);
    bool needs(ggml_tensor * t) const { return needed_.count(t) > 0; }
    bool supported(ggml_tensor * node) const;
    [[noreturn]] void missing(const ggml_tensor * node, const char * what) const;

    ggml_backend_t cpu_, gpu_;
    bool composed_; // do not use the CPU kernels of kernels.cpp
    ggml_context * ctx_ = nullptr;
    const capture * from_ = nullptr; // while building
    std::vector<ggml_tensor *> order_;
    std::unordered_map<const ggml_tensor *, ggml_tensor *> map_;
    std::unordered_map<const ggml_tensor *, ggml_tensor *> cache_; // cache tensor -> what was written to it
    std::unordered_map<const ggml_tensor *, ggml_tensor *> gradient_, transposed_;
    std::set<const ggml_tensor *> needed_, params_;
    std::vector<ggml_tensor *> inputs_; // parallel to capture.inputs; NULL where the rewritten graph has no use for it
};

// kernels.cpp: products for the backward pass that read their operands as they lie in memory.
// y = mul_mat(a, b), d its gradient.
ggml_tensor * product_input_gradient(ggml_context * ctx, ggml_tensor * a, ggml_tensor * b, ggml_tensor * d);
ggml_tensor * product_weight_gradient(ggml_context * ctx, ggml_tensor * a, ggml_tensor * b, ggml_tensor * d);

} // namespace rft
