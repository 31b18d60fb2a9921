package rows

import (
	"testing"

	"github.com/ragft/ragft/retriever"
	"github.com/stretchr/testify/require"
)

func TestStaleRows(t *testing.T) {
	rows := []Row{
		{ID: "fresh", Chunks: []ChunkRef{{ID: "a", Source: "x.md"}}},
		{ID: "old", Chunks: []ChunkRef{{ID: "a"}, {ID: "b", Source: "y.md"}}},
		{ID: "none"},
	}
	require.Equal(t, []Row{{ID: "old", Chunks: []ChunkRef{{ID: "b", Source: "y.md"}}}}, Stale(rows, []retriever.Chunk{{ID: "a"}}))
	require.Len(t, rows[1].Chunks, 2, "the rows themselves stay as they are")
}
