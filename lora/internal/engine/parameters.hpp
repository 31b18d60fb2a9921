// The trained tensors of an engine.
#pragma once

#include <string>
#include <vector>

#include "session.hpp"
#include "training.hpp"

namespace rft {

struct parameters {
    std::vector<trained> tensors; // in the order of their names
    std::vector<std::string> names;

    void find(const session & s); // in the captured graph: the tensors of the adapter, or every weight
};

} // namespace rft
