package testmodel

import (
	"fmt"
	"testing"

	"github.com/ragft/ragft/internal/gguf"
)

// BERT describes an embedding model or a reranker of the BERT kind with random weights. The zero value is one of two layers
// that pools by the mean.
type BERT struct {
	Pooling int // as llama.cpp numbers it: 1 mean, 2 cls, 4 rank; 0 means 1
	Width   int // 0 means 64
	Context int // 0 means 128
	Scores  int // of the classification head, for rank pooling; 0 means 1
	Seed    uint64
	Name    string // general.name; "" means "random BERT"
	// NoHead leaves out the classification head of a reranker.
	NoHead bool
}

// Layers, heads and the width of the feed-forward network of a [BERT].
const (
	bertLayers = 2
	bertHeads  = 4
	bertHidden = 96
)

func (b BERT) withDefaults() BERT {
	def := func(v *int, d int) {
		if *v == 0 {
			*v = d
		}
	}
	def(&b.Pooling, 1)
	def(&b.Width, 64)
	def(&b.Context, 128)
	def(&b.Scores, 1)
	if b.Name == "" {
		b.Name = "random BERT"
	}
	return b
}

// wordPieces is a WordPiece vocabulary in the form of GGUF files: "▁" before pieces that begin a word. Its types are llama.cpp's.
func wordPieces() (tokens []string, types []int32) {
	add := func(typ int32, list ...string) {
		for _, t := range list {
			tokens, types = append(tokens, t), append(types, typ)
		}
	}
	const normal, unknown, control = 1, 2, 3
	add(control, "[PAD]")
	add(unknown, "[UNK]")
	add(control, "[CLS]", "[SEP]", "[MASK]")
	for _, r := range "abcdefghijklmnopqrstuvwxyz0123456789" {
		add(normal, "\u2581"+string(r), string(r))
	}
	for _, r := range ".,:;!?'-()" {
		add(normal, "\u2581"+string(r))
	}
	for _, word := range []string{"the", "of", "is", "who", "what", "mill", "river", "town", "ing", "er"} {
		add(normal, "\u2581"+word)
	}
	add(normal, "ing", "er")
	return tokens, types
}

func (b BERT) metadata(tokens []string, types []int32) []gguf.KV {
	u := func(key string, v int) gguf.KV { return gguf.KV{Key: key, Value: uint32(v)} }
	entries := []gguf.KV{
		{Key: "general.architecture", Value: "bert"}, {Key: "general.type", Value: "model"}, {Key: "general.name", Value: b.Name},
		u("bert.context_length", b.Context), u("bert.embedding_length", b.Width), u("bert.block_count", bertLayers),
		u("bert.feed_forward_length", bertHidden), u("bert.attention.head_count", bertHeads), u("bert.pooling_type", b.Pooling),
		{Key: "bert.attention.layer_norm_epsilon", Value: float32(1e-12)}, {Key: "bert.attention.causal", Value: false},
		{
			Key:   "tokenizer.ggml.model",
			Value: "bert",
		}, {Key: "tokenizer.ggml.pre", Value: "default"}, u("tokenizer.ggml.token_type_count", 2),
		{Key: "tokenizer.ggml.tokens", Value: tokens}, {Key: "tokenizer.ggml.token_type", Value: types},
		u("tokenizer.ggml.padding_token_id", 0), u("tokenizer.ggml.unknown_token_id", 1), u("tokenizer.ggml.bos_token_id", 2),
		u("tokenizer.ggml.eos_token_id", 3), u("tokenizer.ggml.seperator_token_id", 3), u("tokenizer.ggml.mask_token_id", 4),
		{Key: "tokenizer.ggml.add_bos_token", Value: true}, {Key: "tokenizer.ggml.add_eos_token", Value: true},
		{Key: "tokenizer.ggml.add_sep_token", Value: false},
	}
	if b.Pooling == 4 && b.Scores > 1 {
		labels := make([]string, b.Scores)
		for i := range labels {
			labels[i] = fmt.Sprintf("label %d", i)
		}
		entries = append(entries, gguf.KV{Key: "bert.classifier.output_labels", Value: labels})
	}
	return entries
}

func (b BERT) tensors(vocab int) []tensor {
	linear := func(name string, in, out int) []tensor {
		return []tensor{matrix(name+".weight", gguf.F32, in, out), {name + ".bias", gguf.F32, []int64{int64(out)}, 0, 0.1}}
	}
	norm := func(name string) []tensor {
		dims := []int64{int64(b.Width)}
		return []tensor{{name + ".weight", gguf.F32, dims, 1, 0.1}, {name + ".bias", gguf.F32, dims, 0, 0.1}}
	}
	var out []tensor
	for _, table := range []struct {
		name string
		rows int
	}{{"token_embd", vocab}, {"token_types", 2}, {"position_embd", b.Context}} {
		out = append(out, tensor{table.name + ".weight", gguf.F32, []int64{int64(b.Width), int64(table.rows)}, 0, 1})
	}
	out = append(out, norm("token_embd_norm")...)
	for i := range bertLayers {
		prefix := fmt.Sprintf("blk.%d.", i)
		for _, name := range []string{"attn_q", "attn_k", "attn_v", "attn_output"} {
			out = append(out, linear(prefix+name, b.Width, b.Width)...)
		}
		out = append(out, norm(prefix+"attn_output_norm")...)
		out = append(out, linear(prefix+"ffn_up", b.Width, bertHidden)...)
		out = append(out, linear(prefix+"ffn_down", bertHidden, b.Width)...)
		out = append(out, norm(prefix+"layer_output_norm")...)
	}
	if b.Pooling == 4 && !b.NoHead {
		out = append(out, linear("cls", b.Width, b.Width)...)
		out = append(out, linear("cls.output", b.Width, b.Scores)...)
	}
	return out
}

// NewBERT writes a model into the test's temporary folder and returns its path. It ends the test if that fails.
func NewBERT(tb testing.TB, b BERT) string {
	tb.Helper()
	path := tb.TempDir() + "/bert.gguf"
	if err := b.withDefaults().write(path); err != nil {
		tb.Fatalf("writing a test model: %v", err)
	}
	return path
}

func (b BERT) write(path string) (err error) {
	w, err := gguf.Create(path)
	if err != nil {
		return err
	}
	defer func() {
		if e := w.Close(); err == nil {
			err = e
		}
	}()
	tokens, types := wordPieces()
	for _, kv := range b.metadata(tokens, types) {
		if err := w.SetMeta(kv.Key, kv.Value); err != nil {
			return err
		}
	}
	for _, t := range b.tensors(len(tokens)) {
		if err := t.add(w, b.Seed); err != nil {
			return err
		}
	}
	return w.Commit()
}
