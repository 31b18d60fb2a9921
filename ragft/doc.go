// Package ragft joins retrieval and fine-tuning: from a folder of documents
// and a model it makes demonstrations in the model's own words, trains an
// adapter on them, measures what the adapter changed, and answers questions
// with citations, or says that the documents do not hold the answer.
//
// # The steps
//
// Each can be used alone, and has an example:
//
//   - Questions: ReadQuestions reads them with their answers, ComposeQuestions
//     lets a model write them from the documents, package dataset reads
//     published sets. SplitQuestions holds some of them out, and FindLeaks finds
//     those that the others give away.
//   - Training data: a Recipe makes a list of Row with full provenance. Generate,
//     the recipe to begin with, follows "Self-Demo" (arXiv 2502.10596): several
//     candidates for every question, judged, of which the target policy keeps
//     one. GoldAnswers, RALT, RAFT and Hybrid are others.
//   - Training: Train teaches the rows to a GGUF model and writes a LoRA adapter;
//     EstimateMemory tells before what that takes.
//   - Measuring: Evaluate measures systems side by side on held-out questions,
//     with intervals; WriteTable and WriteReport show what came out. Perturb
//     changes what is shown, MeasureForgetting looks for what was lost, and
//     SweepDial turns the adapter up and down; an Evaluation keeps their results
//     too. WriteAnswers keeps the answers, to be measured again without a model.
//   - Use: Assistant answers questions and says which passage supports an answer.
//     With what Calibrate found it abstains where it is not sure enough. Publish
//     brings the adapter to an Ollama server, and package service answers over
//     HTTP, for many clients at once.
//
// In short, with errors left out:
//
//	index, _ := retriever.NewMemory(retriever.IndexOptions{})
//	index.AddPath(ctx, "notes", retriever.AddOptions{})
//	questions, _ := ragft.ReadQuestionsFile("questions.jsonl")
//	train, held := ragft.SplitQuestions(questions, 0.5, 1)
//	base, _ := ragft.OpenLocal(ctx, "model.gguf", ragft.LocalOptions{})
//	demos, _ := ragft.Generate(ctx, base, index, train, ragft.GenerateOptions{})
//	ragft.Train(ctx, demos.Rows, ragft.TrainOptions{Model: "model.gguf", Adapter: "adapter.gguf"})
//	tuned, _ := base.Adapted("adapter.gguf", 1)
//
// # Models
//
// All steps speak to a Model, a small interface, and to a retriever.Searcher, which
// retriever.Index meets. OpenLocal runs a GGUF file in this process. OllamaModel
// and OpenAIModel are models behind a server, as generator, teacher, judge or
// behind the assistant, and NewPool spreads requests over several; with these
// the package builds without cgo. The files that need llama.cpp carry the build
// tag cgo.
//
// NewCachedModel puts a cache on disk between any of these steps and the
// model, so that a run which was interrupted, or is repeated, generates
// nothing twice.
//
// # Rows
//
// Rows are JSONL that a person can read and edit. Beside the demonstrations of
// this package, ReadRows takes OpenAI's fine-tuning files, with tools; rows with
// rejected responses, which are learnt as preferences; and plain text, to
// pre-train on. TrainOptions says what is learnt of a conversation, and what
// becomes of rows that are longer than the model's context.
//
// # Safety
//
// Passages are data. Text from a document is never read as special tokens,
// and a line in it that looks like the structure of a prompt is indented. Files
// are written aside and renamed, so that none is ever half there.
//
// # Concurrency
//
// The package has no global state and starts no goroutine that outlives a
// call. Unless its documentation says otherwise, a value may be used by
// several goroutines at once. Callbacks run on the goroutine that made the call.
package ragft

import "github.com/ragft/ragft/internal/version"

// Version is the version of this library, as written into the provenance of
// every [Row].
const Version = version.Version
