// What is behind the C functions: one model, one adapter (or all weights), their state, and the graphs.
#pragma once

#include <string>

#include "step.hpp"

struct rft_engine {
    std::string error; // of the last call
    rft::session session;
    rft::parameters parameters;
    rft::optimiser optimiser;
    rft::held_memory held{session, parameters, optimiser, {}};
    rft::planner planner{session, parameters, held, 0, {}};
    rft::stepper step{session, planner, held};
};
