package retriever

import (
	"testing"

	"github.com/stretchr/testify/require"
)

// While a dry run looks at the state of the index, searches do not replace it.
func TestADryRunKeepsItsState(t *testing.T) {
	dir, x := keepers(t), newTestIndex(t, "disk", IndexOptions{})
	syncNow(t, x, dir, SyncOptions{})
	writeFolder(t, dir, map[string]string{"b.txt": "A new keeper."})
	n, seen := x.Len(), 0
	other, err := Open(x.Path())
	require.NoError(t, err)
	defer other.Close()
	opts := SyncOptions{DryRun: true, Load: LoadOptions{Progress: func(LoadProgress) {
		require.NoError(t, other.Add(ctx, []Chunk{{ID: "new", Source: "new", Text: "mill", End: 4}}))
		seen = x.Len()
	}}}
	syncNow(t, x, dir, opts)
	require.Equal(t, n, seen)
	require.Equal(t, n+1, x.Len())
}
