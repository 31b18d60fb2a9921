package cache

import (
	"bytes"
	"log/slog"
	"os"
	"path/filepath"
	"testing"

	"github.com/ragft/ragft/internal/fake"
	"github.com/ragft/ragft/ragft/model"
	"github.com/stretchr/testify/require"
)

// A cache whose last line was cut off by a kill is used as far as it goes.
func TestHalfWrittenCache(t *testing.T) {
	dir := t.TempDir()
	m := fake.AlwaysSays("Mara Venn")
	hits := func() int {
		t.Helper()
		cached := openCache(t, m, dir)
		for _, q := range []string{"a?", "b?"} {
			_, err := cached.Chat(t.Context(), []model.Request{ask(q)})
			require.NoError(t, err)
		}
		require.NoError(t, cached.Close())
		return cached.counts.hits
	}
	require.Zero(t, hits())
	files, err := filepath.Glob(filepath.Join(dir, "*.jsonl"))
	require.NoError(t, err)
	require.Len(t, files, 1)
	data, err := os.ReadFile(files[0])
	require.NoError(t, err)
	var said bytes.Buffer
	before := slog.Default()
	defer slog.SetDefault(before)
	slog.SetDefault(slog.New(slog.NewTextHandler(&said, nil)))
	require.NoError(t, os.WriteFile(files[0], data[:len(data)-20], 0o644))
	require.Equal(t, 1, hits(), "the whole line counts, the half one is asked again")
	require.Contains(t, said.String(), "cut off mid-write")
	require.Contains(t, said.String(), "generated again")
	require.Contains(t, said.String(), dir)
	require.Equal(t, 2, hits())

	said.Reset()
	require.NoError(t, os.WriteFile(files[0], append([]byte("x"), data...), 0o644)) // the first line is damaged
	require.Equal(t, 1, hits(), "the damaged line is asked again")
	require.Contains(t, said.String(), "damaged lines")
	require.Contains(t, said.String(), files[0]+":1")
}
