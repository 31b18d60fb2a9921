#include "shim_context.h"

#include <algorithm>
#include <cmath>
#include <functional>

// --- log-probabilities ---

enum { lanes = 16 }; // wide enough for any vector unit; the compiler splits it

// exp_lanes replaces each x (at most 0) by e^x, to about 2 units in the last place: e^x = 2^n * e^r with
// |r| <= ln(2)/2, and e^r by its Taylor series. Written so that compilers turn it into vector code.
static inline void exp_lanes(float * x) {
    for (int i = 0; i < lanes; i++) {
        const float v = x[i] < -87.0f ? -87.0f : x[i];
        const float n = (float) (int32_t) (v * 1.44269504f - 0.5f); // rounds to nearest for v <= 0
        const float r = (v - n * 0.693359375f) + n * 2.12194440e-4f;
        float e = 1.0f / 5040;
        e = e * r + 1.0f / 720;
        e = e * r + 1.0f / 120;
        e = e * r + 1.0f / 24;
        e = e * r + 1.0f / 6;
        e = e * r + 0.5f;
        e = e * r + 1.0f;
        e = e * r + 1.0f;
        const int32_t bits = ((int32_t) n + 127) << 23;
        float scale;
        memcpy(&scale, &bits, sizeof(scale));
        x[i] = x[i] < -87.0f ? 0.0f : e * scale;
    }
}

static float max_of(const float * x, int32_t n) {
    float m[lanes];
    std::fill(m, m + lanes, -INFINITY);
    int32_t i = 0;
    for (; i + lanes <= n; i += lanes) {
        for (int j = 0; j < lanes; j++) {
            m[j] = x[i + j] > m[j] ? x[i + j] : m[j];
        }
    }
    float max = -INFINITY;
    for (int j = 0; j < lanes; j++) max = std::max(max, m[j]);
    for (; i < n; i++) max = x[i] > max ? x[i] : max;
    return max;
}

// log_sum_exp returns ln(sum of e^x) where max is the largest x.
static double log_sum_exp(const float * x, int32_t n, float max) {
    double total = 0;
    int32_t i = 0;
    while (i + lanes <= n) {
        float sum[lanes] = {0};
        // a float holds a short sum well enough; the long one is kept in a double
        for (const int32_t end = std::min(n - lanes + 1, i + 64 * lanes); i < end; i += lanes) {
            float e[lanes];
            for (int j = 0; j < lanes; j++) e[j] = x[i + j] - max;
            exp_lanes(e);
            for (int j = 0; j < lanes; j++) sum[j] += e[j];
        }
        for (int j = 0; j < lanes; j++) total += sum[j];
    }
    for (; i < n; i++) total += std::exp((double) x[i] - max);
    return max + std::log(total);
}

// --- samplers ---

void ragft_sampler_clear(ragft_sampler & sampler) {
    if (sampler.chain) {
        llama_sampler_free(sampler.chain);
        sampler.chain = nullptr;
    }
    if (sampler.grammar) {
        llama_sampler_free(sampler.grammar);
        sampler.grammar = nullptr;
    }
    sampler.on = false;
}

// A ragft_grammar is a sampler of llama.cpp.
static llama_sampler * sampler_of(ragft_grammar * grammar) { return (llama_sampler *) grammar; }

int ragft_grammar_new(const ragft_model * model, const char * text, ragft_grammar ** out, ragft_error * err) {
    try {
        ragft_guard guard;
        *out = (ragft_grammar *) llama_sampler_init_grammar(model->vocab, text, "root");
        if (*out) {
            return RAGFT_OK;
        }
        ragft_fail(err, "invalid grammar: " + guard.reasons());
    } catch (...) {
        ragft_fail_caught(err);
    }
    return RAGFT_FAILED;
}

void ragft_grammar_free(ragft_grammar * grammar) {
    if (grammar) {
        llama_sampler_free(sampler_of(grammar));
    }
}

int ragft_sampler_set(ragft_context * ctx, int32_t slot, const ragft_sampling * s, ragft_grammar * grammar, const ragft_bias * biases,
                      int32_t n_biases, const int32_t * said, int32_t n, ragft_error * err) {
    try {
        ragft_sampler & sampler = ctx->samplers.at((size_t) slot);
        ragft_sampler_clear(sampler);
        sampler.grammar = sampler_of(grammar);
        sampler.on    = true;
        sampler.keep  = 0;
        sampler.min_p = 0;
        sampler.hottest = 0;
        const bool penalty = s->repeat_last > 0 &&
            (s->repeat_penalty != 1.0f || s->presence_penalty != 0.0f || s->frequency_penalty != 0.0f);
        const bool bias = n_biases > 0;
        if (s->temperature <= 0 && !penalty && !bias) {
            return RAGFT_OK;
        }
        llama_sampler_chain_params p = llama_sampler_chain_default_params();
        p.no_perf = true;
        sampler.chain = llama_sampler_chain_init(p);
        const auto add = [&](llama_sampler * one) { llama_sampler_chain_add(sampler.chain, one); };
        if (bias) {
            std::vector<llama_logit_bias> list;
            for (int32_t i = 0; i < n_biases; i++) list.push_back({biases[i].token, biases[i].bias});
            add(llama_sampler_init_logit_bias(ctx->n_vocab, n_biases, list.data()));
        }
        if (penalty) {
            add(llama_sampler_init_penalties(ctx->n_vocab, s->repeat_last, s->repeat_penalty, s->frequency_penalty, s->presence_penalty));
        }
        if (s->temperature <= 0) {
            add(llama_sampler_init_greedy());
        } else {
            if (s->top_k > 0) add(llama_sampler_init_top_k(s->top_k));
            if (s->top_p < 1) add(llama_sampler_init_top_p(s->top_p, 1));
            if (s->min_p > 0) add(llama_sampler_init_min_p(s->min_p, 1));
            add(llama_sampler_init_temp(s->temperature));
            add(llama_sampler_init_dist(s->seed));
            // Penalties that only lower logits change at most repeat_last of them, so top-k keeps tokens of the first
            // top_k + repeat_last.
            const bool lowers = s->repeat_penalty >= 1 && s->presence_penalty >= 0 && s->frequency_penalty >= 0;
            if (s->top_k > 0 && !bias && (!penalty || lowers)) {
                sampler.keep = s->top_k + (penalty ? s->repeat_last : 0);
            }
            if (!penalty && !bias) {
                sampler.hottest = std::max(s->temperature, 1.0f); // top-p comes before temperature
                sampler.min_p   = s->top_p < 1 ? 0 : s->min_p;    // top-p counts tokens that min-p drops
            }
        }
        for (int32_t i = 0; penalty && i < n; i++) {
            llama_sampler_accept(sampler.chain, said[i]);
        }
        return RAGFT_OK;
    } catch (...) {
        ragft_fail_caught(err);
    }
    return RAGFT_FAILED;
}

// least_kept returns the k-th largest logit.
static float least_kept(const float * logits, int32_t n_vocab, int32_t k, std::vector<float> & heap) {
    const auto greater = std::greater<float>();
    heap.assign(logits, logits + k);
    std::make_heap(heap.begin(), heap.end(), greater); // the smallest of the k in front
    for (int32_t t = k; t < n_vocab; t++) {
        if (logits[t] > heap.front()) {
            std::pop_heap(heap.begin(), heap.end(), greater);
            heap.back() = logits[t];
            std::push_heap(heap.begin(), heap.end(), greater);
        }
    }
    return heap.front();
}

// candidates lists the tokens that the chain may choose, and returns their number. A vocabulary can have 250,000 tokens, and
// passing all of them through the chain takes longer than a small model's share of a batch. So it leaves out tokens that top-k
// or min-p would drop at once, and those that together have less than 1e-7 of the probability of the most likely one, which is
// beyond the precision of a float.
static size_t candidates(ragft_sampler & s, const float * logits, int32_t n_vocab, float max) {
    float least = -INFINITY;
    if (s.keep > 0 && s.keep < n_vocab / 4) {
        least = least_kept(logits, n_vocab, s.keep, s.scratch);
    } else if (s.hottest > 0) {
        least = max - s.hottest * (16.2f + std::log((float) n_vocab)); // e^-16.2 < 1e-7
        if (s.min_p > 0) least = std::max(least, max + std::log(s.min_p) - 1e-3f);
    }
    s.candidates.resize((size_t) n_vocab); // does something only the first time
    llama_token_data * out = s.candidates.data();
    for (llama_token t = 0; t < n_vocab; t++) {
        *out = {t, logits[t], 0};
        out += logits[t] >= least;
    }
    return (size_t) (out - s.candidates.data());
}

// choose applies the chain to the first n of the sampler's candidates.
static int32_t choose(ragft_sampler & s, size_t n) {
    llama_token_data_array array = {s.candidates.data(), n, -1, false};
    if (!s.chain) {
        const auto likelier = [](const llama_token_data & a, const llama_token_data & b) { return a.logit < b.logit; };
        return n == 0 ? -1 : std::max_element(array.data, array.data + n, likelier)->id;
    }
    if (n == 0) {
        return -1;
    }
    llama_sampler_apply(s.chain, &array);
    return array.selected < 0 || array.selected >= (int64_t) array.size ? -1 : array.data[array.selected].id;
}

// allowed reports whether the grammar allows the token next.
static bool allowed(ragft_sampler & s, llama_token token) {
    llama_token_data one = {token, 0, 0};
    llama_token_data_array array = {&one, 1, -1, false};
    llama_sampler_apply(s.grammar, &array);
    return one.logit > -INFINITY;
}

// choose_allowed chooses again if the grammar does not allow the chosen token. Only then all tokens are checked against the
// grammar, which takes long.
static int32_t choose_allowed(ragft_sampler & s, const float * logits, int32_t n_vocab) {
    s.candidates.resize((size_t) n_vocab);
    for (llama_token t = 0; t < n_vocab; t++) {
        s.candidates[t] = {t, logits[t], 0};
    }
    llama_token_data_array array = {s.candidates.data(), (size_t) n_vocab, -1, false};
    llama_sampler_apply(s.grammar, &array);
    llama_token_data * end = std::remove_if(array.data, array.data + array.size,
                                            [](const llama_token_data & d) { return !(d.logit > -INFINITY); });
    return choose(s, (size_t) (end - array.data));
}

// likeliest writes the n largest of the logits, largest first, as log-probabilities.
static void likeliest(const float * logits, int32_t n_vocab, int32_t n, double total, ragft_picked * out) {
    const auto before = [](const ragft_picked & a, const ragft_picked & b) {
        return a.logprob > b.logprob || (a.logprob == b.logprob && a.token < b.token);
    };
    for (int32_t t = 0; t < n_vocab; t++) {
        const ragft_picked one = {t, logits[t]};
        if (t < n) {
            out[t] = one;
            std::push_heap(out, out + t + 1, before); // the least of them in front
        } else if (one.logprob > out->logprob) {
            std::pop_heap(out, out + n, before);
            out[n - 1] = one;
            std::push_heap(out, out + n, before);
        }
    }
    std::sort_heap(out, out + n, before);
    for (int32_t i = 0; i < n; i++) {
        out[i].logprob = (float) (out[i].logprob - total);
    }
}

int ragft_pick_token(ragft_sampler * s, const float * logits, int32_t n_vocab, const ragft_pick & pick, ragft_picked * out,
                     ragft_picked * top) {
    const float  max   = max_of(logits, n_vocab);
    const double total = log_sum_exp(logits, n_vocab, max);
    *out = {-1, 0};
    if (!std::isfinite(total)) { // a NaN anywhere, or only infinities
        return RAGFT_NAN;
    }
    int32_t token = pick.target;
    if (s && !s->chain) {
        token = (int32_t) (std::find(logits, logits + n_vocab, max) - logits);
    } else if (s) {
        token = choose(*s, candidates(*s, logits, n_vocab, max));
    }
    if (s && s->grammar && token >= 0) {
        if (!allowed(*s, token)) {
            token = choose_allowed(*s, logits, n_vocab);
        }
        if (token >= 0) {
            llama_sampler_accept(s->grammar, token);
        }
    }
    if (token < 0) {
        out->token = -2;
        return RAGFT_NAN;
    }
    if (s && s->chain) {
        llama_sampler_accept(s->chain, token);
    }
    *out = {token, (float) (logits[token] - total)};
    if (pick.n_top > 0) {
        likeliest(logits, n_vocab, std::min(pick.n_top, n_vocab), total, top);
    }
    return RAGFT_OK;
}
