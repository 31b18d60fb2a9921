#include "shim_internal.h"

#include <algorithm>
#include <climits>
#include <set>
#include <stdexcept>
#include <string_view>

namespace {

// with_spaces returns a token's text with spaces for U+2581, as which many vocabularies write them.
std::string with_spaces(std::string name) {
    size_t at;
    while ((at = name.find("\xe2\x96\x81")) != std::string::npos) name.replace(at, 3, " ");
    return name;
}

using tokens = std::vector<llama_token>;

// A text of this many bytes is tokenized where it is: it takes less than 100 kB of the stack.
const size_t short_text = 256;

class tokenizer {
public:
    tokenizer(const ragft_model * model, const std::string & text) : model(model), vocab(model->vocab), text(text) {}

    // Between two cuts of a long run, names of special tokens are found as in any other text.
    tokens parsed() const {
        tokens out;
        each_part([&](size_t begin, size_t end) { append(out, continued(begin, end, true)); });
        return out;
    }

    // In a plain text nothing is a special token.
    tokens plain() const {
        tokens out;
        each_part([&](size_t begin, size_t end) { plain(begin, end, out); });
        return out;
    }

    // around returns the special tokens that the model needs before and after every text.
    std::pair<tokens, tokens> around() const {
        const tokens with = call("a", true, false), without = call("a", false, false);
        const auto at = std::search(with.begin(), with.end(), without.begin(), without.end());
        if (at == with.end() || without.empty()) {
            return {};
        }
        return {tokens(with.begin(), at), tokens(at + (ptrdiff_t) without.size(), with.end())};
    }

private:
    const ragft_model * model;
    const llama_vocab * vocab;
    const std::string & text;

    static void append(tokens & out, const tokens & more) { out.insert(out.end(), more.begin(), more.end()); }

    template <typename F> void each_part(F take) const {
        size_t begin = 0;
        for (const size_t cut : ragft_long_runs(model, text)) {
            take(begin, cut);
            begin = cut;
        }
        take(begin, text.size());
    }

    tokens call(const std::string & part, bool add_special, bool parse_special) const {
        tokens out(part.size() + 8);
        int32_t n;
        while ((n = llama_tokenize(vocab, part.data(), (int32_t) part.size(), out.data(), (int32_t) out.size(), add_special,
                                   parse_special)) < 0) {
            if (n == INT32_MIN) {
                throw std::length_error("the text has too many tokens");
            }
            out.resize((size_t) -n);
        }
        out.resize((size_t) n);
        return out;
    }

    // continued tokenizes a part of the text. Some vocabularies add a space before a text, which must not be added before a part
    // of one: a byte that is no part of any token keeps it apart.
    tokens continued(size_t begin, size_t end, bool parse_special) const {
        const std::string part = text.substr(begin, end - begin);
        const auto type = llama_vocab_type(vocab);
        if (begin == 0 || (type != LLAMA_VOCAB_TYPE_SPM && type != LLAMA_VOCAB_TYPE_UGM)) {
            return call(part, false, parse_special);
        }
        const std::string apart = "\x01";
        const tokens before = call(apart, false, false);
        tokens all = call(apart + part, false, parse_special);
        if (before.empty() || all.size() < before.size() || !std::equal(before.begin(), before.end(), all.begin())) {
            return call(part, false, parse_special);
        }
        all.erase(all.begin(), all.begin() + (ptrdiff_t) before.size());
        return all;
    }

    // plain tokenizes a part of the text. llama.cpp reads names of "user-defined" tokens in any text, and a merge can give any
    // token. Where that happened, the name is cut after its first character, so that it is no name any more.
    void plain(size_t begin, size_t end, tokens & out) const {
        const tokens found = continued(begin, end, false);
        std::vector<size_t> cuts;
        size_t scan = begin;
        bool   hidden = false; // a special token whose name does not stand in the text
        std::set<llama_token> absent;
        for (const llama_token token : found) {
            if (!ragft_token_is_special(model, token) || absent.count(token)) {
                continue;
            }
            const std::string name = llama_vocab_get_text(vocab, token);
            if (length_of_first(name) == name.size()) { // one character is what it is
                absent.insert(token);
                continue;
            }
            const size_t at = find_name(name, scan, end);
            if (at != std::string::npos) {
                cuts.push_back(next_character(at));
                scan = cuts.back();
            } else {
                absent.insert(token);
                // of characters that the vocabulary lacks, the "unknown" token is no name
                hidden = hidden || !(llama_vocab_get_attr(vocab, token) & LLAMA_TOKEN_ATTR_UNKNOWN);
            }
        }
        if (cuts.empty() && hidden) {
            cuts.push_back(next_character(begin + (end - begin) / 2));
            if (cuts.back() >= end) cuts.back() = next_character(begin);
        }
        if (cuts.empty() || cuts.front() >= end) {
            append(out, found);
            return;
        }
        for (const size_t cut : cuts) {
            plain(begin, cut, out);
            begin = cut;
        }
        plain(begin, end, out);
    }

    // next_character returns where the character at or around the byte ends.
    size_t next_character(size_t at) const {
        do {
            at++;
        } while (at < text.size() && (text[at] & 0xc0) == 0x80);
        return at;
    }

    static size_t length_of_first(const std::string & name) {
        size_t n = 1;
        while (n < name.size() && (name[n] & 0xc0) == 0x80) n++;
        return n;
    }

    // find_name returns where in text[from, to) the name begins.
    size_t find_name(std::string name, size_t from, size_t to) const {
        const std::string_view within(text.data(), to);
        size_t at = within.find(name, from);
        if (at == std::string_view::npos) {
            at = within.find(with_spaces(name), from);
        }
        return at;
    }
};

} // namespace

bool ragft_token_ends(const ragft_model * model, llama_token token) {
    return llama_vocab_is_eog(model->vocab, token) && (token == model->eos || token != llama_vocab_eos(model->vocab));
}

bool ragft_token_is_special(const ragft_model * model, llama_token token) {
    const llama_vocab * vocab = model->vocab;
    const auto attr = llama_vocab_get_attr(vocab, token);
    if (!(attr & (LLAMA_TOKEN_ATTR_CONTROL | LLAMA_TOKEN_ATTR_UNKNOWN | LLAMA_TOKEN_ATTR_USER_DEFINED)) &&
        !ragft_token_ends(model, token) && token != model->bos) {
        return false;
    }
    const std::string name = with_spaces(llama_vocab_get_text(vocab, token));
    return name.find_first_not_of(" \t\r\n\v\f") != std::string::npos; // runs of spaces are text, although "user-defined"
}

int32_t ragft_tokenize(const ragft_model * model, const char * text, int32_t length, int32_t * out, int32_t room, bool add_special,
                       bool parse_special, ragft_error * err) {
    int32_t n = INT32_MIN;
    const auto work = [&] {
        const std::string whole(text ? text : "", (size_t) length);
        const tokenizer t(model, whole);
        tokens all = parse_special ? t.parsed() : t.plain();
        if (add_special) {
            const auto around = t.around();
            all.insert(all.begin(), around.first.begin(), around.first.end());
            all.insert(all.end(), around.second.begin(), around.second.end());
        }
        if (all.size() >= INT32_MAX) {
            throw std::length_error("the text has too many tokens");
        }
        n = (int32_t) all.size();
        if (n > room) {
            n = -n;
        } else {
            std::copy(all.begin(), all.end(), out);
        }
    };
    try {
        if ((size_t) length <= short_text) {
            ragft_guard guard;
            work();
        } else {
            ragft_on_stack(32u << 20, work);
        }
        return n;
    } catch (...) {
        ragft_fail_caught(err);
    }
    return INT32_MIN;
}
