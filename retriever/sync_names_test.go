package retriever

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// A file whose name looks like a row of another one keeps its passages when that one changes, or goes.
func TestSyncFileNamedLikeARow(t *testing.T) {
	for _, place := range []string{"disk", "memory"} {
		dir := writeFolder(t, t.TempDir(), map[string]string{"todo": "Buy a rope.", "todo#2": "Sell the boat.", "rows.jsonl": twoRows})
		x := newTestIndex(t, place, IndexOptions{})
		opts := SyncOptions{Load: LoadOptions{Formats: map[string]Format{"": Text}}}
		syncNow(t, x, dir, opts)
		later(t, x)
		writeFolder(t, dir, map[string]string{"todo": "Buy two ropes.", "rows.jsonl": twoRows[strings.Index(twoRows, "\n"):]})
		syncNow(t, x, dir, opts)
		require.Equal(t, []string{"rows.jsonl#3", "todo", "todo#2"}, sourcesOf(t, x))
		require.NoError(t, os.Remove(filepath.Join(dir, "todo")))
		syncNow(t, x, dir, opts)
		require.Equal(t, []string{"rows.jsonl#3", "todo#2"}, sourcesOf(t, x))
		for source, is := range map[string]bool{"todo": place == "memory", "todo#2": true, "rows.jsonl": true, "rows.jsonl#3": true} {
			found, err := x.HasSource(ctx, source)
			require.NoError(t, err)
			require.Equal(t, is, found, source)
		}
	}
}
