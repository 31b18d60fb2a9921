package retriever

import (
	"bytes"
	"io/fs"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
)

// holds says whether a file below a folder has the word in it.
func holds(t *testing.T, dir, word string) (found bool) {
	t.Helper()
	require.NoError(t, filepath.WalkDir(dir, func(name string, e fs.DirEntry, err error) error {
		if err != nil || e.IsDir() {
			return err
		}
		data, err := os.ReadFile(name)
		found = found || bytes.Contains(data, []byte(word))
		return err
	}))
	return found
}

// What is erased is in no file of the index any more.
func TestEraseLeavesNothing(t *testing.T) {
	dir := writeFolder(t, t.TempDir(), map[string]string{
		"a.txt": "zanzibarq", "b.txt": "keptword", "c.jsonl": "{\"text\":\"quixotryq\"}\n", "sub/d.txt": "zephyrously"})
	x := newTestIndex(t, "disk", IndexOptions{Analyzer: Standard})
	syncNow(t, x, dir, SyncOptions{})
	for _, word := range []string{"zanzibarq", "quixotryq", "keptword"} {
		require.True(t, holds(t, x.Path(), word), word)
	}
	n, purged, err := x.Erase(ctx, func(source string) bool { return source == "a.txt" || source == "c.jsonl#1" })
	require.NoError(t, err)
	require.True(t, purged)
	require.Equal(t, 2, n)
	require.Equal(t, []string{"b.txt", "sub/d.txt"}, sourcesOf(t, x))
	require.False(t, holds(t, x.Path(), "zanzibarq"))
	require.False(t, holds(t, x.Path(), "quixotryq"))
	require.True(t, holds(t, x.Path(), "keptword"))
	n, purged, err = x.Erase(ctx, func(string) bool { return false })
	require.NoError(t, err)
	require.False(t, purged, "there was nothing left of anything")
	require.Zero(t, n)
	require.Equal(t, 2, x.Len())
}

// Text that a sync removed from the index before is removed from its files, whether it shared a file with other text or not.
func TestEraseLeavesNothingOfWhatSyncRemoved(t *testing.T) {
	for _, later := range []bool{false, true} {
		dir := writeFolder(t, t.TempDir(), map[string]string{"a.txt": "zanzibarq", "b.txt": "keptword"})
		x := newTestIndex(t, "disk", IndexOptions{Analyzer: Standard})
		syncNow(t, x, dir, SyncOptions{})
		secret := "a.txt"
		if later {
			secret = "late.txt"
			writeFolder(t, dir, map[string]string{secret: "quixotryq"})
			syncNow(t, x, dir, SyncOptions{})
		}
		require.NoError(t, os.Remove(filepath.Join(dir, secret)))
		syncNow(t, x, dir, SyncOptions{})
		n, _, err := x.Erase(ctx, func(source string) bool { return source == secret })
		require.NoError(t, err)
		require.Zero(t, n)
		require.Equal(t, later, holds(t, x.Path(), "zanzibarq"))
		require.False(t, holds(t, x.Path(), "quixotryq"))
		require.True(t, holds(t, x.Path(), "keptword"))
		require.True(t, syncNow(t, x, dir, SyncOptions{}).UpToDate(), "what is known of the files stays")
	}
}
