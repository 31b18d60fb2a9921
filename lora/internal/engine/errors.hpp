// What the engine throws. api.cpp turns each kind into a status.
#pragma once

#include <stdexcept>
#include <string>

namespace rft {

// An op cannot be differentiated.
struct no_rule : std::runtime_error {
    using std::runtime_error::runtime_error;
};

// More memory is needed than there is or may be used.
struct no_memory : std::runtime_error {
    using std::runtime_error::runtime_error;
};

struct cancelled : std::runtime_error {
    cancelled() : std::runtime_error("cancelled") {}
};

[[noreturn]] inline void fail(const std::string & message) { throw std::runtime_error(message); }

} // namespace rft
