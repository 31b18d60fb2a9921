// Package retriever splits documents into passages, and finds the passages that
// may answer a question. It ranks by BM25, is pure Go and needs no model.
//
// There are three steps:
//
//   - [Index.Sync] reads a folder or a file: text, Markdown, HTML and JSONL become
//     Documents, and with the readers of package format PDF, Office files and
//     others. What is skipped is reported with the reason.
//   - [Split] divides a document into Chunks, by tokens or by sentences, with
//     overlap. A chunk knows where in the document it is:
//     doc.Text[c.Start:c.End] == c.Text.
//   - An [Index], on disk ([Create], [Open]) or in memory ([NewMemory]), stores
//     chunks and ranks them for a query.
//
// Sync does all three for a folder, and afterwards only for what changed in it:
//
//	index, err := retriever.Create("docs.index", retriever.IndexOptions{})
//	if err != nil { ... }
//	defer index.Close()
//	report, err := index.Sync(ctx, "docs", retriever.SyncOptions{})
//	if err != nil { ... }
//	hits, err := index.Search(ctx, "Who owns the inn?", 5)
//
// Documents from elsewhere go through Split and [Index.Add]. Another search engine can take
// the place of an Index: see [Searcher].
//
// # Ranking
//
// Segments, postings and storage are those of Bleve (scorch). The ranking is
// not. Bleve's own BM25 takes the square root of the term frequency, multiplies
// by the share of terms that matched, averages lengths in distinct terms of a
// segment, and keeps k1 and b in global variables. This package reads the
// postings itself and computes the formula of Robertson and Zaragoza (2009,
// section 3), with exact lengths and statistics, and Lucene's inverse document
// frequency:
//
//	sum over the terms of the query of
//	    ln(1 + (N-df+0.5)/(df+0.5)) * tf*(k1+1) / (tf + k1*(1-b+b*dl/avgdl))
//
// The number of terms in the index, from which avgdl is computed, is written in
// the same transaction as the chunks. So scores do not depend on the order in
// which chunks were added or deleted, nor on reopening the index. Chunks that
// cannot be among the best k are skipped (MaxScore), which changes neither the
// result nor the scores. k1 and b belong to the index: see [IndexOptions].
//
// An [Analyzer] turns text into terms; it is stored in the index too. English is
// the default. It drops stop words, so a query of stop words alone finds
// nothing. With Languages and package retriever/language each document is analyzed in
// its language, and a query in the languages of the documents. A chunk is also found by
// the words of its title, unless IndexOptions.IgnoreTitles is set.
//
// # Tuning
//
// A [Tuning] changes how an index is searched, but not what it stores: k1 and b,
// the weight of titles, and weights of query terms by their features.
// [Index.Tuned] returns the index with the tuned search. A tuning may name the
// index that it was made for by its digest; another index, or one that was
// changed since, is ErrChanged. [Index.Explain] shows what scores consist of, and
// how they change with a tuning.
//
// # Limits
//
// A chunk has at most 4 MiB (MaxChunkBytes); Split makes none above 1 MiB. Files
// above 256 MiB are skipped, unless LoadOptions say otherwise. Symbolic links are never followed, and names that start with a dot are
// skipped.
//
// Any number of processes can have an index on disk open, and one at a time can
// change it: the others see its last complete state. An index in memory does not
// merge its segments: add many chunks in one call. Importing
// Bleve starts four goroutines, which wait for work; closing an index ends the
// goroutines of that index.
//
// # Concurrency
//
// All methods of an Index may be called at the same time, and searches run in
// parallel. Functions share no state, and do not change their options.
//
// # Errors
//
// Errors that a caller may want to handle have sentinels: ErrEmpty, ErrBadLine
// (a *LineError with file and line), ErrOptions, ErrBadChunk, ErrClosed,
// ErrExists, ErrNotIndex, ErrVersion, ErrCorrupt, ErrLocked, ErrNotFound and
// ErrChanged. When a context ends, its error is returned, and batches that were
// written stay in the index.
package retriever
