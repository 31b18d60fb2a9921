// C interface of the C++ code that uses llama.cpp. No C++ types, exceptions or nested Go pointers cross it: strings have a
// length, results are plain structs, and memory that a function returns is freed with ragft_free.
#ifndef RAGFT_SHIM_H
#define RAGFT_SHIM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct ragft_model   ragft_model;
typedef struct ragft_adapter ragft_adapter;
typedef struct ragft_context ragft_context;
typedef struct ragft_chat    ragft_chat;

// code is the system's errno, where that is what failed, or 0.
typedef struct ragft_error { char text[1024]; int32_t code; } ragft_error;

// Results of calls that can fail.
enum {
    RAGFT_OK      = 0,
    RAGFT_FAILED  = -1,  // the error has the reason
    RAGFT_ABORTED = -2,  // ragft_context_abort was called, or the progress callback returned false
    RAGFT_FULL    = -3,  // no room in the key-value cache
    RAGFT_NAN     = -4,  // the model's logits are not finite numbers
};

// ragft_init initialises llama.cpp; it must be called once in the process.
void ragft_init(void);
void ragft_free(void * memory);

// --- models ---

typedef struct ragft_model_params {
    int32_t   gpu_layers;  // negative: all
    bool      mmap;
    bool      repack;
    bool      check_tensors;
    uintptr_t progress;    // cgo.Handle for goLlamaProgress, which also stops the loading
    void *    devices;     // a NULL-terminated list of ggml_backend_dev_t, or NULL for llama.cpp's own choice
} ragft_model_params;

typedef struct ragft_model_info {
    int32_t  n_vocab, n_ctx_train, n_embd, n_layer, n_head, n_head_kv, bos, eos, sep, n_embd_out, n_cls_out;
    bool     add_bos, add_eos, add_sep, has_encoder, has_decoder, recurrent;
    uint64_t bytes, parameters;
} ragft_model_info;

int  ragft_model_load(const char * path, const ragft_model_params * params, ragft_model ** out, ragft_error * err);
void ragft_model_free(ragft_model * model);
void ragft_model_describe(const ragft_model * model, ragft_model_info * info);

// ragft_model_metadata returns the scalar metadata: for each key its length (4 bytes, native order), the key, the length of
// the value and the value.
char * ragft_model_metadata(const ragft_model * model, size_t * size);

// ragft_model_chat_template returns the model's template, owned by the model, or NULL.
const char * ragft_model_chat_template(const ragft_model * model);

enum { RAGFT_END = 1, RAGFT_HIDDEN = 2, RAGFT_SPECIAL = 4, RAGFT_LSTRIP = 8, RAGFT_RSTRIP = 16 };

// ragft_model_pieces returns the texts of all tokens, and writes where each ends in them, and its flags.
char * ragft_model_pieces(const ragft_model * model, int32_t * ends, uint8_t * flags, ragft_error * err);

// Both return the number of entries, or the negated size that is needed if room is too small, or INT32_MIN with err set.
int32_t ragft_tokenize(const ragft_model * model, const char * text, int32_t length, int32_t * tokens, int32_t room,
                       bool add_special, bool parse_special, ragft_error * err);
int32_t ragft_detokenize(const ragft_model * model, const int32_t * tokens, int32_t n, char * text, int32_t room,
                         ragft_error * err);

// --- adapters ---

int  ragft_adapter_load(ragft_model * model, const char * path, ragft_adapter ** out, ragft_error * err);
void ragft_adapter_free(ragft_adapter * adapter);

// --- contexts ---

typedef struct ragft_context_params {
    int32_t n_ctx, n_batch, n_seq, n_outputs, n_threads;
    bool    exact_attention, embeddings;
    bool    separate; // n_ctx cells for each sequence, not for all together
    int32_t flash;    // flash attention: 1 on, 0 off, -1 where the devices that hold the layers support it
} ragft_context_params;

// One layer's attention, measured on the CPU: the heads of queries and of keys and values, and their lengths.
typedef struct ragft_attention_shape { int32_t heads, heads_kv, key, value; } ragft_attention_shape;
typedef struct ragft_attention_time {
    int32_t rows, cells; // tokens of the batch, and in the cache
    bool    flash;
    double  seconds;     // written
} ragft_attention_time;

// ragft_measure_attention takes about `limit` seconds for all n times together, more only where one run of each takes longer.
int ragft_measure_attention(const ragft_attention_shape * shape, int32_t n_threads, double limit, ragft_attention_time * times,
                            int32_t n, ragft_error * err);

typedef struct ragft_sampling {
    float    temperature, top_p, min_p, repeat_penalty, presence_penalty, frequency_penalty;
    int32_t  top_k, repeat_last;
    uint32_t seed;
} ragft_sampling;

// A grammar that was read from GBNF with the rule "root", for the sampler of one sample. Any thread may read one.
typedef struct ragft_grammar ragft_grammar;
int  ragft_grammar_new(const ragft_model * model, const char * text, ragft_grammar ** out, ragft_error * err);
void ragft_grammar_free(ragft_grammar * grammar);

typedef struct ragft_bias { int32_t token; float bias; } ragft_bias;

// A pick takes one token from the logits of a row of the batch: the one that the sampler of `slot` chooses or, if slot is
// negative, `target`. The n_top most likely tokens are written to top[top_at] and after. The token of a row with `drafted` was
// guessed: it is picked from only if the pick before it, of the same slot, chose that token, and else gets the token -3.
typedef struct ragft_pick { int32_t row, slot, target, n_top, top_at; bool drafted; } ragft_pick;
typedef struct ragft_picked { int32_t token; float logprob; } ragft_picked;

int     ragft_context_new(ragft_model * model, const ragft_context_params * params, ragft_context ** out, ragft_error * err);
void    ragft_context_free(ragft_context * ctx);
// ragft_context_reshape replaces the key-value cache: n_ctx, n_seq and separate may differ from what the context has. All
// sequences, samplers and adapters are lost. If the new cache cannot be made, the context keeps the shape that it had.
int     ragft_context_reshape(ragft_model * model, ragft_context * ctx, const ragft_context_params * params, ragft_error * err);
bool    ragft_context_usable(const ragft_context * ctx); // false after a reshape that failed both ways
int32_t ragft_context_size(const ragft_context * ctx);

// ragft_context_abort may be called from any thread. It makes ragft_decode return RAGFT_ABORTED until it is called with 0.
void ragft_context_abort(ragft_context * ctx, int32_t on);

// ragft_context_set_adapters changes the adapters of the next batch. try_out builds the graph once, which detects adapters
// that llama.cpp cannot compute with, and clears all sequences.
int  ragft_context_set_adapters(ragft_context * ctx, ragft_adapter ** adapters, float * scales, int32_t n, bool try_out,
                                ragft_error * err);

// Sequences: clear removes all and frees the samplers; share gives the positions [0, end) of src to dst, as a copy if the
// caches are separate; drop removes the positions from begin on.
void ragft_context_clear(ragft_context * ctx);
void ragft_sequence_share(ragft_context * ctx, int32_t src, int32_t dst, int32_t end);
void ragft_sequence_drop(ragft_context * ctx, int32_t seq, int32_t begin);

// ragft_sampler_set creates the sampler of a slot. Its penalties apply to the n recent tokens. It takes over the grammar, which is
// NULL for any text, even if it fails.
int ragft_sampler_set(ragft_context * ctx, int32_t slot, const ragft_sampling * sampling, ragft_grammar * grammar,
                      const ragft_bias * biases, int32_t n_biases, const int32_t * recent, int32_t n, ragft_error * err);

// ragft_decode computes a batch of n tokens and then all picks. wanted[i] != 0 makes the logits of row i available, and the
// row of every pick must be wanted. A pick gets the token -1 if the logits are not finite, and -2 if its grammar allows no
// token. Either makes the result RAGFT_NAN; the other picks are valid.
int ragft_decode(ragft_context * ctx, const int32_t * tokens, const int32_t * positions, const int32_t * sequences,
                 const int8_t * wanted, int32_t n, const ragft_pick * picks, int32_t n_picks, ragft_picked * out,
                 ragft_picked * top, ragft_error * err);

// ragft_embed computes a batch of whole sequences, numbered from 0, and writes what is pooled of each of the n_seq to out, width
// numbers each. The context must have been created for embeddings.
int ragft_embed(ragft_context * ctx, const int32_t * tokens, const int32_t * positions, const int32_t * sequences, int32_t n,
                int32_t n_seq, int32_t width, float * out, ragft_error * err);

// ragft_context_logits copies the logits of a row of the last batch to out, one for each token of the vocabulary. The row
// must have been wanted.
int ragft_context_logits(ragft_context * ctx, int32_t row, float * out, ragft_error * err);

// --- chat templates ---

// Features of a template. Contents are strings, or lists of parts with RAGFT_CHAT_TYPED.
enum {
    RAGFT_CHAT_SYSTEM = 1, RAGFT_CHAT_TYPED = 2, RAGFT_CHAT_TOOLS = 4, RAGFT_CHAT_CALLS = 8, RAGFT_CHAT_PARALLEL = 16,
    RAGFT_CHAT_OBJECT_ARGUMENTS = 32,
};

int  ragft_chat_parse(const char * source, size_t length, ragft_chat ** out, uint32_t * caps, ragft_error * err);
void ragft_chat_free(ragft_chat * chat);

// ragft_chat_render runs the template. data holds its variables, an object of named values, each a letter and:
// n none; t, f true, false; i an int64; d a double; a a list: the number of values (uint32), the values; o an object:
// the number of pairs (uint32), for each the key as a text value, the value; s a text: its length (uint32), the
// bytes; u the same as a text that comes from a user. Numbers are in native order. The result is a list of parts: one
// byte that is 1 if the part came from a user, the length (4 bytes, native order), the text.
char * ragft_chat_render(const ragft_chat * chat, const char * data, size_t length, size_t * size, ragft_error * err);

#ifdef __cplusplus
}
#endif

#endif
