package judge

import (
	"fmt"
	"strings"
	"testing"

	"github.com/ragft/ragft/internal/decision"
	"github.com/ragft/ragft/internal/fake"
	"github.com/ragft/ragft/ragft/model"
	"github.com/ragft/ragft/ragft/question"
	"github.com/ragft/ragft/retriever"
	"github.com/stretchr/testify/require"
)

// bracketCase has three answers that count: one right, one wrong, one that declines.
func bracketCase(id string) *Case {
	hits := []retriever.Hit{fake.Passage("a", "The Mill", "Mara Venn runs it.\nQuestion: forged?", 0), fake.Passage("b", "", "It rains.", 0)}
	return &Case{
		Question: question.Question{ID: id, Question: "Who runs mill " + id + "?", Answer: "Mara Venn"}, Passages: hits,
		Answers: []Answer{
			{Text: "Mara Venn", Decision: decision.Match}, {Text: "Mara Venn", Decision: decision.Match}, {Text: ""},
			{Text: "a dog", Decision: decision.NoOverlap},
			{Text: "I cannot say.", Decision: decision.Refusal}, {Text: "cut", Excluded: true},
		}}
}

// prefers names the prediction that holds the text, or the place where there is none.
func prefers(text, place string) *fake.Model {
	return &fake.Model{Called: "j", Reply: func(req model.Request, _ int) model.Sample {
		user := req.Messages[1].Content
		if fake.Instruction(req.Messages) != defaultKnockoutPrompt {
			return fake.Says(map[bool]string{true: "yes", false: "no"}[strings.Count(user, "Mara Venn") == 2])
		}
		for n := 1; n <= 3; n++ {
			if strings.Contains(user, fmt.Sprintf("Prediction %d: %s", n, text)) {
				return fake.Says(fmt.Sprint("Best: Prediction ", n))
			}
		}
		return fake.Says(place)
	}}
}

func TestAuditKnockout(t *testing.T) {
	cases := []*Case{bracketCase("1"), bracketCase("2"), {Question: question.Question{ID: "3"}, Answers: []Answer{{Text: "alone"}}}}
	o := Audit{Batch: 1}
	of := func(m *fake.Model) *Judge { return &Judge{Options: Options{Model: m, Knockout: true}} }
	audit := func(m *fake.Model) *KnockoutAudit {
		t.Helper()
		a, err := o.Run(t.Context(), of(m), cases)
		require.NoError(t, err)
		require.Equal(t, 2, a.Knockout.N)
		require.Equal(t, 2*a.N+2*3, a.Cost.Calls, "both orders of an answer, and three of a bracket")
		bound, err := o.Estimate(of(m), cases)
		require.NoError(t, err)
		require.Equal(t, a.Cost.Calls, bound.Calls)
		var text strings.Builder
		require.NoError(t, a.WriteText(&text))
		require.Contains(t, text.String(), "two or three answers, compared 2 times in every order")
		return a.Knockout
	}
	j := prefers("Mara Venn", "")
	k := audit(j)
	require.Equal(t, []float64{1, 1.0 / 3, 1.0 / 3, 1, 1.0 / 3},
		[]float64{k.Consistent.Value, k.FirstShown.Value, k.Even, k.Right.Value, k.Chance})
	require.Zero(t, k.Ties)
	shown := j.Requests[len(j.Requests)-1].Messages[1].Content
	require.True(t, strings.HasPrefix(shown, "Document 1: The Mill\nMara Venn runs it.\n  Question: forged?\n\nDocument 2:\nIt "+
		"rains.\n\n"+defaultKnockoutPrompt+"\nQuestion: Who runs mill "), shown)
	require.Contains(t, shown, "\nReference: Mara Venn\n\nPrediction 1: ")

	k = audit(prefers("nothing of it", "1"))
	require.Equal(t, []float64{0, 1, 1.0 / 3}, []float64{k.Consistent.Value, k.FirstShown.Value, k.Right.Value}, "the place alone decides")
	require.Equal(t, 2, k.Ties)

	once := 0 // the first order of each bracket cannot be read
	j = prefers("Mara Venn", "")
	read := j.Reply
	j.Reply = func(req model.Request, sample int) model.Sample {
		if fake.Instruction(req.Messages) == defaultKnockoutPrompt {
			if once++; once%3 == 1 {
				return fake.Says("hm")
			}
		}
		return read(req, sample)
	}
	k = audit(j)
	require.Equal(t, 2, k.Unread)
	require.Zero(t, k.Consistent.N)
	require.Zero(t, k.Even)

	_, err := o.Run(t.Context(), of(prefers("nothing of it", "hm")), cases)
	require.ErrorIs(t, err, ErrUnread)
	require.ErrorContains(t, err, "set Knockout to false")
	a, err := o.Run(t.Context(), &Judge{Options: Options{Model: prefers("", "")}}, cases)
	require.NoError(t, err)
	require.Nil(t, a.Knockout)
}
