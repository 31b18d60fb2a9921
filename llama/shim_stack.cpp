#include "shim_internal.h"

#include <pthread.h>

#include <cstdlib>
#include <system_error>

namespace {

struct call {
    const std::function<void()> * work;
    std::exception_ptr            failure;
};

void * run(void * data) {
    auto * c = (call *) data;
    try {
        ragft_guard guard;
        (*c->work)();
    } catch (...) {
        c->failure = std::current_exception();
    }
    return nullptr;
}

// why returns the reason for which a thread cannot be started: the system says the same of memory and of the number of threads.
int why(int code, size_t stack) {
    void * volatile memory = malloc(stack);
    free(memory);
    return memory ? code : ENOMEM;
}

} // namespace

void ragft_on_stack(size_t bytes, const std::function<void()> & work) {
    call c = {&work, nullptr};
    pthread_attr_t attributes;
    pthread_t      thread;
    pthread_attr_init(&attributes);
    pthread_attr_setstacksize(&attributes, bytes);
    const int code = pthread_create(&thread, &attributes, run, &c);
    pthread_attr_destroy(&attributes);
    if (code != 0) {
        throw std::system_error(why(code, bytes), std::generic_category(),
                                "a thread with a stack of " + std::to_string(bytes >> 20) + " MiB cannot be started");
    }
    pthread_join(thread, nullptr);
    if (c.failure) {
        std::rethrow_exception(c.failure);
    }
}
