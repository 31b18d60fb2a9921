package export

import (
	"errors"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"

	"github.com/ragft/ragft/internal/gguf"
)

// ErrUnsupported is returned for a weight or a feature that the other format
// does not have.
var ErrUnsupported = errors.New("export: not supported by the other format")

// family describes how converting a family's weights to GGUF changes their
// names and order, as llama.cpp's convert_hf_to_gguf.py does it.
type family struct {
	// modules maps the GGUF names of a layer's modules to those of Hugging Face transformers.
	modules map[string]string
	// interleaved means that the rows of Q and K are in the order of llama.cpp's
	// rotary embedding, which rotates neighbouring rows. Transformers rotates
	// rows half a head apart.
	interleaved bool
}

var (
	attention = map[string]string{"attn_q": "self_attn.q_proj", "attn_k": "self_attn.k_proj", "attn_v": "self_attn.v_proj",
		"attn_output": "self_attn.o_proj"}
	dense = with(attention, map[string]string{"ffn_gate": "mlp.gate_proj", "ffn_up": "mlp.up_proj", "ffn_down": "mlp.down_proj"})
	fused = map[string]string{"attn_qkv": "self_attn.qkv_proj", "attn_output": "self_attn.o_proj", "ffn_up": "mlp.gate_up_proj",
		"ffn_down": "mlp.down_proj"}
	shared = with(attention, map[string]string{"ffn_gate_shexp": "mlp.shared_expert.gate_proj",
		"ffn_up_shexp": "mlp.shared_expert.up_proj", "ffn_down_shexp": "mlp.shared_expert.down_proj"})
)

// families by the name of the architecture in llama.cpp. Experts cannot be
// converted: transformers keeps each one apart, GGUF stacks them.
var families = map[string]family{
	"llama": {dense, true}, "mistral3": {dense, true}, "smollm3": {dense, true}, "granite": {dense, true}, "granitemoe": {attention, true},
	"qwen2": {dense, false}, "qwen3": {dense, false}, "gemma": {dense, false}, "gemma2": {dense, false}, "gemma3": {dense, false},
	"olmo2": {dense, false}, "cohere2": {dense, false}, "phi3": {fused, false},
	"qwen2moe": {shared, false}, "qwen3moe": {attention, false}, "olmoe": {attention, false}, "gpt-oss": {attention, false},
}

func with(a, b map[string]string) map[string]string {
	out := maps.Clone(a)
	maps.Copy(out, b)
	return out
}

// Architectures returns the families whose adapters and targets can be
// converted, by their names in llama.cpp, sorted.
func Architectures() []string { return slices.Sorted(maps.Keys(families)) }

func familyOf(architecture string) (family, error) {
	f, ok := families[architecture]
	if !ok {
		return f, fmt.Errorf("%w: architecture %q; known are %s", ErrUnsupported, architecture, strings.Join(Architectures(), ", "))
	}
	return f, nil
}

var layerName = regexp.MustCompile(`^blk\.(\d+)\.(.+)$`)

// toHF returns the name in transformers of the weight that GGUF calls name, both without ".weight".
func (f family) toHF(name, root string) (string, error) {
	switch name {
	case "output":
		return "lm_head", nil
	case "token_embd":
		return root + ".embed_tokens", nil
	}
	if parts := layerName.FindStringSubmatch(name); parts != nil {
		if module, ok := f.modules[parts[2]]; ok {
			return root + ".layers." + parts[1] + "." + module, nil
		}
	}
	return "", fmt.Errorf("%w: the weight %s", ErrUnsupported, name)
}

var hfLayer = regexp.MustCompile(`(?:^|\.)layers\.(\d+)\.(.+)$`)

// fromHF is the inverse of toHF. It ignores the prefix of "layers", which
// depends on the kind of model.
func (f family) fromHF(name string) (string, error) {
	switch {
	case name == "lm_head" || strings.HasSuffix(name, ".lm_head"):
		return "output", nil
	case name == "embed_tokens" || strings.HasSuffix(name, ".embed_tokens"):
		return "token_embd", nil
	}
	if parts := hfLayer.FindStringSubmatch(name); parts != nil {
		for module, hf := range f.modules {
			if hf == parts[2] {
				return "blk." + parts[1] + "." + module, nil
			}
		}
	}
	return "", fmt.Errorf("%w: the module %s", ErrUnsupported, name)
}

// heads returns the number of heads in which the weight's rows are reordered, or 0.
func (f family) heads(base *gguf.File, architecture, name string) (int64, error) {
	key := ""
	switch {
	case !f.interleaved:
		return 0, nil
	case strings.HasSuffix(name, ".attn_q"):
		key = architecture + ".attention.head_count"
	case strings.HasSuffix(name, ".attn_k"):
		key = architecture + ".attention.head_count_kv"
		if _, ok := base.Value(key); !ok {
			key = architecture + ".attention.head_count"
		}
	default:
		return 0, nil
	}
	n, ok := base.Uint(key)
	if !ok || n == 0 || n > 1<<20 {
		return 0, fmt.Errorf("%w: the base has no single %s for all layers", ErrUnsupported, key)
	}
	return int64(n), nil
}

// reorder changes the order of a matrix's rows within each head. Transformers
// has the two halves of a head one after the other; GGUF interleaves them.
func reorder(data []byte, rows, heads int64, toGGUF bool) ([]byte, error) {
	if rows%(2*heads) != 0 {
		return nil, fmt.Errorf("%d rows do not divide into %d heads of even size", rows, heads)
	}
	out := make([]byte, len(data))
	size := int64(len(data)) / rows
	head := rows / heads
	for h := range heads {
		for k := range int64(2) {
			for j := range head / 2 {
				hf, ours := h*head+k*head/2+j, h*head+2*j+k
				if !toGGUF {
					hf, ours = ours, hf
				}
				copy(out[ours*size:(ours+1)*size], data[hf*size:])
			}
		}
	}
	return out, nil
}
