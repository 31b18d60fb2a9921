package dense

import (
	"bytes"
	"os"
	"testing"

	"github.com/stretchr/testify/require"
)

// filed returns the bytes of a file with the vectors of these texts.
func filed(t *testing.T, e *wordsOf, texts ...string) []byte {
	t.Helper()
	path := vectorsFile(t)
	bring(t, path, newIndex(t, texts...), e)
	data, err := os.ReadFile(path)
	require.NoError(t, err)
	return data
}

// shows requires that the vectors in memory are those that the file has now.
func shows(t *testing.T, v *Vectors) {
	t.Helper()
	fresh, err := Open(v.path, &wordsOf{id: "words"})
	require.NoError(t, err)
	require.Equal(t, fresh.Len(), v.Len())
	require.Equal(t, fresh.rows.ids, v.rows.ids)
	require.Equal(t, fresh.rows.values, v.rows.values)
}

// What looks like the file that was read, but longer, may be another one.
func TestAFileThatDoesNotGoOnIsReadAnew(t *testing.T) {
	first, longer := filed(t, newEmbedder(), "the mill"), filed(t, newEmbedder(), "the inn", "the lake", "the town")
	other := filed(t, &wordsOf{id: "another", dims: 64}, "the inn", "the lake", "the town")
	moved := filed(t, newEmbedder(), "the inn", "the lake", "the town")
	moved = bytes.Replace(moved, moved[headerSize:headerSize+5], nil, 1)
	for _, next := range [][]byte{other, moved, append(longer, 1, 2, 3)} {
		path := vectorsFile(t)
		require.NoError(t, os.WriteFile(path, first, 0o600))
		v, err := Open(path, newEmbedder())
		require.NoError(t, err)
		require.Equal(t, 1, v.Len())
		require.NoError(t, os.WriteFile(path, next, 0o600)) // in place
		shows(t, v)
	}
}

// The system gives the number of a file that is gone to the next one.
func TestAnotherFileWithTheSameNumberIsReadAnew(t *testing.T) {
	first, longer := filed(t, newEmbedder(), "the mill"), filed(t, newEmbedder(), "the inn", "the lake", "the town")
	path := vectorsFile(t)
	require.NoError(t, os.WriteFile(path, first, 0o600))
	v, err := Open(path, newEmbedder())
	require.NoError(t, err)
	require.NoError(t, os.Remove(path))
	require.NoError(t, os.WriteFile(path, longer, 0o600))
	shows(t, v)
}
