package reading

import (
	"cmp"
	"context"
	"slices"
	"strings"

	"github.com/ragft/ragft/retriever"
)

// mostChunks is the number of passages above which a document is never shown whole.
const mostChunks = 64

// mostGap is the most white space, in bytes, between neighbouring passages.
const mostGap = 16

// Documents is a search that knows the passages of a document: all, in order, or none if they are more than most.
type Documents interface {
	SourceChunks(ctx context.Context, source string, most int) ([]retriever.Chunk, error)
}

// Around returns all passages of the documents that have several hits, if the search knows them; none of a document with more
// than mostChunks.
func Around(ctx context.Context, search retriever.Searcher, hits []retriever.Hit) (map[string][]retriever.Chunk, error) {
	lister, ok := search.(Documents)
	if !ok {
		return nil, nil
	}
	count, out := map[string]int{}, map[string][]retriever.Chunk{}
	for _, h := range hits {
		if count[h.Source]++; count[h.Source] != 2 {
			continue
		}
		chunks, err := lister.SourceChunks(ctx, h.Source, mostChunks)
		if err != nil {
			return nil, err
		}
		out[h.Source] = chunks
	}
	return out, nil
}

// ranked is a hit with its place among the hits.
type ranked struct {
	retriever.Hit
	rank int
}

// Join merges hits for reading: neighbouring passages of a document become one, at the rank of the better one, and a
// document with two or more hits is shown whole if the rest of it adds at most half of what is shown. Passages of different
// places or sections are not merged, so that citations name the right one. documents are those of [Around]; passages of
// others, whose offsets may be anything, are not merged. The text of a merged hit is as long as its span in the document, so
// that offsets into it are right, but white space between passages may differ.
func Join(hits []retriever.Hit, documents map[string][]retriever.Chunk) []retriever.Hit {
	room := 0
	bySource := map[string][]ranked{}
	var sources []string
	for i, h := range hits {
		if bySource[h.Source] == nil {
			sources = append(sources, h.Source)
		}
		bySource[h.Source] = append(bySource[h.Source], ranked{h, i})
		room += len(h.Text)
	}
	room /= 2
	var out []ranked
	for _, source := range sources {
		of := bySource[source]
		chunks, known := documents[source]
		if len(of) < 2 || !known {
			out = append(out, of...)
			continue
		}
		if whole, added := complete(of, chunks); whole != nil && added <= room {
			of, room = whole, room-added
		}
		out = append(out, joined(of, chunks)...)
	}
	slices.SortStableFunc(out, func(a, b ranked) int { return cmp.Compare(a.rank, b.rank) })
	result := make([]retriever.Hit, len(out))
	for i, r := range out {
		result[i] = r.Hit
	}
	return result
}

// complete returns all passages of the document of the hits, at the rank of the best, and the length of those that were
// not among the hits. It is nil if they are not known.
func complete(hits []ranked, chunks []retriever.Chunk) (all []ranked, added int) {
	least := slices.MinFunc(hits, func(a, b ranked) int { return cmp.Compare(a.Score, b.Score) })
	found := 0
	for _, c := range chunks {
		i := slices.IndexFunc(hits, func(h ranked) bool { return h.ID == c.ID })
		hit := retriever.Hit{Chunk: c, Score: least.Score, Share: least.Share}
		if i >= 0 {
			hit = hits[i].Hit
			found++
		} else {
			added += len(c.Text)
		}
		all = append(all, ranked{hit, hits[0].rank})
	}
	if found < len(hits) { // too many, or the index has changed meanwhile
		return nil, 0
	}
	return all, added
}

// joined merges passages of one document.
func joined(hits []ranked, chunks []retriever.Chunk) []ranked {
	hits = slices.Clone(hits)
	slices.SortStableFunc(hits, func(a, b ranked) int { return cmp.Compare(a.Start, b.Start) })
	at := map[string]int{}
	for i, c := range chunks {
		at[c.ID] = i + 1
	}
	out := hits[:1]
	last := at[hits[0].ID]
	for _, next := range hits[1:] {
		before := &out[len(out)-1]
		here := at[next.ID]
		beside := here == last+1
		if here == 0 || last == 0 { // of a document whose passages are not known
			beside = next.Start-before.End <= len("\n\n")
		}
		if last = here; beside && before.join(next) {
			continue
		}
		out = append(out, next)
	}
	return out
}

// join appends a passage to the one before it, if they are of one section, and reports whether it did.
func (r *ranked) join(next ranked) bool {
	gap := next.Start - r.End
	if r.Title != next.Title || r.Place != next.Place || gap > mostGap || next.End <= r.End ||
		r.End-r.Start != len(r.Text) || next.End-next.Start != len(next.Text) {
		return false
	}
	text := r.Text
	switch {
	case gap < 0:
		text = text[:len(text)+gap] // what both have
	case gap == 1:
		text += " "
	case gap > 1:
		text += strings.Repeat(" ", gap-2) + "\n\n"
	}
	spans := slices.DeleteFunc(slices.Clone(r.Highlights), func(s retriever.Span) bool { return s.End > len(text) })
	for _, s := range next.Highlights {
		spans = append(spans, retriever.Span{Start: s.Start + len(text), End: s.End + len(text)})
	}
	best := r.Hit
	if next.Score > best.Score {
		best = next.Hit
	}
	best.Text, best.Start, best.End, best.Highlights = text+next.Text, r.Start, next.End, spans
	best.Share = max(r.Share, next.Share)
	r.Hit, r.rank = best, min(r.rank, next.rank)
	return true
}

// MinShare is the share of a question below which a passage is not shown. It is low, because in a small collection long
// questions with many irrelevant words reach only 0.1. No best passage of the quickstart's questions is below 0.24.
const MinShare = 0.05

// Relevant leaves out hits that cover less than this share of the query. Hits whose share is not known are kept.
func Relevant(hits []retriever.Hit, least float64) []retriever.Hit {
	return slices.DeleteFunc(slices.Clone(hits), func(h retriever.Hit) bool { return h.Share > 0 && h.Share < least })
}
