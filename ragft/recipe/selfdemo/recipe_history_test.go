package selfdemo

import (
	"testing"

	"github.com/ragft/ragft/internal/fake"
	"github.com/ragft/ragft/ragft/eval"
	"github.com/ragft/ragft/ragft/model"
	"github.com/ragft/ragft/ragft/opt"
	"github.com/ragft/ragft/ragft/prompt"
	"github.com/ragft/ragft/ragft/question"
	"github.com/ragft/ragft/ragft/recipe"
	"github.com/ragft/ragft/ragft/rows"
	"github.com/stretchr/testify/require"
)

// A question within a conversation is learnt, and its candidates generated, as
// [eval.Run] and [assistant.Assistant] ask it.
func TestRecipesShowTheTurnsBefore(t *testing.T) {
	const qn = "And where is it?"
	q := question.Question{ID: "mill", Question: qn, Answer: "Orrin", History: []model.Message{
		{Role: model.RoleUser, Content: "Who runs the mill?"}, {Role: model.RoleAssistant, Content: "Mara Venn."}}}
	m := &fake.Model{Reply: func(req model.Request, sample int) model.Sample {
		if fake.Instruction(req.Messages) == prompt.Default().Refuse {
			return fake.Says("Sorry, I do not know.")
		}
		return fake.Says([]string{"Orrin", "Skell"}[sample])
	}}
	in := recipe.Input{Model: m, Search: fake.Shelf{qn: {"The mill is on Orrin.", "It rains."}}, Questions: []question.Question{q},
		Passages: 2}
	shown := func(s eval.Setting, n int) []model.Message { // what an evaluation asks
		asked := &fake.Model{Reply: func(model.Request, int) model.Sample { return fake.Says("Orrin") }}
		_, err := eval.Run(t.Context(), eval.Config{
			Systems: []eval.System{{Name: "s", Model: asked, Setting: s}}, Questions: in.Questions, Search: in.Search, Passages: n, Resamples: 10,
		})
		require.NoError(t, err)
		return asked.Requests[0].Messages
	}
	prompts := func(r recipe.Recipe) map[rows.Kind][]model.Message {
		t.Helper()
		made, err := r.Rows(t.Context(), in)
		require.NoError(t, err)
		out := map[rows.Kind][]model.Message{}
		for _, row := range made.Rows {
			require.NoError(t, row.Check())
			require.Equal(t, qn, row.Question)
			out[row.Kind] = row.Prompt()
		}
		return out
	}
	read := shown(eval.SettingRetrieval, 2)
	require.Len(t, read, 4, "instruction, two turns, passages with the question")
	require.Equal(t, map[rows.Kind][]model.Message{rows.KindAnswer: read}, prompts(recipe.Gold{}))
	require.Equal(t, map[rows.Kind][]model.Message{rows.KindAnswer: shown(eval.SettingRetrieval, 1)}, prompts(recipe.RALT{Chunks: 1}))
	require.Equal(t, map[rows.Kind][]model.Message{rows.KindAnswer: read}, prompts(recipe.Mix{Recipes: []recipe.Recipe{recipe.Gold{}}}))
	require.Equal(t, map[rows.Kind][]model.Message{rows.KindAnswer: shown(eval.SettingRetrieval, 1)},
		prompts(recipe.RAFT{OracleShare: opt.Of(1.0), Distractors: opt.Of(0), Reason: true}))
	require.Equal(t, q.History, m.Requests[0].Messages[1:3], "the reasoning too")

	m.Requests = nil
	made := prompts(Recipe{Closed: opt.Of(2), Read: opt.Of(2), Refuse: opt.Of(1),
		Policy: Policy{ClosedRows: true, Preferences: Preferences{Rejected: 1}}})
	require.Equal(t, map[rows.Kind][]model.Message{rows.KindAnswer: read, rows.KindClosed: shown(eval.SettingClosed, 0),
		preferCorrect: read, preferAnswer: read}, made)
	require.Len(t, m.Requests, 3)
	for _, req := range m.Requests {
		require.Equal(t, q.History, req.Messages[1:3], "the candidates of all arms")
	}
	m.Requests = nil
	prompts(Recipe{Closed: opt.Of(1), Read: opt.Of(1), ClosedPrompts: []string{"Say it."}, ReadPrompts: []string{"Find it."}})
	for _, req := range m.Requests {
		require.Equal(t, q.History, req.Messages[1:3], "with wordings of their own")
	}
}
