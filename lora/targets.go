//go:build cgo

package lora

import (
	"fmt"
	"math"
	"path"
	"slices"
	"strings"

	"github.com/ragft/ragft/internal/gguf"
	"github.com/ragft/ragft/internal/stats"
)

// AllLinear as a target stands for every linear layer of the blocks: of attention and feed-forward, shared experts
// included; not the experts that tokens are routed to and not the routers, not the output layer.
const AllLinear = "all-linear"

// linearLayers are the modules that AllLinear means, in the names of GGUF. A model has some of them.
var linearLayers = []string{"attn_q", "attn_k", "attn_v", "attn_qkv", "attn_output", "ffn_gate", "ffn_up", "ffn_down",
	"ffn_gate_shexp", "ffn_up_shexp", "ffn_down_shexp"}

// plannedWeight is a weight that gets an adapter.
type plannedWeight struct {
	gguf.TensorInfo
	rank int
}

// plan is what an adapter consists of.
type plan struct {
	alpha   float32 // of the file, which llama.cpp divides by each weight's rank
	weights []plannedWeight
}

// bytes are those of the adapter's values in F32; 0 where there is none.
func (p *plan) bytes() (n int64) {
	if p == nil {
		return 0
	}
	for _, w := range p.weights {
		n += 4 * int64(w.rank) * (w.Dims[0] + w.Dims[1])
	}
	return n
}

// planAdapter decides, from the Config with its defaults, which weights get an adapter.
func planAdapter(base *gguf.File, c Config) (*plan, error) {
	chosen, err := targets(base, c.Targets)
	if err != nil {
		return nil, err
	}
	alpha := c.Alpha
	if c.RankStabilized {
		alpha *= math.Sqrt(float64(c.Rank))
	}
	p := &plan{alpha: float32(alpha)}
	if p.alpha == 0 || !stats.IsFinite(float64(p.alpha)) { // at 0 llama.cpp would not scale at all
		return nil, fmt.Errorf("lora: Alpha %g is too small or too large for the 32 bits of a file", c.Alpha)
	}
	for _, t := range chosen {
		if small := min(t.Dims[0], t.Dims[1]); int64(c.Rank) > small {
			return nil, fmt.Errorf("lora: rank %d is above the smaller dimension of %s, %d x %d; use a rank of at most %d, or fewer targets",
				c.Rank, t.Name, t.Dims[0], t.Dims[1], small)
		}
		p.weights = append(p.weights, plannedWeight{t, c.Rank})
	}
	return p, nil
}

// targets returns the weights of the base that the patterns choose, in the order of the file.
func targets(base *gguf.File, patterns []string) ([]gguf.TensorInfo, error) {
	if patterns == nil {
		patterns = []string{AllLinear}
	}
	if len(patterns) == 0 {
		return nil, fmt.Errorf("%w: there are no Targets; leave them nil for all linear layers", ErrNoTarget)
	}
	for _, p := range patterns {
		if _, err := path.Match(p, ""); err != nil {
			return nil, fmt.Errorf("lora: target %q: %w", p, err)
		}
	}
	matched := make([]bool, len(patterns))
	var found []gguf.TensorInfo
	var names []string
	for _, t := range base.Tensors() {
		if refusal(base, t) != "" {
			continue
		}
		names = append(names, moduleOf(t.Name))
		chosen := false
		for i, p := range patterns {
			if matches(p, t) {
				chosen, matched[i] = true, true
			}
		}
		if chosen {
			found = append(found, t)
		}
	}
	for i, p := range patterns {
		if !matched[i] {
			slices.Sort(names)
			return nil, fmt.Errorf("%w: %q%s; the model has %s", ErrNoTarget, p, whyNot(base, p), strings.Join(slices.Compact(names), ", "))
		}
	}
	return found, nil
}

// moduleOf returns the last part of a tensor's name, without ".weight".
func moduleOf(name string) string {
	name = strings.TrimSuffix(name, ".weight")
	return name[strings.LastIndexByte(name, '.')+1:]
}

// matches tells whether a pattern chooses the tensor, by its module or its name, with ".weight" or without. What lies
// outside the blocks is chosen by its very name only, so that "*" stays within them.
func matches(pattern string, t gguf.TensorInfo) bool {
	name, module := strings.TrimSuffix(t.Name, ".weight"), moduleOf(t.Name)
	pattern = strings.TrimSuffix(pattern, ".weight")
	if !strings.HasPrefix(name, "blk.") {
		return pattern == name
	}
	if pattern == AllLinear {
		return slices.Contains(linearLayers, module)
	}
	byModule, _ := path.Match(pattern, module)
	byName, _ := path.Match(pattern, name)
	return byModule || byName
}

// refusal says why a tensor cannot be adapted; "" if it can.
func refusal(base *gguf.File, t gguf.TensorInfo) string {
	_, untied := base.Tensor("output.weight")
	switch module := moduleOf(t.Name); {
	case t.Name == embeddingName && !untied:
		return "it is both the embedding and the output of this model, and llama.cpp refuses adapters of such"
	case t.Name == embeddingName:
		return "the embedding is looked up, not multiplied with, and is not trained by adapters here"
	case !strings.HasSuffix(t.Name, ".weight"):
		return "it is not a weight"
	case strings.Contains(module, "norm") || len(t.Dims) < 2:
		return "it is a norm or another vector, which has no low-rank change"
	case len(t.Dims) > 2:
		return "it holds a matrix for each expert, and experts are not adapted: choose attention, or what experts share"
	case !strings.HasPrefix(t.Name, "blk.") && t.Name != "output.weight":
		return "it lies outside the blocks"
	}
	return ""
}

// whyNot explains a pattern that names something which cannot be adapted.
func whyNot(base *gguf.File, pattern string) string {
	if strings.TrimSuffix(pattern, ".weight") == "output" {
		return ": the output of this model is its embedding (tied), which cannot be adapted"
	}
	for _, t := range base.Tensors() {
		if reason := refusal(base, t); reason != "" && matches(pattern, t) {
			return ": " + reason
		}
	}
	return ""
}
