// The C interface of the training engine. Everything behind it is C++ on llama.cpp's public headers.
// No function throws or prints; those that can fail return 0 on success and otherwise an RFT_ status,
// with a message from rft_last_error. One engine is used by one thread at a time, except rft_cancel.
#ifndef RAGFT_ENGINE_H
#define RAGFT_ENGINE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

enum { RFT_OK = 0, RFT_ERROR = 1, RFT_CANCELLED = 2, RFT_NO_RULE = 3, RFT_NO_MEMORY = 4 };

typedef struct rft_engine rft_engine;

typedef struct {
    const char * model_path;
    const char * adapter_path; // NULL: all weights of an F32 model are trained
    float dropout;             // probability that an element of the input of A is zero while training
    int32_t window;            // tokens in a batch, a multiple of 256
    int32_t max_sequences;
    int32_t threads;
    int32_t gpu_layers; // 0: CPU only
    void * devices;     // a NULL-terminated list of ggml_backend_dev_t that layers may lie on, or NULL for the GPUs of this machine
    bool composed;      // only forward ops in the backward pass, as a backend without our kernels needs
    uint64_t memory_budget; // bytes of everything in rft_memory_use together; 0: no bound
} rft_options;

// A window of tokens. Token i belongs to the sequences seqs[seq_offsets[i] .. seq_offsets[i+1]).
// rows are the tokens (ascending) whose logits are computed; each label says that the logits of
// rows[label_rows[l]] should predict label_tokens[l], with a weight, which may be negative. Any labels may share a row,
// and a token too. A row may also have a rest: all tokens that no label of the row names, taken together as one outcome, whose
// -log p counts with a weight of its own. Such a row has labels.
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
    const float * rest_weights; // [n_rows], or NULL: no row has a rest
    uint64_t dropout_key; // of the masks of dropout. 0: rft_forward has none
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

// The weighted sum of cross-entropies over the labels and rests.
int rft_forward(rft_engine * engine, const rft_batch * batch, double * loss);
// The same, and adds the gradients to those already there.
int rft_backward(rft_engine * engine, const rft_batch * batch, double * loss);
// The terms of the last rft_forward's or rft_backward's sum, [n_labels] in the batch's order, and with rest_weights [n_rows]
// more: weight * -log p.
int rft_label_losses(rft_engine * engine, float * dst);
// Switches the adapter off, or on again as it is after rft_open. Without it there is only rft_forward.
int rft_use_adapter(rft_engine * engine, bool on);
int rft_zero_gradients(rft_engine * engine);
int rft_gradient_norm(rft_engine * engine, double * norm);
int rft_adamw_step(rft_engine * engine, const rft_adamw * adamw);

// Memory in bytes, and how a graph keeps within it.
typedef struct {
    uint64_t weights;     // the model's tensors
    uint64_t adapter;     // trained tensors that are not the model's
    uint64_t optimiser;   // gradients and moments
    uint64_t context;     // what llama.cpp's context holds, and copies of its inputs
    uint64_t activations; // of the largest graph
    uint64_t logits;      // what logits, loss and their gradients add to that
    int32_t segments;     // of the forward pass that can be recomputed
    int32_t recomputed;   // of these, from the first on
    int32_t chunk_rows;   // rows whose logits are held at a time
} rft_memory_use;

// What is held for the largest graph so far.
void rft_memory(const rft_engine * engine, rft_memory_use * use);
// What a batch with so many rows takes, in rft_backward or in rft_forward, without allocating it. RFT_NO_MEMORY: more than
// the budget, whatever is recomputed.
int rft_estimate(rft_engine * engine, int32_t n_rows, bool backward, rft_memory_use * use);

enum { RFT_MAX_SOURCES = 6 };

typedef struct {
    int32_t type;
    int64_t ne[4];
    uint64_t nb[4];
} rft_tensor;

// A node of a graph: its op, and the same with the kind of a unary or gated op told apart; sources that are not NULL.
typedef struct {
    char op[32], description[32], name[64];
    int32_t params[16];
    bool supported; // by one of the devices that hold layers, or without any by the CPU
    rft_tensor result, sources[RFT_MAX_SOURCES];
    int32_t n_sources;
} rft_node;

typedef struct {
    int32_t n_rows;
    int32_t chunk_rows, recomputed; // the layout, see rft_memory_use
    int32_t room;                   // of the nodes' array
} rft_nodes_query;

// Plans a training step of a window, and writes up to room of its nodes. n is how many there are.
int rft_training_nodes(rft_engine * engine, const rft_nodes_query * query, rft_node * dst, int32_t * n);

#ifdef __cplusplus
}
#endif
#endif
