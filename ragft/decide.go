package ragft

import (
	"context"
	"io/fs"
	"slices"

	"github.com/ragft/ragft/internal/gguf"
	"github.com/ragft/ragft/internal/reading"
	"github.com/ragft/ragft/internal/seed"
	"github.com/ragft/ragft/ragft/question"
	"github.com/ragft/ragft/retriever"
)

// decideStep is the key of steps.json for the rule, which is fitted as a part of the training.
const decideStep = "decide"

// leastDecide and mostDecide bound the number of questions that are kept to fit the rule on.
const leastDecide, mostDecide = 20, 400

// learnt splits the questions that are not held out for the evaluation into those that rows are made of and those that the
// rule is fitted on: those of whole groups, since a model decides otherwise about passages that its rows show than about new ones.
// Of fewer than twice the least number all are for rows.
func (p *Project) learnt() (learn, decide []question.Question, err error) {
	train, _, err := p.Split()
	share := p.config.Decide.Share.Or(0)
	if err != nil || share == 0 || len(train) < 2*leastDecide {
		return train, nil, err
	}
	share = min(max(share, float64(leastDecide)/float64(len(train))), float64(mostDecide)/float64(len(train)))
	s := seed.Derive(p.seed(), "decide")
	if learn, decide = question.SplitGroups(train, share, s); min(len(learn), len(decide)) < leastDecide {
		learn, decide = question.Split(train, share, s)
	}
	return learn, decide, nil
}

// setAside are the passages that answer questions which are kept from the rows, and none of those that rows are made of: rows do
// not show them either.
func setAside(
	ctx context.Context, search retriever.Searcher, evidence map[string][]retriever.Hit, learn, kept []question.Question,
) (map[string]bool, error) {
	aside := map[string]bool{}
	if len(kept) == 0 {
		return aside, nil
	}
	for i, q := range slices.Concat(kept, learn) {
		if q.Unanswerable {
			continue
		}
		q.NameHits(evidence[q.ID])
		hits, err := search.Search(ctx, q.Question, reading.EvidenceDepth)
		if err != nil {
			return nil, err
		}
		whole := len(q.Evidence) > 0 || len(q.Parts) > 0 // else the first is enough: others may have the words of the answer by chance
		for _, hit := range hits {
			if !q.HeldBy(hit) {
				continue
			}
			if i < len(kept) {
				aside[hit.ID] = true
			} else {
				delete(aside, hit.ID)
			}
			if !whole {
				break
			}
		}
	}
	return aside, nil
}

// askedKeys are the settings by which questions are kept from the rows, and are asked.
func askedKeys() []string {
	return []string{"decide", "train.keep", "passages", "language", "prompts", "seed", "test-share", "scale", "context"}
}

// What Train.Keep says, besides "last".
const keepLoss, keepAnswers = "loss", "answers"

// leastChoose and mostChoose bound the number of questions that choose the checkpoint.
const leastChoose, mostChoose = 12, 20

// divided splits the questions that are kept from the rows into those that choose the checkpoint and those that the rule is
// fitted on. None is used for both: a checkpoint that was chosen by what it declines among some questions does better on
// these than on others, and a threshold that was fitted on them would decline more of the others than it states.
func (p *Project) divided(kept []question.Question) (choose, fit []question.Question) {
	if p.config.Train.Keep != keepAnswers || len(kept) < leastDecide+leastChoose {
		return nil, kept
	}
	n := min(mostChoose, len(kept)-leastDecide)
	fit, choose = question.Split(kept, float64(n)/float64(len(kept)), seed.Derive(p.seed(), "choose"))
	return choose, fit
}

// drawn returns as many of the questions as rows are made of at most.
func (p *Project) drawn(learn []question.Question) []question.Question {
	most := p.config.Demonstrate.Questions
	if len(learn) <= most {
		return learn
	}
	_, learn = question.Split(learn, float64(most)/float64(len(learn)), seed.Derive(p.seed(), "demonstrate"))
	return learn
}

// ruleInputs are what the rule of an adapter follows from.
func (p *Project) ruleInputs(ctx context.Context, adapter string) (inputs, error) {
	in, err := p.settings(append(askedKeys(), "assistant.max-tokens"))
	if err != nil {
		return nil, err
	}
	if err := in.file("questions", p.questionsFile()); err != nil {
		return nil, err
	}
	if err := in.file("rows", p.rowsFile()); err != nil {
		return nil, err
	}
	err = p.openIndex()
	if err == nil {
		err = in.search(ctx, p, p.index)
	} else {
		err = ignore(err, fs.ErrNotExist) // rows can be trained without an index
	}
	if err != nil {
		return nil, err
	}
	f, err := gguf.Open(adapter)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	digest, err := f.Digest(gguf.KeyAssistant)
	in["adapter"] = hashPrefix + digest
	return in, err
}

// staleRule says why the rule of the trained adapter is to be fitted again; "" = it need not be.
func (p *Project) staleRule(ctx context.Context, r *record) (string, error) {
	if r == nil {
		return "not done yet", nil
	}
	in, err := p.ruleInputs(ctx, p.trainedFile())
	if err != nil {
		return "", err
	}
	return p.stale(r, in), nil
}

// warnUnfitted tells the log of an adapter that was trained here but is not complete, as after an interruption.
func (p *Project) warnUnfitted(adapter string) error {
	settings, err := settingsOf(adapter)
	if adapter == "" || settings != nil || err != nil {
		return err
	}
	r, err := p.trained()
	if err != nil || r == nil {
		return err
	}
	own, err := p.wrote(StepTrain, adapter)
	if own {
		p.config.Logger.Warn("the adapter has no rule and does not say how it is asked, because its training was interrupted before that: "+
			"run 'ragft train' again", "adapter", adapter)
	}
	return err
}
