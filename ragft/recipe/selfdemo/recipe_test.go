package selfdemo

import (
	"context"
	"testing"
	"time"

	"github.com/ragft/ragft/internal/fake"
	"github.com/ragft/ragft/internal/fixture"
	"github.com/ragft/ragft/ragft/judge"
	"github.com/ragft/ragft/ragft/model"
	"github.com/ragft/ragft/ragft/model/cache"
	"github.com/ragft/ragft/ragft/opt"
	"github.com/ragft/ragft/ragft/question"
	"github.com/ragft/ragft/ragft/recipe"
	"github.com/ragft/ragft/ragft/rows"
	"github.com/stretchr/testify/require"
)

func TestSelfDemonstrations(t *testing.T) {
	in := fixture.RecipeInput()
	recipe := Recipe{Closed: opt.Of(1), Read: opt.Of(2), Refuse: opt.Of(1), Judge: judge.Options{Model: in.Model},
		Policy: Policy{MaxRefusals: opt.Of(1.0)}}
	bound, err := recipe.Estimate(in)
	require.NoError(t, err)
	require.Equal(t, 2*(3+4), bound.Calls) // three prompts and at most four judgements a question
	r, err := recipe.Rows(t.Context(), in)
	require.NoError(t, err)
	require.Len(t, r.Rows, 2)
	require.Equal(t, "self-demo", r.Rows[0].Source)
	require.Equal(t, rows.KindAnswer, r.Rows[0].Kind)
	require.Equal(t, rows.KindRefusal, r.Rows[1].Kind)
	require.LessOrEqual(t, r.Cost.Calls, bound.Calls)
	require.LessOrEqual(t, r.Cost.Tokens, bound.Tokens)
	require.Positive(t, r.Cost.SecondsPerRow)
}

// What stands for none stays none on the way to the candidates.
func TestSelfDemonstrationsWithoutRefusalsAndDraws(t *testing.T) {
	model, search := &fake.Scripted{Called: "m", Other: fake.Decline, Answers: map[string]model.Sample{}}, fake.Shelf{}
	in := recipe.Input{Model: model, Search: search}
	for _, inn := range []string{"Swan", "Crown", "Bell", "Moon"} {
		q := question.Question{ID: inn, Question: "Who keeps the " + inn + "?", Answer: "Ann"}
		search[q.Question] = []string{"Ann keeps the " + inn + "."}
		if inn != "Moon" {
			model.Answers[q.Question] = fake.Said("Ann", 0.9)
		}
		in.Questions = append(in.Questions, q)
	}
	r, err := Recipe{Temperature: opt.Of(0.0), Policy: Policy{MaxRefusals: opt.Of(0.0)}}.Rows(t.Context(), in)
	require.NoError(t, err)
	require.Len(t, r.Rows, 3, "by the default of 30 % one refusal may stand beside three answers")
	require.Equal(t, map[string]int{"refusal-cap": 1}, r.Dropped)
	require.NotEmpty(t, model.Seen)
	for _, req := range model.Seen {
		require.Zero(t, req.Temperature)
	}
}

// takesTime takes as long for each request.
type takesTime struct{ model.Model }

func (m takesTime) Chat(ctx context.Context, reqs []model.Request) ([]model.Response, error) {
	time.Sleep(time.Duration(len(reqs)) * 20 * time.Millisecond)
	return m.Model.Chat(ctx, reqs)
}

// What came from a cache costs what it took to generate.
func TestCostsAfterAResume(t *testing.T) {
	in, dir := fixture.RecipeInput(), t.TempDir()
	slow := takesTime{in.Model}
	recipe := Recipe{Policy: Policy{MaxRefusals: opt.Of(1.0)}}
	run := func() model.Cost {
		cached, err := cache.Open(slow, dir)
		require.NoError(t, err)
		defer cached.Close()
		in.Model = cached
		r, err := recipe.Rows(t.Context(), in)
		require.NoError(t, err)
		return r.Cost
	}
	first, again := run(), run()
	require.Zero(t, first.Cached)
	require.Equal(t, again.Calls, again.Cached)
	require.GreaterOrEqual(t, first.Generating, time.Duration(first.Calls)*20*time.Millisecond)
	require.Equal(t, first.Generating, again.Generating)
	longer := max(again.Generating, again.Elapsed) // on a slow machine reading the cache can take longer
	require.InDelta(t, longer.Seconds()/2, again.SecondsPerRow, 1e-9, "two rows, and the time is not that of reading the cache alone")
	require.Contains(t, again.String(), "with what the cache saved")
	in.Model = slow
	r, err := recipe.Rows(t.Context(), in)
	require.NoError(t, err)
	require.Positive(t, r.Cost.Generating, "without a cache it is measured")
}

func TestRecipesSayWhatTheyNeed(t *testing.T) {
	in := fixture.RecipeInput()
	for _, r := range []recipe.Recipe{Recipe{}, recipe.Gold{}} {
		without := in
		without.Search = nil
		_, err := r.Estimate(without)
		require.ErrorContains(t, err, r.Name()+": there is no index")
		without = in
		without.Questions = nil
		_, err = r.Rows(t.Context(), without)
		require.ErrorIs(t, err, question.ErrNone)
		twice := in
		twice.Questions = append(twice.Questions, twice.Questions[0])
		_, err = r.Rows(t.Context(), twice)
		require.ErrorContains(t, err, "two questions have the id")
	}
	in.Model = nil
	_, err := Recipe{}.Estimate(in)
	require.ErrorContains(t, err, "there is no model")
}
