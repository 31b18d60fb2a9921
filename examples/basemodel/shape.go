//go:build cgo

package main

import (
	"math"
	"math/rand/v2"
	"strconv"

	"github.com/ragft/ragft/examples/basemodel/bpe"
	"github.com/ragft/ragft/internal/gguf"
	"github.com/ragft/ragft/internal/llamacpp"
)

// shape is the architecture of the model, Llama's: grouped query attention, RoPE, RMS norms, SwiGLU, and one matrix
// for embedding and output.
type shape struct {
	layers, width, heads, headsKV, feedForward, context int
}

// tensor is a weight of the model with its initial values.
type tensor struct {
	name   string
	dims   []int64
	values []float32
}

// parameters returns the number of weights.
func (s shape) parameters(vocabulary int) int {
	n := 0
	for _, t := range s.tensors(vocabulary, nil) {
		size := 1
		for _, d := range t.dims {
			size *= int(d)
		}
		n += size
	}
	return n
}

// tensors returns the weights: normal with a deviation of 0.02 and, for what is added to the residual stream,
// 0.02 / sqrt(2 * layers); norms are 1. A nil rng leaves the values out.
func (s shape) tensors(vocabulary int, rng *rand.Rand) []tensor {
	var all []tensor
	add := func(name string, deviation float64, dims ...int64) {
		t := tensor{name: name, dims: dims}
		if rng != nil {
			size := int64(1)
			for _, d := range dims {
				size *= d
			}
			t.values = make([]float32, size)
			for i := range t.values {
				if deviation == 0 {
					t.values[i] = 1
				} else {
					t.values[i] = float32(rng.NormFloat64() * deviation)
				}
			}
		}
		all = append(all, t)
	}
	width, ff := int64(s.width), int64(s.feedForward)
	kv := width / int64(s.heads) * int64(s.headsKV)
	const normal = 0.02
	residual := normal / math.Sqrt(2*float64(s.layers))
	add("token_embd.weight", normal, width, int64(vocabulary))
	add("output_norm.weight", 0, width)
	for l := range s.layers {
		block := "blk." + strconv.Itoa(l) + "."
		add(block+"attn_norm.weight", 0, width)
		add(block+"attn_q.weight", normal, width, width)
		add(block+"attn_k.weight", normal, width, kv)
		add(block+"attn_v.weight", normal, width, kv)
		add(block+"attn_output.weight", residual, width, width)
		add(block+"ffn_norm.weight", 0, width)
		add(block+"ffn_gate.weight", normal, width, ff)
		add(block+"ffn_up.weight", normal, width, ff)
		add(block+"ffn_down.weight", residual, ff, width)
	}
	return all
}

// writeInitial writes a model with random weights.
func writeInitial(path string, s shape, vocabulary *bpe.Vocabulary, seed uint64) error {
	w, err := gguf.Create(path)
	if err != nil {
		return err
	}
	defer w.Close()
	metadata := []gguf.KV{ // in this order in the file
		{Key: "general.architecture", Value: "llama"},
		{Key: "general.type", Value: "model"},
		{Key: "general.name", Value: "ragft base"},
		{Key: "general.license", Value: "mit"},
		{Key: "llama.context_length", Value: uint32(s.context)},
		{Key: "llama.embedding_length", Value: uint32(s.width)},
		{Key: "llama.block_count", Value: uint32(s.layers)},
		{Key: "llama.feed_forward_length", Value: uint32(s.feedForward)},
		{Key: "llama.attention.head_count", Value: uint32(s.heads)},
		{Key: "llama.attention.head_count_kv", Value: uint32(s.headsKV)},
		{Key: "llama.attention.layer_norm_rms_epsilon", Value: float32(1e-5)},
		{Key: "llama.rope.dimension_count", Value: uint32(s.width / s.heads)},
		{Key: "llama.rope.freq_base", Value: float32(10000)},
		{Key: "llama.vocab_size", Value: uint32(len(vocabulary.Tokens))},
	}
	for _, kv := range vocabulary.Metadata() {
		metadata = append(metadata, gguf.KV(kv))
	}
	for _, kv := range metadata {
		if err := w.SetMeta(kv.Key, kv.Value); err != nil {
			return err
		}
	}
	for _, t := range s.tensors(len(vocabulary.Tokens), rand.New(rand.NewPCG(seed, 1))) {
		if err := w.AddTensor(t.name, gguf.F32, t.dims, gguf.FloatBytes(t.values)); err != nil {
			return err
		}
	}
	return w.Commit()
}

// readVocabulary reads the vocabulary of a shipped model.
func readVocabulary(path string) (*bpe.Vocabulary, error) {
	f, err := gguf.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	var tokens []string
	var scores []float32
	var types []int32
	for _, kv := range f.Metadata() {
		switch kv.Key {
		case "tokenizer.ggml.tokens":
			tokens, _ = kv.Value.([]string)
		case "tokenizer.ggml.scores":
			scores, _ = kv.Value.([]float32)
		case "tokenizer.ggml.token_type":
			types, _ = kv.Value.([]int32)
		}
	}
	return bpe.Restore(tokens, scores, types)
}

// writeHalf writes the model again with F16 matrices, which is what is shipped.
func writeHalf(from, to string) error { return rewrite(from, to, gguf.F16, 1) }

// writeSingle writes a shipped model again in F32, to train it further.
func writeSingle(from, to string) error { return rewrite(from, to, gguf.F32, 0) }

// rewrite writes a model again with matrices of another type.
func rewrite(from, to string, matrices gguf.Type, fileType uint32) error {
	f, err := gguf.Open(from)
	if err != nil {
		return err
	}
	defer f.Close()
	w, err := gguf.Create(to)
	if err != nil {
		return err
	}
	defer w.Close()
	for _, kv := range f.Metadata() {
		if err := w.SetMeta(kv.Key, kv.Value); err != nil {
			return err
		}
	}
	if err := w.SetMeta("general.file_type", fileType); err != nil {
		return err
	}
	for _, t := range f.Tensors() {
		values, err := f.ReadFloats(t.Name)
		if err != nil {
			return err
		}
		kind := matrices
		if len(t.Dims) == 1 {
			kind = gguf.F32
		}
		data, err := llamacpp.Quantize(kind, values, int(t.Dims[0]))
		if err != nil {
			return err
		}
		if err := w.AddTensor(t.Name, kind, t.Dims, data); err != nil {
			return err
		}
	}
	return w.Commit()
}
