package selfdemo

import (
	"context"
	"strings"
	"testing"

	"github.com/ragft/ragft/internal/fake"
	"github.com/ragft/ragft/internal/fixture"
	"github.com/ragft/ragft/ragft/answer"
	"github.com/ragft/ragft/ragft/assistant"
	"github.com/ragft/ragft/ragft/confidence"
	"github.com/ragft/ragft/ragft/eval"
	"github.com/ragft/ragft/ragft/model"
	"github.com/ragft/ragft/ragft/opt"
	"github.com/ragft/ragft/ragft/prompt"
	"github.com/ragft/ragft/ragft/question"
	"github.com/ragft/ragft/ragft/recipe"
	"github.com/ragft/ragft/retriever"
	"github.com/stretchr/testify/require"
)

// shownBy tells how many passages an evaluation, an assistant and a demonstration show, 0 where they say that even one is
// too long.
func shownBy(t *testing.T, m model.Model, q string, found retriever.Searcher, ensemble *answer.Ensemble) (evaluation, a,
	demonstration int) {
	t.Helper()
	questions := []question.Question{{ID: "a", Question: q, Answer: "x"}}
	e := fixture.Evaluated(t, eval.Config{
		Systems:   []eval.System{{Name: "s", Model: m, Setting: eval.SettingRetrieval, Ensemble: ensemble}},
		Questions: questions, Search: found, Passages: 3, MaxTokens: 5, Resamples: 10,
	})
	answer, err := assistant.New(m, found, assistant.Options{Passages: 3, MaxTokens: 5, Ensemble: ensemble}).Answer(t.Context(), q)
	if err == nil {
		a = len(answer.Hits)
	} else {
		require.ErrorIs(t, err, model.ErrPromptTooLong)
	}
	made, err := generate(t.Context(), m, found, questions, Recipe{MaxTokens: 5, Refuse: opt.Of(0)},
		func(in *recipe.Input) { in.Passages = 3 })
	require.NoError(t, err)
	if len(made.rows) > 0 {
		demonstration = len(made.rows[0].Chunks)
		require.Equal(t, demonstration < 3, made.summary.shortened == 1)
	} else {
		require.Equal(t, 1, made.summary.dropped["too-long"])
	}
	return e.Systems[0].Records[0].Passages, a, demonstration
}

// With the same options the same passages are shown, however near they come to the end of the context.
func TestPassagesAreCutAlike(t *testing.T) {
	const q = "Who runs the mill?"
	found := fake.Shelf{q: {"one two three four", "five six seven eight", "nine ten eleven twelve"}}
	m := &fake.Counting{Scripted: fake.Scripted{Called: "m", Other: "x"}}
	prompt := func(passages int) int {
		n, err := m.CountTokens(prompt.Set{}.ReadMessages(q, fake.HitsOf(t, found, q)[:passages]))
		require.NoError(t, err)
		return n
	}
	for context, want := range map[int]int{
		prompt(3) + 5: 3, prompt(3) + 4: 2, prompt(3) + 1: 2, prompt(2) + 5: 2, prompt(2) + 4: 1, prompt(1) + 5: 1, prompt(1) + 1: 1,
		prompt(1): 0,
	} {
		m.Context = context
		evaluation, assistant, demonstration := shownBy(t, m, q, found, nil)
		require.Equal(t, []int{want, want, want}, []int{evaluation, assistant, demonstration}, context-prompt(3))
	}
	for fits := range 5 {
		// One that cannot count says so when it is asked.
		evaluation, assistant, demonstration := shownBy(t, fake.Limited{Model: fake.AlwaysSays("x"), Documents: &fits}, q, found, nil)
		want := min(fits, 3)
		require.Equal(t, []int{want, want, want}, []int{evaluation, assistant, demonstration})
	}
}

// A vote is asked about each passage alone, so that one that is too long is no matter to the others.
func TestEnsembleFitsEachPassageAlone(t *testing.T) {
	const q = "Who runs the mill?"
	found := fake.Shelf{q: {strings.Repeat("long ", 50), "The mill is run by x.", "The mill is old."}}
	m := &fake.Counting{Scripted: fake.Scripted{Called: "m", Other: "x"}}
	one, err := m.CountTokens(prompt.Set{}.ReadMessages(q, fake.HitsOf(t, found, q)[1:2]))
	require.NoError(t, err)
	m.Context = one + 5
	evaluation, assistant, _ := shownBy(t, m, q, found, &answer.Ensemble{})
	require.Equal(t, []int{2, 2}, []int{evaluation, assistant})
	fits := 1
	evaluation, assistant, _ = shownBy(t, fake.Limited{Model: fake.AlwaysSays("x"), Documents: &fits}, q, found, &answer.Ensemble{})
	require.Equal(t, []int{3, 3}, []int{evaluation, assistant})
	evaluation, assistant, _ = shownBy(t, noLongWord{fake.AlwaysSays("x")}, q, found, &answer.Ensemble{})
	require.Equal(t, []int{2, 2}, []int{evaluation, assistant})

	// How sure the model is of its answer is asked about the passage that it is from: all would not fit.
	e := fixture.Evaluated(t, eval.Config{
		Systems: []eval.System{{Name: "s", Model: noLongWord{fake.AlwaysSays("x")}, Setting: eval.SettingRetrieval,
			Ensemble: &answer.Ensemble{}}},
		Questions: []question.Question{{ID: "a", Question: q, Answer: "x"}}, Search: found, Passages: 3, Resamples: 10,
		Signals: confidence.SignalOptions{Consistency: 2},
	})
	require.Equal(t, 1.0, e.Systems[0].Records[0].Signals["self_consistency"])
}

// noLongWord takes no prompt with the long passage.
type noLongWord struct{ *fake.Model }

func (m noLongWord) Chat(ctx context.Context, reqs []model.Request) ([]model.Response, error) {
	for _, req := range reqs {
		if strings.Contains(req.Messages[1].Content, "long") || strings.Count(req.Messages[1].Content, "Document ") > 1 {
			return nil, model.ErrPromptTooLong
		}
	}
	return m.Model.Chat(ctx, reqs)
}
