// How rewrite works: shared by rewrite.cpp and fuse.cpp.
#pragma once

#include <unordered_map>
#include <unordered_set>

#include "forward.hpp"

namespace rft {

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

struct fusions {
    std::unordered_map<const ggml_tensor *, lora_layer> lora; // captured node -> the layer that it ends
    std::unordered_map<const ggml_tensor *, attention_layer> attention;
    std::unordered_set<const ggml_tensor *> fused_nodes; // that such a layer replaces
};

fusions find_fusions(const captured & from);

class rewriter {
  public:
    rewriter(const captured & from, const backends & on, forward & to)
        : from_(from), on_(on), to_(to), ctx_(to.ctx.get()) {}
    void run(bool with_dropout);

  private:
    ggml_tensor * add(ggml_tensor * node); // to the order
    ggml_tensor * mapped(ggml_tensor * o);
    ggml_tensor * contiguous(ggml_tensor * t);
    void put(const ggml_tensor * o, ggml_tensor * n);
    void clone(ggml_tensor * o);
    ggml_tensor * clone_view(const ggml_tensor * o);
    ggml_tensor * clone_product(const ggml_tensor * o);
    ggml_tensor * clone_other(const ggml_tensor * o);
    bool rewrite_cache(ggml_tensor * o);

    // fuse.cpp
    bool clone_layer(ggml_tensor * o);
    ggml_tensor * clone_attention(const attention_layer & l);

    const captured & from_;
    const backends & on_;
    forward & to_;
    ggml_context * ctx_;
    tensor_map map_;   // captured tensor -> ours
    tensor_map cache_; // cache tensor -> what was written to it
    tensor_map spans_; // mask -> which keys it shows
    fusions fusions_;
};

// Ends with no_rule: the node is one that the engine cannot differentiate.
[[noreturn]] void fail_no_rule(const ggml_tensor * node, const char * what);

} // namespace rft
