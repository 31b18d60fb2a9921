package assistant

import (
	"context"
	"fmt"

	"github.com/ragft/ragft/internal/reading"
	"github.com/ragft/ragft/ragft/answer"
	"github.com/ragft/ragft/retriever"
)

// shown is how passages are shown: as [reading.Join] joins them, unless the options are against it.
type shown struct {
	join      bool
	hits      []retriever.Hit // as the search found them
	documents map[string][]retriever.Chunk
}

func (a *Assistant) shown(ctx context.Context, hits []retriever.Hit) (*shown, error) {
	if a.opts.Apart || a.opts.Ensemble != nil || a.measured() {
		return &shown{hits: hits}, nil
	}
	documents, err := reading.Around(ctx, a.search, hits)
	if err != nil {
		return nil, fmt.Errorf("search: %w", err)
	}
	return &shown{true, hits, documents}, nil
}

// arrange joins some of the hits.
func (s *shown) arrange(hits []retriever.Hit) []retriever.Hit {
	if !s.join {
		return hits
	}
	return reading.Join(hits, s.documents)
}

// name lets each citation name the indexed chunk that holds its quote. A joined passage has the ID of one of its chunks, and
// whoever looks that up finds other text. A quote that no chunk holds alone keeps the joined passage.
func (s *shown) name(citations []answer.Citation) {
	for i := range citations {
		if chunk, found := s.holding(citations[i]); found {
			citations[i].Chunk = chunk
		}
	}
}

// holding returns the chunk with the quote. The one that the citation names already comes first: where chunks overlap, several
// have it.
func (s *shown) holding(c answer.Citation) (chunk retriever.Chunk, found bool) {
	var all []retriever.Chunk
	for _, h := range s.hits {
		all = append(all, h.Chunk)
	}
	for _, other := range append(all, s.documents[c.Source]...) {
		if holds(other, c) && (!found || other.ID == c.Chunk.ID) {
			chunk, found = other, true
		}
	}
	return chunk, found
}

// holds compares the text too, since the offsets of some searches may be anything.
func holds(chunk retriever.Chunk, c answer.Citation) bool {
	from, to := c.Start-chunk.Start, c.End-chunk.Start
	return chunk.Source == c.Source && from >= 0 && to <= len(chunk.Text) && chunk.Text[from:to] == c.Quote
}
