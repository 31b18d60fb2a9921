package ragft

import (
	"github.com/ragft/ragft/internal/seed"
	"github.com/ragft/ragft/ragft/question"
)

// leastDecide is the least number of questions that are kept to fit the rule on.
const leastDecide = 20

// learnt splits the questions that are not held out for the evaluation into those that rows are made of and those that the
// rule is fitted on. Of fewer than twice the least number all are for rows.
func (p *Project) learnt() (learn, decide []question.Question, err error) {
	train, _, err := p.Split()
	share := p.config.Decide.Share.Or(0)
	if err != nil || share == 0 || len(train) < 2*leastDecide {
		return train, nil, err
	}
	share = max(share, float64(leastDecide)/float64(len(train)))
	learn, decide = question.Split(train, share, seed.Derive(p.seed(), "decide"))
	return learn, decide, nil
}
