package selfdemo

import (
	"cmp"
	"fmt"
	"slices"

	"github.com/ragft/ragft/internal/seed"
	"github.com/ragft/ragft/internal/words"
	"github.com/ragft/ragft/ragft/answer"
	"github.com/ragft/ragft/ragft/opt"
	"github.com/ragft/ragft/ragft/rows"
)

// Policy says which candidate becomes the target of a row. The zero value is the
// plain policy: the best correct candidate if there is one, else a refusal in the
// model's own words, with refusals at most 30 % of the rows.
type Policy struct {
	// MaxRefusals is the largest share of refusals among the rows with documents,
	// in [0, 1]. Unset = 0.3; opt.Of(1.0) is no limit.
	MaxRefusals opt.Value[float64]

	// MinCorrectAbsent is how many candidates have to be correct before an answer
	// that no passage holds becomes the target. 0 = 1. A higher number keeps lucky
	// guesses out. A knockout names one winner and goes by that, here and in
	// DropPresentRefusals.
	MinCorrectAbsent int

	// DropPresentRefusals drops a question whose answer is in the passages if no
	// candidate is correct; the plain policy teaches a refusal there.
	DropPresentRefusals bool

	// Gates on answers. A correct candidate that fails one is no target; if all
	// fail, the question is dropped. Values that have worked elsewhere:
	// MinF1 0.70, MinPrecision 0.50, MinSupport 0.75.
	MaxWords     int     // longest answer, in words; 0 = any
	MinF1        float64 // least token F1 with the best reference answer; 0 = any
	MinPrecision float64 // least token precision with the best reference answer; 0 = any
	MinSupport   float64 // least share of tokens that occur in the passages, if these hold the answer; 0 = any

	MaxRefusalWords opt.Value[int] // longest refusal, in words; unset = 40; opt.Of(0) is no limit

	// ClosedRows adds, for every question that the model answers correctly without
	// documents, a row with the closed prompt and that answer, as in the paper's
	// mixture with and without retrieval.
	ClosedRows bool

	Preferences Preferences // rows for DPO; zero = none
}

func (o Policy) withDefaults() Policy {
	o.MaxRefusals, o.MaxRefusalWords = opt.Of(o.MaxRefusals.Or(0.3)), opt.Of(o.MaxRefusalWords.Or(40))
	o.MinCorrectAbsent = cmp.Or(o.MinCorrectAbsent, 1)
	return o
}

func (o Policy) check() error {
	for _, f := range []struct {
		name  string
		value int
	}{{"MinCorrectAbsent", o.MinCorrectAbsent}, {"MaxWords", o.MaxWords}, {"MaxRefusalWords", o.MaxRefusalWords.Or(0)},
		{"Preferences.Rejected", o.Preferences.Rejected}} {
		if f.value < 0 {
			return fmt.Errorf("option Policy.%s is %d: it cannot be negative", f.name, f.value)
		}
	}
	for _, f := range []struct {
		name  string
		value float64
	}{{"MaxRefusals", o.MaxRefusals.Or(0)}, {"MinF1", o.MinF1}, {"MinPrecision", o.MinPrecision}, {"MinSupport", o.MinSupport}} {
		if !(f.value >= 0 && f.value <= 1) {
			return fmt.Errorf("option Policy.%s is %v: it is a share from 0 to 1", f.name, f.value)
		}
	}
	return nil
}

// choice is what the policy made of one question.
type choice struct {
	kind   rows.Kind
	target *rows.Candidate // nil: dropped
	closed *rows.Candidate // target of the row without documents; nil = none
	known  bool            // a closed-book candidate is Correct where no passage holds the answer
	reason string          // set where target is nil
}

// choose applies the target policy to the judged candidates of one question.
func (o Policy) choose(d *draft) choice {
	if d.tooLong {
		return choice{reason: "too-long"}
	}
	var correct []*rows.Candidate
	var result choice
	for i := range d.candidates {
		c := &d.candidates[i]
		if c.Verdict != answer.Correct {
			continue
		}
		correct = append(correct, c)
		if c.Arm == armClosed && d.context == answer.Absent {
			result.known = true
		}
	}
	eligible := slices.DeleteFunc(slices.Clone(correct), func(c *rows.Candidate) bool { return !o.passes(d, c) })
	if o.ClosedRows {
		result.closed = best(eligible, func(c *rows.Candidate) bool { return c.Arm == armClosed }, o.betterAnswer(d.context))
	}
	if d.contested {
		return o.chooseWinner(d, result)
	}
	need := 1
	if d.context == answer.Absent {
		need = o.MinCorrectAbsent
	}
	switch {
	case len(correct) < need && d.context == answer.Present && o.DropPresentRefusals:
		result.reason = "present-refusal"
	case len(correct) < need:
		result.kind, result.reason = rows.KindRefusal, "no-refusal"
		result.target = o.refusal(d)
	default:
		result.kind, result.reason = rows.KindAnswer, "gates"
		result.target = best(eligible, func(*rows.Candidate) bool { return true }, o.betterAnswer(d.context))
	}
	if result.target != nil {
		result.reason = ""
	}
	return result
}

// passes applies the gates. A text that was cut is never a target.
func (o Policy) passes(d *draft, c *rows.Candidate) bool {
	switch {
	case c.Truncated:
		return false
	case o.MaxWords > 0 && words.Count(c.Text) > o.MaxWords:
		return false
	case c.F1 < o.MinF1:
		return false
	case o.MinPrecision > 0 && bestPrecision(c.Text, d.question.Golds()) < o.MinPrecision:
		return false
	case d.context == answer.Present && c.Support < o.MinSupport:
		return false
	}
	return true
}

// bestPrecision is the share of the text's tokens that are in the reference
// where that share is largest.
func bestPrecision(text string, golds []string) float64 {
	best := 0.0
	for _, gold := range golds {
		precision, _ := words.Overlap(words.Of(text), words.Of(gold))
		best = max(best, precision)
	}
	return best
}

// betterAnswer orders Correct candidates, best first. Where the passages hold
// the answer, one that they support goes first, then one that was read from
// them; where they do not, what the model knows by itself goes first.
func (o Policy) betterAnswer(context answer.Context) func(a, b *rows.Candidate) int {
	first := armRead
	if context == answer.Absent {
		first = armClosed
	}
	return func(a, b *rows.Candidate) int {
		if context == answer.Present {
			if order := cmp.Compare(supportLevel(b), supportLevel(a)); order != 0 {
				return order
			}
		}
		return cmp.Or(
			-compareBool(a.Arm == first, b.Arm == first),
			cmp.Compare(b.F1, a.F1),
			cmp.Compare(logProb(b), logProb(a)),
			cmp.Compare(a.Arm, b.Arm),
			cmp.Compare(a.Index, b.Index),
		)
	}
}

// supportLevel is 1 where the passages support a candidate. Levels rather than
// the share itself: beyond the usual threshold a few words more or less say
// nothing about which answer is better.
func supportLevel(c *rows.Candidate) int {
	const supported = 0.75
	if c.Support >= supported {
		return 1
	}
	return 0
}

// refusal picks a refusal in the model's own words: one that came without
// being told to, if there is one, and among equals the most probable. It is
// nil when the model gave none that can be used.
func (o Policy) refusal(d *draft) *rows.Candidate {
	usable := func(c *rows.Candidate) bool { return c.Arm != armClosed && o.usableRefusal(d, c) }
	candidates := make([]*rows.Candidate, len(d.candidates))
	for i := range d.candidates {
		candidates[i] = &d.candidates[i]
	}
	return best(candidates, usable, func(a, b *rows.Candidate) int {
		return cmp.Or(
			-compareBool(a.Arm == armRead, b.Arm == armRead),
			cmp.Compare(logProb(b), logProb(a)),
			cmp.Compare(a.Index, b.Index),
		)
	})
}

func (o Policy) usableRefusal(d *draft, c *rows.Candidate) bool {
	return c.Verdict == answer.Refused && !c.Truncated &&
		(o.MaxRefusalWords.Or(0) == 0 || words.Count(c.Text) <= o.MaxRefusalWords.Or(0)) && !answer.Contains(c.Text, d.question.Golds())
}

// best returns the first candidate in the order among those that may be taken.
func best(candidates []*rows.Candidate, take func(*rows.Candidate) bool, order func(a, b *rows.Candidate) int) *rows.Candidate {
	var found *rows.Candidate
	for _, c := range candidates {
		if take(c) && (found == nil || order(c, found) < 0) {
			found = c
		}
	}
	return found
}

// logProb puts a candidate of unknown probability behind all others.
func logProb(c *rows.Candidate) float64 {
	if c.MeanLogProb == nil {
		return -1e9
	}
	return *c.MeanLogProb
}

// compareBool orders false before true.
func compareBool(a, b bool) int {
	switch {
	case a == b:
		return 0
	case a:
		return 1
	default:
		return -1
	}
}

// capRefusals drops refusals until they are at most the allowed share of the
// rows with documents. Those whose passages hold the answer go first, since
// they teach to decline what could have been read; among equals the seed
// decides. Order is kept. It returns the ids of the questions dropped.
func (o Policy) capRefusals(r []rows.Row, s uint64) (kept []rows.Row, dropped []string) {
	answers := 0
	var refusals []rows.Row
	for _, row := range r {
		switch row.Kind {
		case rows.KindAnswer:
			answers++
		case rows.KindRefusal:
			refusals = append(refusals, row)
		}
	}
	allowed := len(refusals)
	if most := o.MaxRefusals.Or(0); most < 1 {
		// r / (a + r) <= m  <=>  r <= a m / (1 - m); the small term keeps
		// rounding from taking one where the division is exact.
		allowed = min(allowed, int(float64(answers)*most/(1-most)+1e-9))
	}
	slices.SortFunc(refusals, func(a, b rows.Row) int {
		return cmp.Or(
			compareBool(a.Context == answer.Present, b.Context == answer.Present),
			seed.Order(s, "refusal cap", a.QuestionID, b.QuestionID))
	})
	drop := map[string]bool{}
	for _, row := range refusals[allowed:] {
		drop[row.QuestionID] = true
	}
	for _, row := range r {
		if drop[row.QuestionID] {
			if row.Kind == rows.KindRefusal {
				dropped = append(dropped, row.QuestionID)
				continue
			}
			if row.Kind == preferRefusal {
				continue
			}
		}
		kept = append(kept, row)
	}
	return kept, dropped
}

// chooseWinner makes the winner of a knockout the target.
func (o Policy) chooseWinner(d *draft, result choice) choice {
	if d.winner < 0 {
		result.reason = "unjudged"
		return result
	}
	switch c := &d.candidates[d.winner]; c.Verdict {
	case answer.Refused:
		result.kind, result.reason = rows.KindRefusal, "no-refusal"
		if o.usableRefusal(d, c) {
			result.target = c
		}
	case answer.Correct:
		result.kind, result.reason = rows.KindAnswer, "gates"
		if o.passes(d, c) {
			result.target = c
		}
	default:
		result.reason = "wrong-winner"
	}
	if result.target != nil {
		result.reason = ""
	}
	return result
}
