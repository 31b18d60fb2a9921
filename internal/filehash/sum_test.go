package filehash

import (
	"context"
	"io/fs"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestSum(t *testing.T) {
	dir := t.TempDir()
	a, b := filepath.Join(dir, "a"), filepath.Join(dir, "b")
	require.NoError(t, os.WriteFile(a, []byte("a"), 0o600))
	require.NoError(t, os.WriteFile(b, []byte("bc"), 0o600))
	got, err := Sum(t.Context(), a, b)
	require.NoError(t, err)
	require.Equal(t, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad", got, "of abc, from FIPS 180-2")

	_, err = Sum(t.Context(), a, filepath.Join(dir, "none"))
	require.ErrorIs(t, err, fs.ErrNotExist)
	gone, cancel := context.WithCancel(t.Context())
	cancel()
	_, err = Sum(gone, a)
	require.ErrorIs(t, err, context.Canceled)
}
