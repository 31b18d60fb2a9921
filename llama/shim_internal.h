// What the C++ files of this package share. Never included by Go.
#ifndef RAGFT_SHIM_INTERNAL_H
#define RAGFT_SHIM_INTERNAL_H

#include "shim.h"

#include <llama.h>

#include <cstring>
#include <exception>
#include <string>

struct ragft_model   { llama_model * llama; const llama_vocab * vocab; };
struct ragft_adapter { llama_adapter_lora * llama; };

// A guard is armed while llama.cpp runs on this thread. It collects the errors that llama.cpp logs, which
// is the only place where it gives a reason, and it turns a failed assertion (GGML_ASSERT, GGML_ABORT),
// which would end the process, into an exception. Not for use around a computation: an exception
// would leave the other threads of the graph waiting. While a guard is armed, errors go to the log as
// information only.
class ragft_guard {
public:
    ragft_guard();
    ~ragft_guard();
    ragft_guard(const ragft_guard &) = delete;
    ragft_guard & operator=(const ragft_guard &) = delete;
    // reasons returns the errors logged since the guard was made.
    const std::string & reasons() const;
};

inline void ragft_fail(ragft_error * err, const std::string & text) {
    const size_t n = text.size() < sizeof(err->text) - 1 ? text.size() : sizeof(err->text) - 1;
    memcpy(err->text, text.data(), n);
    err->text[n] = 0;
}

// ragft_fail_caught, called in a catch (...), reports the exception at hand.
inline void ragft_fail_caught(ragft_error * err) {
    try {
        throw;
    } catch (const std::exception & e) {
        ragft_fail(err, e.what());
    } catch (...) {
        ragft_fail(err, "unknown C++ exception");
    }
}

// ragft_quiet makes warnings and errors on this thread mere information: those about a computation that was to end.
extern thread_local bool ragft_quiet;

// ragft_copy returns a copy of the bytes for ragft_free; NULL if memory has run out.
char * ragft_copy(const std::string & bytes);

#endif
