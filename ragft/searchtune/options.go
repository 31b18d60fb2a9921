package searchtune

import (
	"cmp"
	"fmt"
	"log/slog"
	"slices"

	"github.com/ragft/ragft/internal/nonnegative"
	"github.com/ragft/ragft/internal/stats"
	"github.com/ragft/ragft/ragft/model"
	"github.com/ragft/ragft/ragft/opt"
	"github.com/ragft/ragft/ragft/prompt"
	"github.com/ragft/ragft/ragft/question"
	"github.com/ragft/ragft/retriever"
)

// Options controls [Learn]. The zero value is usable.
type Options struct {
	Chunks      int     // passages of a question that are scored; 0 = 10, as in the paper
	Temperature float64 // tau; 0 = 0.01, as in the paper
	// PerToken uses the geometric mean of the probabilities of the answer's tokens
	// as p_LM, where the paper uses their product. Products of long answers are
	// near zero whatever the passage, and nothing can be learnt from them.
	PerToken bool

	HeldOut  float64            // share of the questions that is held out, below 1; 0 = 0.5
	Stop     float64            // share of the others that decides when to stop, below 1; 0 = 0.25
	Steps    int                // of Adam at most, each on all questions; 0 = 300
	Rate     float64            // learning rate; 0 = 0.05
	Patience int                // steps without a lower divergence before it stops; 0 = 30
	Penalty  opt.Value[float64] // twice the factor of the squared distance from the start in the objective; unset = 0.02
	// TermQuestions is the number of training questions that must have a term for
	// it to get a weight of its own. Unset = 10; opt.Of(0): no term gets one.
	TermQuestions opt.Value[int]

	// Evidence holds, by question id, the passages that a data set names as its
	// evidence, for questions whose answer's words do not tell which passage holds
	// it. Nil = none.
	Evidence  map[string][]retriever.Hit
	Prompts   prompt.Set // zero = the defaults
	Resamples int        // bootstrap samples for the intervals; 0 = 2000
	Seed      uint64     // of all random choices

	Batch    int                  // questions at a time; 0 = 8
	Progress func(model.Progress) // called after each batch, from the caller's goroutine; nil = none
	Logger   *slog.Logger         // nil = slog.Default
}

func (o Options) withDefaults() Options {
	o.Chunks, o.Steps, o.Patience, o.Batch = cmp.Or(o.Chunks, 10), cmp.Or(o.Steps, 300), cmp.Or(o.Patience, 30), cmp.Or(o.Batch, 8)
	o.Temperature, o.HeldOut, o.Stop, o.Rate = cmp.Or(o.Temperature, 0.01), cmp.Or(o.HeldOut, 0.5), cmp.Or(o.Stop, 0.25), cmp.Or(o.Rate, 0.05)
	o.Resamples = cmp.Or(o.Resamples, stats.DefaultResamples)
	o.Penalty, o.TermQuestions = opt.Of(o.Penalty.Or(0.02)), opt.Of(o.TermQuestions.Or(10))
	if o.Logger == nil {
		o.Logger = slog.Default()
	}
	return o
}

func (o Options) check() error {
	if err := nonnegative.Check(o); err != nil {
		return err
	}
	if o.HeldOut >= 1 || o.Stop >= 1 {
		return fmt.Errorf("HeldOut is %v and Stop is %v: both are shares below 1", o.HeldOut, o.Stop)
	}
	return nil
}

// checkQuestions is [question.ErrNone] without a question that has an answer, and
// an error where ids are missing or used twice.
func checkQuestions(questions []question.Question) error {
	if !slices.ContainsFunc(questions, func(q question.Question) bool { return len(q.Golds()) > 0 }) {
		return fmt.Errorf("%w with an answer to tune the search by", question.ErrNone)
	}
	seen := make(map[string]bool, len(questions))
	for i, q := range questions {
		if q.ID == "" || seen[q.ID] {
			return fmt.Errorf("question %d has the id %q: each needs an id of its own", i+1, q.ID)
		}
		seen[q.ID] = true
	}
	return nil
}

// Estimate is the most that [Learn] costs: calls are passages scored, tokens those
// of the answers. Questions and options that it cannot use are an error here
// already.
func (o Options) Estimate(questions []question.Question) (model.Cost, error) {
	if err := cmp.Or(o.check(), checkQuestions(questions)); err != nil {
		return model.Cost{}, fmt.Errorf("search tuning: %w", err)
	}
	o = o.withDefaults()
	c := model.Cost{}
	for _, q := range questions {
		if golds := q.Golds(); len(golds) > 0 {
			c.Calls += o.Chunks
			c.Tokens += o.Chunks * (len(golds[0]) + 8) // a token has a byte at least; some end the turn
		}
	}
	return c, nil
}
