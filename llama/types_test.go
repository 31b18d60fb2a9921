//go:build cgo

package llama

import (
	"context"
	"errors"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/ragft/ragft/internal/gguf"
	"github.com/ragft/ragft/internal/testmodel"
)

// retyped copies a GGUF file with the tensors of that name as another type, all zeros.
func retyped(t *testing.T, path, suffix string, kind gguf.Type) string {
	in, err := gguf.Open(path)
	require.NoError(t, err)
	defer func() { _ = in.Close() }()
	name := filepath.Join(t.TempDir(), "retyped.gguf")
	out, err := gguf.Create(name)
	require.NoError(t, err)
	defer func() { _ = out.Close() }()
	for _, kv := range in.Metadata() {
		require.NoError(t, out.SetMeta(kv.Key, kv.Value))
	}
	for _, info := range in.Tensors() {
		data, err := in.ReadTensor(info.Name)
		require.NoError(t, err)
		if strings.HasSuffix(info.Name, suffix) {
			info.Type = kind
			size, err := kind.Bytes(info.Dims)
			require.NoError(t, err)
			data = make([]byte, size)
		}
		require.NoError(t, out.AddTensor(info.Name, info.Type, info.Dims, data))
	}
	require.NoError(t, out.Commit())
	return name
}

// A weight of any type is computed with, or the file is reported as damaged; those of whole numbers always are.
func TestWeightsOfEveryType(t *testing.T) {
	spec := testmodel.Spec{Layers: 1, Width: 256, Heads: 2, FeedForward: 256, Context: 64}
	base := testmodel.New(t, spec)
	adapter := testmodel.NewAdapter(t, base, testmodel.AdapterSpec{Rank: 256})
	prompt := []Token{1, 2, 3}
	whole := map[gguf.Type]bool{gguf.I8: true, gguf.I16: true, gguf.I32: true, gguf.I64: true}
	for kind := range gguf.Type(64) {
		if !kind.Known() {
			continue
		}
		for _, suffix := range []string{"attn_q.weight", "ffn_down.weight", "token_embd.weight", "output.weight", "attn_norm.weight"} {
			m, err := load(retyped(t, base, suffix, kind))
			if err != nil {
				require.Truef(t, errors.Is(err, ErrCorrupt) || errors.Is(err, ErrUnsupported), "%v %s: %v", kind, suffix, err)
				continue
			}
			require.False(t, whole[kind], "%v %s", kind, suffix)
			c, err := m.NewContext(ContextOptions{Size: 64, Threads: 1})
			if err == nil {
				_, _ = c.Score(context.Background(), prompt, [][]Token{prompt})
			}
			require.NoError(t, m.Close())
		}
		for _, suffix := range []string{".lora_a", ".lora_b"} {
			m := mustLoad(t, base)
			a, err := m.LoadAdapter(retyped(t, adapter, suffix, kind))
			if whole[kind] {
				require.ErrorIs(t, err, ErrCorrupt, "%v %s", kind, suffix)
			}
			if err != nil {
				continue
			}
			c := mustContext(t, m, ContextOptions{Size: 64})
			_, _ = c.Generate(context.Background(), []Request{{Prompt: prompt, MaxTokens: 2, Adapters: []AdapterScale{{Adapter: a, Scale: 1}}}})
		}
	}
}
