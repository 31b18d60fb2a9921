#include "shim_internal.h"

#include <jinja/runtime.h>
#include <jinja/value.h>

#include <mutex>
#include <unordered_map>

// A list can hold itself. Where the engine walks through a whole value, into a stream, it allocates nothing that ragft_bounded
// would see, and so it would never end. The functions that do are given a check of their value.

namespace {

const int      max_depth = 200;     // of values in values; those of messages nest at most 64 deep
const uint64_t max_size  = 1 << 24; // values in all, each counted as often as it is reached

class walk {
public:
    // size counts the values that a walk through all of v meets.
    uint64_t size(const jinja::value & v, int depth = 0) {
        if (!v) {
            return 1;
        }
        const auto known = sizes.find(v.get());
        if (known != sizes.end() && known->second > 0) {
            return known->second;
        }
        if (known != sizes.end() || depth > max_depth) {
            throw std::runtime_error("a value holds itself, or nests too deeply");
        }
        sizes[v.get()] = 0; // on the way
        uint64_t n = 1;
        for (const auto & item : v->val_arr) {
            n = add(n, size(item, depth + 1));
        }
        for (const auto & pair : v->val_obj) {
            n = add(n, add(size(pair.first, depth + 1), size(pair.second, depth + 1)));
        }
        return sizes[v.get()] = n;
    }

private:
    std::unordered_map<const jinja::value_t *, uint64_t> sizes;

    static uint64_t add(uint64_t a, uint64_t b) {
        if (a + b > max_size) {
            throw std::runtime_error("a value is too large");
        }
        return a + b;
    }
};

void check_arguments(const jinja::func_builtins & functions) {
    for (const char * name : {"tojson", "string"}) {
        const auto at = functions.find(name);
        if (at == functions.end()) {
            continue;
        }
        // the engine has no interface for this; its tables are filled on the first call, and afterwards only read
        auto & function = const_cast<jinja::func_handler &>(at->second);
        const jinja::func_handler original = function;
        function = [original](const jinja::func_args & args) {
            if (args.count() > 0) {
                walk().size(args.get_args()[0]);
            }
            return original(args);
        };
    }
}

} // namespace

void ragft_check_values() {
    static std::once_flag once;
    std::call_once(once, [] {
        using namespace jinja;
        check_arguments(global_builtins());
        for (const value & v : {value(mk_val<value_int>(0)), value(mk_val<value_float>(0)), value(mk_val<value_string>("")),
                                value(mk_val<value_bool>(false)), value(mk_val<value_array>()), value(mk_val<value_object>()),
                                value(mk_val<value_none>()), value(mk_val<value_undefined>())}) {
            check_arguments(v->get_builtins());
        }
    });
}
