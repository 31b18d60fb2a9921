package prompt

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"

	"github.com/ragft/ragft/internal/layout"
	"github.com/ragft/ragft/internal/seed"
	"github.com/ragft/ragft/ragft/model"
	"github.com/ragft/ragft/retriever"
)

// Template is a layout of the prompt that shows passages, in place of the one
// that [Set.Read] stands in. A model is to be asked in the layout that it
// was trained on: [Set.Template] is both.
type Template struct {
	Name string // says in a row's provenance which it is
	// Prompt writes the prompt. rng decides what is random in it, and is the same
	// for the same question and passages, in training and afterwards.
	Prompt func(question string, hits []retriever.Hit, rng *rand.Rand) []model.Message
}

// FedRAGTemplate is the prompt that FedRAG documents for RALT, up to the tag
// that opens the response. The response is not closed by a tag, since the end
// of the turn, which is learnt with it, ends it.
var FedRAG = &Template{"fedrag", func(question string, hits []retriever.Hit, _ *rand.Rand) []model.Message {
	return []model.Message{{Role: model.RoleUser, Content: "You are a helpful assistant. Given the user query below, provide a response " +
		"making use of the provided background context.\n" +
		"<query>" + question + "</query> <context>" + passageTexts(hits) + "</context> <response>"}}
}}

// RADITTemplate is the prompt of RA-DIT (arXiv 2310.01352, section 2.3), with
// field markers drawn at random, as there, so that the model learns the task
// and not one layout.
var RADIT = &Template{"ra-dit", func(question string, hits []retriever.Hit, rng *rand.Rand) []model.Message {
	draw := func(of ...string) string { return of[rng.IntN(len(of))] }
	background := draw("Background:", "Context:", "Passage:", "Document:")
	ask, answer := draw("Q:", "Question:", "Query:"), draw("A:", "Answer:", "Response:")
	return []model.Message{{Role: model.RoleUser, Content: background + " " + passageTexts(hits) + "\n\n" + ask + " " + question + "\n" +
		answer}}
}}

// The places of a template that is text.
const (
	templateQuery   = "{query}"
	templateContext = "{context}"
)

// ErrTemplate means that a text is no template.
var ErrTemplate = errors.New("unusable template")

// ParseTemplate makes a template of a text in which {query} stands for the
// question and {context} for the texts of the passages, with an empty line
// between them. It becomes one message of the user. A text that lacks one of
// them is [ErrTemplate].
func ParseTemplate(name, text string) (*Template, error) {
	text = strings.TrimSpace(text)
	for _, place := range []string{templateQuery, templateContext} {
		if !strings.Contains(text, place) {
			return nil, fmt.Errorf("ragft: template %s: %w: it lacks %s", name, ErrTemplate, place)
		}
	}
	return &Template{name, func(question string, hits []retriever.Hit, _ *rand.Rand) []model.Message {
		// in one pass, so that a question that holds a place's name is not taken for it
		fill := strings.NewReplacer(templateQuery, question, templateContext, passageTexts(hits))
		return []model.Message{{Role: model.RoleUser, Content: fill.Replace(text)}}
	}}, nil
}

// ReadTemplateFile is [ParseTemplate] of a file, whose name the template has.
func ReadTemplateFile(path string) (*Template, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("ragft: template: %w", err)
	}
	return ParseTemplate(filepath.Base(path), string(text))
}

func passageTexts(hits []retriever.Hit) string {
	texts := make([]string, len(hits))
	for i, hit := range hits {
		texts[i] = layout.Indent(hit.Text, layout.DocumentLine)
	}
	return strings.Join(texts, "\n\n")
}

// messages is the prompt of a question with passages.
func (t *Template) Messages(question string, hits []retriever.Hit) []model.Message {
	of := []string{"template", t.Name, question}
	for _, hit := range hits {
		of = append(of, hit.ID, hit.Text)
	}
	return t.Prompt(question, hits, rand.New(rand.NewPCG(seed.Derive(0, of...), 0)))
}

// name is "" for the layout of this library.
func (t *Template) Label() string {
	if t == nil {
		return ""
	}
	return t.Name
}

// digest tells templates apart, by their name and by how they write a prompt.
func (t *Template) digest() string {
	example := t.Messages("question", []retriever.Hit{{Chunk: retriever.Chunk{ID: "1", Text: "first"}},
		{Chunk: retriever.Chunk{ID: "2", Text: "second"}}})
	sum := sha256.Sum256([]byte(t.Name + "\x00" + layout.Hash(example)))
	return string(sum[:])
}
