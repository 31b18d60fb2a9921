// The C face of the training engine. Everything behind it is C++ on llama.cpp's public headers.
// No function throws or prints; those that can fail return 0 on success and otherwise an RFT_ status,
// with a message from rft_last_error. One engine is used by one thread at a time, except rft_cancel.
#ifndef RAGFT_LORA_ENGINE_H
#define RAGFT_LORA_ENGINE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

enum { RFT_OK = 0, RFT_ERROR = 1, RFT_CANCELLED = 2, RFT_NO_RULE = 3 };

typedef struct rft_engine rft_engine;

typedef struct {
    const char * model_path;
    const char * adapter_path; // NULL: all weights of an F32 model are trained
    int32_t window;            // tokens in a batch, a multiple of 256
    int32_t max_sequences;
    int32_t threads;
    int32_t gpu_layers; // 0: CPU only
    bool composed;      // only forward ops in the backward pass, as a backend without our kernels needs
} rft_options;

// A window of tokens. Token i belongs to the sequences seqs[seq_offsets[i] .. seq_offsets[i+1]).
// rows are the tokens (ascending) whose logits are computed; each label says that the logits of
// rows[label_rows[l]] should predict label_tokens[l], with a weight. (row, token) pairs are unique.
typedef struct {
    const int32_t * tokens;
    const int32_t * positions;
    const int32_t * seq_offsets;
    const int32_t * seqs;
    const int32_t * rows;
    int32_t n_rows;
    const int32_t * label_rows;
    const int32_t * label_tokens;
    const float * label_weights;
    int32_t n_labels;
} rft_batch;

typedef struct {
    float learning_rate, beta1, beta2, epsilon, weight_decay;
    float grad_scale; // clipping: gradients are multiplied by this
    int64_t step;     // 1, 2, ...: for the bias correction
} rft_adamw;

rft_engine * rft_new(void); // NULL: out of memory
int rft_open(rft_engine * engine, const rft_options * options); // once; the strings must live as long as the call
void rft_close(rft_engine * engine);
const char * rft_last_error(const rft_engine * engine);
void rft_cancel(rft_engine * engine, bool on); // from any thread

int32_t rft_n_vocab(const rft_engine * engine);
int32_t rft_n_params(const rft_engine * engine);
const char * rft_param_name(const rft_engine * engine, int32_t i);
void rft_param_shape(const rft_engine * engine, int32_t i, int64_t * ne0, int64_t * ne1);

enum { RFT_VALUE = 0, RFT_GRADIENT = 1, RFT_MOMENT1 = 2, RFT_MOMENT2 = 3 };
int rft_param_get(rft_engine * engine, int32_t i, int what, float * dst);
int rft_param_set(rft_engine * engine, int32_t i, int what, const float * src);

// The weighted sum of cross-entropies over the labels.
int rft_forward(rft_engine * engine, const rft_batch * batch, double * loss);
// The same, and adds the gradients to those already there.
int rft_backward(rft_engine * engine, const rft_batch * batch, double * loss);
int rft_zero_gradients(rft_engine * engine);
int rft_gradient_norm(rft_engine * engine, double * norm);
int rft_adamw_step(rft_engine * engine, const rft_adamw * adamw);

// Logits of the batch's rows, [n_rows][n_vocab]: by the engine's graph, and by llama_decode.
int rft_logits(rft_engine * engine, const rft_batch * batch, float * dst);
int rft_decode(rft_engine * engine, const rft_batch * batch, float * dst);

// Bytes of memory: of the weights' file, of the state (gradients, moments), of the largest graph so far.
void rft_memory(const rft_engine * engine, uint64_t * weights, uint64_t * state, uint64_t * compute);

// Seconds that the frozen products of one training step take alone (forward and input gradient of every
// weight, as F32 mul_mat on the same shapes): the floor that benchmarks compare a step with.
int rft_bare_products(rft_engine * engine, int32_t n_rows, double * seconds);

#ifdef __cplusplus
}
#endif
#endif
