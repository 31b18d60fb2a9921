package dense

import (
	"context"
	"fmt"
	"hash/fnv"
	"math"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/ragft/ragft/retriever"
)

// wordsOf is an embedder that knows synonyms: texts are near where they have words of one meaning.
type wordsOf struct {
	id       string
	dims     int
	fail     int // the call of Passages that fails, from 1
	calls    int
	embedded []string
}

var synonyms = map[string]string{"physician": "doctor", "automobile": "car", "vehicle": "car"}

func (e *wordsOf) ID() string { return e.id }

func (e *wordsOf) vector(text string) []float32 {
	v := make([]float32, e.dims)
	for _, word := range strings.Fields(strings.ToLower(text)) {
		if s, ok := synonyms[word]; ok {
			word = s
		}
		h := fnv.New32a()
		h.Write([]byte(word))
		v[h.Sum32()%uint32(e.dims)]++
	}
	sum := 0.0
	for _, x := range v {
		sum += float64(x) * float64(x)
	}
	for i := range v {
		v[i] = float32(float64(v[i]) / math.Sqrt(sum))
	}
	return v
}

func (e *wordsOf) Query(_ context.Context, text string) ([]float32, error) {
	return e.vector(text), nil
}

func (e *wordsOf) Passages(_ context.Context, texts []string) ([][]float32, error) {
	if e.calls++; e.calls == e.fail {
		return nil, fmt.Errorf("the embedder failed")
	}
	e.embedded = append(e.embedded, texts...)
	out := make([][]float32, len(texts))
	for i, t := range texts {
		out[i] = e.vector(t)
	}
	return out, nil
}

// newIndex is an index with a passage for each text, named for its place.
func newIndex(t *testing.T, texts ...string) *retriever.Index {
	t.Helper()
	x, err := retriever.NewMemory(retriever.IndexOptions{})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, x.Close()) })
	for i, text := range texts {
		set(t, x, fmt.Sprintf("p%02d", i), text)
	}
	return x
}

func set(t *testing.T, x *retriever.Index, id, text string) {
	t.Helper()
	require.NoError(t, x.Add(t.Context(), []retriever.Chunk{{ID: id, Source: id + ".txt", Text: text, End: len(text)}}))
}

func remove(t *testing.T, x *retriever.Index, id string) {
	t.Helper()
	_, err := x.DeleteSource(t.Context(), id+".txt")
	require.NoError(t, err)
}

func newEmbedder() *wordsOf { return &wordsOf{id: "words", dims: 64} }

func vectorsFile(t *testing.T) string { return filepath.Join(t.TempDir(), "vectors") }

// bring updates the file and returns what was done, and which texts were embedded.
func bring(t *testing.T, path string, x retriever.Lister, e *wordsOf) (Report, []string) {
	t.Helper()
	e.embedded = nil
	r, err := Update(t.Context(), path, x, e, UpdateOptions{Batch: 2})
	require.NoError(t, err)
	return r, slices.Clone(e.embedded)
}

// contents are the rows of a file by ID.
func contents(t *testing.T, path string) map[string]string {
	t.Helper()
	r, _, err := readFile(path)
	require.NoError(t, err)
	out := map[string]string{}
	for i, id := range r.ids {
		out[id] = fmt.Sprint(r.contents[i], r.steps[i], r.row(i))
	}
	return out
}
