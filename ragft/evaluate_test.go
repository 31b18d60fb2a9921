package ragft

import (
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/ragft/ragft/ragft/eval"
	"github.com/ragft/ragft/ragft/model"
	"github.com/ragft/ragft/ragft/model/cache"
	"github.com/ragft/ragft/ragft/prompt"
	"github.com/ragft/ragft/ragft/question"
	"github.com/ragft/ragft/ragft/rows"
)

// evaluating is an evaluation in a folder; what it says goes to the second result.
func evaluating(t *testing.T, dir string, settings EvaluateConfig) (*evaluation, *strings.Builder) {
	t.Helper()
	told := &strings.Builder{}
	p, err := Open(t.Context(), Config{Dir: dir, Evaluate: settings, Progress: func(p Progress) { told.WriteString(p.Note) }})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, p.Close()) })
	w, err := p.begin(t.Context(), StepEvaluate)
	require.NoError(t, err)
	t.Cleanup(w.end)
	return &evaluation{Project: p, w: w, settings: settings}, told
}

// TestArmPairs compares every arm with retrieval of its model, with an adapter and without.
func TestArmPairs(t *testing.T) {
	base, tuned := &cache.Model{}, &cache.Model{}
	pairs := func(tuned model.Model, evidence ...string) (names []string) {
		e := &evaluation{Project: &Project{}, base: base, tuned: tuned, settings: EvaluateConfig{Evidence: evidence, DeclinePrompt: true}}
		_, found := e.systems()
		for _, p := range found {
			names = append(names, p.Other+" - "+p.Base)
		}
		return names
	}
	require.Equal(t, []string{"base, no documents - base", "base, told to decline - base"}, pairs(nil, "closed", "retrieval", "closed"))
	require.Equal(t, []string{"base, gold, told to decline - base, gold"}, pairs(nil, "gold"))
	require.Equal(t, []string{
		"tuned - base", "tuned, told to decline - base, told to decline", "tuned, no documents - base, no documents",
		"base, told to decline - base", "tuned, told to decline - tuned", "base, no documents - base", "tuned, no documents - tuned",
	}, pairs(tuned, "retrieval", "closed"))
}

// TestForgettingIsAskedAsTheRest asks the closed questions of forgetting as those of the evaluation.
func TestForgettingIsAskedAsTheRest(t *testing.T) {
	dir := t.TempDir()
	file := dir + "/closed.jsonl"
	require.NoError(t, os.WriteFile(file, []byte(`{"question": "What is made of flour?", "answer": "bread"}`+"\n"), 0o600))
	e, _ := evaluating(t, dir, EvaluateConfig{FinalAnswer: true, Forgetting: ForgettingConfig{ClosedQuestions: file}})
	e.config = eval.Config{Prompts: prompt.Set{Closed: "Be short."}, Stop: []string{"."}, MaxTokens: 9, Batch: 3, Resamples: 20}
	require.NoError(t, e.readForgetting())
	require.Len(t, e.forgetting.Closed, 1)
	require.Equal(t, e.config, e.forgetting.Evaluation)
	require.Equal(t, "bread", e.forgetting.Extract("Flour, so.\nAnswer: bread"))
}

// TestProbesAreHeldAgainstTheRows reports, before anything is generated, that the rows ask all probes.
func TestProbesAreHeldAgainstTheRows(t *testing.T) {
	dir := t.TempDir()
	probes := dir + "/probes.jsonl"
	require.NoError(t, question.WriteFile(probes, []question.Question{{ID: "1", Question: "Who runs the Red Mill?", Answer: "Mara Venn"}}))
	e, told := evaluating(t, dir, EvaluateConfig{FactQuestions: probes})
	require.NoError(t, e.readProbes())
	require.Contains(t, told.String(), "set rows to its file")
	require.Empty(t, e.probes.Rows)

	write := func(name, text string) string {
		row := rows.Row{ID: "r", Kind: rows.KindClosed, Question: text, Messages: []model.Message{
			{Role: model.RoleUser, Content: text}, {Role: model.RoleAssistant, Content: "Mara Venn"}}}
		require.NoError(t, rows.WriteFile(dir+"/"+name, []rows.Row{row}))
		return dir + "/" + name
	}
	write(rowsName, "Tell me about the Red Mill.")
	told.Reset()
	require.NoError(t, e.readProbes())
	require.Empty(t, told.String())
	require.Len(t, e.probes.Rows, 1)
	require.Len(t, e.probes.Local, 1)

	e.Project.config.Rows = write("other.jsonl", "Who runs the Red Mill of Skell?")
	require.ErrorContains(t, e.readProbes(), "ask all 1 questions")
	e.Project.config.Rows = dir + "/none.jsonl"
	require.ErrorIs(t, e.readProbes(), os.ErrNotExist)
}
