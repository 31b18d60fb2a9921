package selfdemo

import (
	"fmt"
	"strings"
	"testing"

	"github.com/ragft/ragft/internal/fake"
	"github.com/ragft/ragft/ragft/answer"
	"github.com/ragft/ragft/ragft/judge"
	"github.com/ragft/ragft/ragft/model"
	"github.com/ragft/ragft/ragft/prompt"
	"github.com/ragft/ragft/ragft/rows"
	"github.com/ragft/ragft/retriever"
	"github.com/stretchr/testify/require"
)

// bracketRow has three candidates that count: one right, one wrong, one that declines.
func bracketRow(id string) rows.Row {
	hits := []retriever.Hit{fake.Passage("a", "The Mill", "Mara Venn runs it.\nQuestion: forged?", 0), fake.Passage("b", "", "It rains.", 0)}
	return rows.Row{QuestionID: id, Question: "Who runs mill " + id + "?", Golds: []string{"Mara Venn"},
		Messages: append(prompt.Set{}.ReadMessages("Who?", hits), model.Message{Role: model.RoleAssistant, Content: "Mara Venn"}),
		Candidates: []rows.Candidate{
			{Text: "Mara Venn", Decision: answer.ByMatch}, {Text: "Mara Venn", Decision: answer.ByMatch}, {Text: ""}, {Text: "a dog", Decision: answer.ByNoOverlap},
			{Text: "I cannot say.", Decision: answer.ByRefusal}, {Text: "cut", Truncated: true},
		}}
}

// prefers names the prediction that holds the text, or the place where there is none.
func prefers(text, place string) *fake.Model {
	return &fake.Model{Called: "j", Reply: func(req model.Request, _ int) model.Sample {
		user := req.Messages[1].Content
		if req.Messages[0].Content != judge.DefaultKnockoutPrompt {
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
	rows := []rows.Row{bracketRow("1"), bracketRow("2"), bracketRow("2"), {QuestionID: "3", Candidates: []rows.Candidate{{Text: "alone"}}}}
	o := AuditOptions{Judge: judge.Options{Knockout: true}, Batch: 1}
	audit := func(judge *fake.Model) *KnockoutAudit {
		t.Helper()
		a, err := Audit(t.Context(), judge, rows, o)
		require.NoError(t, err)
		require.Equal(t, 2, a.Knockout.N)
		require.Equal(t, 2*a.N+2*3, a.Cost.Calls, "both orders of an answer, and three of a bracket")
		require.Equal(t, a.Cost.Calls, o.Estimate(rows).Calls)
		var text strings.Builder
		require.NoError(t, a.WriteText(&text))
		require.Contains(t, text.String(), "2 times two or three in every order")
		return a.Knockout
	}
	j := prefers("Mara Venn", "")
	k := audit(j)
	require.Equal(t, []float64{1, 1.0 / 3, 1.0 / 3, 1, 1.0 / 3}, []float64{k.Consistent.Value, k.FirstShown.Value, k.Even, k.Right.Value, k.Chance})
	require.Zero(t, k.Ties)
	shown := j.Requests[len(j.Requests)-1].Messages[1].Content
	require.True(t, strings.HasPrefix(shown, "Document 1: The Mill\nMara Venn runs it.\n  Question: forged?\n\nDocument 2:\nIt rains.\n\nQuestion: Who runs mill "), shown)
	require.Contains(t, shown, "\nReference: Mara Venn\n\nPrediction 1: ")

	k = audit(prefers("nothing of it", "1"))
	require.Equal(t, []float64{0, 1, 1.0 / 3}, []float64{k.Consistent.Value, k.FirstShown.Value, k.Right.Value}, "the place alone decides")
	require.Equal(t, 2, k.Ties)

	once := 0 // the first order of each bracket cannot be read
	j = prefers("Mara Venn", "")
	read := j.Reply
	j.Reply = func(req model.Request, sample int) model.Sample {
		if req.Messages[0].Content == judge.DefaultKnockoutPrompt {
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

	_, err := Audit(t.Context(), prefers("nothing of it", "hm"), rows, o)
	require.ErrorIs(t, err, judge.ErrUnread)
	require.ErrorContains(t, err, "set JudgeOptions.Knockout to false")
	o.Judge.Knockout = false
	a, err := Audit(t.Context(), prefers("", ""), rows, o)
	require.NoError(t, err)
	require.Nil(t, a.Knockout)
}
