package testmodel

import (
	"fmt"
	"math"
	"regexp"
	"slices"
	"strings"

	"github.com/ragft/ragft/internal/gguf"
)

// AdapterSpec describes a LoRA adapter. The zero value has rank 4 on all matrices
// of the layers.
type AdapterSpec struct {
	Rank  int     // 0 means 4
	Alpha float32 // 0 means twice the rank
	// Targets are names of matrices without layer and ".weight": "attn_q",
	// "ffn_down", "output", "token_embd". nil means all in the layers, except
	// stacks of experts.
	Targets []string
	Seed    uint64
	// Zero makes every B zero, as in an adapter that is not trained yet: it
	// changes nothing. Otherwise both matrices are random, and the change is about
	// half the size of what the base's own matrices give, times alpha / rank.
	Zero bool
}

// defaultTargets are the modules that are adapted without being named, where the model has them.
func defaultTargets() []string {
	return []string{
		"attn_q", "attn_k", "attn_v", "attn_qkv", "attn_output", "ffn_gate", "ffn_up", "ffn_down",
		"ffn_gate_shexp", "ffn_up_shexp", "ffn_down_shexp", "ssm_in", "ssm_out",
	}
}

var layerPrefix = regexp.MustCompile(`^blk\.\d+\.`)

// WriteAdapter writes an adapter for the GGUF model at base to path. A target
// that the model does not have is an error.
func WriteAdapter(path, base string, a AdapterSpec) (err error) {
	if a.Rank == 0 {
		a.Rank = 4
	}
	if a.Alpha == 0 {
		a.Alpha = 2 * float32(a.Rank)
	}
	if a.Rank < 0 {
		return fmt.Errorf("adapter of rank %d", a.Rank)
	}
	g, err := gguf.Open(base)
	if err != nil {
		return err
	}
	defer g.Close() // only read from: nothing can be lost
	tensors, err := a.tensors(g)
	if err != nil {
		return fmt.Errorf("adapter for %s: %w", base, err)
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
	arch, _ := g.Text("general.architecture")
	for _, kv := range []gguf.KV{
		{Key: "general.type", Value: "adapter"},
		{Key: "general.architecture", Value: arch},
		{Key: "adapter.type", Value: "lora"},
		{Key: "adapter.lora.alpha", Value: a.Alpha},
	} {
		if err := w.SetMeta(kv.Key, kv.Value); err != nil {
			return err
		}
	}
	for _, t := range tensors {
		if err := t.add(w, a.Seed); err != nil {
			return err
		}
	}
	return w.Commit()
}

// tensors lists the pairs of the adapter in the order of the base's tensors.
func (a AdapterSpec) tensors(g *gguf.File) ([]tensor, error) {
	var out []tensor
	found := map[string]bool{}
	targets := a.Targets
	if targets == nil {
		targets = defaultTargets()
	}
	for _, t := range g.Tensors() {
		short, ok := strings.CutSuffix(layerPrefix.ReplaceAllString(t.Name, ""), ".weight")
		if !ok || !slices.Contains(targets, short) {
			continue
		}
		if len(t.Dims) != 2 {
			return nil, fmt.Errorf("target %q is no matrix: %v", short, t.Dims)
		}
		found[short] = true
		out = append(out, a.pair(t, short)...)
	}
	for _, want := range a.Targets {
		if !found[want] {
			return nil, fmt.Errorf("the model has no tensor for target %q", want)
		}
	}
	return out, nil
}

// pair returns A and B for the base tensor t. llama.cpp looks embeddings up by
// rows of A, so that for them the two matrices are stored the other way round.
func (a AdapterSpec) pair(t gguf.TensorInfo, short string) []tensor {
	r := int64(a.Rank)
	in, out := t.Dims[0], t.Dims[1]
	down := tensor{t.Name + ".lora_a", gguf.F32, []int64{in, r}, 0, 1 / math.Sqrt(float64(in))}
	up := tensor{t.Name + ".lora_b", gguf.F32, []int64{r, out}, 0, 0.5 / math.Sqrt(float64(r))}
	if short == "token_embd" {
		down.dims = []int64{r, out}
		up.dims = []int64{r, in}
	}
	if a.Zero {
		up.std = 0
	}
	return []tensor{down, up}
}
