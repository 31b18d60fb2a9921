//go:build cgo

package local

import (
	"context"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/ragft/ragft/internal/testmodel"
	"github.com/ragft/ragft/llama"
)

// TestAttention chooses for a small and a larger model, and keeps to what was chosen.
func TestAttention(t *testing.T) {
	cache := t.TempDir()
	t.Setenv("XDG_CACHE_HOME", cache)
	t.Setenv("HOME", cache)
	if len(llama.Devices()) > 1 {
		t.Skip("there is a GPU")
	}
	file := filepath.Join(t.TempDir(), "project", "attention.json")
	open := func(path string, o Options) Attention {
		o.AttentionFile, o.Threads = file, 1
		m, err := Open(t.Context(), path, o)
		require.NoError(t, err)
		defer m.Close()
		return m.Attention()
	}
	small := testmodel.New(t, testmodel.Spec{})
	require.Equal(t, Attention{By: "rule"}, open(small, Options{}))
	require.Equal(t, "no flash attention (option)", open(small, Options{Attention: "plain"}).String())
	require.True(t, open(small, Options{Attention: "flash"}).FlashInOneCache)
	_, err := Open(t.Context(), small, Options{Attention: "fast"})
	require.ErrorContains(t, err, `"fast", not auto, flash or plain`)

	// a measurement that was broken off is no choice
	ctx, cancel := context.WithCancel(t.Context())
	m, err := llama.Load(ctx, small, llama.ModelOptions{})
	require.NoError(t, err)
	defer m.Close()
	cancel()
	_, err = Options{AttentionFile: file}.attention(ctx, m, "broken off")
	require.ErrorIs(t, err, context.Canceled)

	large := testmodel.New(t, testmodel.Spec{Layers: 6, Width: 512, Heads: 8, HeadsKV: 4, FeedForward: 1408, Seed: 1})
	first := open(large, Options{})
	require.Equal(t, "measured", first.By)
	require.Len(t, first.Times, 8)
	require.Equal(t, first, open(large, Options{}), "the project keeps to it")
	kept, err := ReadAttention(file)
	require.NoError(t, err)
	require.Len(t, kept, 2)

	// another project on this machine takes what was measured before
	file = filepath.Join(t.TempDir(), "attention.json")
	require.Equal(t, first, open(large, Options{}))
	require.NoError(t, os.WriteFile(file, []byte("{"), 0o600))
	_, err = Open(t.Context(), large, Options{AttentionFile: file})
	require.ErrorContains(t, err, "delete it to choose again")
}
