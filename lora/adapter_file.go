//go:build cgo

package lora

import (
	"errors"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"

	"github.com/ragft/ragft/internal/gguf"
	"github.com/ragft/ragft/internal/llamacpp"
)

// ErrAdapter: an adapter file is damaged, or was not made for the model.
var ErrAdapter = errors.New("lora: the adapter cannot be used")

// AdapterInfo is what the header of an adapter file says.
type AdapterInfo struct {
	Architecture string // of the base, as llama.cpp names it
	BaseName     string // of the base; "" if the file does not say
	// Alpha as it stands in the file: llama.cpp multiplies each weight's change by Alpha / rank, or by 1 where Alpha is 0.
	Alpha   float64
	Weights []AdaptedWeight // in the order of the file
	// Provenance of an adapter that this library trained; zero otherwise.
	Provenance Provenance
}

// AdaptedWeight is one weight of the base that an adapter changes, by scale * B * A.
type AdaptedWeight struct {
	Name    string // of the base's tensor, such as "blk.0.attn_q.weight"
	Rank    int
	In, Out int     // dimensions of the weight
	Scale   float64 // that llama.cpp applies, at a scale of 1 asked of it
}

// Provenance says how an adapter came to be. Each field stands in the file's metadata under the key given, as text.
type Provenance struct {
	BaseSHA256     string // ragft.base.sha256: of the base model's file
	TemplateSHA256 string // ragft.template.sha256: of the chat template that rendered the data; "" if none did
	DataSHA256     string // ragft.data.sha256: of the training data
	Recipe         string // ragft.recipe: the Config as JSON, defaults filled in, without what concerns the machine only
	Version        string // ragft.version: of this library
	Seed           uint64 // ragft.seed
	Steps          int    // ragft.steps: optimiser steps taken
	// Other are all further keys that begin with "ragft.", without that prefix: those of Config.Metadata.
	Other map[string]string
}

// ReadAdapter reads the header of the adapter file at path. The error wraps ErrAdapter, or is one of reading the file.
func ReadAdapter(path string) (*AdapterInfo, error) {
	f, err := openAdapter(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	info := &AdapterInfo{Alpha: f.alpha, Provenance: readProvenance(f.File)}
	info.Architecture, _ = f.Text("general.architecture")
	info.BaseName, _ = f.Text("general.base_model.0.name")
	for _, p := range f.pairs {
		in, out := p.a.Dims[0], p.b.Dims[1]
		if p.embedding() {
			in, out = p.b.Dims[1], p.a.Dims[1]
		}
		info.Weights = append(info.Weights, AdaptedWeight{p.target, int(p.rank()), int(in), int(out), f.scale(p)})
	}
	return info, nil
}

func readProvenance(f *gguf.File) Provenance {
	p := Provenance{Other: map[string]string{}}
	for _, kv := range f.Metadata() {
		key, ours := strings.CutPrefix(kv.Key, "ragft.")
		if !ours {
			continue
		}
		text := fmt.Sprint(kv.Value)
		switch key {
		case "base.sha256":
			p.BaseSHA256 = text
		case "template.sha256":
			p.TemplateSHA256 = text
		case "data.sha256":
			p.DataSHA256 = text
		case "recipe":
			p.Recipe = text
		case "version":
			p.Version = text
		case "seed":
			p.Seed, _ = strconv.ParseUint(text, 10, 64)
		case "steps":
			p.Steps, _ = strconv.Atoi(text)
		default:
			p.Other[key] = text
		}
	}
	return p
}

// adapterFile is an adapter file, opened, with its pairs of matrices.
type adapterFile struct {
	*gguf.File
	path  string
	alpha float64
	pairs []adapterPair
}

// adapterPair is A [in, rank] and B [rank, out] of a weight [in, out]; of experts, one such plane for each. For the
// embedding [n_embd, n_vocab] they are A [rank, n_vocab] and B [rank, n_embd], since llama.cpp looks rows of A up.
type adapterPair struct {
	target string
	a, b   gguf.TensorInfo
}

const embeddingName = "token_embd.weight"

func (p adapterPair) embedding() bool { return strings.HasSuffix(p.target, embeddingName) }

func (p adapterPair) rank() int64 { return p.b.Dims[0] }

// scale is what llama.cpp multiplies the pair's product by.
func (f *adapterFile) scale(p adapterPair) float64 {
	if f.alpha == 0 {
		return 1
	}
	return f.alpha / float64(p.rank())
}

// openAdapter opens an adapter file and checks what can be checked without its base.
func openAdapter(path string) (*adapterFile, error) {
	g, err := gguf.Open(path)
	if err != nil {
		return nil, fmt.Errorf("lora: adapter: %w", err)
	}
	f := &adapterFile{File: g, path: path}
	if err := f.read(); err != nil {
		g.Close()
		return nil, fmt.Errorf("%w: %s: %w", ErrAdapter, path, err)
	}
	return f, nil
}

func (f *adapterFile) read() error {
	if kind, _ := f.Text("general.type"); kind != "adapter" {
		return fmt.Errorf("it is a GGUF file of the type %q, not an adapter", kind)
	}
	if kind, _ := f.Text("adapter.type"); kind != "lora" {
		return fmt.Errorf("it is an adapter of the type %q, not of lora", kind)
	}
	if _, ok := f.Value("adapter.alora.invocation_tokens"); ok {
		return errors.New("it is an activated LoRA, which acts only after certain tokens and so is no change of the weights")
	}
	if v, ok := f.Value("adapter.lora.alpha"); ok {
		alpha, isFloat := v.(float32)
		if f.alpha = float64(alpha); !isFloat || math.IsNaN(f.alpha) || math.IsInf(f.alpha, 0) {
			return fmt.Errorf("its alpha is %v", v)
		}
	}
	for _, t := range f.Tensors() {
		target, isA := strings.CutSuffix(t.Name, ".lora_a")
		if !isA {
			target, isB := strings.CutSuffix(t.Name, ".lora_b")
			if _, paired := f.Tensor(target + ".lora_a"); isB && !paired {
				return fmt.Errorf("%s has no partner", t.Name)
			}
			if !isB && !strings.HasSuffix(t.Name, "_norm.weight") { // those llama.cpp passes over
				return fmt.Errorf("it has an unknown tensor, %s", t.Name)
			}
			continue
		}
		b, ok := f.Tensor(target + ".lora_b")
		if !ok {
			return fmt.Errorf("%s has no partner", t.Name)
		}
		p := adapterPair{target, t, b}
		if err := p.check(); err != nil {
			return err
		}
		f.pairs = append(f.pairs, p)
	}
	if len(f.pairs) == 0 {
		return errors.New("it changes no weight")
	}
	return nil
}

// check says whether A and B can be multiplied.
func (p adapterPair) check() error {
	a, b := p.a.Dims, p.b.Dims
	if len(a) < 2 || len(a) > 3 || len(a) != len(b) || p.a.Elements() == 0 || p.b.Elements() == 0 || !slices.Equal(a[2:], b[2:]) {
		return fmt.Errorf("the matrices of %s are %v and %v", p.target, a, b)
	}
	if rank := a[1]; !p.embedding() && rank != b[0] || p.embedding() && (a[0] != b[0] || len(a) != 2) {
		return fmt.Errorf("the matrices of %s, %v and %v, are not of one rank", p.target, a, b)
	}
	return nil
}

// checkBase says whether the adapter fits the model.
func (f *adapterFile) checkBase(base *gguf.File) error {
	fail := func(format string, args ...any) error {
		return fmt.Errorf("%w: %s: %s; was it made for another model?", ErrAdapter, f.path, fmt.Sprintf(format, args...))
	}
	of, _ := f.Text("general.architecture")
	is, _ := base.Text("general.architecture")
	if of != is {
		return fail("it is for the architecture %q, the model's is %q", of, is)
	}
	for _, p := range f.pairs {
		w, ok := base.Tensor(p.target)
		if !ok {
			return fail("the model has no tensor %s", p.target)
		}
		want := append([]int64{p.a.Dims[0], p.b.Dims[1]}, p.a.Dims[2:]...)
		if p.embedding() {
			want = []int64{p.b.Dims[1], p.a.Dims[1]}
		}
		if !slices.Equal(want, w.Dims) {
			return fail("%s is %v in the model and %v in the adapter", p.target, w.Dims, want)
		}
	}
	return nil
}

// floats reads one of the adapter's tensors, of whatever type.
func (f *adapterFile) floats(t gguf.TensorInfo) ([]float32, error) {
	data, err := f.ReadTensor(t.Name)
	if err != nil {
		return nil, fmt.Errorf("lora: %s: %w", f.path, err)
	}
	v, err := llamacpp.Dequantize(t.Type, data, int(t.Elements()))
	if err != nil {
		return nil, fmt.Errorf("%w: %s: tensor %s: %w", ErrAdapter, f.path, t.Name, err)
	}
	if i := slices.IndexFunc(v, notFinite); i >= 0 {
		return nil, fmt.Errorf("%w: %s: tensor %s holds %v", ErrAdapter, f.path, t.Name, v[i])
	}
	return v, nil
}

func notFinite(x float32) bool { return x-x != 0 }
