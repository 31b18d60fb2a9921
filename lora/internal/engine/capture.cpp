// llama.cpp's graph, read through its public callbacks.

#include "captured.hpp"

#include <string>

#include "assumptions.hpp"
#include "ggml-backend.h"

namespace rft {

const ggml_tensor * root_of(const ggml_tensor * t) {
    while (t->view_src) { t = t->view_src; }
    return t;
}

int64_t elements_of_rows(const ggml_tensor * t) { return ggml_nelements(t) / t->ne[0]; }

void captured::clear() {
    nodes.clear();
    copies.clear();
    used = 0;
}

// The captured node that a scheduler's copy was made of; NULL if it is a copy of an input.
ggml_tensor * captured::copied(const ggml_tensor * copy) const {
    const std::string name = copied_name(copy);
    for (size_t i = nodes.size(); i-- > 0 && !name.empty();) {
        if (name == nodes[i]->name && ggml_are_same_shape(nodes[i], copy)) { return nodes[i]; }
    }
    return nullptr;
}

bool captured::add(ggml_tensor * node) {
    if (is_leaf(node)) { return true; } // llama.cpp lists some weights as nodes
    nodes.push_back(node);
    for (ggml_tensor * s : node->src) {
        if (!s || !is_input(s) || copies.count(s)) { continue; }
        if (is_copy(s)) {
            if (is_truncated_copy(s)) { return false; } // of an unknown tensor
            if (ggml_tensor * original = copied(s)) {
                copies[s] = original;
                continue;
            }
        }
        bool known = false;
        for (size_t i = 0; i < used; i++) { known = known || inputs[i].tensor == s; }
        if (known) { continue; }
        if (!s->buffer) { return false; }
        if (used == inputs.size()) { inputs.emplace_back(); }
        input & i = inputs[used++];
        i.tensor = s;
        i.data.resize(ggml_nbytes(s));
        ggml_backend_tensor_get(s, i.data.data(), 0, i.data.size());
    }
    return true;
}

} // namespace rft
