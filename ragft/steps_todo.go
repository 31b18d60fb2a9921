package ragft

import (
	"context"
	"errors"
	"net"

	"github.com/ragft/ragft/ragft/assistant"
	"github.com/ragft/ragft/ragft/publish"
	"github.com/ragft/ragft/ragft/question"
	"github.com/ragft/ragft/ragft/report"
	"github.com/ragft/ragft/ragft/rows"
)

type models struct{}

// Index divides the documents into passages and indexes them.
func (p *Project) Index(ctx context.Context) (*IndexResult, error) { return nil, errors.ErrUnsupported }

// Questions has the model write questions, or takes those of a data set. Your own need nothing but to be read.
func (p *Project) Questions(ctx context.Context) (*QuestionsResult, error) {
	return nil, errors.ErrUnsupported
}

// Demonstrate makes training rows of the questions that are not held out.
func (p *Project) Demonstrate(ctx context.Context) (*DemonstrateResult, error) {
	return nil, errors.ErrUnsupported
}

// Train trains the adapter.
func (p *Project) Train(ctx context.Context) (*TrainResult, error) { return nil, errors.ErrUnsupported }

// TuneSearch learns how the questions are best searched for.
func (p *Project) TuneSearch(ctx context.Context) (*SearchResult, error) {
	return nil, errors.ErrUnsupported
}

// Evaluate measures base and tuned model. Results come with the error where a budget or bound is not kept
// (forget.ErrForgot, confidence.ErrNoGuarantee, confidence.ErrUncalibrated): everything is written all the same.
func (p *Project) Evaluate(ctx context.Context) (*report.Results, error) {
	return nil, errors.ErrUnsupported
}

// Report reads an evaluation.json or answers.jsonl ("" = the project's evaluation.json) and writes the report again.
func (p *Project) Report(ctx context.Context, evaluation string) (*report.Results, error) {
	return nil, errors.ErrUnsupported
}

// Assistant answers from the documents: with the tuned model where there is one.
func (p *Project) Assistant(ctx context.Context) (*assistant.Assistant, error) {
	return nil, errors.ErrUnsupported
}

// Serve answers over HTTP until ctx ends. ready, unless nil, is called with the address and the models' names.
func (p *Project) Serve(ctx context.Context, ready func(address net.Addr, models []string)) error {
	return errors.ErrUnsupported
}

// Status says of each step whether its result can be used.
func (p *Project) Status(ctx context.Context) ([]StepStatus, error) {
	return nil, errors.ErrUnsupported
}

// Merge adds the adapter into the weights.
func (p *Project) Merge(ctx context.Context) (*MergeResult, error) { return nil, errors.ErrUnsupported }

// Publish puts the tuned model on an Ollama server, or writes a Modelfile and returns nil.
func (p *Project) Publish(ctx context.Context) (*publish.Published, error) {
	return nil, errors.ErrUnsupported
}

// Export writes rows (trl, axolotl) or adapter (peft) for other trainers, or reads what one left (gguf).
func (p *Project) Export(ctx context.Context, format string) (*ExportResult, error) {
	return nil, errors.ErrUnsupported
}

// Split returns the questions to learn from and those that are held out.
func (p *Project) Split() (train, held []question.Question, err error) {
	return nil, nil, errors.ErrUnsupported
}

// ReadRows reads the training rows.
func (p *Project) ReadRows() ([]rows.Row, error) { return nil, errors.ErrUnsupported }

// ModelFile is the GGUF file that Config.Model stands for.
func (p *Project) ModelFile(ctx context.Context) (string, error) { return "", errors.ErrUnsupported }

// AdapterFile is the adapter to use, "" for none.
func (p *Project) AdapterFile() (string, error) { return "", errors.ErrUnsupported }

// Passages returns the number of passages in the index.
func (p *Project) Passages() (int, error) { return 0, errors.ErrUnsupported }

// Close closes index and models.
func (p *Project) Close() error { return nil }
