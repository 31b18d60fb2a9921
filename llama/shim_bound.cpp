#include "shim_internal.h"

#include <jinja/bound.h>

#include <cstdlib>
#include <new>
#include <stdexcept>

// The template engine has no bounds of its own, but it does little without allocating memory: each step makes values, and each level
// of a recursion makes a scope. So the bounds are checked where memory is allocated. What allocates nothing, such as comparing two long
// lists, it counts itself, by a patch (third_party/jinja.patch).

namespace {

struct bound {
    bool         active, exceeded;
    uint64_t     bytes, operations; // that are left
    const char * floor;        // of the stack
};

thread_local bound current;

const uint64_t step = 16; // operations that take as long as an allocation with what is done to its memory

const char * const too_much = "the template takes too many steps, too much memory or nests too deeply";

struct out_of_bounds : std::bad_alloc {
    const char * what() const noexcept override { return too_much; }
};

inline void spend(uint64_t operations, uint64_t bytes) {
    bound & b = current;
    if (!b.active) {
        return;
    }
    const char here = 0;
    b.exceeded = b.exceeded || operations > b.operations || bytes > b.bytes || &here < b.floor;
    if (b.exceeded) {
        throw out_of_bounds();
    }
    b.operations -= operations;
    b.bytes -= bytes;
}

void * allocate(size_t bytes) {
    spend(step, bytes);
    if (void * memory = malloc(bytes ? bytes : 1)) {
        return memory;
    }
    throw std::bad_alloc();
}

void * allocate_or_none(size_t bytes) noexcept {
    try {
        return allocate(bytes);
    } catch (const std::bad_alloc &) {
        return nullptr;
    }
}

} // namespace

void ragft_count(size_t operations) { spend(operations, 0); }

// Weak, so that a program may have its own. All that delete frees has to come from here: where only some are replaced,
// those of AddressSanitizer or of another allocator would give memory that free does not know.
__attribute__((weak)) void * operator new(size_t bytes) { return allocate(bytes); }
__attribute__((weak)) void * operator new[](size_t bytes) { return allocate(bytes); }
__attribute__((weak)) void * operator new(size_t bytes, const std::nothrow_t &) noexcept { return allocate_or_none(bytes); }
__attribute__((weak)) void * operator new[](size_t bytes, const std::nothrow_t &) noexcept { return allocate_or_none(bytes); }
__attribute__((weak)) void   operator delete(void * memory) noexcept { free(memory); }
__attribute__((weak)) void   operator delete[](void * memory) noexcept { free(memory); }
__attribute__((weak)) void   operator delete(void * memory, size_t) noexcept { free(memory); }
__attribute__((weak)) void   operator delete[](void * memory, size_t) noexcept { free(memory); }

void ragft_bounded(size_t input, const std::function<void()> & work) {
    const size_t stack = 256u << 20; // destructors of nested values recurse as well
    ragft_on_stack(stack, [&] {
        const char here = 0;
        current = {true, false, (256u << 20) + 100 * (uint64_t) input, step * (10000000 + 10 * (uint64_t) input), &here - (16u << 20)};
        struct disarm {
            ~disarm() { current.active = false; }
        } at_the_end;
        try {
            work();
        } catch (const std::bad_alloc &) {
            if (!current.exceeded) {
                throw;
            }
        }
        if (current.exceeded) { // streams swallow exceptions
            current.active = false;
            throw std::runtime_error(too_much);
        }
    });
}
