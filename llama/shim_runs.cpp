#include "shim_internal.h"

#include <algorithm>
#include <map>

// llama.cpp splits the text for a byte-level vocabulary by the patterns of its pre-tokenizer (src/llama-vocab.cpp,
// llm_tokenizer_bpe), some of them with std::regex, which recurses once for each character of a match. Below stands, for each
// pre-tokenizer that does, of which characters a match can be long. A match of more than run_limit characters is cut. The other
// pre-tokenizers do not recurse, and their texts are never cut.

// Written in llama.cpp's src/unicode.cpp: the category of a character, as the patterns see it (src/unicode.h has the bits).
struct unicode_cpt_flags { uint16_t bits; };
unicode_cpt_flags unicode_cpt_flags_from_cpt(uint32_t cpt);

namespace {

// A stack of 8 MiB, which is what most threads have, ends at about 26,000 characters.
const size_t run_limit = 32768;

enum : uint16_t {
    NUMBER = 0x02, LETTER = 0x04, MARK = 0x10, PUNCTUATION = 0x20, SYMBOL = 0x40, CATEGORY = 0xff, BLANK = 0x100,
};

uint16_t category(uint32_t c) {
    const uint16_t bits = unicode_cpt_flags_from_cpt(c).bits;
    if (c >= 128 && bits & BLANK) {
        return BLANK;
    }
    return c == ' ' || (c >= '\t' && c <= '\r') ? BLANK : bits & CATEGORY;
}

bool between(uint32_t c, uint32_t first, uint32_t last) { return c >= first && c <= last; }
bool lower(uint32_t c) { return between(c, 'a', 'z'); }
bool upper(uint32_t c) { return between(c, 'A', 'Z'); }
bool ascii_digit(uint32_t c) { return between(c, '0', '9'); }
bool line_end(uint32_t c) { return c == '\n' || c == '\r'; }

bool one_of(uint32_t c, const char32_t * set) {
    return c != 0 && std::u32string(set).find((char32_t) c) != std::u32string::npos;
}

// Each says whether a character belongs to the long matches of one kind.
bool is_letter(uint32_t c) { return category(c) == LETTER; }
bool is_letter_or_mark(uint32_t c) { return category(c) == LETTER || category(c) == MARK; }
bool is_mark(uint32_t c) { return category(c) == MARK; }
bool is_number(uint32_t c) { return category(c) == NUMBER; }
bool is_blank(uint32_t c) { return category(c) == BLANK; }
bool is_blank_in_line(uint32_t c) { return is_blank(c) && !line_end(c); }
bool is_visible(uint32_t c) { return !is_blank(c); }
bool is_other(uint32_t c) { return !is_blank(c) && !is_letter(c) && !is_number(c); } // [^\s\p{L}\p{N}]
bool is_punctuation(uint32_t c) { return category(c) == PUNCTUATION; }
bool is_sign(uint32_t c) { return is_punctuation(c) || category(c) == SYMBOL; }
bool is_not_lower(uint32_t c) { return is_letter(c) && !lower(c); }
bool is_not_upper(uint32_t c) { return is_letter(c) && !upper(c); }
bool is_not_lower_or_mark(uint32_t c) { return is_mark(c) || is_not_lower(c); }
bool is_not_upper_or_mark(uint32_t c) { return is_mark(c) || is_not_upper(c); }
bool is_sign_default(uint32_t c) { return is_punctuation(c) || one_of(c, U"$+<=>^~|"); }
bool is_sign_falcon(uint32_t c) { return is_punctuation(c) || one_of(c, U"$+<=>^~|`"); }
bool is_word_bloom(uint32_t c) { return !is_blank(c) && !one_of(c, U"(|.,!?…。，、।۔،)"); }
bool is_hangul_youtu(uint32_t c) { return between(c, 0xac00, 0xd7a3) || between(c, 0x3131, 0x318e); }
bool is_sign_youtu(uint32_t c) {
    return one_of(c, U"！…“”‘’—：；，") || between(c, 0x3001, 0x303f) || between(c, 0xfe30, 0xfe4f);
}
bool is_han_kana(uint32_t c) { return between(c, 0x4e00, 0x9fa5) || between(c, 0x3040, 0x30ff); }
bool is_sign_deepseek(uint32_t c) {
    return between(c, '!', '/') || between(c, ':', '~') || between(c, 0xff01, 0xff0f) || between(c, 0xff1a, 0xff5e) ||
           between(c, 0x2018, 0x201f) || between(c, 0x3000, 0x3002);
}
bool is_asian_deepseek(uint32_t c) {
    return (between(c, 0x800, 0x9fa5) || between(c, 0xac00, 0xd7ff)) && !is_sign_deepseek(c);
}
bool is_asian_deepseek_coder(uint32_t c) { return is_asian_deepseek(c) && !is_letter(c) && !is_punctuation(c); }
bool is_asian_afmoe(uint32_t c) {
    static const uint32_t ranges[][2] = {{0x4e00, 0x9fff}, {0x3400, 0x4dbf}, {0xf900, 0xfaff}, {0x3040, 0x30ff}, {0xff65, 0xff9f},
        {0x2f00, 0x2fdf}, {0x0e40, 0x0e7f}, {0x0e80, 0x0eff}, {0x0e00, 0x0e7f}, {0x1780, 0x17ff}, {0x1000, 0x109f},
        {0xaa60, 0xaa7f}, {0xa9e0, 0xa9ff}, {0xac00, 0xd7af}, {0x1100, 0x11ff}};
    for (const auto & r : ranges) {
        if (between(c, r[0], r[1])) return true;
    }
    return false;
}

using predicate = bool (*)(uint32_t);

const std::map<std::string, std::vector<predicate>> & recursive() {
    using p = std::vector<predicate>;
    static const p deepseek3 = {is_han_kana, is_letter_or_mark, is_sign, is_blank};
    static const p bloom = {is_word_bloom};
    static const p gpt4o = {is_not_lower, is_not_upper, is_other, is_blank};
    static const p words = {is_letter, is_other, is_blank};
    static const p tiny_aya = {is_letter_or_mark, is_other, is_blank};
    static const std::map<std::string, p> table = {
        {"", {is_number, is_sign_default}}, {"default", {is_number, is_sign_default}}, {"falcon", {is_sign_falcon}},
        {"deepseek-llm", {is_letter, is_sign_deepseek, is_blank_in_line, is_asian_deepseek, is_number}},
        {"deepseek-coder", {is_letter, is_punctuation, is_asian_deepseek_coder}},
        {"deepseek-v3", deepseek3}, {"hunyuan-dense", deepseek3}, {"joyai-llm", deepseek3}, {"hy_v4", deepseek3},
        {"spark2_5", deepseek3}, {"youtu", {is_hangul_youtu, is_sign_youtu, is_han_kana, is_letter_or_mark, is_other, is_blank}},
        {"poro-chat", bloom}, {"bloom", bloom}, {"gpt3-finnish", bloom}, {"viking", bloom}, {"whitespace", {is_visible}},
        {"tekken", gpt4o}, {"gpt-4o", gpt4o}, {"llama4", gpt4o}, {"kanana2", gpt4o}, {"talkie", gpt4o}, {"minimax-m2", gpt4o},
        {"granite-embed-multi-97m", {is_not_lower_or_mark, is_not_upper_or_mark, is_other, is_blank}},
        {"tiny_aya", tiny_aya}, {"cohere2moe", tiny_aya}, {"superbpe", {is_number}},
        {"jais-2", words}, {"minicpm5", words}, {"bailingmoe", words}, {"bailingmoe2", words}, {"llada-moe", words},
        {"seed-coder", words}, {"ufakzeka", words}, {"exaone-moe", {is_other, is_blank}}, // and its phrases
        {"afmoe", {is_asian_afmoe, is_letter_or_mark, is_sign, is_blank}}, {"chameleon", {}},
    };
    return table;
}

struct character {
    size_t   at;
    uint32_t code;
};

std::vector<character> characters(const std::string & text) {
    std::vector<character> all;
    for (size_t i = 0; i < text.size();) { // the text is valid UTF-8
        const auto lead = (unsigned char) text[i];
        const size_t n = lead < 0x80 ? 1 : lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : 4;
        uint32_t code = n == 1 ? lead : lead & (0x7f >> n);
        for (size_t k = 1; k < n && i + k < text.size(); k++) {
            code = code << 6 | (text[i + k] & 0x3f);
        }
        all.push_back({i, code});
        i += n;
    }
    return all;
}

// cut_run cuts the characters [from, to) so that no part is longer than the limit.
void cut_run(const std::vector<character> & all, size_t from, size_t to, std::vector<size_t> & cuts) {
    for (size_t i = from + run_limit; i < to; i += run_limit) {
        cuts.push_back(all[i].at);
    }
}

template <typename F> void cut_runs(const std::vector<character> & all, F belongs, std::vector<size_t> & cuts) {
    size_t from = 0;
    for (size_t i = 0; i <= all.size(); i++) {
        if (i == all.size() || !belongs(i)) {
            cut_run(all, from, i, cuts);
            from = i + 1;
        }
    }
}

// SuperBPE groups digits in threes from the right, in time quadratic in their number. Cut between two groups, the tokens stay
// the same.
void cut_groups_of_three(const std::vector<character> & all, std::vector<size_t> & cuts) {
    const size_t group = 300;
    size_t from = 0;
    for (size_t i = 0; i <= all.size(); i++) {
        if (i < all.size() && ascii_digit(all[i].code)) {
            continue;
        }
        for (size_t k = from + (i - from) % 3; i - from > group && k + group < i; k += group) {
            if (k > from) cuts.push_back(all[k].at);
        }
        from = i + 1;
    }
}

} // namespace

std::vector<size_t> ragft_long_runs(const ragft_model * model, const std::string & text) {
    std::vector<size_t> cuts;
    if (text.size() <= 300 || llama_vocab_type(model->vocab) != LLAMA_VOCAB_TYPE_BPE) {
        return cuts;
    }
    const auto metadata = [&](const char * key) {
        char value[64] = "";
        llama_model_meta_val_str(model->llama, key, value, sizeof(value));
        return std::string(value);
    };
    const std::string pre = metadata("tokenizer.ggml.model") == "gemma4" ? "gemma4" : metadata("tokenizer.ggml.pre");
    const auto kinds = recursive().find(pre);
    if (kinds == recursive().end() || (text.size() <= run_limit && pre != "superbpe")) {
        return cuts;
    }
    const auto all = characters(text);
    const auto code = [&](size_t i) { return i < all.size() ? all[i].code : 0; };
    for (const auto kind : kinds->second) {
        cut_runs(all, [&](size_t i) { return kind(all[i].code); }, cuts);
    }
    if (pre == "superbpe") {
        cut_groups_of_three(all, cuts);
    } else if (pre == "exaone-moe") { // words with single spaces between them are one match
        cut_runs(all, [&](size_t i) {
            return is_letter_or_mark(code(i)) ||
                   (code(i) == ' ' && i > 0 && is_letter_or_mark(code(i - 1)) && is_letter(code(i + 1)));
        }, cuts);
    } else if (pre == "chameleon") {
        for (size_t at = 0; (at = text.find("<sentinel:", at)) != std::string::npos; at++) {
            size_t i = at + 10, n = 0;
            for (; i < text.size() && ascii_digit((unsigned char) text[i]); i++) {
                if (++n % run_limit == 0) cuts.push_back(i);
            }
        }
    }
    std::sort(cuts.begin(), cuts.end());
    cuts.erase(std::unique(cuts.begin(), cuts.end()), cuts.end());
    return cuts;
}
