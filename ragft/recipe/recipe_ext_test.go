package recipe_test

import (
	"testing"

	"github.com/ragft/ragft/internal/fake"
	"github.com/ragft/ragft/internal/fixture"
	"github.com/ragft/ragft/ragft/answer"
	"github.com/ragft/ragft/ragft/opt"
	"github.com/ragft/ragft/ragft/prompt"
	"github.com/ragft/ragft/ragft/question"
	"github.com/ragft/ragft/ragft/recipe"
	"github.com/ragft/ragft/ragft/rows"
	"github.com/stretchr/testify/require"
)

func TestGoldAnswers(t *testing.T) {
	in := fixture.RecipeInput()
	r, err := recipe.Gold{}.Rows(t.Context(), in)
	require.NoError(t, err)
	require.Len(t, r.Rows, 1)
	require.Equal(t, map[string]int{"unanswerable": 1}, r.Dropped)
	row := r.Rows[0]
	require.Equal(t, "mill/gold", row.ID)
	require.Equal(t, "gold", row.Source)
	require.Equal(t, "Mara Venn", row.Response())
	require.Equal(t, prompt.Set{}.ReadMessages(in.Questions[0].Question, fake.HitsOf(t, in.Search, in.Questions[0].Question)), row.Prompt())
	require.Equal(t, answer.Present, row.Context)
	require.Zero(t, r.Cost.Calls)

	r, err = recipe.Gold{Refusal: "I do not know."}.Rows(t.Context(), in)
	require.NoError(t, err)
	require.Len(t, r.Rows, 2)
	require.Equal(t, rows.KindRefusal, r.Rows[1].Kind)
	require.Equal(t, "I do not know.", r.Rows[1].Response())
}

// A question that has its reference among the aliases alone is answerable, to every recipe.
func TestReferenceAmongTheAliases(t *testing.T) {
	in := fixture.RecipeInput()
	in.Search = fake.Shelf{"Who runs the mill?": {"The mill is run by Mara Venn.", "The mill is old."}}
	in.Questions = []question.Question{{ID: "mill", Question: "Who runs the mill?", Aliases: []string{"Mara Venn"}}}
	for want, r := range map[string]recipe.Recipe{
		"Mara Venn": recipe.Gold{Refusal: "No."}, "The document says: \"The mill is run by Mara Venn.\"\nAnswer: Mara Venn": recipe.RAFT{
			OracleShare: opt.Of(1.0)},
		"Answer: Mara Venn": recipe.RAFT{OracleShare: opt.Of(0.0), WhenAbsent: "gold"},
	} {
		made, err := r.Rows(t.Context(), in)
		require.NoError(t, err)
		require.Len(t, made.Rows, 1, want)
		require.Equal(t, rows.KindAnswer, made.Rows[0].Kind)
		require.Equal(t, want, made.Rows[0].Response())
	}
}
