#include "shim_internal.h"

#include <pthread.h>

#include <stdexcept>

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
        throw std::runtime_error(std::string("a thread cannot be started: ") + strerror(code));
    }
    pthread_join(thread, nullptr);
    if (c.failure) {
        std::rethrow_exception(c.failure);
    }
}
