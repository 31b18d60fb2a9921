package question

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"iter"
	"maps"
	"math"
	"slices"

	"github.com/ragft/ragft/internal/reading"
	"github.com/ragft/ragft/internal/seed"
	"github.com/ragft/ragft/retriever"
)

// fewDocuments is the number of documents below which passages are hidden, not documents.
const fewDocuments = 8

// checkedHits is how many passages are looked at for an answer to an unanswerable question.
const checkedHits = 5

// hide chooses documents to be hidden from the search. Three quarters of the share of unanswerable questions are hidden: some
// questions about them are dropped, and the rest of the share is altered.
func (c *composer) hide() {
	c.hidden = map[string]bool{}
	share := c.unanswerable() * 3 / 4
	units := c.units()
	slices.SortFunc(units, func(a, b string) int { return seed.Order(c.Seed, "hide", a, b) })
	if len(units) < fewDocuments {
		return // too little to hide anything
	}
	for _, u := range units[:int(math.Round(share*float64(len(units))))] {
		c.hidden[u] = true
	}
}

// units are the documents or, of few documents, their passages.
func (c *composer) units() []string {
	var sources, ids []string
	seen := map[string]bool{}
	for _, chunk := range c.chunks {
		ids = append(ids, chunk.ID)
		if !seen[chunk.Source] {
			seen[chunk.Source] = true
			sources = append(sources, chunk.Source)
		}
	}
	if len(sources) < fewDocuments {
		return ids
	}
	return sources
}

// unit is what the passage is hidden with.
func (c *composer) unit(chunk retriever.Chunk) string {
	if c.hidden[chunk.ID] {
		return chunk.ID
	}
	return chunk.Source
}

// search finds passages that are not hidden.
func (c *composer) search(ctx context.Context, query string) ([]retriever.Hit, error) {
	if c.Searcher == nil {
		return c.scan(query), nil
	}
	return Unhidden{c.Searcher, c.hidden}.Search(ctx, query, checkedHits)
}

// scan compares words with each passage.
func (c *composer) scan(query string) []retriever.Hit {
	asked := contentWords(query)
	var hits []retriever.Hit
	for _, chunk := range c.chunks {
		if c.hidden[chunk.Source] || c.hidden[chunk.ID] {
			continue
		}
		has, n := stems(contentWords(chunk.Title+" "+chunk.Text)), 0
		for _, w := range asked {
			if has[stem(w)] {
				n++
			}
		}
		if n > 0 {
			hits = append(hits, retriever.Hit{Chunk: chunk, Score: float64(n)})
		}
	}
	slices.SortStableFunc(hits, func(a, b retriever.Hit) int { return cmp.Compare(b.Score, a.Score) })
	return hits[:min(len(hits), checkedHits)]
}

// foundElsewhere reports that a passage which is not hidden holds the answer.
func (c *composer) foundElsewhere(ctx context.Context, d *draft) (bool, error) {
	hits, err := c.search(ctx, d.question)
	return slices.ContainsFunc(hits, func(hit retriever.Hit) bool { return holds(hit, []string{d.text}) }), err
}

// Unhidden is a search that does not find hidden documents and passages. It is safe for concurrent use.
type Unhidden struct {
	retriever.Searcher
	Hidden map[string]bool // sources, and ids of passages
}

// Search returns the best k passages that are not hidden.
func (u Unhidden) Search(ctx context.Context, query string, k int) ([]retriever.Hit, error) {
	for n := k; ; n *= 2 {
		hits, err := u.Searcher.Search(ctx, query, n)
		if err != nil {
			return nil, err
		}
		all := len(hits) < n
		hits = slices.DeleteFunc(hits, func(hit retriever.Hit) bool { return u.Hidden[hit.Source] || u.Hidden[hit.ID] })
		if len(hits) >= k || all {
			return hits[:min(len(hits), k)], nil
		}
	}
}

// Digest identifies what is found: the search, and what is hidden from it; see [retriever.Digester]. It is "" of a search without
// a digest.
func (u Unhidden) Digest(ctx context.Context) (string, error) {
	digest, err := reading.DigestOf(ctx, u.Searcher)
	if err != nil || digest == "" {
		return "", err
	}
	h := sha256.New()
	fmt.Fprintln(h, digest)
	for _, name := range slices.Sorted(maps.Keys(u.Hidden)) {
		fmt.Fprintf(h, "%q\n", name)
	}
	return hex.EncodeToString(h.Sum(nil)), nil
}

// Ranking is that of the search, "" if it does not say; see [retriever.Index.Ranking].
func (u Unhidden) Ranking() string { return reading.RankingOf(u.Searcher) }

// Chunks lists the passages that are not hidden; see [retriever.Lister]. It is an error if the searcher lists none.
func (u Unhidden) Chunks(ctx context.Context) iter.Seq2[retriever.Chunk, error] {
	return func(yield func(retriever.Chunk, error) bool) {
		lister, ok := u.Searcher.(retriever.Lister)
		if !ok {
			yield(retriever.Chunk{}, errors.New("question: the search does not list its passages"))
			return
		}
		for chunk, err := range lister.Chunks(ctx) {
			if err == nil && (u.Hidden[chunk.Source] || u.Hidden[chunk.ID]) {
				continue
			}
			if !yield(chunk, err) {
				return
			}
		}
	}
}
