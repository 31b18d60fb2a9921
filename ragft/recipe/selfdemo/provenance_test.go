package selfdemo

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/ragft/ragft/internal/fake"
	"github.com/ragft/ragft/internal/fixture"
	"github.com/ragft/ragft/ragft/judge"
	"github.com/ragft/ragft/ragft/opt"
	"github.com/ragft/ragft/ragft/recipe"
	"github.com/stretchr/testify/require"
)

// Rows say with which options they were made, and by which model only where one wrote.
func TestProvenance(t *testing.T) {
	in := fixture.RecipeInput()
	in.Search = fake.Shelf{"Who runs the mill?": {"The mill is run by Mara Venn.", "The mill is old."}}
	in.Questions = in.Questions[:1]
	in.Model = &fake.Scripted{Called: "m", Other: fake.Decline}
	for _, c := range []struct {
		recipe  recipe.Recipe
		options string
		wrote   string
	}{
		{recipe.Gold{Refusal: "No."}, `{"Passages":2,"Refusal":"No."}`, ""},
		{recipe.RALT{Chunks: 1}, `{"Chunks":1,"InstructionsShare":0.05,"MaxRows":7500,"TextShare":0.1}`, ""},
		{recipe.RAFT{OracleShare: opt.Of(1.0)}, `{"Distractors":3,"MaxTokens":128,"OracleShare":1,"Refusal":"Sorry, the documents do not ` +
			`say.","WhenAbsent":"refuse"}`, ""},
		{recipe.RAFT{OracleShare: opt.Of(0.0), WhenAbsent: "self"},
			`{"Distractors":3,"MaxTokens":128,"Refusal":"Sorry, the documents do not say.","WhenAbsent":"self"}`, "m"},
	} {
		made, err := c.recipe.Rows(t.Context(), in)
		require.NoError(t, err)
		require.Len(t, made.Rows, 1)
		p := made.Rows[0].Provenance
		require.Equal(t, c.options, string(p.Options))
		require.Equal(t, c.wrote, p.Model)
		require.Equal(t, c.wrote == "", p.ModelHash == "")
		line, err := json.Marshal(made.Rows[0])
		require.NoError(t, err)
		for _, empty := range []string{`"target"`, `"candidates"`, `"rendered"`, "null"} {
			require.NotContains(t, string(line), empty)
		}
	}
	made, err := Recipe{Closed: opt.Of(1), Policy: Policy{MaxRefusals: opt.Of(1.0)},
		Judge: judge.Options{Model: in.Model}}.Rows(t.Context(), in)
	require.NoError(t, err)
	p := made.Rows[0].Provenance
	require.Equal(t, "m", p.Model)
	var options struct {
		Closed, Read int
		Policy       struct{ MaxRefusals float64 }
		Judge        struct{ Votes int }
	}
	require.NoError(t, json.Unmarshal(p.Options, &options))
	require.Equal(t, []any{1, 3, 1.0, 1}, []any{options.Closed, options.Read, options.Policy.MaxRefusals, options.Judge.Votes})
	require.Less(t, len(p.Options), 500)
	line, err := json.Marshal(made.Rows[0])
	require.NoError(t, err)
	require.Contains(t, string(line), `"target":{"arm":"`)
}

// The instructions of the candidates stand in no other place of a row.
func TestProvenanceHoldsTheCandidatesPrompts(t *testing.T) {
	in := fixture.RecipeInput()
	long := "Find what is asked for in the documents, and say it in as few words as there are in them."
	made, err := Recipe{ReadPrompts: []string{long, "Find it."}, Policy: Policy{MaxRefusals: opt.Of(1.0)}}.Rows(t.Context(), in)
	require.NoError(t, err)
	var options map[string]any
	require.NoError(t, json.Unmarshal(made.Rows[0].Provenance.Options, &options))
	require.Equal(t, []any{long, "Find it."}, options["ReadPrompts"])
	require.NotContains(t, options, "ClosedPrompts")
}

// Without a judge, comparing strings goes by CorrectF1 all the same, so the rows name it.
func TestProvenanceWithoutAJudge(t *testing.T) {
	in := fixture.RecipeInput()
	for f1, want := range map[float64]bool{0: false, 0.7: true} {
		g := newGenerator(in, Recipe{Judge: judge.Options{CorrectF1: f1}})
		require.Equal(t, want, strings.Contains(string(in.Provenance(g.options, nil).Options), `"Judge":{"CorrectF1":0.7}`))
	}
}
