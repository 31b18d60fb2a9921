package testmodel

import (
	"fmt"
	"hash/fnv"
	"math"
	"math/rand/v2"

	"github.com/ragft/ragft/internal/gguf"
)

// Write writes the model that s describes to path. Matrices are drawn from
// N(0, 1/n_in), so that activations keep their size through the layers and
// gradients are well conditioned; norm weights from N(1, 0.1²); biases from
// N(0, 0.1²).
func Write(path string, s Spec) (err error) {
	s, err = s.withDefaults()
	if err != nil {
		return fmt.Errorf("test model: %w", err)
	}
	tok, err := newTokenizer(s)
	if err != nil {
		return fmt.Errorf("test model: %w", err)
	}
	w, err := gguf.Create(path)
	if err != nil {
		return err
	}
	defer func() {
		if e := w.Close(); err == nil {
			err = e
		}
	}()
	for _, kv := range append(s.metadata(len(tok.tokens)), tok.metadata(s.Pre)...) {
		if err := w.SetMeta(kv.Key, kv.Value); err != nil {
			return err
		}
	}
	for _, t := range s.tensors(len(tok.tokens)) {
		if err := t.add(w, s.Seed); err != nil {
			return err
		}
	}
	return w.Commit()
}

func (s Spec) metadata(vocab int) []gguf.KV {
	u := func(key string, v int) gguf.KV { return gguf.KV{Key: s.Arch + "." + key, Value: uint32(v)} }
	f := func(key string, v float32) gguf.KV { return gguf.KV{Key: s.Arch + "." + key, Value: v} }
	return []gguf.KV{
		{Key: "general.architecture", Value: s.Arch},
		{Key: "general.type", Value: "model"},
		{Key: "general.name", Value: "random test model"},
		u("context_length", s.Context),
		u("embedding_length", s.Width),
		u("block_count", s.Layers),
		u("feed_forward_length", s.FeedForward),
		u("attention.head_count", s.Heads),
		u("attention.head_count_kv", s.HeadsKV),
		u("attention.key_length", s.HeadDim),
		u("attention.value_length", s.HeadDim),
		f("attention.layer_norm_rms_epsilon", 1e-5),
		u("rope.dimension_count", s.HeadDim),
		f("rope.freq_base", 10000),
		u("vocab_size", vocab),
	}
}

// tensor is a tensor to be drawn from N(mean, std²).
type tensor struct {
	name      string
	typ       gguf.Type
	dims      []int64
	mean, std float64
}

// tensors lists the tensors of the model.
func (s Spec) tensors(vocab int) []tensor {
	embed := s.Type
	if s.EmbeddingF32 {
		embed = gguf.F32
	}
	out := []tensor{matrix("token_embd.weight", embed, s.Width, vocab)}
	for i := range s.Layers {
		out = append(out, s.layer(fmt.Sprintf("blk.%d.", i))...)
	}
	out = append(out, norm("output_norm.weight", s.Width))
	if !s.Tied {
		out = append(out, matrix("output.weight", embed, s.Width, vocab))
	}
	return out
}

func (s Spec) layer(prefix string) []tensor {
	q, kv := s.Heads*s.HeadDim, s.HeadsKV*s.HeadDim
	out := []tensor{
		norm(prefix+"attn_norm.weight", s.Width),
		matrix(prefix+"attn_q.weight", s.Type, s.Width, q),
		matrix(prefix+"attn_k.weight", s.Type, s.Width, kv),
		matrix(prefix+"attn_v.weight", s.Type, s.Width, kv),
		matrix(prefix+"attn_output.weight", s.Type, q, s.Width),
		norm(prefix+"ffn_norm.weight", s.Width),
		matrix(prefix+"ffn_gate.weight", s.Type, s.Width, s.FeedForward),
		matrix(prefix+"ffn_up.weight", s.Type, s.Width, s.FeedForward),
		matrix(prefix+"ffn_down.weight", s.Type, s.FeedForward, s.Width),
	}
	switch s.Arch {
	case "qwen2":
		out = append(out, bias(prefix+"attn_q.bias", q), bias(prefix+"attn_k.bias", kv), bias(prefix+"attn_v.bias", kv))
	case "qwen3":
		out = append(out, norm(prefix+"attn_q_norm.weight", s.HeadDim), norm(prefix+"attn_k_norm.weight", s.HeadDim))
	}
	return out
}

func matrix(name string, t gguf.Type, in, out int) tensor {
	return tensor{name, t, []int64{int64(in), int64(out)}, 0, 1 / math.Sqrt(float64(in))}
}

func norm(name string, n int) tensor {
	return tensor{name, gguf.F32, []int64{int64(n)}, 1, 0.1}
}

func bias(name string, n int) tensor {
	return tensor{name, gguf.F32, []int64{int64(n)}, 0, 0.1}
}

// add draws the tensor and adds it to w. The name takes part in the seed, so that
// a tensor is the same whatever else the model has.
func (t tensor) add(w *gguf.Writer, seed uint64) error {
	n := int64(1)
	for _, d := range t.dims {
		n *= d
	}
	h := fnv.New64a()
	h.Write([]byte(t.name)) // never fails
	r := rand.New(rand.NewPCG(seed, h.Sum64()))
	values := make([]float32, n)
	for i := range values {
		values[i] = float32(t.mean + t.std*r.NormFloat64())
	}
	data, err := gguf.Quantize(t.typ, values)
	if err != nil {
		return fmt.Errorf("tensor %q: %w", t.name, err)
	}
	return w.AddTensor(t.name, t.typ, t.dims, data)
}
