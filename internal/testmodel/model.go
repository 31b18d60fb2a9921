package testmodel

import (
	"fmt"
	"hash/fnv"
	"math"
	"math/rand/v2"

	"github.com/ragft/ragft/internal/gguf"
)

// Write writes the model that s describes to path. Matrices are drawn from
// N(0, 1/n_in) (those of more than a million values repeat themselves), so that activations keep their size through the layers and
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
	for _, kv := range append(s.metadata(len(tok.tokens)), tok.metadata(s)...) {
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
	arch := s.architecture()
	u := func(key string, v int) gguf.KV { return gguf.KV{Key: arch + "." + key, Value: uint32(v)} }
	f := func(key string, v float32) gguf.KV { return gguf.KV{Key: arch + "." + key, Value: v} }
	return append([]gguf.KV{
		{Key: "general.architecture", Value: arch},
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
	}, s.familyMetadata()...)
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
	embedding := func(name string) tensor {
		if s.EmbeddingF32 {
			return matrix(name, gguf.F32, s.Width, vocab)
		}
		return matrix(name, s.typeOf(name), s.Width, vocab)
	}
	out := []tensor{embedding("token_embd.weight")}
	f := families[s.Arch]
	for _, p := range f.model {
		out = append(out, s.tensor(p, ""))
	}
	for i := range s.Layers {
		for _, p := range f.layer {
			out = append(out, s.tensor(p, fmt.Sprintf("blk.%d.", i)))
		}
	}
	out = append(out, tensor{"output_norm.weight", gguf.F32, []int64{int64(s.Width)}, 1, 0.1})
	if !s.Tied && !f.tied {
		out = append(out, embedding("output.weight"))
	}
	return out
}

func (s Spec) typeOf(name string) gguf.Type {
	if s.Types != nil {
		return s.Types(name)
	}
	return s.Type
}

func (s Spec) tensor(p part, prefix string) tensor {
	name := prefix + p.name
	dims := []int64{int64(s.size(p.in))}
	if p.out != one {
		dims = append(dims, int64(s.size(p.out)))
	}
	switch p.kind {
	case weight:
		return matrix(name, s.typeOf(name), s.size(p.in), s.size(p.out))
	case exps:
		t := matrix(name, s.typeOf(name), s.size(p.in), s.size(p.out))
		t.dims = append(t.dims, numExperts)
		return t
	case exact:
		return matrix(name, gguf.F32, s.size(p.in), s.size(p.out))
	case scale:
		return tensor{name, gguf.F32, dims, 1, 0.1}
	case factors:
		return tensor{name, gguf.F32, dims, 2, 0.2}
	case state:
		return tensor{name, gguf.F32, dims, -1, 0.1}
	}
	return tensor{name, gguf.F32, dims, 0, 0.1}
}

func matrix(name string, t gguf.Type, in, out int) tensor {
	return tensor{name, t, []int64{int64(in), int64(out)}, 0, 1 / math.Sqrt(float64(in))}
}

// drawn is the number of values of a matrix, in whole rows, after which it repeats itself: models of a billion weights
// would take minutes to draw.
const drawn = 1 << 20

// add draws the tensor and adds it to w. The name takes part in the seed, so that
// a tensor is the same whatever else the model has.
func (t tensor) add(w *gguf.Writer, seed uint64) error {
	rows := int64(1)
	for _, d := range t.dims[1:] {
		rows *= d
	}
	different := min(rows, max(1, drawn/t.dims[0]))
	h := fnv.New64a()
	h.Write([]byte(t.name)) // never fails
	r := rand.New(rand.NewPCG(seed, h.Sum64()))
	values := make([]float32, different*t.dims[0])
	for i := range values {
		values[i] = float32(t.mean + t.std*r.NormFloat64())
	}
	data, err := quantize(t.typ, values, int(t.dims[0]))
	if err != nil {
		return fmt.Errorf("tensor %q: %w", t.name, err)
	}
	for have, size := int64(len(data)), int64(len(data))/different*rows; have < size; have = int64(len(data)) {
		data = append(data, data[:min(have, size-have)]...)
	}
	return w.AddTensor(t.name, t.typ, t.dims, data)
}
