// Package dense finds passages by meaning: each passage has a vector, a question gets one from the same model, and the nearest
// are found by comparing it with all.
//
// [Update] keeps the vectors of an index in one file, as 8-bit numbers with a scale for each vector. Only passages that are new
// or have changed are embedded; those that are gone lose their vector. It may be killed at any time and goes on where it was.
// [Open] reads the file and follows what [Update] does to it, in this process or another.
//
// [Search] joins the ranking by words with that by meaning, and lets a reranker have the last word on the first passages. A
// passage without a vector is found by words alone.
//
// The package runs no model: an [Embedder] is given to it.
package dense

import "context"

// Embedder turns texts into vectors, all of one length. It must be safe for concurrent use.
type Embedder interface {
	// Query returns the vector of a question.
	Query(ctx context.Context, text string) ([]float32, error)
	// Passages returns the vector of each text, in order.
	Passages(ctx context.Context, texts []string) ([][]float32, error)
	// ID is a text that differs between embedders whose vectors differ: of the model, its pooling and what it puts before texts.
	ID() string
}

// Reranker says how well passages answer a question, having read both together. It must be safe for concurrent use.
type Reranker interface {
	// Rank returns a score for each passage, in order: higher is better.
	Rank(ctx context.Context, query string, passages []string) ([]float64, error)
	// ID is a text that differs between rerankers whose scores differ.
	ID() string
}
