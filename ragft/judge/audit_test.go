package judge

import (
	"fmt"
	"math"
	"strings"
	"testing"

	"github.com/ragft/ragft/internal/decision"
	"github.com/ragft/ragft/internal/fake"
	"github.com/ragft/ragft/ragft/answer"
	"github.com/ragft/ragft/ragft/model"
	"github.com/ragft/ragft/ragft/question"
	"github.com/stretchr/testify/require"
)

// Cohen's kappa by hand: 20 of both yes, 5 and 10 apart, 15 of both no:
// observed 0.7, expected 0.5, kappa 0.4.
func TestKappa(t *testing.T) {
	var truth, said []bool
	for i, n := range []int{20, 5, 10, 15} {
		for range n {
			truth, said = append(truth, i < 2), append(said, i%2 == 0)
		}
	}
	require.InDelta(t, 0.4, kappa(truth, said, nil), 1e-12)
}

// A judge that accepts all that mentions Venn, whichever place it has.
func TestAuditJudge(t *testing.T) {
	c := &Case{Question: question.Question{ID: "q", Question: "Who runs the mill?", Answer: "Mara Venn"}, Answers: []Answer{
		{Text: "Mara Venn", Decision: decision.Match}, {Text: "It is Mara Venn.", Decision: decision.Match},
		{Text: "It is Mara Venn.", Decision: decision.Match},
		{Text: "a dog", Decision: decision.NoOverlap}, {Text: "a cow", Decision: decision.NoOverlap}, {Text: "M. Venn", Decision: decision.Judge},
		{Text: "strange yes", Decision: decision.NoOverlap},
	}}
	j := &fake.Model{Called: "j", Reply: func(req model.Request, _ int) model.Sample {
		user := req.Messages[1].Content
		answer := user[strings.Index(user, "Answer: "):]
		if strings.Contains(user, "strange") {
			if strings.Contains(answer, "strange") {
				return fake.Says("yes")
			}
			return fake.Says("no")
		}
		if strings.Count(user, "Venn") == 2 {
			return fake.Says("yes")
		}
		return fake.Says("no")
	}}
	var seen []model.Progress
	audit := Audit{Batch: 1, Progress: func(p model.Progress) { seen = append(seen, p) }}
	judge := &Judge{Options: Options{Model: j}}
	a, err := audit.Run(t.Context(), judge, []*Case{c, c})
	require.NoError(t, err)
	require.Len(t, seen, a.N)
	require.Equal(t, []int{a.N, a.N, 2 * a.N}, []int{seen[a.N-1].Done, seen[a.N-1].Total, seen[a.N-1].Calls})
	bound, err := audit.Estimate(judge, []*Case{c, c})
	require.NoError(t, err)
	require.Equal(t, []int{a.Cost.Calls, 2 * a.N * 16}, []int{bound.Calls, bound.Tokens})
	require.Equal(t, 5, a.N)
	require.Equal(t, 2, a.Right)
	require.Len(t, j.Requests, 10)
	require.InDelta(t, 4.0/5, a.Agreement.Value, 1e-12)
	require.InDelta(t, 4.0/5, a.Consistent.Value, 1e-12)
	require.InDelta(t, 1, a.Sensitivity.Value, 1e-12)
	require.InDelta(t, 2.0/3, a.Specificity.Value, 1e-12)
	require.InDelta(t, (0.8-0.48)/(1-0.48), a.Kappa.Value, 1e-12) // expected: (2*3 + 3*2) / 25
	var text strings.Builder
	require.NoError(t, a.WriteText(&text))
	require.Contains(t, text.String(), "5 answers whose verdict is known (2 correct)")

	// A judge that is right each time is not known to be right always.
	c.Answers = c.Answers[:5]
	a, err = Audit{}.Run(t.Context(), judge, []*Case{c})
	require.NoError(t, err)
	require.Equal(t, []float64{1, 1}, []float64{a.Agreement.Value, a.Kappa.Value})
	require.InDelta(t, 0.025, a.Agreement.Low, 1e-9, "four answers to one question count as one")
	require.True(t, math.IsNaN(a.Kappa.Low))
	text.Reset()
	require.NoError(t, a.WriteText(&text))
	require.Contains(t, text.String(), "kappa 1.000 (interval unknown, n 4)")

	_, err = Audit{}.Run(t.Context(), &Judge{Options: Options{Model: fake.AlwaysSays("hm")}}, []*Case{c})
	require.ErrorIs(t, err, ErrUnread)
	_, err = Audit{}.Run(t.Context(), judge, nil)
	require.ErrorContains(t, err, "no answer is decided by comparing strings")
	_, err = Audit{Limit: -1}.Run(t.Context(), judge, []*Case{c})
	require.ErrorContains(t, err, "Limit -1")
	_, err = Audit{}.Run(t.Context(), &Judge{}, []*Case{c})
	require.ErrorContains(t, err, "set Model")
	a, err = Audit{Limit: 2}.Run(t.Context(), judge, []*Case{c})
	require.NoError(t, err)
	require.Equal(t, []int{2, 1}, []int{a.N, a.Right}, "half of them correct")
}

// A judge that is wrong about all answers to every other question: twelve answers to four questions are evidence like four.
func TestAuditTakesAnswersToAQuestionTogether(t *testing.T) {
	a, _ := Audit{}.withDefaults()
	var items []*known
	for i := range 12 {
		yes := answer.Votes{Yes: 1}
		if i/3%2 == 0 {
			yes = answer.Votes{No: 1}
		}
		items = append(items, &known{group: fmt.Sprint(i / 3), right: true, forward: yes, backward: yes})
	}
	j := &Judge{Options: Options{Model: fake.AlwaysSays("yes")}}
	together := a.result(j, items).Sensitivity
	require.Equal(t, 0.5, together.Value)
	require.Equal(t, []float64{0, 1}, []float64{together.Low, together.High}, "one time in sixteen all four are of one kind")
	for i, item := range items {
		item.group = fmt.Sprint(i)
	}
	apart := a.result(j, items).Sensitivity
	require.Greater(t, apart.Low, 0.2)

	cases := []*Case{{Question: question.Question{ID: "1", Group: "p"}}, {Question: question.Question{ID: "2", Group: "p"}}}
	require.Equal(t, cases[0].group(), cases[1].group())
}
