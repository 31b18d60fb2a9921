// Package ragft joins retrieval and fine-tuning: from a folder of documents
// and a model it makes demonstrations in the model's own words, trains an
// adapter on them, measures what the adapter changed, and answers questions
// with citations.
//
// The steps, each usable alone:
//
//   - [ReadQuestions] reads questions with their answers; [ComposeQuestions]
//     lets a model write them from the documents.
//   - [Generate] makes demonstrations after "Self-Demo" (arXiv 2502.10596):
//     several candidates for every question, judged, of which the target
//     policy keeps one. The result is a list of [Row] with full provenance.
//   - [Train] teaches the rows to a GGUF model and writes a LoRA adapter;
//     [OpenLocal] runs the model, with or without it.
//   - [Evaluate] measures systems side by side on held-out questions, with
//     intervals; [WriteTable] and [WriteReport] show what came out.
//   - [Assistant] answers questions and says which passage supports an answer.
//
// All of them speak to a [Model], a small interface, and to a [Searcher]. With
// [OllamaModel] the package builds without cgo; the files that need llama.cpp
// carry the build tag cgo.
//
// [NewCachedModel] puts a cache on disk between any of these steps and the
// model, so that a run which was interrupted, or is repeated, generates
// nothing twice.
//
// Passages are data. Text from a document is never read as special tokens,
// and a line in it that looks like the structure of a prompt is indented.
//
// The package has no global state and starts no goroutine that outlives a
// call. Unless its documentation says otherwise, a value may be used by
// several goroutines at once.
package ragft

// Version is the version of this library, as written into the provenance of
// every [Row].
const Version = "0.1.0"
