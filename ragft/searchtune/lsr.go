package searchtune

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"math"
	"slices"

	"github.com/ragft/ragft/internal/meter"
	"github.com/ragft/ragft/internal/reading"
	"github.com/ragft/ragft/internal/seed"
	"github.com/ragft/ragft/internal/stats"
	"github.com/ragft/ragft/ragft/model"
	"github.com/ragft/ragft/ragft/question"
	"github.com/ragft/ragft/retriever"
)

// Result is what was learnt, and what it gains.
type Result struct {
	// On says that the mean reciprocal rank on the held-out questions is shown to
	// improve: its interval is above zero and P below 0.05. Otherwise Tuning
	// changes nothing.
	On     bool             `json:"on"`
	Tuning retriever.Tuning `json:"tuning"`
	// Learned is what was learnt, also if it is not used.
	Learned retriever.Tuning `json:"learned"`
	// Scale is that of p_R with what was learnt; 1/Scale is a temperature for
	// [answer.Ensemble].
	Scale float64 `json:"scale"`

	Train   int `json:"train"`    // questions learnt from
	Stop    int `json:"stop"`     // questions that decided when to stop
	HeldOut int `json:"held_out"` // questions that the changes were measured on
	// Dropped counts questions that were not used: "unanswerable" ones, and those
	// with fewer than two passages that could be scored, "one-passage".
	Dropped map[string]int `json:"dropped,omitempty"`
	// Steps are the mean divergences before each step of learning.
	Steps []struct {
		Train float64 `json:"train"`
		Stop  float64 `json:"stop"`
	} `json:"steps"`
	Best int `json:"best"` // the step whose parameters were kept; 0 = the start

	// On the held-out questions. A question of which no passage is known to hold the
	// answer counts 0 in ranks, before and after.
	Divergence Change `json:"divergence"` // KL(p_R || p_LSR), nats; before = with the best scale
	Recall1    Change `json:"recall_1"`
	Recall     Change `json:"recall"` // among the best Options.Chunks
	MRR        Change `json:"mrr"`    // among the best Options.Chunks

	Cost model.Cost `json:"cost"` // calls: passages scored; tokens: of answers scored
}

// Change is a mean over questions before and after. The interval of the change is
// a paired bootstrap over questions; if all of them change by the same, it is
// exact for ranks, and not known for the divergence. P is that of a randomisation
// test, which exchanges before and after question by question. Both take the
// questions of a [question.Question.Group] together.
type Change struct {
	Before float64        `json:"before"`
	After  float64        `json:"after"`
	Change stats.Estimate `json:"change"`
	P      *float64       `json:"p,omitempty"`
}

// improved reports whether the mean is shown to rise.
func (c Change) improved() bool { return c.Change.Value > 0 && stats.Shown(c.Change, c.P) }

// Learn tunes the search of an index to a model by LM-supervised retrieval, the
// retriever's half of RA-DIT (arXiv 2310.01352, section 2.3), in the form that
// suits BM25. What the paper does to a query encoder is done here to the side of
// BM25 that a question chooses: weights of the question's terms by their
// features, the weight of titles, k1 and b.
//
// For each question x with the reference answer y, and its best passages c, the
// model says how likely y is after x and c alone, with the read prompt. The target
// is p_LSR, and p_R is fitted to it:
//
//	p_LSR(c | x, y) = softmax over c of p_LM(y | c, x) / tau
//	p_R(c | x)      = softmax over c of scale * BM25(c, x)
//
// The objective is the mean of KL(p_R || p_LSR) over the questions, plus a penalty
// on how far the parameters moved. The scale is learnt with them: it changes no
// order, and what the scale alone gains is not counted.
//
// A part of the questions is held out, and used once, after learning. If their
// mean reciprocal rank is not shown to improve, the tuning is not used. The
// paper's gain from this half is half a point: expect little where BM25 does well
// already.
//
// Questions without an answer are left out; with too few others the error is
// [question.ErrNone]. The model must be a [model.Scorer], else the error is
// [model.ErrNoScores]; behind a cache an interrupted run resumes with the scores
// that it had. The same input gives the same result. Use it with
// retriever.Index.Tuned. An index that changes meanwhile is retriever.ErrChanged.
func Learn(ctx context.Context, m model.Model, index *retriever.Index, questions []question.Question, o Options) (*Result, error) {
	r, err := learn(ctx, m, index, questions, o)
	if err != nil {
		return nil, fmt.Errorf("search tuning: %w", err)
	}
	return r, nil
}

func learn(ctx context.Context, m model.Model, index *retriever.Index, questions []question.Question, o Options) (*Result, error) {
	if m == nil {
		return nil, errors.New("there is no model to score the answers")
	}
	if err := cmp.Or(o.check(), checkQuestions(questions), reading.EnoughPassages(index)); err != nil {
		return nil, err
	}
	t := newLSR(m, index, questions, o)
	if err := t.run(ctx); err != nil {
		return nil, err
	}
	return t.out, nil
}

// lsr is one run of [Learn].
type lsr struct {
	Options   // defaults filled in
	model     model.Model
	index     *retriever.Index
	questions []question.Question
	meter     *meter.Meter
	out       *Result
	groups    []int // of the held-out questions, numbered; nil = each is one
}

func newLSR(m model.Model, index *retriever.Index, questions []question.Question, o Options) *lsr {
	o = o.withDefaults()
	questions = slices.Clone(questions)
	for i := range questions {
		questions[i].NameHits(o.Evidence[questions[i].ID])
	}
	return &lsr{Options: o, model: m, index: index, questions: questions, meter: meter.New(o.Progress, o.Logger),
		out: &Result{Dropped: map[string]int{}}}
}

// lsrQuestion is a question with its passages.
type lsrQuestion struct {
	question.Question
	passages *retriever.Explanation
	logs     []float64 // log p_LSR, by passage
}

func (t *lsr) run(ctx context.Context) error {
	digest, err := t.index.Digest(ctx)
	if err != nil {
		return err
	}
	questions, err := t.score(ctx)
	if err != nil {
		return err
	}
	train, stop, held, err := t.split(questions)
	if err != nil {
		return err
	}
	v := newLSRVector(train, t.index.Options(), t.TermQuestions.Or(0))
	before, best, err := t.descend(ctx, v, train, stop)
	if err != nil {
		return err
	}
	t.out.Learned, t.out.Scale = v.tuning(best), math.Exp(best[0])
	t.out.Learned.Index = digest
	if err := t.measure(ctx, v, held, before, best); err != nil {
		return err
	}
	if t.out.On = t.out.MRR.improved(); t.out.On {
		t.out.Tuning = t.out.Learned
	}
	t.out.Cost = t.meter.Cost(len(questions))
	return nil
}

// split draws the questions to learn from, to stop by, and to hold out.
func (t *lsr) split(questions []*lsrQuestion) (train, stop, held []*lsrQuestion, err error) {
	plain := make([]question.Question, len(questions))
	for i, q := range questions {
		plain[i] = q.Question
	}
	rest, out := question.SplitGroups(plain, t.HeldOut, t.Seed)
	_, stops := question.SplitGroups(rest, t.Options.Stop, seed.Derive(t.Seed, "lsr", "stop"))
	side := map[string]*[]*lsrQuestion{}
	for list, of := range map[*[]*lsrQuestion][]question.Question{&held: out, &stop: stops} {
		for _, q := range of {
			side[q.ID] = list
		}
	}
	for _, q := range questions {
		list := side[q.ID]
		if list == nil {
			list = &train
		}
		*list = append(*list, q)
	}
	t.out.Train, t.out.Stop, t.out.HeldOut = len(train), len(stop), len(held)
	if len(train) == 0 || len(stop) == 0 || len(held) == 0 {
		return nil, nil, nil, fmt.Errorf("%w to tune the search by: of %d, %d have an answer and two passages, which leaves %d to learn from, "+
			"%d to stop by and %d held out: "+
			"give more questions, or add documents to the index", question.ErrNone, len(t.questions), len(questions), len(train), len(stop),
			len(held))
	}
	return train, stop, held, nil
}
