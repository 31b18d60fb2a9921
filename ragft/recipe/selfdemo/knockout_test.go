package selfdemo

import (
	"fmt"
	"strings"
	"testing"

	"github.com/ragft/ragft/internal/decision"
	"github.com/ragft/ragft/internal/fake"
	"github.com/ragft/ragft/ragft/answer"
	"github.com/ragft/ragft/ragft/judge"
	"github.com/ragft/ragft/ragft/model"
	"github.com/ragft/ragft/ragft/question"
	"github.com/ragft/ragft/ragft/recipe"
	"github.com/ragft/ragft/ragft/rows"
	"github.com/stretchr/testify/require"
)

// The judge prefers the text "right" wherever it stands. Empty candidates are
// not shown and keep their places: the published code counts them out of the
// list but not out of the index, and takes the wrong winner.
func TestKnockout(t *testing.T) {
	const knockoutPrompt = "Best: Prediction N"
	j := &fake.Model{Reply: func(req model.Request, _ int) model.Sample {
		user := req.Messages[1].Content
		require.Contains(t, fake.Instruction(req.Messages), knockoutPrompt)
		require.Contains(t, user, "Reference: nine")
		require.NotContains(t, user, "Prediction 4")
		for n := 1; n <= 3; n++ {
			if strings.Contains(user, fmt.Sprintf("Prediction %d: right", n)) {
				return fake.Says(fmt.Sprintf("Best: Prediction %d", n))
			}
		}
		return fake.Says("Best: Prediction 1")
	}}
	for seed := range uint64(30) {
		g := newGenerator(recipe.Input{Model: fake.AlwaysSays(""), Seed: seed}, Recipe{Judge: judge.Options{Knockout: true, Model: j}})
		d := &draft{question: question.Question{ID: "q", Question: "Rooms?", Answer: "nine rooms"}, context: answer.Present}
		for i, text := range []string{"", "wrong", "", "wrong", "right rooms", "", "wrong", "wrong", "wrong"} {
			d.candidates = append(d.candidates, rows.Candidate{Arm: armRead, Index: i, Text: text})
		}
		j.Requests = nil
		require.NoError(t, g.decide(t.Context(), []*draft{d}))
		require.Equal(t, 4, d.winner)
		require.Len(t, j.Requests, 3, "six that say something: two brackets and a final")
		require.Equal(t, decision.Knockout, d.candidates[4].Decision)
		c := g.opts.Policy.choose(d)
		require.Equal(t, rows.KindAnswer, c.kind)
		require.Same(t, &d.candidates[4], c.target)
	}
}

func TestKnockoutAsksAgainAndDrops(t *testing.T) {
	replies := 0
	j := &fake.Model{Reply: func(req model.Request, _ int) model.Sample {
		if replies++; replies < 3 {
			return fake.Says("hm")
		}
		return fake.Says("Best: Prediction 2")
	}}
	g := newGenerator(recipe.Input{Model: fake.AlwaysSays("")}, Recipe{Judge: judge.Options{Knockout: true, Model: j}})
	d := &draft{question: question.Question{ID: "q", Unanswerable: true}, candidates: []rows.Candidate{
		{Arm: armRefuse, Text: "Sorry, I do not know."}, {Arm: armRead, Text: "Sorry, I cannot tell."}}}
	require.NoError(t, g.decide(t.Context(), []*draft{d}))
	require.Equal(t, 3, replies)
	require.Equal(t, []float64{0, 0.7, 0.7}, []float64{j.Requests[0].Temperature, j.Requests[1].Temperature, j.Requests[2].Temperature})
	require.NotEqual(t, j.Requests[1].Seed, j.Requests[2].Seed)
	require.Contains(t, j.Requests[0].Messages[1].Content, "Reference: none")
	c := g.opts.Policy.choose(d)
	require.Equal(t, rows.KindRefusal, c.kind)
	require.NotNil(t, c.target)

	g = newGenerator(recipe.Input{Model: fake.AlwaysSays("")},
		Recipe{Judge: judge.Options{Knockout: true, Tries: 2, Model: fake.AlwaysSays("hm")}})
	require.NoError(t, g.decide(t.Context(), []*draft{d}))
	require.Equal(t, "unjudged", g.opts.Policy.choose(d).reason)

	// A winner that the strings show to be wrong is no target.
	g = newGenerator(recipe.Input{Model: fake.AlwaysSays("")}, Recipe{Judge: judge.Options{Knockout: true, Model: fake.AlwaysSays("1")}})
	d = &draft{question: question.Question{ID: "q", Unanswerable: true}, candidates: []rows.Candidate{{Arm: armRead, Text: "Ann"}}}
	require.NoError(t, g.decide(t.Context(), []*draft{d}))
	require.Equal(t, "wrong-winner", g.opts.Policy.choose(d).reason)
}
