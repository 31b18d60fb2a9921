package searchtune

import (
	"context"
	"errors"
	"fmt"
	"math"
	"slices"

	"github.com/ragft/ragft/internal/meter"
	"github.com/ragft/ragft/internal/scoring"
	"github.com/ragft/ragft/internal/seed"
	"github.com/ragft/ragft/internal/stats"
	"github.com/ragft/ragft/ragft/model"
	"github.com/ragft/ragft/ragft/question"
	"github.com/ragft/ragft/ragft/recipe"
	"github.com/ragft/ragft/ragft/rows"
	"github.com/ragft/ragft/retriever"
)

// LSR tunes the retriever to the model: LM-supervised retrieval, the
// retriever's half of RA-DIT (arXiv 2310.01352, section 2.3), in the form that
// suits BM25. What the paper does to a query encoder is done here to the side
// of BM25 that a question chooses, a [retriever.Tuning]: weights of the
// question's terms by their features, the weight of titles, k1 and b. The index
// stays as it is.
//
// For each question x with the reference answer y, and its best passages c, the
// model says how likely y is after x and c alone, with the read prompt. Wanted is
//
//	p_LSR(c | x, y) = softmax over c of p_LM(y | c, x) / tau
//	p_R(c | x)      = softmax over c of scale * BM25(c, x)
//
// and what is minimised is the mean of KL(p_R || p_LSR) over the questions, plus
// a penalty on how far the parameters moved. The scale is learnt with them: it
// changes no order, and what is gained by the scale alone is not counted.
//
// A part of the questions is held out, and is looked at once, when all is
// learnt. Where the mean reciprocal rank on them is not shown to rise, the
// tuning is left off. The paper's gain from this half is half a point: expect
// little where BM25 does well already.
//
// The zero value is usable.
type LSR struct {
	Chunks      int     // passages of a question; 0 = 10, as in the paper
	Temperature float64 // tau; 0 = 0.01, as in the paper
	// PerToken takes the geometric mean of the probabilities of the answer's
	// tokens for p_LM, where the paper takes their product. Products of long
	// answers are near zero whatever the passage, and teach nothing.
	PerToken bool

	HeldOut float64 // share of the questions that is held out; 0 = 0.5
	// Stop is the share of the others that says when to stop; 0 = 0.25.
	Stop     float64
	Steps    int     // of Adam, each on all questions, at most; 0 = 300
	Rate     float64 // learning rate; 0 = 0.05
	Patience int     // steps without a lower divergence before it stops; 0 = 30
	Penalty  float64 // twice the factor of the squared distance from the start in what is minimised; 0 = 0.02, negative = none
	// TermQuestions is in how many questions that are learnt from a term has to
	// be for a weight of its own; 0 = 10, negative = no term has.
	TermQuestions int

	// Evidence are the passages known to hold the answer, by ID of the question.
	// For other questions they are those that hold the words of an answer.
	Evidence  map[string][]retriever.Hit
	Resamples int // bootstrap samples; 0 = [stats.DefaultResamples]
}

// Name is "lsr".
func (LSR) Name() string { return "lsr" }

// ErrNothingToTune means that there are too few questions from which a search
// could be tuned: with an answer, and with two passages to choose between.
var ErrNothingToTune = errors.New("nothing to tune the search by")

// DropOnePassage: a question for which fewer than two passages were found, so
// that there is nothing to choose between.
const DropOnePassage rows.DropReason = "one-passage"

func (l LSR) withDefaults() LSR {
	for _, v := range []struct {
		value *int
		def   int
	}{{&l.Chunks, 10}, {&l.Steps, 300}, {&l.Patience, 30}, {&l.Resamples, stats.DefaultResamples}} {
		if *v.value <= 0 {
			*v.value = v.def
		}
	}
	for _, v := range []struct {
		value *float64
		def   float64
	}{{&l.Temperature, 0.01}, {&l.HeldOut, 0.5}, {&l.Stop, 0.25}, {&l.Rate, 0.05}} {
		if *v.value <= 0 {
			*v.value = v.def
		}
	}
	if l.Penalty == 0 {
		l.Penalty = 0.02
	}
	if l.TermQuestions == 0 {
		l.TermQuestions = 10
	}
	l.Penalty, l.TermQuestions = max(0, l.Penalty), max(0, l.TermQuestions)
	return l
}

// LSRResult is what was learnt, and what it is worth.
type Result struct {
	// On says that the mean reciprocal rank on the held-out questions is shown to
	// rise: its interval lies above zero and P is below 0.05. Otherwise Tuning
	// changes nothing.
	On     bool             `json:"on"`
	Tuning retriever.Tuning `json:"tuning"`
	// Learned is what was learnt, also where it is left off.
	Learned retriever.Tuning `json:"learned"`
	// Scale is that of p_R with what was learnt; 1/Scale is the temperature at
	// which the scores speak as the model does ([answer.Ensemble]).
	Scale float64 `json:"scale"`

	Train   int                     `json:"train"`    // questions learnt from
	Stop    int                     `json:"stop"`     // questions that said when to stop
	HeldOut int                     `json:"held_out"` // questions that it was measured on
	Dropped map[rows.DropReason]int `json:"dropped,omitempty"`
	Steps   []Step                  `json:"steps"`
	Best    int                     `json:"best"` // the step whose parameters were kept; 0 = the start

	// On the held-out questions. A question none of whose passages is known to
	// hold the answer counts 0 in ranks, before and after.
	Divergence Change `json:"divergence"` // KL(p_R || p_LSR), nats; before = with the best scale
	Recall1    Change `json:"recall_1"`
	Recall     Change `json:"recall"` // among the best LSR.Chunks
	MRR        Change `json:"mrr"`    // among the best LSR.Chunks

	Cost model.Cost `json:"cost"` // calls: passages scored; tokens: of answers scored
}

// LSRStep is one step of learning: mean divergences before it.
type Step struct {
	Train float64 `json:"train"`
	Stop  float64 `json:"stop"`
}

// LSRChange is a mean over questions before and after. The interval of the
// change is a paired bootstrap over questions; where all of them change by the
// same it is exact for ranks, and not known for the divergence. P is that of a
// randomisation test, which exchanges before and after question by question.
type Change struct {
	Before float64        `json:"before"`
	After  float64        `json:"after"`
	Change stats.Estimate `json:"change"`
	P      *float64       `json:"p,omitempty"`
}

// rises reports whether the mean is shown to rise.
func (c Change) rises() bool { return c.Change.Value > 0 && stats.Shown(c.Change, c.P) }

// Estimate says what [LSR.Tune] will cost at most: passages that are scored, and
// tokens of answers. It needs Search and Questions.
func (l LSR) Estimate(in recipe.Input) (model.Cost, error) {
	if err := l.check(in, false); err != nil {
		return model.Cost{}, err
	}
	l = l.withDefaults()
	c := model.Cost{}
	for _, q := range in.Questions {
		if golds := q.Golds(); len(golds) > 0 {
			c.Calls += l.Chunks
			c.Tokens += l.Chunks * (len(golds[0]) + 8) // a token has a byte at least; some end the turn
		}
	}
	return c, nil
}

// check says what of the input cannot be used; model says whether one is needed.
func (l LSR) check(in recipe.Input, model bool) error {
	if err := in.Needs(model, true, true, false); err != nil {
		return fmt.Errorf("ragft: %s: %w", l.Name(), err)
	}
	if _, ok := in.Search.(*retriever.Index); !ok {
		return fmt.Errorf("ragft: %s: it tunes a *retriever.Index: set RecipeInput.Search to one", l.Name())
	}
	if d := l.withDefaults(); d.HeldOut >= 1 || d.Stop >= 1 {
		return fmt.Errorf("ragft: %s: HeldOut and Stop are shares below 1", l.Name())
	}
	return nil
}

// Tune learns a tuning for in.Search, which must be a *retriever.Index, from
// in.Questions; those without an answer are left out. The model must be a
// [model.Scorer]; behind a cache an interrupted run resumes with the scores
// that it had. The same input gives the same result. Use it with
// retriever.Index.Tuned wherever a [retriever.Searcher] is taken.
//
// An index that is changed meanwhile is retriever.ErrChanged.
func (l LSR) Tune(ctx context.Context, in recipe.Input) (*Result, error) {
	if err := l.check(in, true); err != nil {
		return nil, err
	}
	t := &lsr{LSR: l.withDefaults(), in: in.WithDefaults(), index: in.Search.(*retriever.Index)}
	t.meter = meter.New(t.in.Progress, t.in.Logger)
	t.out = &Result{Dropped: map[rows.DropReason]int{}}
	if err := t.run(ctx); err != nil {
		return nil, fmt.Errorf("ragft: %s: %w", l.Name(), err)
	}
	return t.out, nil
}

// lsr is one run of [LSR.Tune].
type lsr struct {
	LSR
	in    recipe.Input
	index *retriever.Index
	meter *meter.Meter
	out   *Result
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
	v := newLSRVector(train, t.index.Options(), t.TermQuestions)
	before, best, err := t.learn(ctx, v, train, stop)
	if err != nil {
		return err
	}
	t.out.Learned, t.out.Scale = v.tuning(best), math.Exp(best[0])
	t.out.Learned.Index = digest
	if err := t.measure(ctx, v, held, before, best); err != nil {
		return err
	}
	if t.out.On = t.out.MRR.rises(); t.out.On {
		t.out.Tuning = t.out.Learned
	}
	t.out.Cost = t.meter.Cost(len(questions))
	return nil
}

// score finds the passages of every question and asks the model about them.
func (t *lsr) score(ctx context.Context) ([]*lsrQuestion, error) {
	var out []*lsrQuestion
	for from := 0; from < len(t.in.Questions); from += t.in.Batch {
		to := min(from+t.in.Batch, len(t.in.Questions))
		var batch []*lsrQuestion
		for _, q := range t.in.Questions[from:to] {
			if len(q.Golds()) == 0 {
				t.out.Dropped[rows.DropUnanswerable]++
				continue
			}
			e, err := t.index.Explain(ctx, q.Question, t.Chunks)
			if err != nil {
				return nil, fmt.Errorf("search for question %s: %w", q.ID, err)
			}
			batch = append(batch, &lsrQuestion{Question: q, passages: e})
		}
		if err := t.ask(ctx, batch); err != nil {
			return nil, fmt.Errorf("questions %s to %s: %w", t.in.Questions[from].ID, t.in.Questions[to-1].ID, err)
		}
		for _, one := range batch {
			if len(one.logs) < 2 {
				t.out.Dropped[DropOnePassage]++
				continue
			}
			out = append(out, one)
		}
		t.meter.Report(t.Name(), to, len(t.in.Questions), len(out))
	}
	return out, nil
}

// ask makes p_LSR of a batch of questions in one call. Where that does not fit
// the model's context, passages are asked about one by one, and those that do
// not fit are left out.
func (t *lsr) ask(ctx context.Context, batch []*lsrQuestion) error {
	var pairs []model.Completion
	for _, q := range batch {
		pairs = append(pairs, t.pairs(q)...)
	}
	if len(pairs) == 0 {
		return nil
	}
	scores, err := scoring.Completions(ctx, t.in.Model, pairs)
	if errors.Is(err, model.ErrPromptTooLong) {
		return t.askOneByOne(ctx, batch)
	}
	if err != nil {
		return err
	}
	for _, q := range batch {
		n := len(q.passages.Hits)
		t.distribute(q, scores[:n])
		scores = scores[n:]
	}
	return nil
}

func (t *lsr) pairs(q *lsrQuestion) []model.Completion {
	pairs := make([]model.Completion, len(q.passages.Hits))
	for i, hit := range q.passages.Hits {
		pairs[i] = model.Completion{Messages: q.Question.ReadMessages(t.in.Prompts, []retriever.Hit{hit.Hit}), Response: q.Golds()[0]}
	}
	return pairs
}

func (t *lsr) askOneByOne(ctx context.Context, batch []*lsrQuestion) error {
	for _, q := range batch {
		var scores []model.Score
		var fit []retriever.Explained
		for i, pair := range t.pairs(q) {
			one, err := scoring.Completions(ctx, t.in.Model, []model.Completion{pair})
			if errors.Is(err, model.ErrPromptTooLong) {
				continue
			}
			if err != nil {
				return err
			}
			scores, fit = append(scores, one...), append(fit, q.passages.Hits[i])
		}
		q.passages.Hits = fit
		t.distribute(q, scores)
	}
	return nil
}

// distribute makes p_LSR of a question of what the model says of its passages.
func (t *lsr) distribute(q *lsrQuestion, scores []model.Score) {
	q.logs = make([]float64, len(scores))
	for i, s := range scores {
		t.meter.Calls++
		if s.Cached {
			t.meter.Cached++
		}
		t.meter.Tokens += s.Tokens
		p := math.Exp(s.Sum)
		if t.PerToken {
			p = math.Exp(s.Sum / float64(s.Tokens))
		}
		q.logs[i] = p / t.Temperature
	}
	logSoftmax(q.logs)
}

// logSoftmax makes the logarithms of a distribution of any numbers.
func logSoftmax(values []float64) {
	if len(values) == 0 {
		return
	}
	most, sum := slices.Max(values), 0.0
	for _, v := range values {
		sum += math.Exp(v - most)
	}
	for i := range values {
		values[i] -= most + math.Log(sum)
	}
}

// split draws who is learnt from, who says when to stop, and who is held out.
func (t *lsr) split(questions []*lsrQuestion) (train, stop, held []*lsrQuestion, err error) {
	plain := make([]question.Question, len(questions))
	for i, q := range questions {
		plain[i] = q.Question
	}
	rest, out := question.Split(plain, t.HeldOut, t.in.Seed)
	_, stops := question.Split(rest, t.LSR.Stop, seed.Derive(t.in.Seed, "lsr", "stop"))
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
		return nil, nil, nil, fmt.Errorf("%w: of %d questions %d have an answer and two passages, which leaves %d to learn from, %d to stop by and %d held out: give more questions, or put more documents into the index",
			ErrNothingToTune, len(t.in.Questions), len(questions), len(train), len(stop), len(held))
	}
	return train, stop, held, nil
}
