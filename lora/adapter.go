//go:build cgo

package lora

import (
	"context"
	"fmt"
	"maps"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/ragft/ragft/internal/gguf"
	"github.com/ragft/ragft/lora/internal/engine"
)

// initialAdapter is the file that training starts from, beside others in a folder of its own, and what it was made of.
type initialAdapter struct {
	path  string
	plan  *plan
	start string // hash of the adapter that it goes on from; "" for a fresh one
}

func (a initialAdapter) remove() { os.RemoveAll(filepath.Dir(a.path)) }

// writeInitialAdapter writes the adapter that training starts from: a fresh one, or Config.Start as it is trained.
func writeInitialAdapter(ctx context.Context, model, modelHash string, c Config) (_ initialAdapter, err error) {
	var file initialAdapter
	base, err := openModel(model)
	if err != nil {
		return file, err
	}
	defer base.Close()
	var tensors []adapterTensor
	if c.Start == "" {
		if file.plan, err = planAdapter(base, c); err == nil {
			tensors = file.plan.freshTensors(c.Seed)
		}
	} else {
		tensors, err = file.readStart(ctx, base, modelHash, c)
	}
	if err != nil {
		return file, err
	}
	removeAbandoned(os.TempDir())
	dir, err := os.MkdirTemp("", initialPrefix)
	if err != nil {
		return file, fmt.Errorf("lora: %w", err)
	}
	file.path = filepath.Join(dir, "initial.gguf")
	if err := writeAdapter(file.path, base, file.plan.alpha, nil, tensors); err != nil {
		file.remove()
		return initialAdapter{}, err
	}
	return file, nil
}

const (
	initialPrefix  = "ragft-lora-"  // of the names of folders for initial adapters
	abandonedAfter = 24 * time.Hour // far longer than a model takes to load
)

// removeAbandoned removes the folders of programs that were killed while they loaded a model.
func removeAbandoned(folder string) {
	old, _ := filepath.Glob(filepath.Join(folder, initialPrefix+"*")) // where the folder is a pattern, none is found
	for _, path := range old {
		if info, err := os.Lstat(path); err == nil && time.Since(info.ModTime()) > abandonedAfter {
			os.RemoveAll(path) // another user's stays
		}
	}
}

func (a *initialAdapter) readStart(ctx context.Context, base *gguf.File, modelHash string, c Config) ([]adapterTensor, error) {
	f, err := openAdapter(c.Start)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	if a.plan, err = planStart(base, modelHash, f, c); err != nil {
		return nil, err
	}
	if a.start, err = hashFile(ctx, c.Start); err != nil {
		return nil, err
	}
	return a.plan.startTensors(f)
}

// freshTensors are matrices to start from: A uniform in +-1/sqrt(n_in), B zero, so that the adapted model is the base at
// first (arXiv 2106.09685, section 4.1).
func (p *plan) freshTensors(seed uint64) []adapterTensor {
	var tensors []adapterTensor
	rng := rand.New(rand.NewPCG(seed, 0x6c6f7261))
	for _, w := range p.weights {
		in, out, rank := w.Dims[0], w.Dims[1], int64(w.rank)
		a := make([]float32, in*rank)
		bound := 1 / math.Sqrt(float64(in))
		for i := range a {
			a[i] = float32((2*rng.Float64() - 1) * bound)
		}
		tensors = append(tensors,
			adapterTensor{w.Name + ".lora_a", in, rank, given(a)},
			adapterTensor{w.Name + ".lora_b", rank, out, given(make([]float32, rank*out))})
	}
	return tensors
}

type adapterTensor struct {
	name     string
	ne0, ne1 int64
	values   func() ([]float32, error)
}

// given are values that are there already.
func given(v []float32) func() ([]float32, error) {
	return func() ([]float32, error) { return v, nil }
}

// writeAdapter writes a file that llama.cpp's llama_adapter_lora_init reads. about goes in as ragft.<key>.
func writeAdapter(file string, base *gguf.File, alpha float32, about map[string]string, tensors []adapterTensor) error {
	w := createFile(file)
	defer w.drop()
	architecture, _ := base.Text("general.architecture")
	w.meta("general.type", "adapter")
	w.meta("general.architecture", architecture)
	w.meta("adapter.type", "lora")
	w.meta("adapter.lora.alpha", alpha)
	if name, ok := base.Text("general.name"); ok {
		w.meta("general.base_model.count", uint32(1))
		w.meta("general.base_model.0.name", name)
	}
	for _, k := range slices.Sorted(maps.Keys(about)) {
		w.meta("ragft."+k, about[k])
	}
	for _, t := range tensors {
		w.floats(t.name, []int64{t.ne0, t.ne1}, t.values)
	}
	return w.commit()
}

// saveAdapter writes the adapter with these values of the trained tensors.
func (t *Trainer) saveAdapter(file string, values func(i int) ([]float32, error)) error {
	base, err := openModel(t.model)
	if err != nil {
		return err
	}
	defer base.Close()
	about, err := t.provenance()
	if err != nil {
		return err
	}
	tensors := make([]adapterTensor, len(t.engine.Params()))
	for i, p := range t.engine.Params() {
		tensors[i] = adapterTensor{p.Name, p.NE0, p.NE1, func() ([]float32, error) { return values(i) }}
	}
	return writeAdapter(file, base, t.plan.alpha, about, tensors)
}

// checkApplied fails if llama.cpp computes without some of the adapter's matrices: it loads them for any weight, but not
// every family's graph has room for an adapter at each.
func (p *plan) checkApplied(trained []engine.Param) error {
	applied := make(map[string]bool)
	for _, t := range trained {
		applied[strings.TrimSuffix(t.Name, ".lora_a")] = true
	}
	for _, w := range p.weights {
		if !applied[w.Name] {
			return fmt.Errorf("%w: llama.cpp's graph of this family applies no adapter to %s; leave it out of Targets", ErrNoTarget, w.Name)
		}
	}
	return nil
}
