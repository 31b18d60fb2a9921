// Package searchtune tunes a BM25 search to a model: it learns, from how likely
// the model finds the reference answer after each passage, how questions are best
// searched for (the retriever's half of RA-DIT, arXiv 2310.01352). The index
// stays as it is; the result is a [retriever.Tuning].
package searchtune
