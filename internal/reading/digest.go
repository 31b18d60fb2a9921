package reading

import (
	"context"

	"github.com/ragft/ragft/retriever"
)

// digestOf is the digest of an index, with its tuning, or "" where a search has none.
func DigestOf(ctx context.Context, search retriever.Searcher) (string, error) {
	if index, ok := search.(retriever.Digester); ok {
		return index.Digest(ctx)
	}
	return "", nil
}
