// The graphs that the rules are checked with.
#pragma once

#include <cstdint>
#include <cmath>
#include <functional>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "ggml-backend.h"
#include "ggml.h"

namespace rft {

// The leaves of a case. Trained ones are F32; what they hold is set once memory is there.
struct leaves {
    ggml_context * ctx;
    std::vector<ggml_tensor *> trained;
    std::vector<std::pair<ggml_tensor *, std::function<void(std::mt19937 &, std::vector<float> &)>>> fills;
    std::vector<std::pair<ggml_tensor *, int32_t>> choices;

    ggml_tensor * leaf(ggml_type type, std::vector<int64_t> ne, float mean, float sd) {
        ggml_tensor * t = ggml_new_tensor(ctx, type, (int) ne.size(), ne.data());
        fills.push_back({t, [mean, sd](std::mt19937 & rng, std::vector<float> & to) {
                             std::normal_distribution<float> normal;
                             for (float & v : to) { v = mean + sd * normal(rng); }
                         }});
        return t;
    }
    ggml_tensor * frozen(std::vector<int64_t> ne, ggml_type type = GGML_TYPE_F32) { return leaf(type, ne, 0, 1); }
    ggml_tensor * x(std::vector<int64_t> ne, float mean = 0, float sd = 1) {
        trained.push_back(leaf(GGML_TYPE_F32, ne, mean, sd));
        return trained.back();
    }
    // what a query, a column, sees of the keys
    ggml_tensor * mask(int64_t n, bool (*sees)(int64_t query, int64_t key)) {
        ggml_tensor * t = ggml_new_tensor_2d(ctx, GGML_TYPE_F32, n, n);
        fills.push_back({t, [n, sees](std::mt19937 &, std::vector<float> & to) {
                             for (int64_t i = 0; i < n * n; i++) { to[i] = sees(i / n, i % n) ? 0 : -INFINITY; }
                         }});
        return t;
    }
    // columns of n distinct numbers below limit
    ggml_tensor * ids(int64_t n, int64_t columns, int32_t limit) {
        ggml_tensor * t = ggml_new_tensor_2d(ctx, GGML_TYPE_I32, n, columns);
        choices.push_back({t, limit});
        return t;
    }
    void fill(std::mt19937 & rng); // once memory is there
};

struct rule_case {
    std::string name;
    std::function<ggml_tensor *(ggml_context *, leaves &)> build;
    float step = 2e-3f; // of the differences, relative to the tensor
};

const std::vector<rule_case> & rule_cases();

} // namespace rft
