// The forward pass with loss and gradients: which parts are differentiated in which order.

#include "training.hpp"

#include <algorithm>
#include <utility>
#include <vector>

#include "rules.hpp"

namespace rft {
namespace {

// From the gradient at the end of the last segment to those of all trained tensors.
void add_gradients(backward & b, const training & t, const layout & l) {
    const std::vector<ggml_tensor *> & order = t.pass.order;
    const std::vector<size_t> & cuts = t.parts.cuts;
    const size_t end = l.chunk_rows ? t.parts.tail : order.size();
    for (size_t k = cuts.size() + 1; k-- > 0;) {
        const size_t from = k ? cuts[k - 1] + 1 : t.parts.frozen, to = k < cuts.size() ? cuts[k] + 1 : end;
        const bool again = (int32_t) k < std::min(l.recomputed, t.parts.count());
        b.differentiate(again ? recompute(b, t.pass, t.parts, from, to)
                              : std::vector<ggml_tensor *>(order.begin() + from, order.begin() + to));
    }
}

} // namespace

training differentiate(forward f, const backends & on, mode m, const std::vector<trained> & of, const layout & l) {
    training t;
    t.pass = std::move(f);
    tensor_set needed = find_needed(t.pass, of);
    if (m == mode::train && !needed.count(t.pass.logits)) { fail("none of the trained tensors is used by the model's graph"); }
    t.parts = find_segments(t.pass, needed);
    backward b(t.pass.ctx.get(), on, t.outputs, std::move(needed), of);
    add_loss(b, t, m, l);
    if (m == mode::train) { add_gradients(b, t, l); }
    return t;
}

} // namespace rft
