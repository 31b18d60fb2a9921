package retriever

import (
	"fmt"

	"github.com/blevesearch/bleve/v2/index/scorch"
)

// Stats are statistics of an index.
type Stats struct {
	Chunks   int     // number of chunks
	Tokens   int64   // number of terms in all chunks, after analysis
	Average  float64 // mean number of terms in a chunk
	Segments int     // number of segments that the index is stored in
}

// Stats returns statistics of the current state of the index.
func (x *Index) Stats() (Stats, error) {
	snap, err := x.snapshot()
	if err != nil {
		return Stats{}, err
	}
	defer snap.Close()
	st, err := readState(snap)
	if err != nil {
		return Stats{}, err
	}
	n, err := snap.DocCount()
	if err != nil {
		return Stats{}, fmt.Errorf("retriever: %w", err)
	}
	out := Stats{Chunks: int(n), Tokens: st.Tokens}
	if n > 0 {
		out.Average = float64(st.Tokens) / float64(n)
	}
	if s, ok := snap.IndexReader.(*scorch.IndexSnapshot); ok {
		out.Segments = len(s.Segments())
	}
	return out, nil
}
