package testmodel

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/ragft/ragft/internal/gguf"
)

// size names a dimension of a tensor; [Spec.size] says what it is in a model.
type size int

const (
	one        size = iota // no second dimension
	width                  // of the residual stream
	query                  // heads × head size
	keys                   // key and value heads × head size
	joint                  // query + 2 keys
	head                   // head size
	halfHead               // rotary frequencies
	hidden                 // feed-forward
	twoHidden              // gate and up in one matrix
	experts                // their number
	heads                  // their number
	inner                  // of a state space: twice the width
	twoInner               //
	rank                   // of its time step
	states                 // of a channel
	stateInput             // time step, B and C
	taps                   // of its convolution
)

func (s Spec) size(d size) int {
	q, kv := s.Heads*s.HeadDim, s.HeadsKV*s.HeadDim
	return map[size]int{
		width: s.Width, query: q, keys: kv, joint: q + 2*kv, head: s.HeadDim, halfHead: s.HeadDim / 2, hidden: s.FeedForward,
		twoHidden: 2 * s.FeedForward, experts: numExperts, heads: s.Heads,
		inner: 2 * s.Width, twoInner: 4 * s.Width, rank: 16, states: 16, stateInput: 48, taps: 4,
	}[d]
}

const (
	numExperts     = 4
	expertsUsed    = 2
	slidingWindow  = 64  // tokens: shorter than the windows that tests train on
	originalLength = 512 // context before RoPE scaling
)

// kind says how a tensor is stored and drawn.
type kind int

const (
	weight  kind = iota // a matrix of the spec's type
	exps                // a stack of them, one an expert
	exact               // a matrix in F32 whatever the type, as llama.cpp's converter keeps routers
	scale               // near one
	offset              // near zero
	factors             // of rotary frequencies: 1 and more
	state               // a state space's A: negative
)

type part struct {
	name    string // within the layer, or of the model
	kind    kind
	in, out size
}

// family is what distinguishes an architecture: its tensors and its metadata. Keys lack the architecture that leads them.
type family struct {
	layer, model []part
	meta         map[string]any
	tied         bool // has no output matrix of its own
	check        func(Spec) error
}

func join(parts ...[]part) []part { return slices.Concat(parts...) }

var (
	attention = []part{
		{"attn_norm.weight", scale, width, one},
		{"attn_q.weight", weight, width, query}, {"attn_k.weight", weight, width, keys}, {"attn_v.weight", weight, width, keys},
		{"attn_output.weight", weight, query, width},
	}
	attentionBiases = []part{{"attn_q.bias", offset, query, one}, {"attn_k.bias", offset, keys, one}, {"attn_v.bias", offset, keys, one}}
	headNorms       = []part{{"attn_q_norm.weight", scale, head, one}, {"attn_k_norm.weight", scale, head, one}}
	wholeNorms      = []part{{"attn_q_norm.weight", scale, query, one}, {"attn_k_norm.weight", scale, keys, one}}
	gated           = []part{
		{"ffn_gate.weight", weight, width, hidden}, {"ffn_up.weight", weight, width, hidden}, {"ffn_down.weight", weight, hidden, width},
	}
	ffnNorm  = []part{{"ffn_norm.weight", scale, width, one}}
	postNorm = []part{{"post_attention_norm.weight", scale, width, one}, {"post_ffw_norm.weight", scale, width, one}}
	dense    = join(attention, ffnNorm, gated)
	mixture  = []part{
		{"ffn_gate_inp.weight", exact, width, experts},
		{"ffn_gate_exps.weight", exps, width, hidden}, {"ffn_up_exps.weight", exps, width, hidden},
		{"ffn_down_exps.weight", exps, hidden, width},
	}
	sharedExpert = []part{
		{"ffn_gate_shexp.weight", weight, width, hidden}, {"ffn_up_shexp.weight", weight, width, hidden},
		{"ffn_down_shexp.weight", weight, hidden, width},
	}
	fused = []part{
		{"attn_norm.weight", scale, width, one}, {"attn_qkv.weight", weight, width, joint}, {"attn_output.weight", weight, query, width},
		{"ffn_norm.weight", scale, width, one}, {"ffn_up.weight", weight, width, twoHidden}, {"ffn_down.weight", weight, hidden, width},
	}

	mixtureKeys = map[string]any{"expert_count": uint32(numExperts), "expert_used_count": uint32(expertsUsed)}
	windowKeys  = map[string]any{"attention.sliding_window": uint32(slidingWindow), "attention.sliding_window_pattern": uint32(2)}
	graniteKeys = map[string]any{
		"logit_scale": float32(4), "residual_scale": float32(0.5), "embedding_scale": float32(3), "attention.scale": float32(0.2),
	}
)

func scaling(kind string) map[string]any {
	return map[string]any{
		"rope.scaling.type": kind, "rope.scaling.factor": float32(4), "rope.scaling.original_context_length": uint32(originalLength),
	}
}

func keysOf(sets ...map[string]any) map[string]any {
	all := map[string]any{}
	for _, s := range sets {
		maps.Copy(all, s)
	}
	return all
}

// families are the shapes that Spec.Arch may name: an architecture of llama.cpp, after a slash a variant of it.
var families = map[string]family{
	"llama":        {layer: dense},
	"llama/linear": {layer: dense, meta: scaling("linear")},
	"llama/yarn":   {layer: dense, meta: scaling("yarn")},
	"llama/llama3": {layer: dense, model: []part{{"rope_freqs.weight", factors, halfHead, one}}},
	"llama/moe":    {layer: join(attention, ffnNorm, mixture), meta: mixtureKeys},
	// Ministral: the temperature of attention grows with the position.
	"mistral3": {layer: dense, meta: keysOf(scaling("yarn"), map[string]any{
		"attention.temperature_scale": float32(0.3), "rope.scaling.original_context_length": uint32(48),
		"rope.scaling.yarn_log_multiplier": float32(1),
	})},
	"qwen2": {layer: join(dense, attentionBiases), check: headsFillWidth},
	"qwen3": {layer: join(dense, headNorms)},
	"gemma": {layer: dense, tied: true},
	"gemma2": {layer: join(dense, postNorm), tied: true, meta: keysOf(windowKeys, map[string]any{
		"attn_logit_softcapping": float32(5), "final_logit_softcapping": float32(3),
	})},
	"gemma3": {layer: join(dense, headNorms, postNorm), meta: keysOf(windowKeys, map[string]any{"rope.freq_base_swa": float32(100)})},
	"phi3":   {layer: fused, check: headsFillWidth},
	"phi3/longrope": {layer: fused, check: headsFillWidth, meta: scaling("longrope"), model: []part{
		{"rope_factors_long.weight", factors, halfHead, one}, {"rope_factors_short.weight", factors, halfHead, one},
	}},
	"granite": {layer: dense, meta: graniteKeys},
	"granitemoe": {layer: join(attention, ffnNorm, mixture, sharedExpert), meta: keysOf(graniteKeys, mixtureKeys, map[string]any{
		"expert_shared_feed_forward_length": hidden,
	})},
	"olmo2":         {layer: join(attention[1:], wholeNorms, postNorm, gated), check: headsFillWidth},
	"olmo2/sliding": {layer: join(attention[1:], wholeNorms, postNorm, gated), check: headsFillWidth, meta: windowKeys}, // OLMo 3
	"olmoe":         {layer: join(attention, wholeNorms, ffnNorm, mixture), check: headsFillWidth, meta: mixtureKeys},
	"smollm3":       {layer: dense},
	"cohere2": {layer: join(attention, gated), check: headsFillWidth, tied: true, meta: keysOf(windowKeys, map[string]any{
		"logit_scale": float32(0.5), "attention.layer_norm_epsilon": float32(1e-5),
	})},
	"qwen2moe": {layer: join(attention, attentionBiases, ffnNorm, mixture, sharedExpert,
		[]part{{"ffn_gate_inp_shexp.weight", offset, width, one}}),
		check: headsFillWidth, meta: keysOf(mixtureKeys,
			map[string]any{"expert_feed_forward_length": hidden, "expert_shared_feed_forward_length": hidden})},
	"qwen3moe": {layer: join(attention, headNorms, ffnNorm, mixture),
		meta: keysOf(mixtureKeys, map[string]any{"expert_feed_forward_length": hidden})},
	"gpt-oss": {layer: join(attention, attentionBiases, mixture, []part{
		{"post_attention_norm.weight", scale, width, one}, {"attn_output.bias", offset, width, one},
		{"attn_sinks.weight", offset, heads, one},
		{"ffn_gate_inp.bias", offset, experts, one}, {"ffn_gate_exps.bias", offset, hidden, experts},
		{"ffn_up_exps.bias", offset, hidden, experts}, {"ffn_down_exps.bias", offset, width, experts},
	}), meta: keysOf(mixtureKeys, windowKeys, map[string]any{"expert_feed_forward_length": hidden})},
	"mamba": {layer: []part{
		{"attn_norm.weight", scale, width, one}, {"ssm_in.weight", weight, width, twoInner}, {"ssm_conv1d.weight", exact, taps, inner},
		{"ssm_conv1d.bias", offset, inner, one}, {"ssm_x.weight", weight, inner, stateInput}, {"ssm_dt.weight", exact, rank, inner},
		{"ssm_dt.bias", offset, inner, one}, {"ssm_a", state, states, inner}, {"ssm_d", scale, inner, one},
		{"ssm_out.weight", weight, inner, width},
	}, meta: map[string]any{
		"ssm.conv_kernel": taps, "ssm.inner_size": inner, "ssm.state_size": states, "ssm.time_step_rank": rank,
	}},
}

func headsFillWidth(s Spec) error {
	if s.Heads*s.HeadDim != s.Width {
		return fmt.Errorf("%s wants heads × head size = width: %d × %d, %d", s.Arch, s.Heads, s.HeadDim, s.Width)
	}
	return nil
}

// Families lists what Spec.Arch may be.
func Families() []string { return slices.Sorted(maps.Keys(families)) }

// HasExperts says whether the family is a mixture of experts.
func HasExperts(arch string) bool { return families[arch].meta["expert_count"] != nil }

// architecture is llama.cpp's name for the family.
func (s Spec) architecture() string {
	name, _, _ := strings.Cut(s.Arch, "/")
	return name
}

// familyMetadata returns what the family adds to the metadata, in the order of the keys.
func (s Spec) familyMetadata() []gguf.KV {
	var out []gguf.KV
	meta := families[s.Arch].meta
	for _, k := range slices.Sorted(maps.Keys(meta)) {
		v := meta[k]
		if d, ok := v.(size); ok {
			v = uint32(s.size(d))
		}
		out = append(out, gguf.KV{Key: s.architecture() + "." + k, Value: v})
	}
	return out
}
