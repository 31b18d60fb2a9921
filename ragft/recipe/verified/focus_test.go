package verified_test

import (
	"strings"
	"testing"

	"github.com/ragft/ragft/internal/fake"
	"github.com/ragft/ragft/ragft/model"
	"github.com/ragft/ragft/ragft/opt"
	"github.com/ragft/ragft/ragft/prompt"
	"github.com/ragft/ragft/ragft/question"
	"github.com/ragft/ragft/ragft/recipe/verified"
	"github.com/stretchr/testify/require"
)

// An answer from the one passage that holds it counts as the model's own, whether it is the likeliest one or drawn.
func TestFocusOnThePassageThatHoldsTheAnswer(t *testing.T) {
	for _, draws := range []int{0, 4} {
		m := village()
		elsewhere := m.Reply
		m.Reply = func(req model.Request, sample int) model.Sample {
			user := req.Messages[len(req.Messages)-1].Content
			if strings.Contains(user, asksForge) && !strings.Contains(user, "Document 2:") && (req.Temperature > 0) == (draws > 0) {
				return fake.Says("They are nails.")
			}
			return elsewhere(req, sample)
		}
		in := input(m)
		r, err := verified.Recipe{Pairs: opt.Of(0.0), Draws: opt.Of(draws)}.Rows(t.Context(), in)
		require.NoError(t, err)
		row := byID(t, r.Rows)["forge/verified"]
		require.Equal(t, "own", row.Made)
		require.Equal(t, "nails", row.Response())
		both := fake.HitsOf(t, in.Search, asksForge)[:2]
		require.Equal(t, prompt.Set{}.ReadMessages(asksForge, both), row.Prompt(), "the row shows both")
	}
}

func TestTheShortestReferenceIsTaught(t *testing.T) {
	in := input(newPupil(nil))
	in.Questions = []question.Question{
		{ID: "inn", Question: asksInn, Answer: "built by Ann Lee", Aliases: []string{"Lee of the north", "Ann Lee"}},
	}
	r, err := verified.Recipe{Pairs: opt.Of(0.0), Draws: opt.Of(0)}.Rows(t.Context(), in)
	require.NoError(t, err)
	require.Equal(t, "Ann Lee", r.Rows[0].Response(), "of those that the passage has")
}
