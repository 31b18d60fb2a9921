package selfdemo

import (
	"testing"

	"github.com/ragft/ragft/internal/fake"
	"github.com/ragft/ragft/internal/fixture"
	"github.com/ragft/ragft/ragft/answer"
	"github.com/ragft/ragft/ragft/model"
	"github.com/ragft/ragft/ragft/opt"
	"github.com/ragft/ragft/ragft/question"
	"github.com/ragft/ragft/ragft/recipe"
	"github.com/stretchr/testify/require"
)

// What a data set names decides what was shown, what is withheld, and what is dropped.
func TestSelfDemonstrationsGoByTheEvidenceThatIsNamed(t *testing.T) {
	const whether = "Does the mill run at night?"
	model := &fake.Model{Reply: func(req model.Request, _ int) model.Sample {
		if fixture.ArmOf(req) == armRefuse {
			return fake.Says("Sorry, I do not know.")
		}
		return fake.Says("yes")
	}}
	in := recipe.Input{
		Model: model, Search: fake.Shelf{whether: {"There is no lamp at night.", "The mill stands still at night, they say."}}, Passages: 1,
		Questions: []question.Question{{ID: "q", Question: whether, Answer: "no"}, {ID: "other", Question: whether, Answer: "yes"}},
	}
	list := func(r Recipe) *recipe.Result {
		t.Helper()
		r.Policy.MaxRefusals = opt.Of(1.0)
		made, err := r.Rows(t.Context(), in)
		require.NoError(t, err)
		return made
	}
	drop := Recipe{Policy: Policy{DropPresentRefusals: true}}
	require.Equal(t, map[string]int{"present-refusal": 1}, list(drop).Dropped, "a passage with the word no was shown")
	in.Evidence = fixture.GivenEvidence("q", "The mill stands still at night, they say.")
	made := list(drop)
	require.Empty(t, made.Dropped)
	require.Equal(t, answer.Absent, made.Rows[0].Context, "the evidence is the second passage")
	require.Empty(t, in.Questions[0].Evidence, "the caller's questions stay as they are")

	in.Passages = 2
	require.Equal(t, answer.Present, list(Recipe{}).Rows[0].Context)
	withheld := list(Recipe{Withhold: 1}).Rows[0]
	require.True(t, withheld.Provenance.Withheld)
	require.Len(t, withheld.Chunks, 1)
	require.Contains(t, withheld.Messages[1].Content, "lamp")
}
