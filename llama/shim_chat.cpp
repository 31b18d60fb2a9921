#include "shim_internal.h"

#include <jinja/caps.h>
#include <jinja/lexer.h>
#include <jinja/parser.h>
#include <jinja/runtime.h>
#include <jinja/value.h>

#include <cstdlib>
#include <stdexcept>
#include <vector>

// A parsed template and what it can take.
struct ragft_chat {
    std::string    source;
    jinja::program program;
    jinja::caps    caps;
};

// A template comes with the model's file, and the engine parses and runs it by recursion: what nests deeper
// than any template has reason to is refused before it can exhaust the stack.
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

int ragft_chat_parse(const char * source, size_t length, ragft_chat ** out, ragft_error * err) {
    ragft_guard guard;
    ragft_chat * chat = nullptr;
    try {
        chat = new ragft_chat();
        jinja::lexer lexer;
        const auto tokens = lexer.tokenize(std::string(source, length));
        check_nesting(tokens.tokens);
        chat->program = jinja::parse_from_tokens(tokens);
        chat->source  = tokens.source;
        chat->caps    = jinja::caps_get(chat->program);
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

struct message { std::string role, content; };

std::vector<message> read_messages(const char * text, const int32_t * lengths, int32_t n) {
    std::vector<message> messages;
    for (int32_t i = 0; i < n; i++) {
        message m;
        m.role.assign(text, (size_t) lengths[2 * i]);
        text += lengths[2 * i];
        m.content.assign(text, (size_t) lengths[2 * i + 1]);
        text += lengths[2 * i + 1];
        messages.push_back(std::move(m));
    }
    return messages;
}

// Some templates ignore a system message, others have no place for one: its text then leads the next message.
void merge_system(std::vector<message> & messages) {
    if (messages.size() > 1 && messages.front().role == "system") {
        messages[1].content = messages[0].content + "\n" + messages[1].content;
        messages.erase(messages.begin());
    }
}

jinja::value text_value(const std::string & text, bool input) {
    auto v = jinja::mk_val<jinja::value_string>(text);
    if (input) {
        v->mark_input();
    }
    return v;
}

// Contents are marked as input: the mark survives the template's string operations, so that the result
// tells which parts a message's author could have written.
jinja::value message_value(const message & m, bool typed) {
    auto v = jinja::mk_val<jinja::value_object>();
    v->insert("role", text_value(m.role, false));
    jinja::value content = text_value(m.content, true);
    if (typed) {
        auto part = jinja::mk_val<jinja::value_object>();
        part->insert("type", text_value("text", false));
        part->insert("text", content);
        auto parts = jinja::mk_val<jinja::value_array>();
        parts->push_back(jinja::value(part));
        content = parts;
    }
    v->insert("content", content);
    return v;
}

std::string render(const ragft_chat & chat, std::vector<message> messages, const ragft_chat_options & options) {
    if (!chat.caps.supports_system_role) {
        merge_system(messages);
    }
    const bool typed = chat.caps.supports_typed_content && !chat.caps.supports_string_content;
    auto list = jinja::mk_val<jinja::value_array>();
    for (const auto & m : messages) {
        list->push_back(message_value(m, typed));
    }
    jinja::context ctx(chat.source);
    ctx.current_time = 1735732800; // 2025-01-01: the same messages give the same prompt on every day
    ctx.set_val("messages", list);
    ctx.set_val("bos_token", text_value(options.bos, false));
    ctx.set_val("eos_token", text_value(options.eos, false));
    ctx.set_val("add_generation_prompt", jinja::mk_val<jinja::value_bool>(options.generation_prompt));
    ctx.set_val("enable_thinking", jinja::mk_val<jinja::value_bool>(options.thinking));
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

char * ragft_chat_render(const ragft_chat * chat, const char * text, const int32_t * lengths, int32_t n,
                         const ragft_chat_options * options, size_t * size, ragft_error * err) {
    ragft_guard guard;
    try {
        const std::string out = render(*chat, read_messages(text, lengths, n), *options);
        *size = out.size();
        char * copy = ragft_copy(out);
        if (!copy) ragft_fail(err, "out of memory");
        return copy;
    } catch (...) {
        ragft_fail_caught(err);
    }
    return nullptr;
}
