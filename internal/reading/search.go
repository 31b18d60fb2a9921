package reading

import (
	"context"
	"errors"
	"fmt"

	"github.com/ragft/ragft/retriever"
)

// DefaultPassages is the number of passages shown with a question if none is set.
const DefaultPassages = 4

// EvidenceDepth is how many of the best passages are searched for evidence and
// distractors.
const EvidenceDepth = 50

// ErrTooLittleText means that a corpus is too small for what was asked.
var ErrTooLittleText = errors.New("too little text")

// EnoughPassages returns an error if an index is known to hold fewer than two passages, so
// that every search finds the same.
func EnoughPassages(search retriever.Searcher) error {
	if index, ok := search.(retriever.Counter); ok && index.Len() < 2 {
		return fmt.Errorf("%w: the index holds %d passages, so there is nothing to choose from: "+
			"add documents, or split them into smaller passages (retriever.SplitOptions)", ErrTooLittleText, index.Len())
	}
	return nil
}

// DigestOf returns the digest of an index, with its tuning, or "" if a search has none.
func DigestOf(ctx context.Context, search retriever.Searcher) (string, error) {
	if index, ok := search.(retriever.Digester); ok {
		return index.Digest(ctx)
	}
	return "", nil
}

// RankingOf says how a search ranks, see [retriever.Index.Ranking]. It is "" if the search does not say.
func RankingOf(search retriever.Searcher) string {
	if index, ok := search.(interface{ Ranking() string }); ok {
		return index.Ranking()
	}
	return ""
}
