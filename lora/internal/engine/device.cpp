// Which devices hold layers.

#include "engine.hpp"

namespace {

bool is_remote(ggml_backend_dev_t d) { return strcmp(ggml_backend_reg_name(ggml_backend_dev_backend_reg(d)), "RPC") == 0; }

} // namespace

// Starts the devices that layers may lie on, and returns them, NULL-terminated, as llama.cpp takes them.
std::vector<ggml_backend_dev_t> rft_engine::open_devices() {
    std::vector<ggml_backend_dev_t> used;
    if (options.gpu_layers != 0) {
        if (!options.adapter_path) { throw std::runtime_error("training all weights runs on the CPU only: use 0 GPU layers"); }
        if (options.dropout > 0) { throw std::runtime_error("dropout runs on the CPU only: use 0 GPU layers, or no dropout"); }
        for (auto * d = (ggml_backend_dev_t *) options.devices; d && *d; d++) { used.push_back(*d); }
        for (size_t i = 0; !options.devices && i < ggml_backend_dev_count(); i++) {
            ggml_backend_dev_t d = ggml_backend_dev_get(i);
            if (ggml_backend_dev_type(d) == GGML_BACKEND_DEVICE_TYPE_GPU) { used.push_back(d); }
        }
        if (used.empty()) { throw std::runtime_error("GPU layers were asked for, but this build has no GPU backend or there is no device: use 0 GPU layers, build with ./build.sh --cuda, or name Servers"); }
    }
    for (ggml_backend_dev_t d : used) {
        ggml_backend_t backend = ggml_backend_dev_init(d, nullptr);
        if (!backend) { throw std::runtime_error(std::string("the device ") + ggml_backend_dev_name(d) + " cannot be started"); }
        devices.push_back(backend);
        // a remote device says that it can do everything, so that only ops that every backend has may be used
        options.composed = options.composed || is_remote(d);
    }
    used.push_back(nullptr);
    return used;
}

// Unlike a model's, an adapter's memory is not marked as that of weights, so that llama.cpp's scheduler may copy its tensors
// to another device and compute there, and a copy cannot be trained. Marks it, and returns whether there were copies.
bool rft_engine::settle_adapter() {
    bool copied = false;
    for (ggml_tensor * node : captured.nodes) {
        for (ggml_tensor * s : node->src) {
            if (!s || s->op != GGML_OP_NONE || s->view_src || !strstr(s->name, ".weight.lora_")) { continue; }
            if (strchr(s->name, '#')) {
                copied = true;
            } else {
                ggml_backend_buffer_set_usage(s->buffer, GGML_BACKEND_BUFFER_USAGE_WEIGHTS);
            }
        }
    }
    return copied;
}
