package ragft

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
)

// What is removed by name loses its passages where those of files that are gone are kept, and stays so.
func TestRemovedDocumentsAreNotKept(t *testing.T) {
	dir := t.TempDir()
	docs := filepath.Join(dir, "notes")
	require.NoError(t, os.Mkdir(docs, 0o700))
	for _, name := range []string{"a.txt", "b.txt", "c.txt"} {
		require.NoError(t, os.WriteFile(filepath.Join(docs, name), []byte("The text of "+name), 0o600))
	}
	c := Config{Dir: filepath.Join(dir, "project"), Documents: docs}
	c.Index.KeepRemoved = true
	p, err := Open(t.Context(), c)
	require.NoError(t, err)
	defer p.Close()
	_, err = p.Index(t.Context())
	require.NoError(t, err)
	f, err := p.follow(t.Context())
	require.NoError(t, err)
	defer f.close()
	for _, name := range []string{"a.txt", "b.txt"} {
		require.NoError(t, os.Remove(filepath.Join(docs, name)))
	}
	require.NoError(t, f.remove(t.Context(), "a.txt"))
	for range 2 {
		_, err = f.sync(t.Context())
		require.NoError(t, err)
		var left []string
		for chunk, err := range f.index.Chunks(t.Context()) {
			require.NoError(t, err)
			left = append(left, chunk.Source)
		}
		require.Equal(t, []string{"b.txt", "c.txt"}, left)
	}
}
