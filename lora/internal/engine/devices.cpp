// Which devices hold layers, and which backend computes what.

#include <cstring>
#include <string>
#include <vector>

#include "assumptions.hpp"
#include "errors.hpp"
#include "session.hpp"

namespace rft {
namespace {

bool is_remote(ggml_backend_dev_t d) { return strcmp(ggml_backend_reg_name(ggml_backend_dev_backend_reg(d)), "RPC") == 0; }

} // namespace

std::vector<ggml_backend_dev_t> chosen_devices(const rft_options & options) {
    std::vector<ggml_backend_dev_t> chosen;
    if (options.gpu_layers == 0) { return chosen; }
    if (!options.adapter_path) { fail("training all weights runs on the CPU only: use 0 GPU layers"); }
    if (options.dropout > 0) { fail("dropout runs on the CPU only: use 0 GPU layers, or no dropout"); }
    for (auto * d = (ggml_backend_dev_t *) options.devices; d && *d; d++) { chosen.push_back(*d); }
    for (size_t i = 0; !options.devices && i < ggml_backend_dev_count(); i++) {
        ggml_backend_dev_t d = ggml_backend_dev_get(i);
        if (ggml_backend_dev_type(d) == GGML_BACKEND_DEVICE_TYPE_GPU) { chosen.push_back(d); }
    }
    if (chosen.empty()) {
        fail("GPU layers were asked for, but this build has no GPU backend or there is no device: use 0 GPU layers, build with "
             "./build.sh --cuda, or name Servers");
    }
    return chosen;
}

void open_devices(const std::vector<ggml_backend_dev_t> & chosen, backends & on) {
    for (ggml_backend_dev_t d : chosen) {
        ggml_backend_t backend = ggml_backend_dev_init(d, nullptr);
        if (!backend) { fail(std::string("the device ") + ggml_backend_dev_name(d) + " cannot be started"); }
        on.devices.push_back(backend);
        // a remote device says that it can do everything, so that only ops that every backend has may be used
        on.composed = on.composed || is_remote(d);
    }
}

// Unlike a model's, an adapter's memory is not marked as that of weights, so that llama.cpp's scheduler may copy its tensors
// to another device and compute there. This marks it.
bool mark_adapter(const captured & graph) {
    bool copied = false;
    for (ggml_tensor * node : graph.nodes) {
        for (ggml_tensor * s : node->src) {
            if (!s || !is_of_adapter(s)) { continue; }
            if (is_copy(s)) {
                copied = true;
            } else {
                ggml_backend_buffer_set_usage(s->buffer, GGML_BACKEND_BUFFER_USAGE_WEIGHTS);
            }
        }
    }
    return copied;
}

bool backends::have(const ggml_tensor * node) const {
    if (composed) { return false; }
    for (ggml_backend_t d : devices) {
        if (!ggml_backend_supports_op(d, node)) { return false; }
    }
    return !devices.empty() || ggml_backend_supports_op(cpu, node);
}

bool backends::some_has(const ggml_tensor * node) const {
    for (ggml_backend_t d : devices) {
        if (ggml_backend_supports_op(d, node)) { return true; }
    }
    return devices.empty() && ggml_backend_supports_op(cpu, node);
}

ggml_backend_t backends::holder(const ggml_tensor * t) const {
    for (ggml_backend_t d : devices) {
        if (ggml_backend_supports_buft(d, ggml_backend_buffer_get_type(t->buffer))) { return d; }
    }
    return cpu;
}

ggml_backend_sched_t backends::new_scheduler(size_t capacity) const {
    std::vector<ggml_backend_t> all = devices;
    all.push_back(cpu);
    return ggml_backend_sched_new(all.data(), nullptr, (int) all.size(), capacity, false, false);
}

} // namespace rft
