package retriever

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
)

// TestSyncExcludes leaves out a file and a folder, also those that were indexed before they were excluded, and however the
// path to them is written.
func TestSyncExcludes(t *testing.T) {
	folder := t.TempDir()
	for _, name := range []string{"a.txt", "project.txt", "work/rows.txt", "work/deep/more.txt", "workshop.txt"} {
		require.NoError(t, os.MkdirAll(filepath.Dir(filepath.Join(folder, name)), 0o700))
		require.NoError(t, os.WriteFile(filepath.Join(folder, name), []byte("the heron of "+name), 0o600))
	}
	link := filepath.Join(t.TempDir(), "link")
	require.NoError(t, os.Symlink(folder, link))
	x, err := NewMemory(IndexOptions{})
	require.NoError(t, err)
	defer x.Close()
	report, err := x.Sync(t.Context(), folder, SyncOptions{})
	require.NoError(t, err)
	require.Len(t, report.Added, 5)
	without := LoadOptions{Exclude: []string{
		filepath.Join(link, "project.txt"), filepath.Join(folder, "x", "..", "work"), filepath.Join(folder, "none"), folder, t.TempDir(),
	}}
	report, err = x.Sync(t.Context(), folder, SyncOptions{Load: without})
	require.NoError(t, err)
	require.Equal(t, []string{"project.txt", "work/deep/more.txt", "work/rows.txt"}, report.Removed)
	require.Equal(t, 2, report.Unchanged)
	for _, s := range report.Skipped {
		require.Equal(t, SkipExcluded, s.Reason, s.Path)
	}
	require.Len(t, report.Skipped, 2)
	report, err = x.Sync(t.Context(), filepath.Join(folder, "work", "deep"), SyncOptions{Load: without})
	require.NoError(t, err)
	require.Empty(t, report.Added, "nor alone")
}
