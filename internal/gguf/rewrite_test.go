package gguf

import (
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestRewrite(t *testing.T) {
	path := filepath.Join(t.TempDir(), "a.gguf")
	w, err := Create(path)
	require.NoError(t, err)
	require.NoError(t, w.SetMeta("name", "a"))
	require.NoError(t, w.SetMeta("general.alignment", uint32(64)))
	require.NoError(t, w.SetMeta("list", []string{"x", "y"}))
	require.NoError(t, w.AddTensor("t", F32, []int64{3}, FloatBytes([]float32{1, 2, 3})))
	require.NoError(t, w.AddTensor("u", F32, []int64{1}, FloatBytes([]float32{9})))
	require.NoError(t, w.Commit())
	digest := func(except ...string) string {
		f, err := Open(path)
		require.NoError(t, err)
		defer f.Close()
		sum, err := f.Digest(except...)
		require.NoError(t, err)
		return sum
	}
	before := digest("note")
	for _, note := range []string{"first", "and a longer second"} {
		require.NoError(t, Rewrite(path, KV{"note", note}))
		f, err := Open(path)
		require.NoError(t, err)
		text, ok := f.Text("note")
		require.True(t, ok)
		require.Equal(t, note, text)
		list, _ := f.Texts("list")
		require.Equal(t, []string{"x", "y"}, list)
		values, err := f.ReadFloats("t")
		require.NoError(t, err)
		require.Equal(t, []float32{1, 2, 3}, values)
		values, err = f.ReadFloats("u")
		require.NoError(t, err)
		require.Equal(t, []float32{9}, values)
		require.NoError(t, f.Close())
	}
	require.Equal(t, before, digest("note"), "the note is left out")
	require.NotEqual(t, before, digest())
	require.NoError(t, Rewrite(path, KV{"name", "b"}))
	require.NotEqual(t, before, digest("note"))
	require.Error(t, Rewrite(filepath.Join(t.TempDir(), "none.gguf"), KV{"a", "b"}))
}
