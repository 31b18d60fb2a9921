// Package dense finds passages by meaning: each passage has a vector, a question gets one from the same model, and the nearest
// passages are found by comparing it with all of them.
//
// [Update] keeps the vectors of an index in one file, as 8-bit numbers with a scale for each vector. Only passages that are new
// or have changed are embedded; vectors of passages that are gone are removed. If it is killed, the next call resumes.
// [Open] reads the file and follows the changes that [Update] makes to it, in this process or another.
//
// [Search] combines the ranking by words with that by meaning, and a reranker may then reorder the first passages. A passage
// without a vector is found by words alone.
//
// The package runs no model: the caller provides an [Embedder].
package dense

import "context"

// Embedder turns texts into vectors, all of one length. It must be safe for concurrent use.
type Embedder interface {
	// Query returns the vector of a question.
	Query(ctx context.Context, text string) ([]float32, error)
	// Passages returns the vector of each text, in order.
	Passages(ctx context.Context, texts []string) ([][]float32, error)
	// ID identifies the embedder: it differs if the vectors do, because of the model, its pooling or the prefixes of texts.
	ID() string
}

// Reranker scores how well passages answer a question; it reads both together. It must be safe for concurrent use.
type Reranker interface {
	// Rank returns a score for each passage, in order: higher is better.
	Rank(ctx context.Context, query string, passages []string) ([]float64, error)
	// ID identifies the reranker: it differs if the scores do.
	ID() string
}
