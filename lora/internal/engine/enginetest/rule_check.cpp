// Compares each rule's gradients with central differences.

#include "rule_check.h"

#include <cmath>
#include <cstdio>
#include <exception>
#include <memory>
#include <random>
#include <string>
#include <vector>

#include "../rules.hpp"
#include "../schedule.hpp"
#include "rule_cases.hpp"

namespace {

template <typename T, void (*release)(T *)> struct releaser {
    void operator()(T * t) const { release(t); }
};
template <typename T, void (*release)(T *)> using owner = std::unique_ptr<T, releaser<T, release>>;

std::vector<float> values_of(const ggml_tensor * t) {
    std::vector<float> v(ggml_nelements(t));
    ggml_backend_tensor_get(t, v.data(), 0, ggml_nbytes(t));
    return v;
}

struct checker {
    owner<ggml_backend, ggml_backend_free> cpu{ggml_backend_init_by_type(GGML_BACKEND_DEVICE_TYPE_CPU, nullptr)};
    owner<ggml_context, ggml_free> ctx{ggml_init({ggml_tensor_overhead() * 128 + ggml_graph_overhead(), nullptr, true})};
    owner<ggml_backend_buffer, ggml_backend_buffer_free> buffer;
    owner<ggml_backend_sched, ggml_backend_sched_free> sched;
    std::vector<rft::trained> states;
    rft::forward pass;
    std::vector<ggml_tensor *> outputs;
    ggml_cgraph * graph = nullptr;
    std::vector<float> mix; // the linear function of the result
    std::mt19937 rng{7};

    void open(const rft::rule_case & which, bool composed) {
        ggml_backend_cpu_set_n_threads(cpu.get(), 2);
        rft::leaves l{ctx.get(), {}, {}, {}};
        owner<ggml_context, ggml_free> scratch{ggml_init({ggml_tensor_overhead() * 128 + ggml_graph_overhead(), nullptr, true})};
        ggml_tensor * result = which.build(scratch.get(), l);
        ggml_tensor * d = ggml_new_tensor(ctx.get(), GGML_TYPE_F32, GGML_MAX_DIMS, result->ne);
        for (ggml_tensor * t : l.trained) { states.push_back({t, ggml_dup_tensor(ctx.get(), t), nullptr, nullptr}); }
        buffer.reset(ggml_backend_alloc_ctx_tensors(ctx.get(), cpu.get()));
        ggml_backend_buffer_clear(buffer.get(), 0);
        l.fill(rng);
        mix.resize(ggml_nelements(d));
        std::normal_distribution<float> normal;
        for (float & v : mix) { v = normal(rng); }
        ggml_backend_tensor_set(d, mix.data(), 0, ggml_nbytes(d));

        rft::captured captured;
        ggml_cgraph * order = ggml_new_graph(scratch.get());
        ggml_build_forward_expand(order, result);
        for (int i = 0; i < ggml_graph_n_nodes(order); i++) { captured.add(ggml_graph_node(order, i)); }
        differentiate(captured, d, composed);
        ggml_backend_t backend = cpu.get();
        sched.reset(ggml_backend_sched_new(&backend, nullptr, 1, 4096, false, false));
        ggml_backend_sched_alloc_graph(sched.get(), graph);
    }

    // d is the gradient of the graph's last node.
    void differentiate(const rft::captured & captured, ggml_tensor * d, bool composed) {
        rft::backends on;
        on.cpu = cpu.get(), on.composed = composed;
        pass = rft::rewrite(captured, on, false);
        ggml_set_output(pass.logits);
        outputs = {pass.logits};
        rft::backward b(pass.ctx.get(), on, outputs, rft::find_needed(pass, states), states);
        b.accumulate(pass.logits, d);
        b.differentiate(pass.order);
        graph = rft::collect(pass.ctx.get(), outputs);
    }

    double compute() {
        ggml_backend_sched_graph_compute(sched.get(), graph);
        const std::vector<float> y = values_of(pass.logits);
        double sum = 0;
        for (size_t i = 0; i < y.size(); i++) { sum += (double) y[i] * mix[i]; }
        return sum;
    }

    void run(float relative_step, rft_rule_result & r) {
        compute();
        std::vector<std::vector<float>> gradients;
        for (const rft::trained & s : states) { gradients.push_back(values_of(s.gradient)); }
        std::normal_distribution<double> normal;
        for (size_t p = 0; p < states.size() && p < RFT_RULE_LEAVES; p++) {
            const std::vector<float> x = values_of(states[p].value), &slope = gradients[p];
            double size = 0, steep = 1e-30;
            for (size_t i = 0; i < x.size(); i++) { size += (double) x[i] * x[i], steep += (double) slope[i] * slope[i]; }
            std::vector<double> along(x.size());
            for (size_t i = 0; i < x.size(); i++) {
                along[i] = slope[i] / std::sqrt(steep) + normal(rng) / std::sqrt((double) x.size());
                r.rule[p] += along[i] * slope[i];
            }
            const double step = relative_step * std::sqrt(size / 2);
            auto at = [&](double sign) {
                std::vector<float> moved(x.size());
                for (size_t i = 0; i < x.size(); i++) { moved[i] = (float) (x[i] + sign * step * along[i]); }
                ggml_backend_tensor_set(states[p].value, moved.data(), 0, moved.size() * sizeof(float));
                return compute();
            };
            r.difference[p] = (at(1) - at(-1)) / (2 * step);
            ggml_backend_tensor_set(states[p].value, x.data(), 0, x.size() * sizeof(float));
            r.n++;
        }
    }
};

} // namespace

int32_t rft_rule_cases(void) { return (int32_t) rft::rule_cases().size(); }

const char * rft_rule_case_name(int32_t i) { return rft::rule_cases()[i].name.c_str(); }

void rft_rule_check(int32_t i, bool composed, rft_rule_result * result) {
    *result = {};
    try {
        checker c;
        c.open(rft::rule_cases()[i], composed);
        c.run(rft::rule_cases()[i].step, *result);
    } catch (const std::exception & x) {
        snprintf(result->error, sizeof(result->error), "%s", x.what());
    }
}

const char * rft_rule_without_case(void) {
    static const std::string found = [] {
        std::vector<bool> covered(GGML_OP_COUNT, false);
        covered[GGML_OP_CUSTOM] = true; // made by rewriting
        for (const rft::rule_case & c : rft::rule_cases()) {
            owner<ggml_context, ggml_free> leaves_ctx{ggml_init({ggml_tensor_overhead() * 128, nullptr, true})};
            owner<ggml_context, ggml_free> scratch{ggml_init({ggml_tensor_overhead() * 128 + ggml_graph_overhead(), nullptr, true})};
            rft::leaves l{leaves_ctx.get(), {}, {}, {}};
            ggml_cgraph * order = ggml_new_graph(scratch.get());
            ggml_build_forward_expand(order, c.build(scratch.get(), l));
            for (int i = 0; i < ggml_graph_n_nodes(order); i++) { covered[ggml_graph_node(order, i)->op] = true; }
        }
        for (int op = 0; op < GGML_OP_COUNT; op++) {
            if (rft::rule_of((ggml_op) op) && !covered[op]) { return std::string(ggml_op_name((ggml_op) op)); }
        }
        return std::string();
    }();
    return found.c_str();
}
