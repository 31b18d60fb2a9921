//go:build cgo

package llama

import (
	"bytes"
	"context"
	"math"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/ragft/ragft/internal/gguf"
	"github.com/ragft/ragft/internal/testmodel"
)

// hostileBase is the model that the fuzz tests damage.
func hostileBase(t testing.TB) (data []byte, header int) {
	path := testmodel.New(t, testmodel.Spec{Layers: 1, Width: 16, Heads: 2, FeedForward: 32, Context: 64, Vocab: []string{"ab", " c"}})
	data, err := os.ReadFile(path)
	require.NoError(t, err)
	f, err := gguf.Open(path)
	require.NoError(t, err)
	defer func() { _ = f.Close() }()
	return data, int(f.DataOffset())
}

// tryHostile does with a damaged model all that a user would: no step may end the process.
func tryHostile(t testing.TB, path string) {
	refused := func(err error) bool {
		if err != nil {
			require.NotContains(t, err.Error(), "third_party", "folders of the machine that built it are nobody's business")
		}
		return err != nil
	}
	m, err := load(path)
	if refused(err) {
		return
	}
	defer func() { require.NoError(t, m.Close()) }()
	_, _ = m.Hash(context.Background())
	tokens, err := m.TokenizeChat(conversation, ChatOptions{})
	if refused(err) || len(tokens) == 0 {
		tokens = []Token{0}
	}
	_, err = m.Detokenize(tokens)
	refused(err)
	c, err := m.NewContext(ContextOptions{Size: 256, Threads: 1})
	if refused(err) {
		return
	}
	_, err = c.Generate(context.Background(), []Request{
		{Prompt: tokens, MaxTokens: 3},
		{Prompt: tokens, MaxTokens: 3, Sampling: Sampling{Temperature: 1}},
	})
	refused(err)
}

// TestHostileHeader flips bits and sets bytes all over the header.
func TestHostileHeader(t *testing.T) {
	data, header := hostileBase(t)
	path := filepath.Join(t.TempDir(), "hostile.gguf")
	step := 7
	if testing.Short() {
		step = 29
	}
	for i := 0; i < header; i += step {
		for _, b := range []byte{data[i] ^ 1<<(i%8), 0xff, 0} {
			damaged := bytes.Clone(data)
			damaged[i] = b
			require.NoError(t, os.WriteFile(path, damaged, 0o600))
			tryHostile(t, path)
		}
	}
}

// TestHostileMetadata gives numbers that mean something absurd values, and some keys that the model did not
// have.
func TestHostileMetadata(t *testing.T) {
	path := testmodel.New(t, testmodel.Spec{Layers: 1, Width: 16, Heads: 2, FeedForward: 32, Context: 64, Vocab: []string{"ab"}})
	f, err := gguf.Open(path)
	require.NoError(t, err)
	defer func() { _ = f.Close() }()
	keys := []string{
		"llama.expert_count", "llama.expert_used_count", "llama.expert_group_count", "llama.attention.sliding_window",
		"llama.rope.scaling.original_context_length", "llama.attention.head_count_kv", "llama.nextn_predict_layers",
		"llama.pooling_type", "llama.attention.key_length_swa", "llama.embedding_length_out", "llama.leading_dense_block_count",
	}
	for _, kv := range f.Metadata() {
		if _, ok := kv.Value.(uint32); ok {
			keys = append(keys, kv.Key)
		}
	}
	values := []any{
		uint32(0), uint32(1), uint32(2), uint32(3), uint32(15), uint32(255), uint32(1 << 16), uint32(1 << 31), uint32(1<<32 - 1),
		int32(-1), uint64(1 << 40), float32(1), "text", true, []uint32{}, []uint32{1}, []uint32{0, 1, 2}, []int32{-1}, []string{"a"},
	}
	for _, key := range keys {
		for _, value := range values {
			tryHostile(t, rewrite(t, path, map[string]any{key: value}))
		}
	}
	for _, key := range []string{"llama.rope.freq_base", "llama.rope.scaling.factor", "llama.attention.max_alibi_bias", "llama.logit_scale",
		"llama.attention.layer_norm_rms_epsilon", "llama.attention.scale", "llama.rope.scaling.attn_factor"} {
		for _, value := range []any{float32(0), float32(-1), float32(1e38), float32(math.NaN()), uint32(1), "a"} {
			tryHostile(t, rewrite(t, path, map[string]any{key: value}))
		}
	}
	for _, arch := range []string{"gemma3", "qwen2moe", "gpt2", "phi3", "mamba", "jamba", "t5", "bert", "deepseek2", "falcon", "rwkv6",
		"clip", "qwen2vl", "gpt-oss", "mistral3", "wavtokenizer-dec", "gemma3n", "plm"} {
		tryHostile(t, rewrite(t, path, ofArchitecture(f, arch)))
	}
	for arch, keys := range map[string][]string{
		"qwen35": {"full_attention_interval", "ssm.group_count", "ssm.time_step_rank"}, "qwen35moe": {"full_attention_interval"},
		"qwen3next": {"full_attention_interval"}, "minimax-01": {"full_attention_interval"}, "rwkv6": {"wkv.head_size"},
		"rwkv6qwen2": {"wkv.head_size"}, "rwkv7": {"wkv.head_size"}, "arwkv7": {"wkv.head_size"}, "mamba2": {"ssm.group_count"},
		"granitehybrid": {"ssm.group_count"}, "nemotron_h": {"ssm.group_count"}, "falcon-h1": {"ssm.group_count"},
		"mamba": {"ssm.time_step_rank"}, "plamo2": {"ssm.time_step_rank"}, "deepseek4": {"attention.output_group_count"},
		"grovemoe": {"experts_per_group"}, "olmo2": {"attention.head_count"}, "phimoe": {"attention.head_count"},
	} {
		_, err := load(rewrite(t, path, hybrid(f, arch)))
		require.NotErrorIs(t, err, ErrCorrupt, arch) // it lacks tensors
		for _, key := range keys {
			change := hybrid(f, arch)
			change[arch+"."+key] = uint32(0)
			_, err := load(rewrite(t, path, change))
			require.ErrorIs(t, err, ErrCorrupt, "%s.%s", arch, key)
		}
	}
	for _, arch := range []string{"qwen35moe", "qwen3next", "nemotron_h"} {
		change := hybrid(f, arch)
		change[arch+".expert_used_count"] = uint32(0)
		_, err := load(rewrite(t, path, change))
		require.ErrorIs(t, err, ErrCorrupt, arch)
	}
	change := hybrid(f, "rwkv6")
	change["rwkv6.wkv.head_size"] = uint32(17)
	_, err = load(rewrite(t, path, change))
	require.ErrorIs(t, err, ErrCorrupt)
	for _, kind := range []string{"linear", "yarn", "longrope", "none", "bad"} {
		tryHostile(t, rewrite(t, path, map[string]any{"llama.rope.scaling.type": kind}))
	}
}

// ofArchitecture is what must be changed so that the model claims another architecture.
func ofArchitecture(f *gguf.File, arch string) map[string]any {
	change := map[string]any{"general.architecture": arch}
	for _, kv := range f.Metadata() {
		if name, ok := strings.CutPrefix(kv.Key, "llama."); ok {
			change[kv.Key], change[arch+"."+name] = nil, kv.Value
		}
	}
	return change
}

// hybrid is ofArchitecture with sizes of a recurrent state and of experts.
func hybrid(f *gguf.File, arch string) map[string]any {
	change := ofArchitecture(f, arch)
	for _, key := range []string{"full_attention_interval", "ssm.conv_kernel", "ssm.inner_size", "ssm.state_size", "ssm.time_step_rank",
		"ssm.group_count", "wkv.head_size", "expert_count", "expert_used_count"} {
		change[arch+"."+key] = uint32(8)
	}
	return change
}

// FuzzLoad damages a model's header at up to three places.
func FuzzLoad(f *testing.F) {
	data, header := hostileBase(f)
	dir := f.TempDir()
	f.Add(uint16(0), uint16(8), uint16(100), uint32(1))
	f.Add(uint16(300), uint16(400), uint16(500), uint32(1<<31))
	f.Fuzz(func(t *testing.T, a, b, c uint16, value uint32) {
		damaged := bytes.Clone(data)
		for i, at := range []uint16{a, b, c} {
			damaged[int(at)%header] = byte(value >> (8 * i))
		}
		path := filepath.Join(dir, strconv.Itoa(os.Getpid())+".gguf")
		require.NoError(t, os.WriteFile(path, damaged, 0o600))
		tryHostile(t, path)
	})
}
