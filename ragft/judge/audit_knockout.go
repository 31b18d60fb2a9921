package judge

import (
	"context"
	"fmt"
	"io"
	"math/rand/v2"
	"slices"

	"github.com/ragft/ragft/internal/decision"
	"github.com/ragft/ragft/internal/meter"
	"github.com/ragft/ragft/internal/plural"
	"github.com/ragft/ragft/internal/seed"
	"github.com/ragft/ragft/internal/stats"
)

// KnockoutAudit says how far the winner of a comparison of answers, as in
// [Options].Knockout, depends on the order in which they are shown. Two or
// three answers with different texts are compared once in each rotation, so
// that each of them stands in each place once. Intervals are 95 %, by bootstrap
// over the comparisons, those of a [question.Question.Group] together.
type KnockoutAudit struct {
	N      int `json:"n"`      // comparisons, one for each question
	Unread int `json:"unread"` // comparisons without a readable reply in one of the orders
	Ties   int `json:"ties"`   // comparisons, of those read, in which no answer wins in more orders than another
	// Consistent is the share of the comparisons read that the same answer wins
	// in every order.
	Consistent stats.Estimate `json:"consistent"`
	// FirstShown is the share of the orders, in the comparisons read, in which
	// the answer shown first wins. If the order makes no difference it is Even;
	// that and Chance are 0 where no comparison was read.
	FirstShown stats.Estimate `json:"first_shown"`
	Even       float64        `json:"even"`
	// Right is the share of the orders that a correct answer wins, in the
	// comparisons read of which comparing strings knows all answers, correct
	// ones and others. Chance is what a winner drawn at random would give.
	Right  stats.Estimate `json:"right"`
	Chance float64        `json:"chance"`
}

// brackets draws two or three answers of each case, as a knockout might.
func (a Audit) brackets(s uint64, cases []*Case) []*Case {
	var out []*Case
	for _, c := range cases {
		var answers []Answer
		for _, one := range c.Answers {
			if one.Text != "" && !one.Excluded &&
				!slices.ContainsFunc(answers, func(other Answer) bool { return other.Text == one.Text }) {
				answers = append(answers, one)
			}
		}
		if len(answers) < 2 {
			continue
		}
		rng := rand.New(rand.NewPCG(s, seed.Derive(s, "audit knockout", c.Question.ID)))
		rng.Shuffle(len(answers), func(i, j int) { answers[i], answers[j] = answers[j], answers[i] })
		out = append(out, &Case{Question: c.Question, Passages: c.Passages, Answers: answers[:min(bracketSize, len(answers))]})
	}
	slices.SortFunc(out, func(a, b *Case) int { return seed.Order(s, "audit knockout", a.Question.ID, b.Question.ID) })
	return out[:min(a.Limit, len(out))]
}

// knockout asks about each case in every rotation of its answers.
func (a Audit) knockout(ctx context.Context, m *meter.Meter, j *Judge, cases []*Case) (*KnockoutAudit, error) {
	winners := make([][]int, len(cases)) // place of the winner of each rotation; -1 = not read
	for done := 0; done < len(cases); {
		batch := cases[done:min(done+a.Batch, len(cases))]
		var open []*bracket
		var of []int
		for i, c := range batch {
			for first := range c.Answers {
				b := &bracket{of: c, round: first, winner: -1, passages: c.Passages}
				for k := range c.Answers {
					b.places = append(b.places, (first+k)%len(c.Answers))
				}
				open, of = append(open, b), append(of, done+i)
			}
		}
		if err := j.askBrackets(ctx, open, 0); err != nil {
			return nil, err
		}
		for i, b := range open {
			winners[of[i]] = append(winners[of[i]], b.winner)
		}
		if err := j.unread(); err != nil {
			return nil, err
		}
		done += len(batch)
		m.Report("audit of the knockout", done, len(cases), 0)
	}
	return a.knockoutResult(j.Seed, cases, winners), nil
}

func (a Audit) knockoutResult(s uint64, cases []*Case, winners [][]int) *KnockoutAudit {
	r := &KnockoutAudit{N: len(cases)}
	var consistent, first, right scored
	for i, c := range cases {
		if slices.Contains(winners[i], -1) {
			r.Unread++
			continue
		}
		n := len(c.Answers)
		won := make([]int, n)
		firsts := 0
		for rotation, winner := range winners[i] {
			won[winner]++
			if winner == rotation { // which is the first one shown
				firsts++
			}
		}
		most := slices.Max(won)
		consistent.add(stats.Indicator(most == n), c.group())
		if most == 1 {
			r.Ties++
		}
		first.add(float64(firsts)/float64(n), c.group())
		r.Even += 1 / float64(n)
		if share, rate, ok := c.rightWins(won); ok {
			right.add(share, c.group())
			r.Chance += rate
		}
	}
	r.Consistent, r.FirstShown, r.Right = a.mean(consistent, s), a.mean(first, s), a.mean(right, s)
	r.Even, r.Chance = r.Even/float64(max(1, len(first.values))), r.Chance/float64(max(1, len(right.values)))
	return r
}

// rightWins is the share of the orders that a correct answer wins, and the
// share of the answers that are correct; ok is false if comparing strings leaves
// one open, or they are all the same.
func (c *Case) rightWins(won []int) (share, rate float64, ok bool) {
	correct, wins := 0, 0
	for i, a := range c.Answers {
		switch a.Decision {
		case decision.Match:
			correct++
			wins += won[i]
		case decision.NoOverlap, decision.Refusal:
		default:
			return 0, 0, false
		}
	}
	n := float64(len(c.Answers))
	return float64(wins) / n, float64(correct) / n, correct > 0 && correct < len(c.Answers)
}

// WriteText writes the audit as a few lines of plain text.
func (r *AuditResult) WriteText(w io.Writer) error {
	_, err := fmt.Fprintf(
		w,
		"Judge %s on %s whose verdict is known (%d correct): %d unread, %d tied\n"+
			"agreement %s, kappa %s\naccepts correct ones %s, rejects incorrect ones %s\nthe same in both orders %s\n",
		r.Judge,
		plural.N(r.N, "answer"),
		r.Right,
		r.Unread,
		r.Ties,
		text(r.Agreement),
		text(r.Kappa),
		text(r.Sensitivity),
		text(r.Specificity),
		text(r.Consistent),
	)
	if k := r.Knockout; err == nil && k != nil {
		_, err = fmt.Fprintf(w, "Its choice among two or three answers, compared %s in every order: %d unread, %d tied\n"+
			"the same winner in every order %s\nthe one shown first wins %s, %.3f if the order made no difference\na correct one wins %s, by "+
			"chance %.3f\n",
			plural.N(k.N, "time"), k.Unread, k.Ties, text(k.Consistent), text(k.FirstShown), k.Even, text(k.Right), k.Chance)
	}
	if err != nil {
		return fmt.Errorf("judge: audit: %w", err)
	}
	return nil
}

func text(e stats.Estimate) string {
	interval := "interval unknown"
	if e.Low <= e.High { // not of NaN
		interval = fmt.Sprintf("%.3f..%.3f", e.Low, e.High)
	}
	return fmt.Sprintf("%.3f (%s, n %d)", e.Value, interval, e.N)
}
