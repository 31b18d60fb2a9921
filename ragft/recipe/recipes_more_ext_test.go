package recipe_test

import (
	"context"
	"fmt"
	"math"
	"strings"
	"testing"

	"github.com/ragft/ragft/internal/fake"
	"github.com/ragft/ragft/internal/fixture"
	"github.com/ragft/ragft/ragft/answer"
	"github.com/ragft/ragft/ragft/model"
	"github.com/ragft/ragft/ragft/opt"
	"github.com/ragft/ragft/ragft/prompt"
	"github.com/ragft/ragft/ragft/question"
	"github.com/ragft/ragft/ragft/recipe"
	"github.com/ragft/ragft/ragft/rows"
	"github.com/stretchr/testify/require"
)

func TestRALT(t *testing.T) {
	in := fixture.RecipeInput()
	in.Search = fake.Shelf{
		"Who runs the mill?":   {"The mill is run by Mara Venn.", "The mill is old.", "A mill.", "Not shown."},
		"How deep is the sea?": {"The sea is blue."},
	}
	r, err := recipe.RALT{Refusal: "I don't know."}.Rows(t.Context(), in)
	require.NoError(t, err)
	require.Len(t, r.Rows, 4, "three passages of the mill, one of the sea")
	for i, text := range []string{"The mill is run by Mara Venn.", "The mill is old.", "A mill."} {
		row := r.Rows[i]
		require.Equal(t, fmt.Sprintf("mill/ralt/%d", i+1), row.ID)
		require.Contains(t, row.Messages[1].Content, text)
		require.Equal(t, 1, strings.Count(row.Messages[1].Content, "Document "))
		require.Equal(t, "Mara Venn", row.Response())
	}
	require.Equal(t, []answer.Context{answer.Present, answer.Absent}, []answer.Context{r.Rows[0].Context, r.Rows[1].Context})
	require.Equal(t, rows.KindRefusal, r.Rows[3].Kind)

	in.Search = fake.Shelf{"Who runs the mill?": {"The mill is run by Mara Venn."}}
	for refusal, dropped := range map[string]map[string]int{"No.": {"no-passage": 1}, "": {"unanswerable": 1}} {
		r, err = recipe.RALT{Refusal: refusal}.Rows(t.Context(), in)
		require.NoError(t, err)
		require.Equal(t, dropped, r.Dropped)
	}
	in.Search = fake.Shelf{"How deep is the sea?": {"The sea is blue."}}
	r, err = recipe.RALT{}.Rows(t.Context(), in)
	require.NoError(t, err)
	require.Equal(t, map[string]int{"no-passage": 1, "unanswerable": 1}, r.Dropped)

	in.Search = fake.Shelf{"Who runs the mill?": {"The mill is run by Mara Venn."}}
	in.Prompts.Template = prompt.FedRAG
	r, err = recipe.RALT{Chunks: 1}.Rows(t.Context(), in)
	require.NoError(t, err)
	require.Len(t, r.Rows, 1)
	require.Equal(t, "You are a helpful assistant. Given the user query below, provide a response making use of the provided background "+
		"context.\n"+
		"<query>Who runs the mill?</query> <context>The mill is run by Mara Venn.</context> <response>", r.Rows[0].Messages[0].Content)
	require.Equal(t, "fedrag", r.Rows[0].Provenance.Template)
}

func TestRALTMixture(t *testing.T) {
	in := fixture.RecipeInput()
	in.Questions = nil
	found := fake.Shelf{}
	for i := range 85 {
		q := question.Question{ID: fmt.Sprint(i), Question: fmt.Sprintf("Q%d?", i), Answer: "a"}
		in.Questions = append(in.Questions, q)
		found[q.Question] = []string{"text"}
	}
	in.Search = found
	var texts []string
	var instructions []rows.Instruction
	for i := range 50 {
		texts = append(texts, fmt.Sprint("text ", i))
		instructions = append(instructions, rows.Instruction{Prompt: fmt.Sprint("do ", i), Response: "done"})
	}
	r, err := recipe.RALT{Texts: texts, Instructions: instructions}.Rows(t.Context(), in)
	require.NoError(t, err)
	count := map[string]int{}
	for _, row := range r.Rows {
		count[row.Source]++
	}
	require.Equal(t, map[string]int{"ralt": 85, "text": 10, "instructions": 5}, count)
	r, err = recipe.RALT{Texts: texts, Instructions: instructions, MaxRows: 20, TextShare: opt.Of(0.0),
		InstructionsShare: opt.Of(0.0)}.Rows(t.Context(), in)
	require.NoError(t, err)
	require.Len(t, r.Rows, 20)
	_, err = recipe.RALT{TextShare: opt.Of(0.7), InstructionsShare: opt.Of(0.3)}.Rows(t.Context(), in)
	require.ErrorContains(t, err, "leave nothing")
}

func TestHybrid(t *testing.T) {
	in := fixture.RecipeInput()
	h := recipe.Mix{Recipes: []recipe.Recipe{recipe.Gold{Refusal: "No."}, recipe.RALT{Refusal: "No."}}}
	require.Equal(t, "hybrid(gold+ralt)", h.Name())
	r, err := h.Rows(t.Context(), in)
	require.NoError(t, err)
	count := map[string]int{}
	for _, row := range r.Rows {
		count[row.Source]++
	}
	require.Equal(t, map[string]int{"gold": 2, "ralt": 2}, count)
	_, err = recipe.Mix{Recipes: []recipe.Recipe{recipe.Gold{}, empty{}}}.Rows(t.Context(), in)
	require.ErrorIs(t, err, recipe.ErrInput)
	require.ErrorContains(t, err, "the recipe empty made no rows (no-oracle 3): leave it out")
	_, err = recipe.Mix{}.Rows(t.Context(), in)
	require.ErrorContains(t, err, "there are no recipes to mix")
	_, err = recipe.Mix{Recipes: []recipe.Recipe{recipe.Gold{}}, Weights: []float64{-1}}.Estimate(in)
	require.ErrorContains(t, err, "weight of gold is -1")
}

// empty is a recipe that makes nothing.
type empty struct{ recipe.Gold }

func (empty) Name() string { return "empty" }

func (empty) Rows(context.Context, recipe.Input) (*recipe.Result, error) {
	return &recipe.Result{Dropped: map[string]int{"no-oracle": 3}}, nil
}

func TestRAFT(t *testing.T) {
	in := fixture.RecipeInput()
	in.Search = fake.Shelf{
		"Who runs the mill?": {"The mill is old.", "It is wide. The mill is run by Mara Venn.\nIt is loud.", "A mill has sails.",
			"Mara Venn sings.", "A fourth."},
		"How deep is the sea?": {"The sea is blue."},
	}
	row := func(r recipe.RAFT) rows.Row {
		t.Helper()
		out, err := r.Rows(t.Context(), in)
		require.NoError(t, err)
		require.Len(t, out.Rows, 2)
		return out.Rows[0]
	}
	with := row(recipe.RAFT{OracleShare: opt.Of(1.0)})
	require.Equal(t, "The document says: \"The mill is run by Mara Venn.\"\nAnswer: Mara Venn", with.Response())
	require.Equal(t, answer.Present, with.Context)
	require.Len(t, with.Chunks, 4, "the oracle and three distractors")
	require.NotContains(t, with.Messages[1].Content, "sings", "a passage with the answer is no distractor")
	require.Equal(t, "Mara Venn", answer.Final(with.Response()))
	without := row(recipe.RAFT{OracleShare: opt.Of(0.0)})
	require.Equal(t, answer.Absent, without.Context)
	require.Equal(t, "Sorry, the documents do not say.", without.Response())
	require.Equal(t, "Answer: Mara Venn", row(recipe.RAFT{OracleShare: opt.Of(0.0), WhenAbsent: "gold"}).Response())
	require.Len(t, row(recipe.RAFT{OracleShare: opt.Of(1.0), Distractors: opt.Of(0)}).Chunks, 1, "the oracle alone")
	for absent, dropped := range map[string]map[string]int{
		"refuse": {"no-refusal": 1, "unanswerable": 1}, "gold": {"unanswerable": 1},
	} {
		out, err := recipe.RAFT{OracleShare: opt.Of(0.0), WhenAbsent: absent, DropRefusals: true}.Rows(t.Context(), in)
		require.NoError(t, err)
		require.Equal(t, dropped, out.Dropped)
	}
	for _, share := range []float64{1.01, math.NaN()} {
		_, err := recipe.RAFT{OracleShare: opt.Of(share)}.Estimate(in)
		require.ErrorContains(t, err, "OracleShare")
	}
	in.Model = &fake.Scripted{Called: "m", Other: fake.Decline}
	require.Equal(t, fake.Decline, row(recipe.RAFT{OracleShare: opt.Of(0.0), WhenAbsent: "self"}).Response())

	// Reasoning is taken if it quotes and answers; otherwise the quote stands.
	in.Model = &reasoning{text: `It says "The mill is run by Mara Venn", so it is Mara Venn.`}
	require.Equal(t, "It says \"The mill is run by Mara Venn\", so it is Mara Venn.\nAnswer: Mara Venn",
		row(recipe.RAFT{OracleShare: opt.Of(1.0), Reason: true}).Response())
	in.Model = &reasoning{text: "It is Mara Venn, I think."}
	require.Equal(t, with.Response(), row(recipe.RAFT{OracleShare: opt.Of(1.0), Reason: true}).Response())

	in.Search = fake.Shelf{"Who runs the mill?": {"Nothing."}}
	out, err := recipe.RAFT{}.Rows(t.Context(), in)
	require.NoError(t, err)
	require.Equal(t, 1, out.Dropped["no-oracle"])
	_, err = recipe.RAFT{WhenAbsent: "guess"}.Rows(t.Context(), in)
	require.ErrorContains(t, err, "guess")
}

type reasoning struct{ text string }

func (m *reasoning) Name() string { return "reasoning" }

func (m *reasoning) Chat(_ context.Context, reqs []model.Request) ([]model.Response, error) {
	out := make([]model.Response, len(reqs))
	for i := range reqs {
		out[i].Samples = []model.Sample{{Text: m.text}}
	}
	return out, nil
}
