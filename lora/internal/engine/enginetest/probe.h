// What tests ask of an engine. The functions return a status of engine.h, and leave their message in the engine.
#ifndef RAGFT_PROBE_H
#define RAGFT_PROBE_H

#include "../engine.h"

#ifdef __cplusplus
extern "C" {
#endif

// Logits of the batch's rows, [n_rows][n_vocab]: by the engine's forward pass, and by llama_decode.
int rft_probe_logits(rft_engine * engine, const rft_batch * batch, float * dst);
int rft_probe_decode(rft_engine * engine, const rft_batch * batch, float * dst);

// Sets the layout of every graph from now on, as far as a window's rows allow.
int rft_probe_set_layout(rft_engine * engine, int32_t chunk_rows, int32_t recomputed);

// Seconds that the frozen products of one training step take alone (forward and input gradient of every
// weight, as F32 mul_mat on the same shapes): the floor that benchmarks compare a step with.
int rft_probe_bare_products(rft_engine * engine, int32_t n_rows, double * seconds);

// What a captured graph shows of the conventions in assumptions.hpp. Tensors are counted once.
typedef struct {
    int32_t nodes, without_compute_flag;
    int32_t caches, writes, writes_elsewhere; // tensors of the cache; SET_ROWS into it, and into other tensors
    int32_t lora_a, lora_b, of_adapter;       // leaves by their names
    int32_t layers, misnamed_layers;          // numbers in the names of nodes; those that are not below layers
    int32_t copies, truncated, copied_nodes;  // the scheduler's copies; those of nodes
} rft_graph_facts;

int rft_probe_facts(rft_engine * engine, rft_graph_facts * facts);

// Checks what assumptions.hpp says of ggml alone, and writes the first that does not hold, or "".
void rft_probe_ggml(char * failure, size_t size);

#ifdef __cplusplus
}
#endif
#endif
