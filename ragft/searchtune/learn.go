package searchtune

import (
	"context"
	"maps"
	"math"
	"slices"
	"strings"

	"github.com/ragft/ragft/internal/stats"
	"github.com/ragft/ragft/ragft/opt"
	"github.com/ragft/ragft/ragft/question"
	"github.com/ragft/ragft/retriever"
)

// Places of the parameters in a vector; the weights of features follow.
const (
	lsrScale = iota // logarithm of the scale
	lsrK1
	lsrB
	lsrTitle
	lsrFeatures
)

// lsrVector says which parameter stands where.
type lsrVector struct {
	features []string       // by place - lsrFeatures
	place    map[string]int // of a feature
	start    []float64      // the index's own parameters
	least    []float64
	most     []float64
}

// newLSRVector takes the features that the questions' terms have; terms
// themselves only where enough questions have them.
func newLSRVector(questions []*lsrQuestion, o retriever.IndexOptions, termQuestions int) *lsrVector {
	count := map[string]int{}
	for _, q := range questions {
		for _, term := range q.passages.Terms {
			for _, f := range term.Features {
				if !strings.HasPrefix(f, retriever.FeatureTerm) || termQuestions > 0 {
					count[f]++
				}
			}
		}
	}
	maps.DeleteFunc(count, func(f string, n int) bool { return strings.HasPrefix(f, retriever.FeatureTerm) && n < termQuestions })
	v := &lsrVector{features: slices.Sorted(maps.Keys(count)), place: map[string]int{}}
	k1 := o.K1.Or(retriever.DefaultK1)
	v.start = []float64{0, k1, o.B.Or(retriever.DefaultB), 1}
	v.least, v.most = []float64{-8, 0, 0, 0}, []float64{8, max(8, k1), 1, 8}
	if o.IgnoreTitles {
		v.least[lsrTitle], v.most[lsrTitle] = 1, 1
	}
	for i, f := range v.features {
		v.place[f] = lsrFeatures + i
		v.start, v.least, v.most = append(v.start, 0), append(v.least, -3), append(v.most, 3)
	}
	return v
}

// tuning is that of a vector.
func (v *lsrVector) tuning(at []float64) retriever.Tuning {
	t := retriever.Tuning{
		K1: opt.Of(at[lsrK1]), B: opt.Of(at[lsrB]), Title: opt.Of(at[lsrTitle]), Weights: map[string]float64{},
	}
	for i, f := range v.features {
		if w := at[lsrFeatures+i]; w != 0 {
			t.Weights[f] = w
		}
	}
	return t
}

// divergence is KL(p_R || p_LSR) of one question. Its slope by the vector is
// added to slope, unless that is nil.
//
// With z the scores times the scale and p = softmax(z), the slope by z[j] is
// p[j] * (log p[j] - log q[j] - KL).
func (v *lsrVector) divergence(q *lsrQuestion, at, slope []float64) (float64, error) {
	scores, slopes, err := q.passages.Scores(v.tuning(at))
	if err != nil {
		return 0, err
	}
	scale := math.Exp(at[lsrScale])
	logs := make([]float64, len(scores))
	for j, s := range scores {
		logs[j] = scale * s
	}
	logSoftmax(logs)
	kl := 0.0
	for j, lp := range logs {
		kl += math.Exp(lp) * (lp - q.logs[j])
	}
	if slope == nil {
		return kl, nil
	}
	for j, lp := range logs {
		dz := math.Exp(lp) * (lp - q.logs[j] - kl)
		slope[lsrScale] += dz * scale * scores[j]
		s := slopes[j]
		slope[lsrK1] += dz * scale * s.K1
		slope[lsrB] += dz * scale * s.B
		slope[lsrTitle] += dz * scale * s.Title
		for k, term := range q.passages.Terms {
			for _, f := range term.Features {
				if place, ok := v.place[f]; ok {
					slope[place] += dz * scale * s.Terms[k]
				}
			}
		}
	}
	return kl, nil
}

// mean is the mean divergence of questions; its slope replaces slope, unless
// that is nil.
func (v *lsrVector) mean(ctx context.Context, questions []*lsrQuestion, at, slope []float64) (float64, error) {
	clear(slope)
	sum := 0.0
	for _, q := range questions {
		if err := ctx.Err(); err != nil {
			return 0, err
		}
		kl, err := v.divergence(q, at, slope)
		if err != nil {
			return 0, err
		}
		sum += kl
	}
	n := float64(len(questions))
	for i := range slope {
		slope[i] /= n
	}
	return sum / n, nil
}

// bestScale is the start with the scale that fits best, so that what the scale
// alone gains is not counted.
func (v *lsrVector) bestScale(ctx context.Context, questions []*lsrQuestion) ([]float64, error) {
	best, least := slices.Clone(v.start), math.Inf(1)
	at := slices.Clone(v.start)
	for s := -4.0; s <= 4; s += 0.125 {
		at[lsrScale] = s
		kl, err := v.mean(ctx, questions, at, nil)
		if err != nil {
			return nil, err
		}
		if kl < least {
			least, best[lsrScale] = kl, s
		}
	}
	return best, nil
}

// descend returns where it began and the parameters with the smallest divergence on
// the questions to stop by. The optimiser is Adam (arXiv 1412.6980) with all
// questions in each step.
func (t *lsr) descend(ctx context.Context, v *lsrVector, train, stop []*lsrQuestion) (before, best []float64, err error) {
	if before, err = v.bestScale(ctx, train); err != nil {
		return nil, nil, err
	}
	at, best, least := slices.Clone(before), slices.Clone(before), math.Inf(1)
	slope, first, second := make([]float64, len(at)), make([]float64, len(at)), make([]float64, len(at))
	const b1, b2, tiny = 0.9, 0.999, 1e-8
	for step := 0; step <= t.Steps; step++ {
		var s struct {
			Train float64 `json:"train"`
			Stop  float64 `json:"stop"`
		}
		if s.Train, err = v.mean(ctx, train, at, slope); err != nil {
			return nil, nil, err
		}
		if s.Stop, err = v.mean(ctx, stop, at, nil); err != nil {
			return nil, nil, err
		}
		t.out.Steps = append(t.out.Steps, s)
		if s.Stop < least {
			least, t.out.Best = s.Stop, step
			copy(best, at)
		}
		if step-t.out.Best >= t.Patience {
			break
		}
		for i := range at {
			g := slope[i] + t.Penalty.Or(0)*(at[i]-before[i])
			first[i] = b1*first[i] + (1-b1)*g
			second[i] = b2*second[i] + (1-b2)*g*g
			move := first[i] / (1 - math.Pow(b1, float64(step+1))) / (math.Sqrt(second[i]/(1-math.Pow(b2, float64(step+1)))) + tiny)
			at[i] = min(max(at[i]-t.Rate*move, v.least[i]), v.most[i])
		}
	}
	t.Logger.Debug("lsr: learned", "steps", len(t.out.Steps)-1, "best", t.out.Best, "before", t.out.Steps[0].Stop, "after", least)
	return before, best, nil
}

// measure uses the held-out questions, once. Ranks are those of whole searches,
// not among the passages that were scored.
func (t *lsr) measure(ctx context.Context, v *lsrVector, held []*lsrQuestion, before, best []float64) error {
	tuned, err := t.index.Tuned(ctx, t.out.Learned)
	if err != nil {
		return err
	}
	n := len(held)
	plain := make([]question.Question, n)
	for i, q := range held {
		plain[i] = q.Question
	}
	t.groups = groupsOf(plain)
	var values [2][4][]float64 // before and after; divergence, recall@1, recall, reciprocal rank; by question
	for side, at := range [][]float64{before, best} {
		for i := range values[side] {
			values[side][i] = make([]float64, n)
		}
		search := retriever.Searcher(t.index)
		if side == 1 {
			search = tuned
		}
		for i, q := range held {
			if values[side][0][i], err = v.divergence(q, at, nil); err != nil {
				return err
			}
			hits, err := search.Search(ctx, q.Question.Question, t.Chunks)
			if err != nil {
				return err
			}
			if rank := slices.IndexFunc(hits, func(h retriever.Hit) bool { return q.HeldBy(h) }); rank >= 0 {
				values[side][1][i] = stats.Indicator(rank == 0)
				values[side][2][i] = 1
				values[side][3][i] = 1 / float64(rank+1)
			}
		}
	}
	t.out.Divergence = t.change(values[0][0], values[1][0])
	for i, change := range []*Change{&t.out.Recall1, &t.out.Recall, &t.out.MRR} {
		*change = t.changeOfRanks(values[0][i+1], values[1][i+1])
	}
	return nil
}

// change compares the means of two lists, question by question.
func (t *lsr) change(before, after []float64) Change {
	m := stats.PairedMeans{Before: stats.Singles(before), After: stats.Singles(after), Groups: t.groups,
		Resamples: t.Resamples, Seed: t.Seed}
	c := Change{Before: m.Before.Mean(nil), After: m.After.Mean(nil)}
	c.Change, c.P = m.Change(func(b, a float64) float64 { return a - b })
	return c
}

// changeOfRanks is change of values between 0 and 1: where all questions change
// by the same, the interval is exact.
func (t *lsr) changeOfRanks(before, after []float64) Change {
	c := t.change(before, after)
	for i := range before {
		if math.Abs(after[i]-before[i]-c.Change.Value) > 1e-12 {
			return c
		}
	}
	n := len(before)
	if t.groups != nil {
		n, _ = stats.Independent(t.groups, func(int) bool { return true })
	}
	c.Change.Low, c.Change.High = stats.SameScores(c.Change.Value, -1, 1, n)
	return c
}

// groupsOf numbers the groups of questions.
func groupsOf(questions []question.Question) []int {
	names := make([]string, len(questions))
	for i, q := range questions {
		names[i] = q.Group
	}
	return stats.Groups(names)
}
