package ragft

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"math/rand/v2"

	"github.com/ragft/ragft/ragft/opt"
	"github.com/ragft/ragft/ragft/rows"
)

// Train teaches the model the rows and writes an adapter that llama.cpp and
// Ollama load. With the questions that Config.Decide keeps for it, it then fits
// the rule by which the tuned model abstains, and writes it into the adapter, as
// [assistant.Settings]; too few of them are no error. A training that was cancelled
// or killed resumes from its checkpoint beside the adapter; a checkpoint of other rows
// or settings is an error that wraps [lora.ErrCheckpoint]. Rows whose passages changed
// since they were made are an [ErrInput], unless Train.AllowStale is set. Models that
// were opened for other steps are closed first, except those of assistants.
// Config.Worker runs the training in a child process, see [RunWorker]; Pause pauses it.
// Without llama.cpp and such a process it is an [ErrMissing].
func (p *Project) Train(ctx context.Context) (*TrainResult, error) {
	return inStep(ctx, p, StepTrain, p.trainHere)
}

// trained is what the training that left the adapter came to; nil where it is
// not known.
func (p *Project) trained() (*TrainResult, error) {
	steps, err := p.readSteps()
	if err != nil || steps[StepTrain] == nil {
		return nil, err
	}
	r := &TrainResult{}
	if steps[StepTrain].stale(steps[StepTrain].Inputs) != "" { // the adapter is gone, or another
		return nil, nil
	}
	return r, json.Unmarshal(steps[StepTrain].Result, r)
}

// trainInputs are what the adapter follows from.
func (p *Project) trainInputs(ctx context.Context) (inputs, error) {
	in, err := p.settings([]string{"train", "seed", "threads", "gpu-layers", "rpc"},
		"train.metrics", "train.tensorboard", "train.checkpoint-every", "train.memory-budget", "train.restart", "train.allow-stale")
	if err != nil {
		return nil, err
	}
	if err := in.file("rows", p.rowsFile()); err != nil {
		return nil, err
	}
	if p.config.Train.Soft > 0 { // the model is shown responses in this language
		in["language"] = p.config.Language
	}
	return in, in.model(ctx, p, "model", p.config.Model)
}

// anchors draws up to n passages of the index, by seed; none without an index or a use for them.
func (p *Project) anchors(ctx context.Context, n int) ([]string, error) {
	if p.config.Train.AnchorShare == opt.Of(0.0) {
		return nil, nil
	}
	err := p.openIndex()
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	rng := rand.New(rand.NewPCG(p.seed(), 0x616e63686f72))
	var drawn []string
	seen := 0
	for c, err := range p.index.Chunks(ctx) {
		if err != nil {
			return nil, err
		}
		seen++ // each passage is drawn with the same probability, however many there are
		if len(drawn) < n {
			drawn = append(drawn, c.Text)
		} else if i := rng.IntN(seen); i < n {
			drawn[i] = c.Text
		}
	}
	return drawn, nil
}

// refuseStale is the error that rows show passages that changed since.
func (p *Project) refuseStale(ctx context.Context, list []rows.Row) error {
	err := p.openIndex()
	if errors.Is(err, fs.ErrNotExist) {
		return nil // rows can be trained without an index
	}
	if err != nil {
		return err
	}
	chunks, err := corpus(ctx, p.index)
	if err != nil {
		return err
	}
	if stale := rows.Stale(list, chunks); len(stale) > 0 {
		return kindOf(ErrInput, fmt.Errorf("%d of %d rows show passages that the index no longer has, the first being %s of %s: "+
			"demonstrate again, or set train.allow-stale to teach what the documents said then",
			len(stale), len(list), stale[0].ID, stale[0].Chunks[0].Source))
	}
	return nil
}
