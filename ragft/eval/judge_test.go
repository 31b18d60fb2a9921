package eval

import (
	"testing"

	"github.com/ragft/ragft/internal/decision"
	"github.com/ragft/ragft/ragft/answer"
	"github.com/ragft/ragft/ragft/judge"
	"github.com/ragft/ragft/ragft/question"
	"github.com/ragft/ragft/retriever"
	"github.com/stretchr/testify/require"
)

func TestAnswerOfSeveralParts(t *testing.T) {
	q := question.Question{Answer: "Ann Lee, Orrin", Parts: [][]string{{"Ann Lee", "A. Lee"}, {"Orrin"}}}
	for text, want := range map[string]answer.Verdict{
		"Ann Lee built it on Orrin.":        answer.Correct,
		"On Orrin, by A. Lee.":              answer.Correct,
		"Ann Lee built it.":                 "", // half of it: the judge decides
		"It was not Ann Lee, nor on Orrin.": "",
		"The documents do not say.":         answer.Refused,
		"Zebras":                            answer.Incorrect,
	} {
		a := decide(t, text, q)
		if want == "" {
			require.Equal(t, decision.Undecided, a.Decision, text)
		} else {
			require.Equal(t, want, a.Verdict, text)
		}
	}
	hit := func(text string) retriever.Hit { return retriever.Hit{Chunk: retriever.Chunk{Text: text}} }
	require.Equal(t, answer.Present, q.Context([]retriever.Hit{hit("Ann Lee"), hit("on Orrin")}))
	require.Equal(t, answer.Absent, q.Context([]retriever.Hit{hit("Ann Lee"), hit("on Skell")}))

	r := Record{Answer: "Ann Lee built it on Orrin.", Verdict: answer.Correct}
	r.score(q)
	require.True(t, r.Contains, "all parts")
	require.InDelta(t, 2.0/3, r.F1, 1e-12) // against the whole answer: P 3/6, R 3/3
	r = Record{Answer: "Ann Lee built it.", Verdict: answer.Incorrect}
	r.score(q)
	require.False(t, r.Contains, "one of two")
}

// What the judge takes for a refusal counts as no "no" either.
func TestARefusalIsNoNo(t *testing.T) {
	q := question.Question{Answer: "no"}
	for text, want := range map[string]bool{"No, it stands still.": true, "No information is given in the documents.": false} {
		r := Record{Answer: text, Verdict: decide(t, text, q).Verdict}
		r.score(q)
		require.Equal(t, want, r.Contains, text)
	}
}

// decide gives the verdict on a text without a model.
func decide(t *testing.T, text string, q question.Question) judge.Answer {
	t.Helper()
	c := &judge.Case{Question: q, Answers: []judge.Answer{{Text: text}}}
	require.NoError(t, (&judge.Judge{}).Decide(t.Context(), []*judge.Case{c}))
	return c.Answers[0]
}
