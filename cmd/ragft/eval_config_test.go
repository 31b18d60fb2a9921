package main

import (
	"bytes"
	"os"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/ragft/ragft/ragft/eval"
	"github.com/ragft/ragft/ragft/model"
	"github.com/ragft/ragft/ragft/prompt"
	"github.com/ragft/ragft/ragft/question"
	"github.com/ragft/ragft/ragft/rows"
)

// The closed questions of --forgetting are asked as those of the evaluation are.
func TestForgettingIsAskedAsTheRest(t *testing.T) {
	file := t.TempDir() + "/closed.jsonl"
	require.NoError(t, os.WriteFile(file, []byte(`{"question": "What is made of flour?", "answer": "bread"}`+"\n"), 0o600))
	e := &evaluation{app: &app{}, flags: evalFlags{closed: file, final: true}, config: eval.Config{
		Prompts: prompt.Set{Closed: "Be short."}, Stop: []string{"."}, MaxTokens: 9, Batch: 3, Resamples: 20,
	}}
	c, err := e.forgettingConfig()
	require.NoError(t, err)
	require.Len(t, c.Closed, 1)
	require.Equal(t, e.config, c.Evaluation)
	require.Equal(t, "bread", c.Extract("Flour, so.\nAnswer: bread"))
}

// Probes are held against the rows, and all of them standing there is said before anything is generated.
func TestProbesAreHeldAgainstTheRows(t *testing.T) {
	dir := t.TempDir()
	probes := dir + "/probes.jsonl"
	require.NoError(t, question.WriteFile(probes, []question.Question{{ID: "1", Question: "Who runs the Red Mill?", Answer: "Mara Venn"}}))
	var told bytes.Buffer
	e := &evaluation{app: &app{dir: dir, err: &told}, flags: evalFlags{probes: probes}}
	require.NoError(t, e.readProbes())
	require.Contains(t, told.String(), "--rows names the rows")
	require.Empty(t, e.probes.Rows)

	write := func(name, question string) string {
		row := rows.Row{ID: "r", Kind: rows.KindClosed, Question: question, Messages: []model.Message{
			{Role: model.RoleUser, Content: question}, {Role: model.RoleAssistant, Content: "Mara Venn"}}}
		require.NoError(t, rows.WriteFile(dir+"/"+name, []rows.Row{row}))
		return dir + "/" + name
	}
	write(rowsName, "Tell me about the Red Mill.")
	told.Reset()
	require.NoError(t, e.readProbes())
	require.Empty(t, told.String())
	require.Len(t, e.probes.Rows, 1)
	require.Len(t, e.probes.Local, 1)

	e.flags.rows = write("other.jsonl", "Who runs the Red Mill of Skell?")
	require.ErrorContains(t, e.readProbes(), "ask all 1 questions")
	e.flags.rows = dir + "/none.jsonl"
	require.ErrorIs(t, e.readProbes(), os.ErrNotExist)
}
