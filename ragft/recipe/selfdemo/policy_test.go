package selfdemo

import (
	"fmt"
	"testing"

	"github.com/ragft/ragft/ragft/answer"
	"github.com/ragft/ragft/ragft/opt"
	"github.com/ragft/ragft/ragft/question"
	"github.com/ragft/ragft/ragft/rows"
	"github.com/stretchr/testify/require"
)

// judged makes a candidate that has its verdict.
func judged(arm rows.Arm, index int, text string, verdict answer.Verdict) rows.Candidate {
	c := rows.Candidate{Arm: arm, Index: index, Text: text, Verdict: verdict}
	if verdict == answer.Correct {
		c.F1, c.Support = 1, 1
	}
	return c
}

func with(c rows.Candidate, change func(*rows.Candidate)) rows.Candidate {
	change(&c)
	return c
}

func TestPolicy(t *testing.T) {
	logProb := func(p float64) func(*rows.Candidate) { return func(c *rows.Candidate) { c.MeanLogProb = &p } }
	const gold = "1912"
	for _, c := range []struct {
		name       string
		context    answer.Context
		policy     Policy
		candidates []rows.Candidate
		kind       rows.Kind
		target     string // arm and index; "" = dropped
		reason     string
		known      bool
		closed     string
	}{
		{name: "present: the supported one wins over closed book", context: answer.Present,
			candidates: []rows.Candidate{judged(armClosed, 0, "1912", answer.Correct), judged(armRead, 0, "nope", answer.Incorrect),
				judged(armRead, 1, "In 1912.", answer.Correct)},
			kind: rows.KindAnswer, target: "read1"},
		{name: "present: support goes before the arm", context: answer.Present,
			candidates: []rows.Candidate{judged(armClosed, 2, "1912", answer.Correct),
				with(judged(armRead, 0, "in that year 1912 as all know", answer.Correct), func(c *rows.Candidate) { c.Support = 0.3 })},
			kind: rows.KindAnswer, target: "closed2"},
		{name: "present: closer to the reference", context: answer.Present,
			candidates: []rows.Candidate{with(judged(armRead, 0, "it was 1912", answer.Correct), func(c *rows.Candidate) { c.F1 = 0.5 }),
				judged(armRead, 1, "1912", answer.Correct)},
			kind: rows.KindAnswer, target: "read1"},
		{name: "present: more probable", context: answer.Present,
			candidates: []rows.Candidate{with(judged(armRead, 0, "1912", answer.Correct), logProb(-2)),
				with(judged(armRead, 1, "1912.", answer.Correct), logProb(-1)), judged(armRead, 2, "1912", answer.Correct)},
			kind: rows.KindAnswer, target: "read1"},
		{name: "ties go to the first", context: answer.Present,
			candidates: []rows.Candidate{judged(armRead, 1, "1912", answer.Correct), judged(armRead, 0, "1912", answer.Correct)},
			kind:       rows.KindAnswer, target: "read0"},
		{name: "absent: closed book marks it as known", context: answer.Absent,
			candidates: []rows.Candidate{judged(armClosed, 1, "1912", answer.Correct), judged(armRead, 0, "1912", answer.Correct)},
			kind:       rows.KindAnswer, target: "closed1", known: true},
		{name: "absent: correct with documents is not known", context: answer.Absent,
			candidates: []rows.Candidate{judged(armClosed, 0, "1913", answer.Incorrect), judged(armRead, 0, "1912", answer.Correct)},
			kind:       rows.KindAnswer, target: "read0"},
		{name: "absent: a lucky guess does not count", context: answer.Absent, policy: Policy{MinCorrectAbsent: 2},
			candidates: []rows.Candidate{judged(armClosed, 0, "1912", answer.Correct), judged(armRefuse, 0, "Sorry, no.", answer.Refused)},
			kind:       rows.KindRefusal, target: "refuse0", known: true},
		{name: "none correct: refusal", context: answer.Absent,
			candidates: []rows.Candidate{judged(armRead, 0, "1913", answer.Incorrect), judged(armRefuse, 0, "1950", answer.Incorrect),
				judged(armRefuse, 1, "Sorry, they do not say.", answer.Refused)},
			kind: rows.KindRefusal, target: "refuse1"},
		{name: "none correct: a refusal that came by itself goes first", context: answer.Absent,
			candidates: []rows.Candidate{with(judged(armRefuse, 0, "Sorry.", answer.Refused), logProb(-0.1)),
				with(judged(armRead, 2, "It is not stated.", answer.Refused), logProb(-3))},
			kind: rows.KindRefusal, target: "read2"},
		{name: "none correct: the most probable refusal", context: answer.Absent,
			candidates: []rows.Candidate{with(judged(armRefuse, 0, "Sorry aye.", answer.Refused), logProb(-3)),
				with(judged(armRefuse, 1, "Sorry.", answer.Refused), logProb(-1))},
			kind: rows.KindRefusal, target: "refuse1"},
		{name: "none correct, no refusal: dropped", context: answer.Absent,
			candidates: []rows.Candidate{judged(armRead, 0, "1913", answer.Incorrect), judged(armRefuse, 0, "1950", answer.Incorrect)},
			reason:     "no-refusal"},
		{name: "a closed-book refusal, one that was cut, a long one, one with the reference", context: answer.Absent,
			policy: Policy{MaxRefusalWords: opt.Of(5)},
			candidates: []rows.Candidate{judged(armClosed, 0, "Sorry.", answer.Refused),
				with(judged(armRefuse, 0, "Sorry", answer.Refused), func(c *rows.Candidate) { c.Truncated = true }),
				judged(armRefuse, 1, "Sorry, the documents do not say it", answer.Refused),
				judged(armRefuse, 2, "Nobody says 1912.", answer.Refused)},
			reason: "no-refusal"},
		{name: "present, none correct: the plain policy refuses", context: answer.Present,
			candidates: []rows.Candidate{judged(armRead, 0, "1913", answer.Incorrect), judged(armRefuse, 0, "Sorry.", answer.Refused)},
			kind:       rows.KindRefusal, target: "refuse0"},
		{name: "present, none correct: dropped on demand", context: answer.Present, policy: Policy{DropPresentRefusals: true},
			candidates: []rows.Candidate{judged(armRead, 0, "1913", answer.Incorrect), judged(armRefuse, 0, "Sorry.", answer.Refused)},
			reason:     "present-refusal"},
		{name: "gates drop, they do not refuse", context: answer.Present, policy: Policy{MaxWords: 2},
			candidates: []rows.Candidate{judged(armRead, 0, "it was in 1912", answer.Correct), judged(armRefuse, 0, "Sorry.", answer.Refused)},
			reason:     "gates"},
		{name: "words without blanks", context: answer.Present, policy: Policy{MaxWords: 4},
			candidates: []rows.Candidate{judged(armRead, 0, "它建于1912年", answer.Correct), judged(armRead, 1, "1912年", answer.Correct)},
			kind:       rows.KindAnswer, target: "read1"},
		{name: "a long refusal without blanks", context: answer.Absent, policy: Policy{MaxRefusalWords: opt.Of(5)},
			candidates: []rows.Candidate{judged(armRefuse, 0, "文档中没有说明这一点", answer.Refused)},
			reason:     "no-refusal"},
		{name: "gate of precision", context: answer.Present, policy: Policy{MinPrecision: 0.5},
			candidates: []rows.Candidate{judged(armRead, 0, "it was in 1912", answer.Correct), judged(armRead, 1, "in 1912", answer.Correct)},
			kind:       rows.KindAnswer, target: "read1"},
		{name: "gate of F1", context: answer.Present, policy: Policy{MinF1: 0.7},
			candidates: []rows.Candidate{with(judged(armRead, 0, "1912", answer.Correct), func(c *rows.Candidate) { c.F1 = 0.69 }),
				with(judged(armClosed, 0, "in 1912", answer.Correct), func(c *rows.Candidate) { c.F1, c.Support = 0.7, 0 })},
			kind: rows.KindAnswer, target: "closed0"},
		{name: "gate of F1 that none passes", context: answer.Absent, policy: Policy{MinF1: 0.7},
			candidates: []rows.Candidate{with(judged(armRead, 0, "1912", answer.Correct), func(c *rows.Candidate) { c.F1 = 0.69 }),
				judged(armRefuse, 0, "Sorry.", answer.Refused)},
			reason: "gates"},
		{name: "gate of support", context: answer.Present, policy: Policy{MinSupport: 0.9},
			candidates: []rows.Candidate{with(judged(armRead, 0, "1912", answer.Correct), func(c *rows.Candidate) { c.Support = 0.89 }),
				with(judged(armClosed, 0, "in 1912", answer.Correct), func(c *rows.Candidate) { c.F1, c.Support = 0.5, 0.9 })},
			kind: rows.KindAnswer, target: "closed0"},
		{name: "gate of support that none passes", context: answer.Present, policy: Policy{MinSupport: 0.75},
			candidates: []rows.Candidate{with(judged(armRead, 0, "1912", answer.Correct), func(c *rows.Candidate) { c.Support = 0.74 }),
				judged(armRefuse, 0, "Sorry.", answer.Refused)},
			reason: "gates"},
		{name: "gate of support only where present", context: answer.Absent, policy: Policy{MinSupport: 0.75},
			candidates: []rows.Candidate{with(judged(armClosed, 0, "1912", answer.Correct), func(c *rows.Candidate) { c.Support = 0 })},
			kind:       rows.KindAnswer, target: "closed0", known: true},
		{name: "an answer that was cut is no target", context: answer.Present,
			candidates: []rows.Candidate{with(judged(armRead, 0, "1912 and", answer.Correct), func(c *rows.Candidate) { c.Truncated = true })},
			reason:     "gates"},
		{name: "a row without documents besides", context: answer.Present, policy: Policy{ClosedRows: true},
			candidates: []rows.Candidate{judged(armClosed, 1, "1912", answer.Correct), judged(armRead, 0, "1912", answer.Correct)},
			kind:       rows.KindAnswer, target: "read0", closed: "closed1"},
	} {
		t.Run(c.name, func(t *testing.T) {
			d := &draft{question: question.Question{ID: "q", Question: "When?", Answer: gold}, context: c.context, candidates: c.candidates}
			got := c.policy.withDefaults().choose(d)
			name := func(c *rows.Candidate) string {
				if c == nil {
					return ""
				}
				return fmt.Sprint(c.Arm, c.Index)
			}
			require.Equal(t, c.target, name(got.target))
			require.Equal(t, c.closed, name(got.closed))
			require.Equal(t, c.reason, got.reason)
			require.Equal(t, c.known, got.known)
			if got.target != nil {
				require.Equal(t, c.kind, got.kind)
			}
		})
	}
}

func capFixture(answers, absent, present int) []rows.Row {
	var r []rows.Row
	add := func(n int, kind rows.Kind, context answer.Context) {
		for range n {
			r = append(r, rows.Row{QuestionID: fmt.Sprint("q", len(r)), Kind: kind, Context: context})
		}
	}
	add(answers, rows.KindAnswer, answer.Present)
	add(absent, rows.KindRefusal, answer.Absent)
	add(present, rows.KindRefusal, answer.Present)
	return r
}

func TestRefusalCap(t *testing.T) {
	count := func(rows []rows.Row, kind rows.Kind) (n int) {
		for _, row := range rows {
			if row.Kind == kind {
				n++
			}
		}
		return n
	}
	for _, c := range []struct {
		share           opt.Value[float64]
		answers, refuse int
		kept            int
	}{
		{opt.Value[float64]{}, 70, 50, 30}, // the default: 30 of 100
		{opt.Of(0.30), 70, 30, 30},         // exactly at the cap
		{opt.Of(0.30), 70, 31, 30},
		{opt.Of(0.30), 7, 50, 3},
		{opt.Of(0.50), 10, 50, 10},
		{opt.Of(0.25), 10, 50, 3}, // 3/13 = .231; 4/14 = .286
		{opt.Of(1.0), 1, 50, 50},
		{opt.Of(0.0), 70, 50, 0},
		{opt.Value[float64]{}, 0, 50, 0}, // refusals alone teach nothing but refusing
	} {
		r := capFixture(c.answers, c.refuse, 0)
		kept, dropped := Policy{MaxRefusals: c.share}.withDefaults().capRefusals(r, 1)
		require.Equal(t, c.kept, count(kept, rows.KindRefusal), "%+v", c)
		require.Equal(t, c.answers, count(kept, rows.KindAnswer), "%+v", c)
		require.Len(t, dropped, c.refuse-c.kept)
	}
}

func TestRefusalCapIsSeededAndSparesTheAbsent(t *testing.T) {
	policy := Policy{}.withDefaults()
	r := capFixture(21, 12, 12) // 9 may stay
	kept, dropped := policy.capRefusals(r, 1)
	require.Len(t, dropped, 15)
	for _, row := range kept {
		require.False(t, row.Kind == rows.KindRefusal && row.Context == answer.Present, "those with the answer present go first")
	}
	_, again := policy.capRefusals(r, 1)
	require.Equal(t, dropped, again)
	_, other := policy.capRefusals(r, 2)
	require.NotEqual(t, dropped, other)
}
