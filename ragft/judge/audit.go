package judge

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"

	"github.com/ragft/ragft/internal/decision"
	"github.com/ragft/ragft/internal/meter"
	"github.com/ragft/ragft/internal/seed"
	"github.com/ragft/ragft/internal/stats"
	"github.com/ragft/ragft/ragft/answer"
	"github.com/ragft/ragft/ragft/model"
)

// Audit measures how far a judge can be trusted, on answers whose verdict is
// known because comparing strings decides it. The zero value is usable.
type Audit struct {
	Limit     int // answers judged, and comparisons of a knockout; 0 = 200
	Batch     int // answers judged at a time; 0 = 16
	Resamples int // bootstrap samples for the intervals; 0 = 2000

	Progress func(model.Progress) // called after each batch, from the caller's goroutine; nil = none
	Logger   *slog.Logger         // nil = slog.Default
}

func (a Audit) withDefaults() (Audit, error) {
	if a.Limit < 0 || a.Batch < 0 || a.Resamples < 0 {
		return a, fmt.Errorf("judge: audit: negative options: Limit %d, Batch %d, Resamples %d", a.Limit, a.Batch, a.Resamples)
	}
	for _, f := range []struct {
		field *int
		value int
	}{{&a.Limit, 200}, {&a.Batch, 16}, {&a.Resamples, stats.DefaultResamples}} {
		if *f.field == 0 {
			*f.field = f.value
		}
	}
	if a.Logger == nil {
		a.Logger = slog.Default()
	}
	return a, nil
}

// Estimate is the most that Run costs with these cases.
func (a Audit) Estimate(j *Judge, cases []*Case) (model.Cost, error) {
	a, err := a.withDefaults()
	if err != nil {
		return model.Cost{}, err
	}
	o := j.WithDefaults()
	calls := 2 * len(a.known(j.Seed, cases))
	c := model.Cost{Calls: calls, Tokens: calls * o.Votes * o.MaxTokens}
	if o.Knockout {
		for _, b := range a.brackets(j.Seed, cases) {
			c.Calls += len(b.Answers)
			c.Tokens += len(b.Answers) * o.MaxTokens
		}
	}
	return c, nil
}

// AuditResult says how far a judge can be trusted where the truth is known.
// Intervals are 95 %, by bootstrap over the questions with all their answers, as
// a judge that misreads a reference is wrong about all of these. Questions of a
// [question.Question.Group] count as one.
type AuditResult struct {
	Judge  string `json:"judge"`
	N      int    `json:"n"`      // answers judged
	Right  int    `json:"right"`  // of these, correct by comparing strings
	Unread int    `json:"unread"` // answers without a readable reply in one of the orders
	Ties   int    `json:"ties"`   // answers with as many votes for yes as for no in one of the orders
	// Consistent is the share of the answers with the same verdict when
	// reference and answer change places.
	Consistent stats.Estimate `json:"consistent"`
	// Agreement with comparing strings, and the same corrected for chance
	// (kappa, Cohen 1960).
	Agreement stats.Estimate `json:"agreement"`
	Kappa     stats.Estimate `json:"kappa"`
	// Sensitivity is the share of the correct answers that the judge accepts,
	// Specificity that of the incorrect ones that it rejects.
	Sensitivity stats.Estimate `json:"sensitivity"`
	Specificity stats.Estimate `json:"specificity"`

	Knockout *KnockoutAudit `json:"knockout,omitempty"` // with [Options].Knockout

	Cost model.Cost `json:"cost"`
}

// errNothingKnown means that there is nothing to audit by.
var errNothingKnown = errors.New("no answer is decided by comparing strings")

// known is an answer whose verdict is known.
type known struct {
	question, reference, text string
	group                     string // of the question
	right                     bool
	forward, backward         answer.Votes
}

// Run has the judge vote on answers whose Decision says that comparing strings
// decided them: "match" or "no-overlap". Equal answers to a question count
// once. Half of the answers are correct, as far as there are enough, so that
// agreement is not agreement with the more frequent verdict.
//
// Each answer is judged in both orders: reference first, and with reference and
// answer exchanged. With [Options].Knockout comparisons of two or three answers
// are judged too, in every order, see [KnockoutAudit]. A judge without a single
// readable reply is [ErrUnread].
func (a Audit) Run(ctx context.Context, j *Judge, cases []*Case) (*AuditResult, error) {
	result, err := a.run(ctx, j, cases)
	if err != nil {
		return nil, fmt.Errorf("judge: audit: %w", err)
	}
	return result, nil
}

func (a Audit) run(ctx context.Context, j *Judge, cases []*Case) (*AuditResult, error) {
	a, err := a.withDefaults()
	if err != nil {
		return nil, err
	}
	if err := j.Check(); err != nil {
		return nil, err
	}
	if j.Model == nil {
		return nil, errors.New("there is no judge: set Model")
	}
	items := a.known(j.Seed, cases)
	if len(items) == 0 {
		return nil, errNothingKnown
	}
	m := meter.New(a.Progress, a.Logger)
	votes := &Judge{Options: j.Options, Prompts: j.Prompts, Seed: j.Seed}
	votes.Model, votes.Knockout = m.Counted(j.Model), false
	for done := 0; done < len(items); done += a.Batch {
		if err := votes.both(ctx, items[done:min(done+a.Batch, len(items))]); err != nil {
			return nil, err
		}
		m.Report("audit of the judge", min(done+a.Batch, len(items)), len(items), 0)
	}
	r := a.result(j, items)
	if j.Knockout {
		contests := &Judge{Options: j.Options, Prompts: j.Prompts, Seed: j.Seed}
		contests.Model = votes.Model
		if r.Knockout, err = a.knockout(ctx, m, contests, a.brackets(j.Seed, cases)); err != nil {
			return nil, fmt.Errorf("knockout: %w", err)
		}
	}
	r.Cost = m.Cost(0)
	return r, nil
}

// known draws as many correct as incorrect answers.
func (a Audit) known(s uint64, cases []*Case) []*known {
	var byTruth [2][]*known
	seen := map[string]bool{}
	for _, c := range cases {
		if len(c.Question.Golds()) == 0 {
			continue
		}
		for _, one := range c.Answers {
			key := c.Question.ID + "\x00" + one.Text
			right := one.Decision == decision.Match
			if seen[key] || !right && one.Decision != decision.NoOverlap {
				continue
			}
			seen[key] = true
			item := &known{question: c.Question.Question, reference: references(c.Question), text: one.Text, right: right, group: c.group()}
			byTruth[int(stats.Indicator(right))] = append(byTruth[int(stats.Indicator(right))], item)
		}
	}
	for i := range byTruth {
		slices.SortFunc(byTruth[i], func(a, b *known) int {
			return seed.Order(s, "audit", a.question+"\x00"+a.text, b.question+"\x00"+b.text)
		})
	}
	n := min(a.Limit, len(byTruth[0])+len(byTruth[1]))
	rights := min(len(byTruth[1]), max(n/2, n-len(byTruth[0])))
	return append(slices.Clone(byTruth[1][:rights]), byTruth[0][:n-rights]...)
}

// both votes on answers in both orders.
func (j *Judge) both(ctx context.Context, items []*known) error {
	var ballots []ballot
	for _, item := range items {
		for order, pair := range [][2]string{{item.reference, item.text}, {item.text, item.reference}} {
			ballots = append(ballots, ballot{item.question, pair[0], pair[1],
				seed.Derive(j.Seed, "audit", item.question, item.text, fmt.Sprint(order))})
		}
	}
	votes, err := j.count(ctx, ballots)
	if err != nil {
		return err
	}
	for i, item := range items {
		item.forward, item.backward = votes[2*i], votes[2*i+1]
	}
	return j.unread()
}

// group names the answers that are not independent of each other: those to a question, or to the questions of its group.
func (c *Case) group() string {
	if c.Question.Group != "" {
		return "group " + c.Question.Group
	}
	return "question " + c.Question.ID + "\x00" + c.Question.Question
}

// scored is a list of scores, with the group of each.
type scored struct {
	values []float64
	groups []string
}

func (s *scored) add(value float64, group string) {
	s.values, s.groups = append(s.values, value), append(s.groups, group)
}

// mean is that of scores from 0 to 1.
func (a Audit) mean(s scored, seed uint64) stats.Estimate {
	return stats.GroupedMean(s.values, stats.Groups(s.groups), 0, 1, a.Resamples, seed)
}

func (a Audit) result(j *Judge, items []*known) *AuditResult {
	r := &AuditResult{Judge: j.Model.Name(), N: len(items)}
	var consistent, agree, sensitive, specific scored
	var truth, said []bool
	for _, item := range items {
		if item.right {
			r.Right++
		}
		f, b := item.forward, item.backward
		unread := f.Yes+f.No == 0 || b.Yes+b.No == 0
		switch {
		case unread:
			r.Unread++
		case f.Yes == f.No || b.Yes == b.No:
			r.Ties++
		}
		if !unread {
			consistent.add(stats.Indicator((f.Yes > f.No) == (b.Yes > b.No) && (f.Yes < f.No) == (b.Yes < b.No)), item.group)
		}
		if f.Yes+f.No == 0 {
			continue
		}
		yes := f.Yes > f.No // a tie counts against the answer, as in Decide
		truth, said = append(truth, item.right), append(said, yes)
		agree.add(stats.Indicator(yes == item.right), item.group)
		if item.right {
			sensitive.add(stats.Indicator(yes), item.group)
		} else {
			specific.add(stats.Indicator(!yes), item.group)
		}
	}
	r.Consistent, r.Agreement = a.mean(consistent, j.Seed), a.mean(agree, j.Seed)
	r.Sensitivity, r.Specificity = a.mean(sensitive, j.Seed), a.mean(specific, j.Seed)
	r.Kappa = stats.GroupedBootstrap(stats.Groups(agree.groups), a.Resamples, j.Seed,
		func(weights []float64) float64 { return kappa(truth, said, weights) })
	return r
}

// kappa is Cohen's: (observed - expected) / (1 - expected) agreement; NaN where
// both sides say the same of everything.
func kappa(truth, said []bool, weights []float64) float64 {
	var n, both, yesTruth, yesSaid float64
	for i := range truth {
		w := 1.0
		if weights != nil {
			w = weights[i]
		}
		n += w
		both += w * stats.Indicator(truth[i] == said[i])
		yesTruth += w * stats.Indicator(truth[i])
		yesSaid += w * stats.Indicator(said[i])
	}
	expected := (yesTruth*yesSaid + (n-yesTruth)*(n-yesSaid)) / (n * n)
	return (both/n - expected) / (1 - expected)
}
