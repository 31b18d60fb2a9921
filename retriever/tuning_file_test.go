package retriever

import (
	"context"
	"encoding/json"
	"math"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/ragft/ragft/ragft/opt"
)

func TestBadTunings(t *testing.T) {
	ctx := context.Background()
	x, _ := titledIndex(t, "memory", 5)
	for _, bad := range []Tuning{
		{K1: opt.Of(math.NaN())}, {K1: opt.Of(math.Inf(1))}, {K1: opt.Of(-1.0)}, {B: opt.Of(1.1)}, {B: opt.Of(-0.1)},
		{Title: opt.Of(math.NaN())}, {Title: opt.Of(-1.0)},
		{Weights: map[string]float64{"first": math.NaN()}}, {Weights: map[string]float64{"first": 21}},
	} {
		_, err := x.Tuned(ctx, bad)
		require.ErrorIs(t, err, ErrOptions, "%+v", bad)
	}
	tuned, err := x.Tuned(ctx, Tuning{})
	require.NoError(t, err)
	_, err = tuned.Search(ctx, "w1", 0)
	require.ErrorIs(t, err, ErrOptions)
	_, err = x.Explain(ctx, "w1", -1)
	require.ErrorIs(t, err, ErrOptions)
	ended, cancel := context.WithCancel(ctx)
	cancel()
	_, err = x.Tuned(ended, Tuning{Index: "x"})
	require.ErrorIs(t, err, context.Canceled)

	empty := newTestIndex(t, "memory", IndexOptions{})
	tuned, err = empty.Tuned(ctx, Tuning{Title: opt.Of(2.0)})
	require.NoError(t, err)
	hits, err := tuned.Search(ctx, "w1", 3)
	require.NoError(t, err)
	require.Empty(t, hits)
}

func TestTuningFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "tuning.json")
	want := Tuning{Index: "abc", K1: opt.Of(1.25), B: opt.Of(0.0), Title: opt.Of(2.5), Weights: map[string]float64{"term:founded": -0.5}}
	require.NoError(t, WriteTuningFile(path, want))
	got, err := ReadTuningFile(path)
	require.NoError(t, err)
	require.Equal(t, want, got)
	raw, err := json.Marshal(Tuning{})
	require.NoError(t, err)
	require.Equal(t, "{}", string(raw))
	raw, err = json.Marshal(Tuning{Title: opt.Of(0.0)})
	require.NoError(t, err)
	require.Equal(t, `{"title":0}`, string(raw))
	for _, bad := range []string{"", "[]", `{"b": 2}`, `{"title": -1}`} {
		require.NoError(t, os.WriteFile(path, []byte(bad), 0o600))
		_, err = ReadTuningFile(path)
		require.ErrorIs(t, err, ErrOptions, bad)
	}
	_, err = ReadTuningFile(path + "x")
	require.ErrorIs(t, err, os.ErrNotExist)
}
