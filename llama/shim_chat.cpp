#include "shim_internal.h"

#include <jinja/caps.h>
#include <jinja/lexer.h>
#include <jinja/parser.h>
#include <jinja/runtime.h>
#include <jinja/value.h>

#include <cstdlib>
#include <stdexcept>
#include <vector>

struct ragft_chat {
    std::string    source;
    jinja::program program;
};

// The engine parses templates by recursion. Templates with excessive nesting are rejected before, so that they cannot exhaust
// the stack; what they do when they run is bounded by ragft_bounded.
static void check_nesting(const std::vector<jinja::token> & tokens) {
    using jinja::token;
    int depth = 0, blocks = 0, length = 0, branches = 0;
    for (size_t i = 0; i < tokens.size(); i++) {
        length++;
        switch (tokens[i].t) {
            case token::open_paren: case token::open_square_bracket: case token::open_curly_bracket: depth++; break;
            case token::close_paren: case token::close_square_bracket: case token::close_curly_bracket: depth--; break;
            case token::open_statement: case token::open_expression: case token::text: length = depth = 0; break;
            case token::identifier: branches += tokens[i].value == "else" || tokens[i].value == "elif"; break;
            default: break;
        }
        if (tokens[i].t == token::open_statement && i + 1 < tokens.size()) {
            blocks += tokens[i + 1].value.compare(0, 3, "end") == 0 ? -1 : tokens[i + 1].value != "set";
            blocks -= tokens[i + 1].value == "else" || tokens[i + 1].value == "elif" || tokens[i + 1].value == "break" ||
                      tokens[i + 1].value == "continue";
        }
        if (depth > 50 || blocks > 100 || length > 1000 || branches > 2000) {
            throw std::runtime_error("the template nests too deeply");
        }
    }
}

static uint32_t flags(const jinja::caps & caps) {
    return (caps.supports_system_role ? RAGFT_CHAT_SYSTEM : 0) |
           (caps.supports_typed_content && !caps.supports_string_content ? RAGFT_CHAT_TYPED : 0) |
           (caps.supports_tools ? RAGFT_CHAT_TOOLS : 0) | (caps.supports_tool_calls ? RAGFT_CHAT_CALLS : 0) |
           (caps.supports_parallel_tool_calls ? RAGFT_CHAT_PARALLEL : 0) |
           (caps.supports_object_arguments ? RAGFT_CHAT_OBJECT_ARGUMENTS : 0);
}

int ragft_chat_parse(const char * source, size_t length, ragft_chat ** out, uint32_t * caps, ragft_error * err) {
    ragft_chat * chat = nullptr;
    try {
        ragft_check_values();
        chat = new ragft_chat();
        ragft_bounded(length, [&] {
            jinja::lexer lexer;
            const auto tokens = lexer.tokenize(std::string(source, length));
            check_nesting(tokens.tokens);
            chat->program = jinja::parse_from_tokens(tokens);
            chat->source  = tokens.source;
            *caps = flags(jinja::caps_get(chat->program));
        });
        *out = chat;
        return RAGFT_OK;
    } catch (...) {
        ragft_fail_caught(err);
    }
    delete chat;
    return RAGFT_FAILED;
}

void ragft_chat_free(ragft_chat * chat) { delete chat; }

namespace {

// Reads values in the format that shim.h describes at ragft_chat_render.
class reader {
public:
    reader(const char * data, size_t length) : at(data), end(data + length) {}

    // Text of users is marked as input. The mark survives most of the template's string operations, so that the result
    // shows which parts a user could have written.
    jinja::value value() {
        switch (const char kind = *take(1)) {
            case 'n': return jinja::mk_val<jinja::value_none>();
            case 't': return jinja::mk_val<jinja::value_bool>(true);
            case 'f': return jinja::mk_val<jinja::value_bool>(false);
            case 'i': return jinja::mk_val<jinja::value_int>(number<int64_t>());
            case 'd': return jinja::mk_val<jinja::value_float>(number<double>());
            case 'a': return list();
            case 'o': return object();
            case 's': case 'u': return text(kind == 'u');
        }
        throw std::runtime_error("unknown kind of value");
    }

private:
    const char * at;
    const char * end;

    const char * take(size_t n) {
        if (n > (size_t) (end - at)) {
            throw std::runtime_error("the values are truncated");
        }
        at += n;
        return at - n;
    }

    template <typename T> T number() {
        T v;
        memcpy(&v, take(sizeof(v)), sizeof(v));
        return v;
    }

    jinja::value text(bool input) {
        const uint32_t n = number<uint32_t>();
        auto v = jinja::mk_val<jinja::value_string>(std::string(take(n), n));
        if (input) {
            v->mark_input();
        }
        return v;
    }

    jinja::value list() {
        auto v = jinja::mk_val<jinja::value_array>();
        for (uint32_t n = number<uint32_t>(); n > 0; n--) {
            v->push_back(value());
        }
        return v;
    }

    jinja::value object() {
        auto v = jinja::mk_val<jinja::value_object>();
        for (uint32_t n = number<uint32_t>(); n > 0; n--) {
            const jinja::value key = value();
            v->insert(key, value());
        }
        return v;
    }
};

std::string render(const ragft_chat & chat, const char * data, size_t length) {
    jinja::context ctx(chat.source);
    ctx.current_time = 1735732800; // 2025-01-01: the same messages always give the same prompt
    const jinja::value variables = reader(data, length).value();
    for (const auto & variable : variables->as_ordered_object()) {
        ctx.set_val(variable.first, variable.second);
    }
    jinja::runtime runtime(ctx);
    const auto parts = jinja::runtime::gather_string_parts(runtime.execute(chat.program));

    std::string out;
    for (const auto & part : parts->val_str.parts) {
        const uint32_t n = (uint32_t) part.val.size();
        out.push_back(part.is_input ? 1 : 0);
        out.append((const char *) &n, sizeof(n));
        out.append(part.val);
    }
    return out;
}

} // namespace

char * ragft_chat_render(const ragft_chat * chat, const char * data, size_t length, size_t * size, ragft_error * err) {
    try {
        char * copy = nullptr;
        ragft_bounded(length + chat->source.size(), [&] {
            const std::string out = render(*chat, data, length);
            *size = out.size();
            copy = ragft_copy(out);
            if (!copy) throw std::bad_alloc();
        });
        return copy;
    } catch (...) {
        ragft_fail_caught(err);
    }
    return nullptr;
}
