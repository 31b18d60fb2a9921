package format

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/ragft/ragft/retriever"
)

// shout reads files in capitals.
type shout struct{}

func (shout) Read(_ context.Context, _, data string) (retriever.Document, error) {
	return retriever.Document{Text: "shouted " + data}, nil
}

// TestSyncReadsNewFormats indexes a folder before and after a format is registered: files that were skipped for want of it
// are read, and a file of a format that another reader takes over is read again.
func TestSyncReadsNewFormats(t *testing.T) {
	folder := t.TempDir()
	for _, name := range []string{"a.shout", "b.txt"} {
		require.NoError(t, os.WriteFile(filepath.Join(folder, name), []byte("the heron"), 0o600))
	}
	x, err := retriever.NewMemory(retriever.IndexOptions{})
	require.NoError(t, err)
	defer x.Close()
	sync := func() *retriever.SyncReport {
		report, err := x.Sync(t.Context(), folder, retriever.SyncOptions{Load: retriever.LoadOptions{Reader: Find, ReaderID: ID()}})
		require.NoError(t, err)
		return report
	}
	report := sync()
	require.Equal(t, []string{"b.txt"}, report.Added)
	require.Len(t, report.Skipped, 1)
	require.True(t, sync().UpToDate())
	Register(Format{Name: "shout", Extensions: []string{".shout"}, Reader: shout{}})
	report = sync()
	require.Equal(t, []string{"a.shout"}, report.Added)
	require.Empty(t, report.Skipped)
	Register(Format{Name: "shouted text", Extensions: []string{".txt"}, Reader: shout{}})
	require.Equal(t, []string{"a.shout", "b.txt"}, sync().Changed, "another reader may read them now")
	hits, err := x.Search(t.Context(), "shouted", 5)
	require.NoError(t, err)
	require.Len(t, hits, 1, "copies are shown once")
	require.True(t, sync().UpToDate())
}

// A text within another file is refused before it is parsed if it is longer than a file may give.
func TestReadRefusesLongTexts(t *testing.T) {
	_, found, err := Read(t.Context(), "notes.md", strings.Repeat("a", MaxText+1))
	require.True(t, found)
	require.Equal(t, tooMuch, err)
}
