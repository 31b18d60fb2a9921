// Declarations that the C++ files of this package share. Go does not include it.
#ifndef RAGFT_SHIM_INTERNAL_H
#define RAGFT_SHIM_INTERNAL_H

#include "shim.h"

#include <llama.h>

#include <cerrno>
#include <cstring>
#include <exception>
#include <functional>
#include <new>
#include <string>
#include <system_error>
#include <vector>

struct ragft_model   {
    llama_model * llama;
    const llama_vocab * vocab;
    llama_token bos, eos, sep; // LLAMA_TOKEN_NULL: none
};
struct ragft_adapter { llama_adapter_lora * llama; };

// While a guard exists, it collects the errors that llama.cpp logs on this thread, as it gives reasons nowhere else, and turns
// failed assertions (GGML_ASSERT, GGML_ABORT), which would end the process, into exceptions. It must not be used around a
// computation, in which an exception would leave other threads waiting. Errors are logged as information meanwhile.
class ragft_guard {
public:
    ragft_guard();
    ~ragft_guard();
    ragft_guard(const ragft_guard &) = delete;
    ragft_guard & operator=(const ragft_guard &) = delete;
    // reasons returns the errors logged since the guard was created.
    const std::string & reasons() const;
};

inline void ragft_fail(ragft_error * err, const std::string & text) {
    const size_t n = text.size() < sizeof(err->text) - 1 ? text.size() : sizeof(err->text) - 1;
    memcpy(err->text, text.data(), n);
    err->text[n] = 0;
    err->code = 0;
}

// ragft_fail_caught, called in a catch (...), reports the current exception.
inline void ragft_fail_caught(ragft_error * err) {
    try {
        throw;
    } catch (const std::system_error & e) {
        ragft_fail(err, e.what());
        err->code = e.code().value();
    } catch (const std::bad_alloc &) {
        ragft_fail(err, "there is no memory left");
        err->code = ENOMEM;
    } catch (const std::exception & e) {
        ragft_fail(err, e.what());
    } catch (...) {
        ragft_fail(err, "unknown C++ exception");
    }
}

// ragft_on_stack runs work, under a guard, on a thread with a stack of that size, waits for it and throws what it throws, or
// std::system_error if there is no such thread to be had.
// llama.cpp splits texts and runs templates by recursion, and a program may call from a thread with a small stack. Of a stack, only
// what is touched takes memory.
void ragft_on_stack(size_t bytes, const std::function<void()> & work);

// ragft_bounded runs a part of the template engine with an input of that many bytes. It may allocate 256 MiB and 100 times the
// input in all, in 10 million steps and 10 for each byte of the input, which take about a second, and 16 MiB of the stack.
void ragft_bounded(size_t input, const std::function<void()> & work);

// ragft_check_values makes the template engine's functions check their values. It is called before the first template is parsed.
void ragft_check_values();

// ragft_token_is_special says whether a token means something that no text may say: whatever its type, but not runs of spaces.
bool ragft_token_is_special(const ragft_model * model, llama_token token);

// ragft_token_ends says whether a token ends a text.
bool ragft_token_ends(const ragft_model * model, llama_token token);

// ragft_long_runs returns where the text is to be cut before it is tokenized, in order: nowhere in nearly every text. llama.cpp
// takes 320 bytes of the stack for each character that its pattern for words matches at once.
std::vector<size_t> ragft_long_runs(const ragft_model * model, const std::string & text);

// ragft_quiet logs warnings and errors of this thread as information, for a computation that is being stopped.
extern thread_local bool ragft_quiet;

// ragft_copy returns a copy of the bytes for ragft_free, or NULL if memory has run out.
char * ragft_copy(const std::string & bytes);

#endif
