package filehash

import (
	"crypto/sha256"
	"encoding/hex"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func sum(text string) string {
	h := sha256.Sum256([]byte(text))
	return hex.EncodeToString(h[:])
}

// place is a cache folder of its own, and a file whose times have settled.
func place(t *testing.T, text string) (path string) {
	t.Helper()
	cache := t.TempDir()
	t.Setenv("XDG_CACHE_HOME", cache)
	t.Setenv("HOME", cache)
	t.Setenv("LocalAppData", cache)
	path = filepath.Join(t.TempDir(), "model.gguf")
	require.NoError(t, os.WriteFile(path, []byte(text), 0o600))
	return path
}

// pretend makes the file be remembered with another hash, so that it shows whether it is read.
func pretend(t *testing.T, path, hash string) {
	t.Helper()
	stamps, err := stampsOf([]string{path})
	require.NoError(t, err)
	late := time.Now().Add(time.Hour).UnixNano() // the times have settled by then
	require.NoError(t, remember(memoryFile(), keyOf([]string{path}), remembered{stamps, late, hash}))
}

func TestHashIsRemembered(t *testing.T) {
	path := place(t, "weights")
	ask := func(verify bool) string {
		hash, err := SHA256(t.Context(), verify, path)
		require.NoError(t, err)
		return hash
	}
	require.Equal(t, sum("weights"), ask(false))
	require.Empty(t, readMemory(memoryFile()), "a file that was just written may change again within its time stamp")

	pretend(t, path, "remembered")
	require.Equal(t, "remembered", ask(false))
	require.Equal(t, sum("weights"), ask(true))

	// Changed in place, with the same size and the same time of writing.
	pretend(t, path, "remembered")
	info, err := os.Stat(path)
	require.NoError(t, err)
	f, err := os.OpenFile(path, os.O_WRONLY, 0)
	require.NoError(t, err)
	_, err = f.WriteAt([]byte("W"), 0)
	require.NoError(t, err)
	require.NoError(t, f.Close())
	require.NoError(t, os.Chtimes(path, info.ModTime(), info.ModTime()))
	require.Equal(t, sum("Weights"), ask(false))

	// Replaced by another file.
	pretend(t, path, "remembered")
	other := path + ".new"
	require.NoError(t, os.WriteFile(other, []byte("weighed"), 0o600))
	require.NoError(t, os.Chtimes(other, info.ModTime(), info.ModTime()))
	require.NoError(t, os.Rename(other, path))
	require.Equal(t, sum("weighed"), ask(false))
}

// TestHashOfParts hashes a model in two files as one, and forgets what is gone.
func TestHashOfParts(t *testing.T) {
	path := place(t, "one")
	second := path + "2"
	require.NoError(t, os.WriteFile(second, []byte("two"), 0o600))
	hash, err := SHA256(t.Context(), false, path, second)
	require.NoError(t, err)
	require.Equal(t, sum("onetwo"), hash)

	pretend(t, path, "a")
	pretend(t, second, "b")
	require.Len(t, readMemory(memoryFile()), 2)
	require.NoError(t, os.Remove(path))
	pretend(t, second, "b")
	require.Len(t, readMemory(memoryFile()), 1)
	_, err = SHA256(t.Context(), false, path)
	require.ErrorIs(t, err, os.ErrNotExist)
}

// TestDamagedMemory reads the file if what was remembered is unreadable, or there is no place for it.
func TestDamagedMemory(t *testing.T) {
	path := place(t, "weights")
	pretend(t, path, "remembered")
	require.NoError(t, os.WriteFile(memoryFile(), []byte("{"), 0o600))
	hash, err := SHA256(t.Context(), false, path)
	require.NoError(t, err)
	require.Equal(t, sum("weights"), hash)
	t.Setenv("XDG_CACHE_HOME", "")
	t.Setenv("HOME", "")
	hash, err = SHA256(t.Context(), false, path)
	require.NoError(t, err)
	require.Equal(t, sum("weights"), hash)
}

// TestChecked checks files again only after one of them changed, and those of which a check failed each time.
func TestChecked(t *testing.T) {
	path := place(t, "index")
	calls := 0
	var failed error
	check := func() error {
		return Checked([]string{path}, func(string) error {
			calls++
			return failed
		})
	}
	require.NoError(t, check())
	require.NoError(t, check())
	require.Equal(t, 2, calls, "the file was just written")

	old := time.Now().Add(-time.Hour)
	stamps, err := stampsOf([]string{path})
	require.NoError(t, err)
	late := time.Now().Add(time.Hour).UnixNano()
	require.NoError(t, remember(memoryFile(), keyOf([]string{path})+"\nchecked", remembered{stamps, late, "checked"}))
	require.NoError(t, check())
	require.Equal(t, 2, calls)

	require.NoError(t, os.Chtimes(path, old, old))
	failed = os.ErrInvalid
	require.ErrorIs(t, check(), os.ErrInvalid)
	require.ErrorIs(t, check(), os.ErrInvalid)
	require.Equal(t, 4, calls)
	require.NoError(t, Checked(nil, nil))
}
