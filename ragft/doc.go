// Package ragft teaches a small local language model to answer from your
// documents, and to say so when the answer is not in them.
//
// A [Project] is a folder in which that is done, step by step:
//
//	p, err := ragft.Open(ctx, ragft.Config{Dir: "notes.ragft", Documents: "notes", Model: "base.gguf"})
//	...
//	defer p.Close()
//	err = p.Run(ctx)            // all steps
//	a, err := p.Assistant(ctx)  // answers with citations, or abstains
//
// The steps that [Project.Run] does are methods of their own:
//
//   - [Project.Index] divides the documents into passages and indexes them;
//   - [Project.Questions] has the model write questions about them, unless you
//     have questions of your own;
//   - [Project.Demonstrate] makes training rows, in the model's own words;
//   - [Project.Train] trains a LoRA adapter on the rows;
//   - [Project.Evaluate] measures base and tuned model on questions that were
//     held out, and writes a report.
//
// [Project.TuneSearch] is one more, which is not part of Run: it tunes the search
// to the model.
//
// A step is skipped while what its result follows from is unchanged:
// documents, files, models and the settings that it depends on. The file
// steps.json of the folder keeps their hashes; [Project.Status] says of each
// step whether it is up to date, and why not. A step that was cancelled, or
// killed, goes on where it was when it is called again: what a model wrote is
// in the project's cache, and training has checkpoints. Questions and rows are
// JSONL files to read and edit.
//
// # Configuration
//
// [Config] is also the project file of the command ragft: [LoadConfig] reads
// one. Only what differs from the defaults has to be there:
//
//	documents: notes
//	model: base.gguf
//	passages: 4
//	train:
//	  epochs: 2
//	  rate: 1e-4
//
// # What it is made of
//
// This package only connects the packages below it, which can be used by
// themselves: [retriever] finds passages, [ragft/model] and its subpackages run
// models, [ragft/recipe] makes rows, [ragft/finetune] trains on them, [ragft/eval]
// measures, [ragft/assistant] answers, and so on. A program that only answers
// imports [ragft/assistant] and a model, and is much smaller.
//
// Without cgo there is no llama.cpp: training, merging, converting, local models
// and the service then return an [ErrMissing] that says what to do; everything
// else works, with models of servers.
//
// [retriever]: https://pkg.go.dev/github.com/ragft/ragft/retriever
// [ragft/model]: https://pkg.go.dev/github.com/ragft/ragft/ragft/model
// [ragft/recipe]: https://pkg.go.dev/github.com/ragft/ragft/ragft/recipe
// [ragft/finetune]: https://pkg.go.dev/github.com/ragft/ragft/ragft/finetune
// [ragft/eval]: https://pkg.go.dev/github.com/ragft/ragft/ragft/eval
// [ragft/assistant]: https://pkg.go.dev/github.com/ragft/ragft/ragft/assistant
package ragft

import (
	"github.com/ragft/ragft/internal/version"
)

// Version is the version of this library, as written into the provenance of
// every [rows.Row].
const Version = version.Version
