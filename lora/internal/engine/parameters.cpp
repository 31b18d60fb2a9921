// Which tensors are trained is read off a captured graph.

#include "parameters.hpp"

#include <map>

#include "assumptions.hpp"
#include "errors.hpp"

namespace rft {
namespace {

// Whether source j of the node is trained.
bool is_trained(const ggml_tensor * node, int j, bool of_adapter) {
    const ggml_tensor * s = node->src[j];
    if (!s || !is_leaf(s) || is_input(s) || is_cache(s)) { return false; }
    if (of_adapter) { return is_lora_a(s) || is_lora_b(s); }
    return node->op != GGML_OP_ROPE || j != 2; // frequency factors are not
}

} // namespace

void parameters::find(const session & s) {
    std::map<std::string, ggml_tensor *> found;
    for (ggml_tensor * node : s.graph.nodes) {
        for (int j = 0; j < GGML_MAX_SRC; j++) {
            if (!is_trained(node, j, s.adapter)) { continue; }
            ggml_tensor * t = node->src[j];
            const std::string name = t->name;
            if (t->type != GGML_TYPE_F32) {
                fail("tensor " + name + " is " + ggml_type_name(t->type) + ": only F32 tensors can be trained" +
                     (s.adapter ? "" : "; convert the model to F32, or train an adapter"));
            }
            if (found.count(name) && found[name] != t) { fail("tensor " + name + " lies in memory twice, so it cannot be trained"); }
            found[name] = t;
        }
    }
    if (found.empty()) { fail("the model's graph uses no tensor of the adapter"); }
    for (auto & f : found) {
        names.push_back(f.first);
        tensors.push_back({f.second, nullptr, nullptr, nullptr});
    }
}

} // namespace rft
