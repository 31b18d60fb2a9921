//go:build cgo

package lora

import (
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/ragft/ragft/internal/gguf"
)

// changed copies a GGUF file with one entry of its metadata set, or left out where the value is nil.
func changed(t *testing.T, path, key string, value any) string {
	in, err := gguf.Open(path)
	require.NoError(t, err)
	defer in.Close()
	name := filepath.Join(t.TempDir(), "changed")
	w, err := gguf.Create(name)
	require.NoError(t, err)
	defer w.Close()
	for _, kv := range in.Metadata() {
		if kv.Key != key {
			require.NoError(t, w.SetMeta(kv.Key, kv.Value))
		}
	}
	if value != nil {
		require.NoError(t, w.SetMeta(key, value))
	}
	for _, info := range in.Tensors() {
		data, err := in.ReadTensor(info.Name)
		require.NoError(t, err)
		require.NoError(t, w.AddTensor(info.Name, info.Type, info.Dims, data))
	}
	require.NoError(t, w.Commit())
	return name
}
