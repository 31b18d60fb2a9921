// A context and its samplers, shared by shim_context.cpp and shim_sample.cpp.
#ifndef RAGFT_SHIM_CONTEXT_H
#define RAGFT_SHIM_CONTEXT_H

#include "shim_internal.h"

#include <atomic>
#include <condition_variable>
#include <functional>
#include <mutex>
#include <thread>
#include <vector>

// A sampler chooses one sequence's tokens.
struct ragft_sampler {
    llama_sampler * chain   = nullptr; // NULL: greedy, without penalties and bias
    llama_sampler * grammar = nullptr; // NULL: any text
    bool            on      = false;
    // Limits for what candidates() leaves out; 0: no limit.
    int32_t         keep    = 0;     // all but this many most likely tokens
    float           min_p   = 0;     // tokens less likely than the most likely one by this factor
    float           hottest = 0;     // tokens with negligible probability at this temperature
    std::vector<llama_token_data> candidates;
    std::vector<float>            scratch;
};

// ragft_workers runs the picks of a batch in parallel.
class ragft_workers {
public:
    explicit ragft_workers(int extra);
    ~ragft_workers();
    // run calls f(0) ... f(n-1), each once, and returns when all have ended. f must not throw.
    void run(int n, const std::function<void(int)> & f);

private:
    void work();
    void take();

    std::mutex               mutex;
    std::condition_variable  wake, done;
    std::vector<std::thread> threads;
    const std::function<void(int)> * job = nullptr;
    std::atomic<int> next{0};
    int      count = 0, busy = 0;
    uint64_t round = 0;
    bool     stop  = false;
};

struct ragft_context {
    llama_context *     llama   = nullptr;
    ggml_threadpool_t   pool    = nullptr;
    const llama_vocab * vocab   = nullptr;
    int32_t             n_vocab = 0, n_threads = 1;
    ragft_context_params params  = {}; // that llama was made with
    std::atomic<int32_t> abort{0};
    std::vector<ragft_sampler> samplers;
    ragft_workers *     workers = nullptr; // NULL: one thread
    // the batch's sequence ids, in the form of llama_batch
    std::vector<int32_t>   n_seq_id;
    std::vector<int32_t>   seq_ids;
    std::vector<int32_t *> seq_id;
    std::vector<float *>   rows;    // logits of each pick
    std::vector<int>       status;  // of each pick
    std::vector<int32_t>   groups;  // the first pick of each group: it and the drafted ones after it
};

void ragft_sampler_clear(ragft_sampler & sampler);
int  ragft_pick_token(ragft_sampler * sampler, const float * logits, int32_t n_vocab, const ragft_pick & pick,
                      ragft_picked * out, ragft_picked * top);

#endif
