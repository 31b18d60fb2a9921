//go:build cgo

package main

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/ragft/ragft/ragft"
	"github.com/ragft/ragft/retriever"
)

// A tuning is estimated, made, and used as long as the index stays as it is.
func TestTune(t *testing.T) {
	dir := workplace(t)
	must(t, "index")
	estimate := object[ragft.SearchResult](t, "tune-search", "--estimate")
	require.Positive(t, estimate.Estimate.Calls)
	r := object[ragft.SearchResult](t, "tune-search", "--set", "search-tuning.candidates=3")
	require.Positive(t, r.HeldOut)
	require.LessOrEqual(t, r.Cost.Calls, estimate.Estimate.Calls)
	require.Equal(t, r.On, r.File != "")
	_, _, told := ragftRun(t, "", "tune-search", "--force", "--set", "search-tuning.candidates=3")
	require.Contains(t, told, "at most", "what it may cost is told without being asked for")
	require.True(t, object[ragft.SearchResult](t, "tune-search", "--set", "search-tuning.candidates=3").UpToDate)
	again := object[ragft.SearchResult](t, "tune-search", "--force", "--set", "search-tuning.candidates=3")
	require.Equal(t, again.Cost.Calls, again.Cost.Cached, "nothing is scored twice")
	require.Equal(t, r.Learned, again.Learned)

	index, err := retriever.Open(filepath.Join(dir, ".ragft", "index"))
	require.NoError(t, err)
	digest, err := index.Digest(t.Context())
	require.NoError(t, err)
	require.NoError(t, index.Close())
	const question = "Who is the miller at Tuckle Mill?"
	score := func(args ...string) float64 {
		return object[askResult](t, append(args, "ask", question)...).Passages[0].Score
	}
	plain := score("--set", "search-tuning.file=none")
	path := filepath.Join(dir, ".ragft", "retrieval.json")
	require.NoError(t, retriever.WriteTuningFile(path, retriever.Tuning{Index: digest, Weights: map[string]float64{"term:miller": 1}}))
	require.Greater(t, score(), plain)
	require.Equal(t, plain, score("--set", "search-tuning.file=none"))

	require.NoError(t, os.Remove(filepath.Join(dir, "notes", "pudding.md")))
	must(t, "index")
	code, _, stderr := ragftRun(t, "", "ask", question)
	require.Equal(t, exitOK, code)
	require.Contains(t, stderr, "ragft tune-search", "the tuning is of another index")
	code, _, stderr = ragftRun(t, "", "--set", "search-tuning.file="+path, "ask", question)
	require.Equal(t, exitInput, code)
	require.Contains(t, stderr, "learn the tuning again")
}
