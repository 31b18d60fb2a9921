package prompt

import (
	"fmt"
	"testing"

	"github.com/ragft/ragft/ragft/model"
	"github.com/ragft/ragft/retriever"
	"github.com/stretchr/testify/require"
)

func TestRADITTemplateDraws(t *testing.T) {
	layouts := map[string]bool{}
	for i := range 200 {
		hits := []retriever.Hit{{Chunk: retriever.Chunk{ID: fmt.Sprint(i), Text: "It is."}}}
		prompt := RADIT.Messages("Is it?", hits)
		require.Equal(t, prompt, RADIT.Messages("Is it?", hits))
		layouts[prompt[0].Content] = true
	}
	require.Len(t, layouts, 4*3*3)
	require.Contains(t, layouts, "Background: It is.\n\nQ: Is it?\nA:")
}

func TestTemplateOfAFile(t *testing.T) {
	read, err := ParseTemplate("layout.txt", "{context}\n\n{query}?\n")
	require.NoError(t, err)
	require.Equal(t, "layout.txt", read.Name)
	hits := []retriever.Hit{{Chunk: retriever.Chunk{Text: "One of {query}."}}, {Chunk: retriever.Chunk{Text: "Two."}}}
	require.Equal(t, []model.Message{{Role: model.RoleUser, Content: "One of {query}.\n\nTwo.\n\nWhat is {context}?"}},
		read.Messages("What is {context}", hits))
	before := Set{Template: read}.Hash()
	require.NotEqual(t, Set{}.Hash(), before)
	read, err = ParseTemplate("layout.txt", "{context} {query}")
	require.NoError(t, err)
	require.NotEqual(t, before, Set{Template: read}.Hash(), "the text counts, not the name alone")
	for _, text := range []string{"", "{query}", "{context}"} {
		_, err = ParseTemplate("layout.txt", text)
		require.ErrorContains(t, err, "layout.txt: it lacks {")
	}
}
