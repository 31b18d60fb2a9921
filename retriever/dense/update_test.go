package dense

import (
	"bytes"
	"context"
	"os"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/ragft/ragft/internal/filelock"
	"github.com/ragft/ragft/retriever"
)

func TestOnlyWhatChangedIsEmbedded(t *testing.T) {
	path, e := vectorsFile(t), newEmbedder()
	x := newIndex(t, "the mill", "the river", "the inn")
	r, embedded := bring(t, path, x, e)
	require.Equal(t, Report{Embedded: 3}, r)
	require.ElementsMatch(t, []string{"the mill", "the river", "the inn"}, embedded)

	r, embedded = bring(t, path, x, e)
	require.Equal(t, Report{Kept: 3}, r)
	require.Empty(t, embedded)

	set(t, x, "p01", "the lake")
	set(t, x, "p03", "the town")
	remove(t, x, "p02")
	r, embedded = bring(t, path, x, e)
	require.Equal(t, Report{Kept: 1, Embedded: 2, Removed: 2}, r)
	require.ElementsMatch(t, []string{"the lake", "the town"}, embedded)

	// A file that is renamed keeps its vectors.
	remove(t, x, "p03")
	set(t, x, "q03", "the town")
	r, embedded = bring(t, path, x, e)
	require.Equal(t, Report{Kept: 2, Copied: 1, Removed: 1}, r)
	require.Empty(t, embedded)

	fresh := vectorsFile(t)
	bring(t, fresh, x, e)
	require.Equal(t, contents(t, fresh), contents(t, path))

	// A title counts, too.
	require.NoError(t, x.Add(t.Context(), []retriever.Chunk{{ID: "p00", Source: "p00.txt", Title: "Mills", Text: "the mill", End: 8}}))
	_, embedded = bring(t, path, x, e)
	require.Equal(t, []string{"Mills\nthe mill"}, embedded)
}

// What leaves the index leaves the file before anything is embedded, and without an embedder.
func TestVectorsOfPassagesThatAreGoneLeaveTheFile(t *testing.T) {
	path, e := vectorsFile(t), newEmbedder()
	x := newIndex(t, "the mill", "the river", "the inn")
	bring(t, path, x, e)
	record := contentOf(retriever.Chunk{Text: "the river"})
	data, err := os.ReadFile(path)
	require.NoError(t, err)
	require.True(t, bytes.Contains(data, record[:]))

	remove(t, x, "p01")
	set(t, x, "p04", "the lake")
	e.calls, e.fail = 0, 1
	r, err := Update(t.Context(), path, x, e, UpdateOptions{})
	require.ErrorContains(t, err, "the embedder failed")
	require.Equal(t, Report{Kept: 2, Removed: 1}, r)
	data, err = os.ReadFile(path)
	require.NoError(t, err)
	require.False(t, bytes.Contains(data, record[:]) || bytes.Contains(data, []byte("p01")))

	remove(t, x, "p00")
	r, err = Update(t.Context(), path, x, nil, UpdateOptions{})
	require.NoError(t, err)
	require.Equal(t, Report{Kept: 1, Removed: 1}, r)
	require.Len(t, contents(t, path), 1)
	r, _ = bring(t, path, x, &wordsOf{id: "words", dims: 64})
	require.Equal(t, Report{Kept: 1, Embedded: 1}, r)
}

func TestWhatIsEmbeddedStaysWhenTheNextBatchFails(t *testing.T) {
	path, e := vectorsFile(t), newEmbedder()
	x := newIndex(t, "a mill", "a river", "an inn", "a lake", "a town")
	e.fail = 3
	r, err := Update(t.Context(), path, x, e, UpdateOptions{Batch: 2})
	require.ErrorContains(t, err, "the embedder failed")
	require.Equal(t, 4, r.Embedded)
	e.fail = 0
	r, embedded := bring(t, path, x, e)
	require.Equal(t, Report{Kept: 4, Embedded: 1}, r)
	require.Equal(t, []string{"a town"}, embedded)
}

// A program may die at any byte of the file. What is whole is kept, and the rest is embedded again.
func TestAnUpdateGoesOnWhereAnotherDied(t *testing.T) {
	path, e := vectorsFile(t), &wordsOf{id: "words", dims: 8}
	x := newIndex(t, "a mill", "a river", "an inn")
	bring(t, path, x, e)
	whole, err := os.ReadFile(path)
	require.NoError(t, err)
	want := contents(t, path)
	record := (len(whole) - headerSize) / 3
	for cut := range len(whole) {
		require.NoError(t, os.WriteFile(path, whole[:cut], 0o600))
		v, err := Open(path, e)
		require.NoError(t, err)
		left := max(0, cut-headerSize) / record
		require.Equal(t, left, v.Len(), "of %d bytes", cut)
		r, embedded := bring(t, path, x, e)
		require.Equal(t, Report{Kept: left, Embedded: 3 - left}, r, "of %d bytes", cut)
		require.Len(t, embedded, 3-left)
		require.Equal(t, want, contents(t, path))
		require.Equal(t, 3, v.Len())
	}
}

// A byte that was changed costs the vectors from there on, and is never taken for a vector.
func TestADamagedFileIsRepaired(t *testing.T) {
	path, e := vectorsFile(t), &wordsOf{id: "words", dims: 8}
	x := newIndex(t, "a mill", "a river", "an inn")
	bring(t, path, x, e)
	whole, err := os.ReadFile(path)
	require.NoError(t, err)
	want := contents(t, path)
	for at := 0; at < len(whole); at += 3 {
		damaged := bytes.Clone(whole)
		damaged[at] ^= 0x55
		require.NoError(t, os.WriteFile(path, damaged, 0o600))
		v, err := Open(path, e)
		require.NoError(t, err)
		require.Less(t, v.Len(), 3, "byte %d", at)
		bring(t, path, x, e)
		require.Equal(t, want, contents(t, path), "byte %d", at)
	}
}

func TestAnotherEmbedderStartsAnew(t *testing.T) {
	path := vectorsFile(t)
	x := newIndex(t, "a mill", "a river")
	bring(t, path, x, newEmbedder())
	other := &wordsOf{id: "other", dims: 32}
	v, err := Open(path, other)
	require.NoError(t, err)
	require.Zero(t, v.Len())
	r, _ := bring(t, path, x, other)
	require.Equal(t, Report{Embedded: 2, Removed: 2}, r)
	require.Equal(t, 2, v.Len())

	// Passages that all go take the file's rows with them.
	remove(t, x, "p00")
	remove(t, x, "p01")
	r, _ = bring(t, path, x, other)
	require.Equal(t, Report{Removed: 2}, r)
	require.Zero(t, v.Len())
}

func TestBadVectorsAreRefused(t *testing.T) {
	x := newIndex(t, "a mill", "a river")
	for name, give := range map[string]given{
		"2 vectors for 1": {{1}, {2}}, "not 2": {{1, 2}, {1}}, "has 0 numbers": {{}, {}}, "not finite": {{1, nan}, {1, 2}},
	} {
		_, err := Update(t.Context(), vectorsFile(t), x, give, UpdateOptions{Batch: map[bool]int{true: 1}[name == "2 vectors for 1"]})
		require.ErrorContains(t, err, name)
	}
}

var nan = float32(0) / zero

var zero float32

// given is an embedder that gives the same vectors for all texts.
type given [][]float32

func (g given) ID() string { return "given" }

func (g given) Query(context.Context, string) ([]float32, error) { return g[0], nil }

func (g given) Passages(context.Context, []string) ([][]float32, error) { return g, nil }

func TestUpdatesOfOneFileWait(t *testing.T) {
	path, e := vectorsFile(t), newEmbedder()
	x := newIndex(t, "a mill")
	f, err := os.Create(path + ".lock")
	require.NoError(t, err)
	ok, err := filelock.Try(f)
	require.NoError(t, err)
	require.True(t, ok)
	_, err = Update(t.Context(), path, x, e, UpdateOptions{})
	require.ErrorIs(t, err, retriever.ErrLocked)
	require.NoError(t, f.Close())
	bring(t, path, x, e)
}
