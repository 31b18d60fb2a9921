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

// ErrUnsupported means that there is no counterpart for a weight or a feature
// on the other side.
var ErrUnsupported = errors.New("export: no counterpart")

// family says how the conversion of a family's weights to GGUF changes names
// and order, after llama.cpp's convert_hf_to_gguf.
type family struct {
	// modules of a layer: GGUF's name to that of Hugging Face transformers.
	modules map[string]string
	// interleaved: the rows of Q and K are put into the order of llama.cpp's
	// rotary embedding, which turns neighbouring rows, where transformers turns
	// those half a head apart.
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

// families by llama.cpp's architecture. Of mixtures of experts only what is
// not an expert has a counterpart: transformers keeps experts apart, GGUF in stacks.
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

// Architectures lists the families whose adapters and targets can be
// converted, by llama.cpp's names.
func Architectures() []string { return slices.Sorted(maps.Keys(families)) }

func familyOf(architecture string) (family, error) {
	f, ok := families[architecture]
	if !ok {
		return f, fmt.Errorf("%w: the architecture %q is not among %s", ErrUnsupported, architecture, strings.Join(Architectures(), ", "))
	}
	return f, nil
}

var layerName = regexp.MustCompile(`^blk\.(\d+)\.(.+)$`)

// toHF is the transformers name of the weight that GGUF calls name, without ".weight".
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
	return "", fmt.Errorf("%w for the weight %s", ErrUnsupported, name)
}

var hfLayer = regexp.MustCompile(`(?:^|\.)layers\.(\d+)\.(.+)$`)

// fromHF is the inverse of toHF; what stands before "layers" may differ from
// one kind of model to the other.
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
	return "", fmt.Errorf("%w for the module %s", ErrUnsupported, name)
}

// heads is the number of heads whose rows of the weight are reordered; 0 = none are.
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
		return 0, fmt.Errorf("%w: the base does not give one %s for all layers", ErrUnsupported, key)
	}
	return int64(n), nil
}

// reorder changes the order of a matrix's rows within each head: from that of
// transformers, the halves of a head one after the other, to GGUF's, rows of
// both halves in turn; or back.
func reorder(data []byte, rows, heads int64, toGGUF bool) ([]byte, error) {
	if rows%(2*heads) != 0 {
		return nil, fmt.Errorf("%d rows are not %d heads of even size", rows, heads)
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
