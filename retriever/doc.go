// Package retriever turns documents into passages and finds, for a question,
// the passages that may answer it. It is pure Go and needs no model.
//
// There are three steps, and each can be used alone:
//
//   - Load, Walk and their Path forms read a folder, a file or any fs.FS: text,
//     Markdown, HTML and JSONL become Documents. Whatever is left out is
//     reported with the reason.
//   - Split divides a document into Chunks, by tokens or by sentences, with
//     overlap. A chunk knows the bytes of the document that it is:
//     doc.Text[c.Start:c.End] == c.Text.
//   - An Index, on disk (Create, Open) or in memory (NewMemory), keeps chunks
//     and ranks them for a query by BM25.
//
// Index.AddFS and Index.AddPath do all three in one call:
//
//	index, err := retriever.Create("docs.index", retriever.IndexOptions{})
//	if err != nil { ... }
//	defer index.Close()
//	report, err := index.AddPath(ctx, "docs", retriever.AddOptions{})
//	if err != nil { ... }
//	hits, err := index.Search(ctx, "Who owns the inn?", 5)
//
// # Ranking
//
// Segments, postings and storage are Bleve's (scorch). The ranking is not:
// Bleve's own BM25 takes the root of the term frequency, multiplies by the
// share of terms that matched, counts the average length in distinct terms of
// a segment, and keeps k1 and b in variables of the process. This package
// reads the postings itself and computes the formula as it is written, with
// exact lengths and statistics:
//
//	sum over the terms of the query of
//	    ln(1 + (N-df+0.5)/(df+0.5)) * tf*(k1+1) / (tf + k1*(1-b+b*dl/avgdl))
//
// The number of terms in the index, from which avgdl comes, is written in the
// same transaction as the chunks. So the scores are the same however the
// chunks came in, after deletes, and after the index was opened again. Chunks
// that cannot get among the best k are passed over, which changes neither
// result nor score. k1 and b belong to the index (IndexOptions).
//
// Terms come from an Analyzer, which is kept in the index too. English is the
// default; it drops stop words, so that a query of stop words only finds
// nothing. A chunk is also found by the words of its title, unless
// IndexOptions.IgnoreTitles is set.
//
// # Tuning
//
// A question can be searched with other parameters than the index was created
// with: weights of its terms by their features, a weight of titles, k1 and b.
// Such a Tuning is data; Index.Tuned gives the index with the tuned search. It
// changes nothing of what is stored. A tuning names the index that it was made
// for by its digest, and another one, or later chunks, is ErrChanged.
// Index.Explain says what scores are made of, and how they change with a tuning.
//
// # Limits
//
// A chunk has at most 4 MiB (MaxChunkBytes); Split makes none above 1 MiB. A
// file of more than 256 MiB is skipped unless LoadOptions say otherwise. Text
// files must be UTF-8. Symbolic links are never followed, and names that
// start with a dot are passed over.
//
// An index on disk belongs to one Index of one process at a time. Segments in
// memory are not merged: give Add many chunks at once. Importing Bleve starts
// four goroutines for the process, which wait for work; closing an Index ends
// its own.
//
// # Concurrency
//
// All methods of an Index may be called at the same time; searches run side by
// side. Functions share nothing, and options are not changed by them.
//
// # Errors
//
// What a caller may want to handle has a sentinel: ErrEmpty, ErrBadLine
// (a *LineError with file and line), ErrOptions, ErrBadChunk, ErrClosed,
// ErrExists, ErrNotIndex, ErrVersion, ErrCorrupt, ErrLocked, ErrNotFound and
// ErrChanged.
// When a context ends, its error is returned, and batches that were written
// stay.
package retriever
