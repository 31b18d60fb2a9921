package selfdemo

import (
	"testing"

	"github.com/ragft/ragft/internal/fake"
	"github.com/ragft/ragft/ragft/answer"
	"github.com/ragft/ragft/ragft/judge"
	"github.com/ragft/ragft/ragft/prompt"
	"github.com/ragft/ragft/ragft/question"
	"github.com/ragft/ragft/ragft/recipe"
	"github.com/ragft/ragft/ragft/rows"
	"github.com/stretchr/testify/require"
)

// The judge is asked once for each open text, with all references in view,
// and equal texts keep their own places.
func TestJudgeIsAskedOnlyForWhatIsOpen(t *testing.T) {
	model := fake.AlwaysSays("yes")
	g := newGenerator(recipe.Input{Model: model}, Recipe{Judge: judge.Options{Model: model, Votes: 3}})
	d := &draft{question: question.Question{ID: "q", Question: "Who?", Answer: "Thomas Hale", Aliases: []string{"T. Hale"}},
		candidates: []rows.Candidate{{Text: "Thomas Hale"}, {Text: "Tom Hale"}, {Text: "Tom Hale"}, {Text: "Ann"}, {Text: ""}}}
	require.NoError(t, g.decide(t.Context(), []*draft{d}))
	require.Len(t, model.Requests, 1)
	require.Equal(t, 3, model.Requests[0].Samples)
	require.Equal(t, prompt.Default().Judge+"\nQuestion: Who?\nReference: Thomas Hale / T. Hale\nAnswer: Tom Hale",
		model.Requests[0].Messages[1].Content)
	var verdicts []answer.Verdict
	for _, c := range d.candidates {
		verdicts = append(verdicts, c.Verdict)
	}
	require.Equal(t, []answer.Verdict{answer.Correct, answer.Correct, answer.Correct, answer.Incorrect, answer.Incorrect}, verdicts)
	require.Equal(t, &answer.Votes{Yes: 3}, d.candidates[1].Votes)
	require.NotSame(t, d.candidates[1].Votes, d.candidates[2].Votes)
	require.Nil(t, d.candidates[0].Votes)

	none := fake.AlwaysSays("yes")
	g = newGenerator(recipe.Input{Model: none}, Recipe{})
	d.candidates = []rows.Candidate{{Text: "Tom Hale"}}
	require.NoError(t, g.decide(t.Context(), []*draft{d}))
	require.Zero(t, none.Calls)
	require.Equal(t, answer.Incorrect, d.candidates[0].Verdict)
}
