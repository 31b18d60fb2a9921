// Reverse-mode differentiation: what the rules of each op work on.
#pragma once

#include <cstdint>
#include <unordered_map>
#include <vector>

#include "assumptions.hpp"
#include "errors.hpp"
#include "kernels.hpp"
#include "rewrite.hpp"
#include "training.hpp"

namespace rft {

// A backward pass that is being built. Gradients are carried only where a trained tensor lies below.
struct backward {
    ggml_context * ctx;
    const backends & on;
    std::vector<ggml_tensor *> & outputs; // gets the nodes that add to the trained tensors' gradients
    tensor_set needed;                    // tensors that carry gradients
    tensor_map params;                    // trained tensor -> where its gradient is summed up
    tensor_map gradient;                  // tensor -> its gradient so far
    tensor_map own_gradient;              // gradient that may be added to in place -> what it is the gradient of
    tensor_map view_gradients;            // tensor -> the sum of its views' gradients so far

    backward(ggml_context * ctx, const backends & on, std::vector<ggml_tensor *> & outputs, tensor_set needed,
             const std::vector<trained> & of);

    bool needs(const ggml_tensor * t) const { return needed.count(t) > 0; }
    void accumulate(ggml_tensor * t, ggml_tensor * d); // adds d to the gradient of t
    void differentiate(const std::vector<ggml_tensor *> & nodes); // from the last to the first
    void fold_view_gradients(ggml_tensor * node); // once all views of the node have been seen

    ggml_tensor * contiguous(ggml_tensor * t) const;
    ggml_tensor * transposed(ggml_tensor * t);
    ggml_tensor * as_f32(ggml_tensor * t);
    ggml_tensor * reduced_to(ggml_tensor * d, const ggml_tensor * like) const; // summed over the dimensions in which like was repeated

  private:
    tensor_map transposed_;
    std::unordered_map<int64_t, ggml_tensor *> row_numbers_; // how many -> 0, 1, ...
};

// Adds to the gradients of the node's sources, d being the node's own.
typedef void (*rule)(backward & b, ggml_tensor * node, ggml_tensor * d);

rule rule_of(ggml_op op); // NULL: there is none

// rules_product.cpp
void mul_mat_rule(backward & b, ggml_tensor * node, ggml_tensor * d);
void custom_rule(backward & b, ggml_tensor * node, ggml_tensor * d);

// rules_elementwise.cpp
void add_rule(backward & b, ggml_tensor * node, ggml_tensor * d);
void sub_rule(backward & b, ggml_tensor * node, ggml_tensor * d);
void mul_rule(backward & b, ggml_tensor * node, ggml_tensor * d);
void div_rule(backward & b, ggml_tensor * node, ggml_tensor * d);
void sqr_rule(backward & b, ggml_tensor * node, ggml_tensor * d);
void sqrt_rule(backward & b, ggml_tensor * node, ggml_tensor * d);
void log_rule(backward & b, ggml_tensor * node, ggml_tensor * d);
void scale_rule(backward & b, ggml_tensor * node, ggml_tensor * d);
void clamp_rule(backward & b, ggml_tensor * node, ggml_tensor * d);
void unary_rule(backward & b, ggml_tensor * node, ggml_tensor * d);
void glu_rule(backward & b, ggml_tensor * node, ggml_tensor * d);

// rules_rows.cpp
void sum_rows_rule(backward & b, ggml_tensor * node, ggml_tensor * d);
void mean_rule(backward & b, ggml_tensor * node, ggml_tensor * d);
void rms_norm_rule(backward & b, ggml_tensor * node, ggml_tensor * d);
void norm_rule(backward & b, ggml_tensor * node, ggml_tensor * d);
void l2_norm_rule(backward & b, ggml_tensor * node, ggml_tensor * d);
void soft_max_rule(backward & b, ggml_tensor * node, ggml_tensor * d);
void rope_rule(backward & b, ggml_tensor * node, ggml_tensor * d);

// rules_shape.cpp
void repeat_rule(backward & b, ggml_tensor * node, ggml_tensor * d);
void concat_rule(backward & b, ggml_tensor * node, ggml_tensor * d);
void reshape_rule(backward & b, ggml_tensor * node, ggml_tensor * d);
void view_rule(backward & b, ggml_tensor * node, ggml_tensor * d);
void permute_rule(backward & b, ggml_tensor * node, ggml_tensor * d);
void transpose_rule(backward & b, ggml_tensor * node, ggml_tensor * d);
void cont_rule(backward & b, ggml_tensor * node, ggml_tensor * d);
void get_rows_rule(backward & b, ggml_tensor * node, ggml_tensor * d);

// rules_expert.cpp
void mul_mat_id_rule(backward & b, ggml_tensor * node, ggml_tensor * d);
void add_id_rule(backward & b, ggml_tensor * node, ggml_tensor * d);

// segments.cpp: a node like n on copies of its sources, those that have one. rows, if not zero, takes the place of its
// number of rows.
ggml_tensor * copy_of(backward & b, const ggml_tensor * n, const tensor_map & copies, int64_t rows = 0);
// Computes the nodes from .. to of the forward pass again, and returns the copies.
std::vector<ggml_tensor *> recompute(backward & b, const forward & f, const segments & s, size_t from, size_t to);

// loss.cpp: adds the loss, and for training the gradients of everything after the last cut.
void add_loss(backward & b, training & t, mode m, const layout & l);

} // namespace rft
