// One tiny graph for each rule, in several shapes and types.

#include "rule_cases.hpp"

#include <algorithm>
#include <cmath>
#include <cstring>

namespace rft {
namespace {

using cases = std::vector<rule_case>;

constexpr float rough = 3e-2f; // where ggml rounds operands: to F16 in its tables of GELU, to 8 bits in quantised products

void add_arithmetic(cases & all) {
    auto binary = [&](const char * name, ggml_tensor * (*op)(ggml_context *, ggml_tensor *, ggml_tensor *)) {
        const std::vector<std::vector<int64_t>> shapes = {{7, 5, 3, 2}, {7, 1, 1, 1}, {1, 5, 3, 2}, {7, 1, 3, 1}};
        for (const auto & s : shapes) {
            all.push_back({std::string(name) + " by " + std::to_string(s[0]) + "x" + std::to_string(s[1]) + "x" + std::to_string(s[2]),
                           [=](ggml_context * c, leaves & l) { return op(c, l.x({7, 5, 3, 2}), l.x(s, 3, 0.3f)); }});
        }
    };
    binary("ADD", ggml_add);
    binary("SUB", ggml_sub);
    binary("MUL", ggml_mul);
    binary("DIV", ggml_div);
    auto unary = [&](const char * name, ggml_tensor * (*op)(ggml_context *, ggml_tensor *), float mean = 0, float step = 2e-3f) {
        all.push_back({name, [=](ggml_context * c, leaves & l) { return op(c, l.x({33, 5, 2}, mean, mean ? 0.3f : 1)); }, step});
    };
    unary("SQR", ggml_sqr);
    unary("SQRT", ggml_sqrt, 3);
    unary("LOG", ggml_log, 3);
    unary("TANH", ggml_tanh);
    unary("SIGMOID", ggml_sigmoid);
    unary("SILU", ggml_silu);
    unary("GELU", ggml_gelu, 0, rough);
    unary("GELU_ERF", ggml_gelu_erf);
    unary("GELU_QUICK", ggml_gelu_quick, 0, rough);
    unary("RELU", ggml_relu);
    unary("ELU", ggml_elu);
    unary("EXP", ggml_exp);
    unary("NEG", ggml_neg);
    unary("ABS", ggml_abs);
    unary("SOFTPLUS", ggml_softplus);
    unary("SUM_ROWS", ggml_sum_rows);
    unary("MEAN", ggml_mean);
    unary("CONT of TRANSPOSE", [](ggml_context * c, ggml_tensor * x) { return ggml_cont(c, ggml_transpose(c, x)); });
    unary("SCALE with bias", [](ggml_context * c, ggml_tensor * x) { return ggml_scale_bias(c, x, -2.5f, 1); });
    unary("CLAMP", [](ggml_context * c, ggml_tensor * x) { return ggml_clamp(c, x, -0.5f, 0.8f); });
    unary("CLAMP from below", [](ggml_context * c, ggml_tensor * x) { return ggml_clamp(c, x, 0.1f, INFINITY); });
    unary("REPEAT", [](ggml_context * c, ggml_tensor * x) { return ggml_repeat_4d(c, x, 66, 5, 4, 3); });
}

void add_rows(cases & all) {
    auto unary = [&](const char * name, std::function<ggml_tensor *(ggml_context *, ggml_tensor *)> op) {
        all.push_back({name, [=](ggml_context * c, leaves & l) { return op(c, l.x({37, 5, 2}, 0.5f)); }});
        all.push_back({std::string(name) + " of a permuted tensor", [=](ggml_context * c, leaves & l) {
            return op(c, ggml_permute(c, l.x({8, 6, 5}, 0.5f), 0, 2, 1, 3));
        }});
    };
    unary("RMS_NORM", [](ggml_context * c, ggml_tensor * x) { return ggml_rms_norm(c, x, 1e-2f); });
    unary("NORM", [](ggml_context * c, ggml_tensor * x) { return ggml_norm(c, x, 1e-2f); });
    unary("L2_NORM", [](ggml_context * c, ggml_tensor * x) { return ggml_l2_norm(c, x, 1e-3f); });
    for (const float bias : {0.0f, 8.0f}) {
        for (const bool sinks : {false, true}) {
            const std::string name = std::string("SOFT_MAX, mask") + (bias > 0 ? ", ALiBi" : "") + (sinks ? ", sinks" : "");
            all.push_back({name, [=](ggml_context * c, leaves & l) {
                ggml_tensor * y = ggml_soft_max_ext(c, l.x({37, 5, 4}), l.frozen({37, 5}), 0.7f, bias);
                if (sinks) { ggml_soft_max_add_sinks(y, l.frozen({4})); }
                return y;
            }});
        }
    }
    const char * names[] = {"REGLU", "GEGLU", "SWIGLU", "SWIGLU_OAI", "GEGLU_ERF", "GEGLU_QUICK", "SWIGLU_CLAMP"};
    for (int op = 0; op <= GGML_GLU_OP_SWIGLU_CLAMP; op++) {
        const float step = op == GGML_GLU_OP_GEGLU || op == GGML_GLU_OP_GEGLU_QUICK ? rough : 2e-3f;
        auto limited = [op](ggml_tensor * y) {
            const float limits[] = {1.702f, 1.2f};
            if (op == GGML_GLU_OP_SWIGLU_OAI || op == GGML_GLU_OP_SWIGLU_CLAMP) { memcpy(y->op_params + 2, limits, sizeof(limits)); }
            return y;
        };
        all.push_back({std::string(names[op]) + " split", [=](ggml_context * c, leaves & l) {
            return limited(ggml_glu_split(c, l.x({33, 5, 2}), l.x({33, 5, 2}), (ggml_glu_op) op));
        }, step});
        for (const bool swapped : {false, true}) {
            all.push_back({std::string(names[op]) + (swapped ? " swapped" : " joint"), [=](ggml_context * c, leaves & l) {
                return limited(ggml_glu(c, l.x({66, 5, 2}), (ggml_glu_op) op, swapped));
            }, step});
        }
    }
}

// Attention over several blocks of queries, of which none is whole at the end.
void add_attention(cases & all) {
    auto attention = [&](const char * name, bool (*sees)(int64_t query, int64_t key)) {
        all.push_back({std::string("attention, ") + name, [=](ggml_context * c, leaves & l) {
            ggml_tensor *q = l.x({12, 150, 4}), *k = l.x({12, 150, 2}), *v = l.x({150, 12, 2});
            return ggml_mul_mat(c, v, ggml_soft_max_ext(c, ggml_mul_mat(c, k, q), l.mask(150, sees), 0.3f, 0));
        }});
    };
    attention("all seen", [](int64_t, int64_t) { return true; });
    attention("causal", [](int64_t q, int64_t k) { return k <= q; });
    attention("packed", [](int64_t q, int64_t k) { return k <= q && k / 50 == q / 50; });
    attention("sliding", [](int64_t q, int64_t k) { return k <= q && q - k < 20; });
    attention("some queries and a block of them see nothing (kernels only)",
              [](int64_t q, int64_t k) { return k <= q && q != 3 && q != 140 && q / 64 != 1; });
}

void add_shapes(cases & all) {
    all.push_back({"VIEW: three parts of a tensor, one twice", [](ggml_context * c, leaves & l) {
        ggml_tensor * t = ggml_sqr(c, l.x({24, 5}));
        auto part = [&](int64_t from) { return ggml_view_3d(c, t, 4, 2, 5, 4 * t->nb[0], t->nb[1], from * t->nb[0]); };
        return ggml_add(c, ggml_mul(c, part(0), part(8)), ggml_mul(c, part(16), part(8)));
    }});
    all.push_back({"VIEW of a trained tensor", [](ggml_context * c, leaves & l) {
        ggml_tensor * t = l.x({24, 5});
        return ggml_sqr(c, ggml_view_2d(c, t, 8, 4, t->nb[1], 3 * t->nb[0] + t->nb[1]));
    }});
    all.push_back({"VIEW of a view", [](ggml_context * c, leaves & l) {
        ggml_tensor * t = ggml_sqr(c, l.x({24, 5}));
        ggml_tensor * heads = ggml_view_3d(c, t, 4, 2, 5, 4 * t->nb[0], t->nb[1], 8 * t->nb[0]);
        return ggml_sqr(c, ggml_view_2d(c, heads, 8, 5, heads->nb[2], 0));
    }});
    all.push_back({"VIEW of planes", [](ggml_context * c, leaves & l) {
        ggml_tensor * t = ggml_sqr(c, l.x({6, 2, 5}));
        auto plane = [&](int i) { return ggml_view_2d(c, t, 6, 5, t->nb[2], i * t->nb[1]); };
        return ggml_add(c, plane(0), plane(1));
    }});
    for (int dim = 0; dim < 3; dim++) {
        all.push_back({"CONCAT " + std::to_string(dim), [=](ggml_context * c, leaves & l) {
            std::vector<int64_t> ne = {4, 3, 5};
            ggml_tensor * a = l.x(ne);
            ne[dim] = 7;
            return ggml_concat(c, a, l.x(ne), dim);
        }});
    }
    all.push_back({"PERMUTE", [](ggml_context * c, leaves & l) { return ggml_cont(c, ggml_permute(c, l.x({4, 3, 5, 2}), 2, 0, 3, 1)); }});
    all.push_back({"RESHAPE", [](ggml_context * c, leaves & l) { return ggml_reshape_2d(c, l.x({4, 3, 5, 2}), 20, 6); }});
    all.push_back({"GET_ROWS", [](ggml_context * c, leaves & l) { return ggml_get_rows(c, ggml_sqr(c, l.x({9, 12})), l.ids(5, 1, 12)); }});
    all.push_back({"GET_ROWS of every token's own", [](ggml_context * c, leaves & l) {
        return ggml_get_rows(c, ggml_sqr(c, l.x({1, 6, 7})), l.ids(3, 7, 6));
    }});
    struct rotary { const char * name; int mode, dims; float scale, ext; bool factors; };
    for (const rotary & r : {rotary{"", GGML_ROPE_TYPE_NORMAL, 8, 1, 0, false},
                             {" of halves", GGML_ROPE_TYPE_NEOX, 8, 1, 0, false},
                             {" of a part", GGML_ROPE_TYPE_NEOX, 4, 1, 0, false},
                             {" scaled", GGML_ROPE_TYPE_NORMAL, 8, 0.25f, 0, false},
                             {" with YaRN", GGML_ROPE_TYPE_NEOX, 8, 0.25f, 1, false},
                             {" with factors", GGML_ROPE_TYPE_NORMAL, 8, 1, 0, true}}) {
        all.push_back({std::string("ROPE") + r.name, [=](ggml_context * c, leaves & l) {
            ggml_tensor * factors = r.factors ? l.leaf(GGML_TYPE_F32, {r.dims / 2}, 2, 0.2f) : nullptr;
            return ggml_rope_ext(c, l.x({8, 2, 9}), l.ids(9, 1, 40), factors, r.dims, r.mode, 16, 10000, r.scale, r.ext, 1.2f, 32, 1);
        }});
    }
}

void add_products(cases & all) {
    for (ggml_type type : {GGML_TYPE_F32, GGML_TYPE_F16, GGML_TYPE_BF16, GGML_TYPE_Q8_0, GGML_TYPE_Q4_0, GGML_TYPE_Q5_0, GGML_TYPE_Q4_K,
                           GGML_TYPE_Q5_K, GGML_TYPE_Q6_K, GGML_TYPE_IQ4_NL}) {
        const int64_t in = ggml_blck_size(type) == 256 ? 256 : ggml_blck_size(type) == 32 ? 96 : 50;
        const std::string suffix = std::string(" ") + ggml_type_name(type);
        const float step = type == GGML_TYPE_F32 ? 2e-3f : 0.5f;
        for (int64_t columns : {1, 19}) {
            all.push_back({"MUL_MAT" + suffix + ", " + std::to_string(columns) + " columns", [=](ggml_context * c, leaves & l) {
                return ggml_mul_mat(c, l.frozen({in, 33}, type), l.x({in, columns}));
            }, step});
        }
        for (int64_t shared : {1, 2}) {
            all.push_back({"MUL_MAT_ID" + suffix + (shared == 1 ? ", one column for all" : ""), [=](ggml_context * c, leaves & l) {
                return ggml_mul_mat_id(c, l.frozen({in, 33, 5}, type), l.x({in, shared, 19}), l.ids(2, 19, 5));
            }, step});
        }
    }
    all.push_back({"MUL_MAT, both", [](ggml_context * c, leaves & l) { return ggml_mul_mat(c, l.x({50, 33}), l.x({50, 19})); }});
    all.push_back({"MUL_MAT, heads that share", [](ggml_context * c, leaves & l) {
        return ggml_mul_mat(c, l.x({16, 33, 2}), l.x({16, 19, 6}));
    }});
    all.push_back({"MUL_MAT of permuted", [](ggml_context * c, leaves & l) {
        return ggml_mul_mat(c, ggml_permute(c, l.x({16, 2, 33}), 0, 2, 1, 3), ggml_permute(c, l.x({16, 6, 19}), 0, 2, 1, 3));
    }});
    all.push_back({"a mixture of experts", [](ggml_context * c, leaves & l) { // as llama.cpp composes it
        const int64_t width = 16, hidden = 24, n = 5, used = 2, tokens = 19;
        ggml_tensor * x = l.x({width, tokens});
        ggml_tensor * probs = ggml_soft_max(c, ggml_mul_mat(c, l.frozen({width, n}), x));
        ggml_tensor * chosen = ggml_argsort_top_k(c, probs, used);
        ggml_tensor * weights = ggml_get_rows(c, ggml_reshape_3d(c, probs, 1, n, tokens), chosen);
        weights = ggml_reshape_2d(c, weights, used, tokens);
        weights = ggml_div(c, weights, ggml_clamp(c, ggml_sum_rows(c, weights), 6e-5f, INFINITY));
        weights = ggml_reshape_3d(c, weights, 1, used, tokens);
        ggml_tensor * in = ggml_reshape_3d(c, x, width, 1, tokens);
        ggml_tensor * up = ggml_mul_mat_id(c, l.frozen({width, hidden, n}), in, chosen);
        ggml_tensor * gate = ggml_mul_mat_id(c, l.frozen({width, hidden, n}), in, chosen);
        ggml_tensor * out = ggml_mul_mat_id(c, l.frozen({hidden, width, n}), ggml_swiglu_split(c, gate, up), chosen);
        out = ggml_mul(c, out, weights);
        auto plane = [&](int i) { return ggml_view_2d(c, out, width, tokens, out->nb[2], i * out->nb[1]); };
        return ggml_add(c, plane(0), plane(1));
    }, 1e-4f});
    all.push_back({"ADD_ID", [](ggml_context * c, leaves & l) {
        return ggml_add_id(c, l.x({9, 2, 7}), l.frozen({9, 5}), l.ids(2, 7, 5));
    }});
}

} // namespace

void leaves::fill(std::mt19937 & rng) {
    for (auto & f : fills) {
        std::vector<float> v(ggml_nelements(f.first));
        f.second(rng, v);
        std::vector<uint8_t> data(ggml_nbytes(f.first));
        ggml_quantize_chunk(f.first->type, v.data(), data.data(), 0, ggml_nrows(f.first), f.first->ne[0], nullptr);
        ggml_backend_tensor_set(f.first, data.data(), 0, data.size());
    }
    for (auto & c : choices) {
        std::vector<int32_t> all(c.second), v;
        for (int32_t i = 0; i < c.second; i++) { all[i] = i; }
        for (int64_t j = 0; j < c.first->ne[1]; j++) {
            std::shuffle(all.begin(), all.end(), rng);
            v.insert(v.end(), all.begin(), all.begin() + c.first->ne[0]);
        }
        ggml_backend_tensor_set(c.first, v.data(), 0, ggml_nbytes(c.first));
    }
}

const cases & rule_cases() {
    static const cases all = [] {
        cases c;
        add_arithmetic(c);
        add_rows(c);
        add_attention(c);
        add_shapes(c);
        add_products(c);
        c.push_back({"no rule", [](ggml_context * ctx, leaves & l) {
            ggml_tensor * y = ggml_hardswish(ctx, l.x({4, 3}));
            ggml_set_name(y, "act-17");
            return y;
        }});
        return c;
    }();
    return all;
}

} // namespace rft
