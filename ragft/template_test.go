package ragft

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/ragft/ragft/retriever"
)

// A layout that rows are written in is the one that evaluation and assistant ask in.
func TestTemplateInTrainingAndInference(t *testing.T) {
	own, err := ParseTemplate("own", "Known: {context}\nAsked: {query}\nSaid:\n")
	require.NoError(t, err)
	for _, template := range []*Template{FedRAGTemplate, RADITTemplate, own} {
		in := recipeInput()
		in.Search = shelf{"Who runs the mill?": {"The mill is run by Mara Venn."}}
		in.Questions = in.Questions[:1]
		in.Prompts.Template = template
		made, err := RALT{Chunks: 1}.Rows(t.Context(), in)
		require.NoError(t, err)
		require.Equal(t, template.Name, made.Rows[0].Provenance.Template)
		prompt := made.Rows[0].Prompt()

		model := alwaysSays("Mara Venn")
		demos, err := SelfDemonstrations{}.Rows(t.Context(), RecipeInput{Model: model, Search: in.Search, Questions: in.Questions, Prompts: in.Prompts, Passages: 1})
		require.NoError(t, err)
		require.Equal(t, prompt, demos.Rows[0].Prompt())
		require.Equal(t, template.Name, demos.Rows[0].Provenance.Template)
		require.True(t, contains(model.requests, prompt), "candidates are drawn in the layout of the rows")

		for _, s := range []System{{Template: template}, {}} {
			model = alwaysSays("Mara Venn")
			s.Name, s.Model, s.Setting = "it", model, SettingRetrieval
			_, err = Evaluate(t.Context(), EvalConfig{Systems: []System{s}, Questions: in.Questions, Search: in.Search, Prompts: in.Prompts, Resamples: 10})
			require.NoError(t, err)
			require.True(t, contains(model.requests, prompt))
		}
		model = alwaysSays("Mara Venn")
		careful := System{Name: "it", Model: model, Setting: SettingRetrieval, Prompt: DefaultCareful}
		_, err = Evaluate(t.Context(), EvalConfig{Systems: []System{careful}, Questions: in.Questions, Search: in.Search, Prompts: in.Prompts, Resamples: 10})
		require.NoError(t, err)
		require.Equal(t, DefaultCareful, model.requests[0].Messages[0].Content, "a message of the system's own stands in this library's layout")

		model = alwaysSays("Mara Venn")
		assistant := NewAssistant(model, in.Search, AssistantOptions{Prompts: in.Prompts})
		_, err = assistant.Answer(t.Context(), "Who runs the mill?")
		require.NoError(t, err)
		require.Equal(t, prompt, model.requests[0].Messages)
		_, err = assistant.Ask(t.Context(), Query{Question: "Who runs the mill?", History: []Message{
			{Role: RoleSystem, Content: "Be brief."}, {Role: RoleUser, Content: "Hello."}, {Role: RoleAssistant, Content: "Good day."}, {Role: RoleSystem, Content: "Be kind."}}})
		require.NoError(t, err)
		require.Equal(t, append([]Message{{Role: RoleSystem, Content: "Be brief.\n\nBe kind."}, {Role: RoleUser, Content: "Hello."}, {Role: RoleAssistant, Content: "Good day."}}, prompt...),
			model.requests[1].Messages)
	}
}

func contains(requests []ChatRequest, prompt []Message) bool {
	for _, r := range requests {
		if hashMessages(r.Messages) == hashMessages(prompt) {
			return true
		}
	}
	return false
}

func TestRADITTemplateDraws(t *testing.T) {
	layouts := map[string]bool{}
	for i := range 200 {
		hits := []retriever.Hit{{Chunk: retriever.Chunk{ID: fmt.Sprint(i), Text: "It is."}}}
		prompt := RADITTemplate.messages("Is it?", hits)
		require.Equal(t, prompt, RADITTemplate.messages("Is it?", hits))
		layouts[prompt[0].Content] = true
	}
	require.Len(t, layouts, 4*3*3)
	require.Contains(t, layouts, "Background: It is.\n\nQ: Is it?\nA:")
}

func TestTemplateOfAFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "layout.txt")
	write := func(text string) { require.NoError(t, os.WriteFile(path, []byte(text), 0o600)) }
	write("{context}\n\n{query}?\n")
	read, err := ReadTemplateFile(path)
	require.NoError(t, err)
	require.Equal(t, "layout.txt", read.Name)
	hits := []retriever.Hit{{Chunk: retriever.Chunk{Text: "One of {query}."}}, {Chunk: retriever.Chunk{Text: "Two."}}}
	require.Equal(t, []Message{{Role: RoleUser, Content: "One of {query}.\n\nTwo.\n\nWhat is {context}?"}}, read.messages("What is {context}", hits))
	before := Prompts{Template: read}.Hash()
	require.NotEqual(t, Prompts{}.Hash(), before)
	write("{context} {query}")
	read, err = ReadTemplateFile(path)
	require.NoError(t, err)
	require.NotEqual(t, before, Prompts{Template: read}.Hash(), "the text counts, not the name alone")
	for _, text := range []string{"", "{query}", "{context}"} {
		write(text)
		_, err = ReadTemplateFile(path)
		require.ErrorIs(t, err, ErrTemplate)
	}
	_, err = ReadTemplateFile(path + ".none")
	require.ErrorIs(t, err, os.ErrNotExist)
}
