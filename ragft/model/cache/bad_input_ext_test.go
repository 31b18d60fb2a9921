package cache_test

import (
	"bytes"
	"log/slog"
	"os"
	"path/filepath"
	"testing"

	"github.com/ragft/ragft/internal/fake"
	"github.com/ragft/ragft/internal/fixture"
	"github.com/ragft/ragft/ragft/model"
	"github.com/ragft/ragft/ragft/model/cache"
	"github.com/stretchr/testify/require"
)

// A cache whose last line was cut off by a kill is used as far as it goes.
func TestHalfWrittenCache(t *testing.T) {
	dir := t.TempDir()
	m := fake.AlwaysSays("Mara Venn")
	ask := func() cache.Stats {
		t.Helper()
		cached, err := cache.Open(m, dir)
		require.NoError(t, err)
		for _, q := range []string{"a?", "b?"} {
			_, err = cached.Chat(t.Context(), []model.Request{{Messages: fixture.ClosedPrompt(q)}})
			require.NoError(t, err)
		}
		stats := cached.Stats()
		require.NoError(t, cached.Close())
		return stats
	}
	require.Zero(t, ask().Hits)
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
	require.Equal(t, 1, ask().Hits, "the whole line counts, the half one is asked again")
	require.Contains(t, said.String(), "unfinished write")
	require.Contains(t, said.String(), "asked for again")
	require.Contains(t, said.String(), dir)
	require.Equal(t, 2, ask().Hits)

	said.Reset()
	require.NoError(t, os.WriteFile(files[0], append([]byte("x"), data...), 0o644)) // the first line is damaged
	require.Equal(t, 1, ask().Hits, "the damaged line is asked again")
	require.Contains(t, said.String(), "damaged lines")
	require.Contains(t, said.String(), files[0]+":1")
}
