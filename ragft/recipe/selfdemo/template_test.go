package selfdemo

import (
	"testing"

	"github.com/ragft/ragft/internal/fake"
	"github.com/ragft/ragft/internal/fixture"
	"github.com/ragft/ragft/internal/layout"
	"github.com/ragft/ragft/ragft/assistant"
	"github.com/ragft/ragft/ragft/eval"
	"github.com/ragft/ragft/ragft/model"
	"github.com/ragft/ragft/ragft/prompt"
	"github.com/ragft/ragft/ragft/recipe"
	"github.com/stretchr/testify/require"
)

// A layout that rows are written in is the one that evaluation and assistant ask in.
func TestTemplateInTrainingAndInference(t *testing.T) {
	own, err := prompt.ParseTemplate("own", "Known: {context}\nAsked: {query}\nSaid:\n")
	require.NoError(t, err)
	for _, template := range []*prompt.Template{prompt.FedRAG, prompt.RADIT, own} {
		in := fixture.RecipeInput()
		in.Search = fake.Shelf{"Who runs the mill?": {"The mill is run by Mara Venn."}}
		in.Questions = in.Questions[:1]
		in.Prompts.Template = template
		made, err := recipe.RALT{Chunks: 1}.Rows(t.Context(), in)
		require.NoError(t, err)
		require.Equal(t, template.Name, made.Rows[0].Provenance.Template)
		p := made.Rows[0].Prompt()

		m := fake.AlwaysSays("Mara Venn")
		demos, err := Recipe{}.Rows(t.Context(), recipe.Input{Model: m, Search: in.Search, Questions: in.Questions, Prompts: in.Prompts,
			Passages: 1})
		require.NoError(t, err)
		require.Equal(t, p, demos.Rows[0].Prompt())
		require.Equal(t, template.Name, demos.Rows[0].Provenance.Template)
		require.True(t, contains(m.Requests, p), "candidates are drawn in the layout of the rows")

		for _, s := range []eval.System{{Template: template}, {}} {
			m = fake.AlwaysSays("Mara Venn")
			s.Name, s.Model, s.Setting = "it", m, eval.SettingRetrieval
			_, err = eval.Run(t.Context(), eval.Config{Systems: []eval.System{s}, Questions: in.Questions, Search: in.Search, Prompts: in.Prompts,
				Resamples: 10})
			require.NoError(t, err)
			require.True(t, contains(m.Requests, p))
		}
		m = fake.AlwaysSays("Mara Venn")
		careful := eval.System{Name: "it", Model: m, Setting: eval.SettingRetrieval, Prompt: prompt.Default().Careful}
		_, err = eval.Run(t.Context(), eval.Config{Systems: []eval.System{careful}, Questions: in.Questions, Search: in.Search,
			Prompts: in.Prompts, Resamples: 10})
		require.NoError(t, err)
		require.Equal(t, prompt.Default().Careful, fake.Instruction(m.Requests[0].Messages),
			"an instruction of the system's own stands in this library's layout")

		m = fake.AlwaysSays("Mara Venn")
		a := assistant.New(m, in.Search, assistant.Options{Prompts: in.Prompts, LastTurn: true}) // the shelf knows whole questions
		_, err = a.Answer(t.Context(), "Who runs the mill?")
		require.NoError(t, err)
		require.Equal(t, p, m.Requests[0].Messages)
		_, err = a.Ask(t.Context(), assistant.Query{Question: "Who runs the mill?", History: []model.Message{
			{Role: model.RoleSystem, Content: "Be brief."}, {Role: model.RoleUser, Content: "Hello."},
			{Role: model.RoleAssistant, Content: "Good day."}, {Role: model.RoleSystem, Content: "Be kind."}}})
		require.NoError(t, err)
		require.Equal(t, append([]model.Message{{Role: model.RoleSystem, Content: "Be brief.\n\nBe kind."},
			{Role: model.RoleUser, Content: "Hello."}, {Role: model.RoleAssistant, Content: "Good day."}}, p...),
			m.Requests[1].Messages)
	}
}

func contains(requests []model.Request, prompt []model.Message) bool {
	for _, r := range requests {
		if layout.Hash(r.Messages) == layout.Hash(prompt) {
			return true
		}
	}
	return false
}
