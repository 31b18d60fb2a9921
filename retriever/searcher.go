package retriever

import (
	"context"
	"iter"
)

// Searcher finds the passages for a query. It is all that answering, training
// and evaluation need of a search engine, so that another one can take the
// place of an Index.
//
// Search returns the best k hits, best first, and fewer if there are fewer. No
// hits are not an error. The caller owns the returned slice. k is above 0. A
// Searcher must be safe for concurrent use.
//
// *Index and *Tuned are Searchers. A Searcher may also be a Lister, a Counter
// or a Digester; what a caller does with them is said there. With a method
// Ranking, as Index has, it says how it computes scores, for those who rely on it.
type Searcher interface {
	Search(ctx context.Context, query string, k int) ([]Hit, error)
}

// Lister lists all passages that a Searcher can find. The evaluation of long
// contexts fills them with passages that the search itself would not return.
//
// Chunks calls yield with every chunk once, in a fixed order. An error ends the
// sequence and is its last element. *Index and *Tuned are Listers.
type Lister interface {
	Chunks(ctx context.Context) iter.Seq2[Chunk, error]
}

// Counter tells how many passages a Searcher searches. The evaluation refuses
// to start with fewer than two, as there would be nothing to choose from.
// *Index and *Tuned are Counters.
type Counter interface {
	Len() int
}

// Digester identifies what a Searcher finds: two with the same digest return
// the same hits for every query. A calibration of confidence keeps the digest,
// so that it is not used with another search. *Index and *Tuned are Digesters.
//
// Digest returns a hash as hexadecimal text. It may have to read every passage.
type Digester interface {
	Digest(ctx context.Context) (string, error)
}

var (
	_ Searcher = (*Index)(nil)
	_ Lister   = (*Index)(nil)
	_ Counter  = (*Index)(nil)
	_ Digester = (*Index)(nil)
	_ Searcher = (*Tuned)(nil)
	_ Lister   = (*Tuned)(nil)
	_ Counter  = (*Tuned)(nil)
	_ Digester = (*Tuned)(nil)
)
