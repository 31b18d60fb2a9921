package rows

import (
	"testing"

	"github.com/ragft/ragft/retriever"
	"github.com/stretchr/testify/require"
)

func TestStaleRows(t *testing.T) {
	rows := []Row{{ID: "fresh", Chunks: []ChunkRef{{ID: "a", Source: "x.md"}}}, {ID: "old", Chunks: []ChunkRef{{ID: "a"}, {ID: "b", Source: "y.md"}}}, {ID: "none"}}
	stale := Stale(rows, []retriever.Chunk{{ID: "a"}})
	require.Equal(t, []StaleRow{{"old", []string{"y.md"}}}, stale)
	require.Contains(t, stale[0].String(), "make the rows again")
}
