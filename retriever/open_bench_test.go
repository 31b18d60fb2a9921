package retriever

import (
	"fmt"
	"math/rand/v2"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// BenchmarkOpen opens an index of 100,000 passages of about 100 words, whose files have been checked before.
func BenchmarkOpen(b *testing.B) {
	path := filepath.Join(b.TempDir(), "index")
	x, err := Create(path, IndexOptions{})
	require.NoError(b, err)
	rng := rand.New(rand.NewPCG(1, 2))
	var chunks []Chunk
	for i := range 100_000 {
		var text strings.Builder
		for range 100 {
			fmt.Fprintf(&text, "word%d ", int(rng.ExpFloat64()*2000))
		}
		c := Chunk{ID: fmt.Sprint(i), Source: fmt.Sprintf("%d.md", i/20), Text: text.String(), End: text.Len()}
		if chunks = append(chunks, c); len(chunks) == 10_000 {
			require.NoError(b, x.Add(b.Context(), chunks))
			chunks = chunks[:0]
		}
	}
	require.NoError(b, x.Close())
	time.Sleep(3 * time.Second) // what was just written is not trusted
	open := func() time.Duration {
		begin := time.Now()
		x, err := Open(path)
		took := time.Since(begin)
		require.NoError(b, err)
		require.NoError(b, x.Close())
		return took
	}
	b.ReportMetric(open().Seconds()*1000, "first-ms")
	var all time.Duration
	for b.Loop() {
		all += open()
	}
	b.ReportMetric(all.Seconds()*1000/float64(b.N), "ms/open")
}
