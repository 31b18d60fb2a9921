package ragft

import (
	"github.com/ragft/ragft/internal/seed"
	"github.com/ragft/ragft/ragft/question"
)

// decideStep is the key of steps.json for the rule, which is fitted as a part of the training.
const decideStep = "decide"

// leastDecide and mostDecide bound the number of questions that are kept to fit the rule on.
const leastDecide, mostDecide = 20, 400

// learnt splits the questions that are not held out for the evaluation into those that rows are made of and those that the
// rule is fitted on. Of fewer than twice the least number all are for rows.
func (p *Project) learnt() (learn, decide []question.Question, err error) {
	train, _, err := p.Split()
	share := p.config.Decide.Share.Or(0)
	if err != nil || share == 0 || len(train) < 2*leastDecide {
		return train, nil, err
	}
	share = min(max(share, float64(leastDecide)/float64(len(train))), float64(mostDecide)/float64(len(train)))
	learn, decide = question.Split(train, share, seed.Derive(p.seed(), "decide"))
	return learn, decide, nil
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
