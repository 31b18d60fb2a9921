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
// or killed resumes from its checkpoint beside the adapter, also with Force; a checkpoint of other rows
// or settings is an error that wraps [lora.ErrCheckpoint], unless Force or Train.Restart is set. Rows whose passages changed
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
	if p.stale(steps[StepTrain], steps[StepTrain].Inputs) != "" { // the adapter is gone, or another
		return nil, nil
	}
	err = json.Unmarshal(steps[StepTrain].Result, r)
	r.Metrics = p.placed(r.Metrics)
	return r, err
}

// trainInputs are what the adapter follows from.
func (p *Project) trainInputs(ctx context.Context) (inputs, error) {
	keys := []string{"train", "seed"}
	if p.config.Train.Keep == keepAnswers {
		keys = append(keys, askedKeys()...)
	}
	in, err := p.settings(keys,
		"train.metrics", "train.tensorboard", "train.checkpoint-every", "train.memory-budget", restartKey, "train.allow-stale",
		"train.gpu-layers")
	if err != nil {
		return nil, err
	}
	if err := in.file("rows", p.rowsFile()); err != nil {
		return nil, err
	}
	if err := in.written(p, "file of adapter", p.trainedFile()); err != nil {
		return nil, err
	}
	if p.config.Train.Keep == keepAnswers {
		if err := in.choice(ctx, p); err != nil {
			return nil, err
		}
	}
	if p.config.Train.Soft > 0 { // the model is shown responses in this language
		in["language"] = p.config.Language
	}
	return in, in.model(ctx, p, "model", p.config.Model)
}

// choice adds the questions by which Train.Keep chooses the adapter, and how the index is searched for them.
func (in inputs) choice(ctx context.Context, p *Project) error {
	if err := in.file("questions", p.questionsFile()); err != nil {
		return err
	}
	if err := p.openIndex(); err != nil {
		return ignore(err, fs.ErrNotExist) // nothing is chosen without one
	}
	return in.searching(ctx, p, p.Path(retrievalName))
}

// trainNotes name the index whose passages were anchors, or shown to choose the adapter. They are no inputs: each document that is
// added would have everything trained again, for hours, on the same rows. Anchors are a sample of the text, which one more document
// leaves as good; and if rows show what has changed, they are demonstrated anew, which trains again.
func (p *Project) trainNotes(ctx context.Context) (inputs, error) {
	if c := p.config.Train; c.AnchorShare == opt.Of(0.0) && c.Keep != keepAnswers {
		return nil, nil
	}
	if err := p.openIndex(); err != nil {
		return nil, ignore(err, fs.ErrNotExist)
	}
	notes := inputs{}
	return notes, notes.passages(ctx, p.index)
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
