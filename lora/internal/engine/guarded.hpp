// Turns what C++ throws into a status of engine.h and a message.
#pragma once

#include <exception>
#include <new>
#include <string>

#include "engine.h"
#include "errors.hpp"

namespace rft {

template <typename F> int guarded(std::string & error, F && f) {
    try {
        f();
        return RFT_OK;
    } catch (const cancelled & x) {
        error = x.what();
        return RFT_CANCELLED;
    } catch (const no_memory & x) {
        error = x.what();
        return RFT_NO_MEMORY;
    } catch (const std::bad_alloc &) {
        error = "the C++ side cannot allocate memory";
        return RFT_NO_MEMORY;
    } catch (const no_rule & x) {
        error = x.what();
        return RFT_NO_RULE;
    } catch (const std::exception & x) {
        error = x.what();
    } catch (...) {
        error = "an unknown C++ exception";
    }
    return RFT_ERROR;
}

} // namespace rft
