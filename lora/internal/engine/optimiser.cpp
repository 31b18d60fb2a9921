// Gradients and AdamW (arXiv 1711.05101): the state of each trained tensor lies where the tensor does, and is updated there.

#include "optimiser.hpp"

#include <algorithm>
#include <cmath>
#include <map>
#include <string>

#include "errors.hpp"

namespace rft {
namespace {

// Sums of squares of short runs in float, which the compiler vectorises, and of the runs in double.
double sum_of_squares(const float * x, int64_t n) {
    constexpr int64_t lanes = 16, run = 1024;
    double sum = 0;
    for (int64_t i = 0; i < n; i += run) {
        const int64_t end = std::min(n, i + run);
        float part[lanes] = {0};
        int64_t j = i;
        for (; j + lanes <= end; j += lanes) {
            for (int64_t k = 0; k < lanes; k++) { part[k] += x[j + k] * x[j + k]; }
        }
        for (; j < end; j++) { part[0] += x[j] * x[j]; }
        for (float p : part) { sum += p; }
    }
    return sum;
}

} // namespace

void place::free() {
    ggml_free(optimiser_ctx);
    ggml_backend_buffer_free(state_buffer);
    ggml_free(state_ctx);
}

optimiser::~optimiser() {
    for (place & p : places) { p.free(); }
}

void optimiser::open(session & s, parameters & all) {
    std::map<ggml_backend_t, std::vector<size_t>> held;
    for (size_t i = 0; i < all.tensors.size(); i++) { held[s.on.holder(all.tensors[i].value)].push_back(i); }
    for (auto & h : held) {
        place p;
        p.backend = h.first, p.params = h.second;
        p.state_ctx = ggml_init({ggml_tensor_overhead() * (p.params.size() * 3 + 8), nullptr, true});
        places.push_back(p);
        place & at = places.back();
        for (size_t i : at.params) {
            trained & t = all.tensors[i];
            for (ggml_tensor ** state : {&t.gradient, &t.moment1, &t.moment2}) { *state = ggml_dup_tensor(at.state_ctx, t.value); }
        }
        at.decayed = ggml_new_tensor_1d(at.state_ctx, GGML_TYPE_F32, 7);
        at.plain = ggml_new_tensor_1d(at.state_ctx, GGML_TYPE_F32, 7);
        at.grad_scale = ggml_new_tensor_1d(at.state_ctx, GGML_TYPE_F32, 1);
        at.state_buffer = ggml_backend_alloc_ctx_tensors(at.state_ctx, at.backend);
        if (!at.state_buffer) { throw no_memory("gradients and moments cannot be allocated; use a lower rank or fewer targets"); }
        ggml_backend_buffer_clear(at.state_buffer, 0);
        build(at, all, s.adapter);
    }
}

// The optimiser's graph works in place on the state, so it needs no memory of its own and is built once.
void optimiser::build(place & at, const parameters & p, bool of_adapter) {
    const size_t nodes = at.params.size() * 8 + 64; // four leaves and two nodes for each
    at.optimiser_ctx = ggml_init({ggml_tensor_overhead() * nodes + ggml_graph_overhead_custom(nodes, false), nullptr, true});
    at.graph = ggml_new_graph_custom(at.optimiser_ctx, nodes, false);
    for (size_t i : at.params) {
        const trained & t = p.tensors[i];
        const bool matrix = of_adapter || t.value->ne[1] > 1; // norms and biases are not decayed
        ggml_set_param(t.value);
        ggml_tensor * scaled = ggml_mul_inplace(at.optimiser_ctx, t.gradient, at.grad_scale);
        ggml_tensor * step = ggml_opt_step_adamw(at.optimiser_ctx, t.value, scaled, t.moment1, t.moment2, matrix ? at.decayed : at.plain);
        for (ggml_tensor * view : {scaled, step}) { ggml_backend_view_init(view); }
        ggml_build_forward_expand(at.graph, step);
    }
}

uint64_t optimiser::state_bytes() const {
    uint64_t sum = 0;
    for (const place & p : places) { sum += ggml_backend_buffer_get_size(p.state_buffer); }
    return sum;
}

void optimiser::step(session & s, const rft_adamw & a) {
    float values[7] = {a.learning_rate, a.beta1, a.beta2, a.epsilon, a.weight_decay,
                       (float) (1 / (1 - std::pow((double) a.beta1, (double) a.step))),
                       (float) (1 / (1 - std::pow((double) a.beta2, (double) a.step)))};
    float undecayed[7];
    std::copy(values, values + 7, undecayed);
    undecayed[4] = 0;
    for (const place & p : places) {
        ggml_backend_tensor_set(p.decayed, values, 0, sizeof(values));
        ggml_backend_tensor_set(p.plain, undecayed, 0, sizeof(undecayed));
        ggml_backend_tensor_set(p.grad_scale, &a.grad_scale, 0, sizeof(float));
    }
    // never interrupted: a step that is half done would leave weights that belong to no step
    ggml_backend_cpu_set_abort_callback(s.on.cpu, nullptr, nullptr);
    ggml_status status = GGML_STATUS_SUCCESS;
    for (const place & p : places) {
        if (status == GGML_STATUS_SUCCESS) { status = ggml_backend_graph_compute(p.backend, p.graph); }
    }
    ggml_backend_cpu_set_abort_callback(s.on.cpu, on_cancel, &s);
    if (status != GGML_STATUS_SUCCESS) { fail(std::string("the optimiser step failed: ") + ggml_status_to_string(status)); }
    for (const place & p : places) { // a remote device may have failed silently: an answer shows that it has not
        float scale;
        ggml_backend_tensor_get(p.grad_scale, &scale, 0, sizeof(scale));
    }
}

void zero_gradients(const parameters & p) {
    for (const trained & t : p.tensors) { ggml_backend_tensor_memset(t.gradient, 0, 0, ggml_nbytes(t.gradient)); }
}

double gradient_norm(const parameters & p) {
    double sum = 0;
    std::vector<float> copy;
    for (const trained & t : p.tensors) {
        const int64_t n = ggml_nelements(t.gradient);
        const float * g = (const float *) t.gradient->data;
        if (!ggml_backend_buffer_is_host(t.gradient->buffer)) {
            copy.resize(n);
            ggml_backend_tensor_get(t.gradient, copy.data(), 0, n * sizeof(float));
            g = copy.data();
        }
        sum += sum_of_squares(g, n);
    }
    return std::sqrt(sum);
}

} // namespace rft
