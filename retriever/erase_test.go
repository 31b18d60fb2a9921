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
	n, err := x.Erase(ctx, func(source string) bool { return source == "a.txt" || source == "c.jsonl#1" })
	require.NoError(t, err)
	require.Equal(t, 2, n)
	require.Equal(t, []string{"b.txt", "sub/d.txt"}, sourcesOf(t, x))
	require.False(t, holds(t, x.Path(), "zanzibarq"))
	require.False(t, holds(t, x.Path(), "quixotryq"))
	require.True(t, holds(t, x.Path(), "keptword"))
	n, err = x.Erase(ctx, func(string) bool { return false })
	require.NoError(t, err)
	require.Zero(t, n)
	require.Equal(t, 2, x.Len())
}
