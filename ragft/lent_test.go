package ragft

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
)

// What an assistant searches stays open when the index is made anew, and is the new one.
func TestAssistantSearchesAnIndexThatIsMadeAnew(t *testing.T) {
	dir := t.TempDir()
	docs := filepath.Join(dir, "notes")
	require.NoError(t, os.Mkdir(docs, 0o700))
	require.NoError(t, os.WriteFile(filepath.Join(docs, "mill.txt"), []byte("Osk runs the mill."), 0o600))
	c := Config{Dir: filepath.Join(dir, "project"), Documents: docs, Index: IndexConfig{Rebuild: true}}
	p, err := Open(t.Context(), c)
	require.NoError(t, err)
	defer p.Close()
	_, err = p.Index(t.Context())
	require.NoError(t, err)
	search, err := p.openSearch(t.Context(), "")
	require.NoError(t, err)
	p.models.lent = true // as Assistant does
	require.NoError(t, os.WriteFile(filepath.Join(docs, "inn.txt"), []byte("Mara keeps the inn."), 0o600))
	for range 2 {
		_, err = p.Index(t.Context())
		require.NoError(t, err)
		hits, err := search.Search(t.Context(), "inn", 1)
		require.NoError(t, err)
		require.Equal(t, "inn.txt", hits[0].Source)
	}
}
