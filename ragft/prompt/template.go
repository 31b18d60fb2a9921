package prompt

import (
	"crypto/sha256"
	"fmt"
	"math/rand/v2"
	"strings"

	"github.com/ragft/ragft/internal/layout"
	"github.com/ragft/ragft/internal/seed"
	"github.com/ragft/ragft/ragft/model"
	"github.com/ragft/ragft/retriever"
)

// Template lays out a prompt with passages, in place of the layout of this
// package. Ask a model in the layout that it was trained on: [Set.Template]
// decides both.
type Template struct {
	Name string // names the template in the provenance of rows
	// Prompt writes the prompt. rng decides what is random in it. It is the same
	// for the same question and passages, in training and afterwards.
	Prompt func(question string, hits []retriever.Hit, rng *rand.Rand) []model.Message

	text string // that ParseTemplate made it of
}

// Text returns the text that [ParseTemplate] made the template of; "" for others.
func (t *Template) Text() string { return t.text }

// Named returns the template of this package with the name; nil if there is none.
func Named(name string) *Template {
	for _, t := range []*Template{FedRAG, RADIT} {
		if t.Name == name {
			return t
		}
	}
	return nil
}

// FedRAG is the prompt that FedRAG documents for RALT, up to the tag
// that opens the response. No tag closes the response: the end of the turn, which
// is learnt with it, does.
var FedRAG = &Template{Name: "fedrag", Prompt: func(question string, hits []retriever.Hit, _ *rand.Rand) []model.Message {
	return []model.Message{{Role: model.RoleUser, Content: "You are a helpful assistant. Given the user query below, provide a response " +
		"making use of the provided background context.\n" +
		"<query>" + fedRAGMarks.harmless(question) + "</query> <context>" + passageTexts(hits, fedRAGMarks) + "</context> <response>"}}
}}

var fedRAGMarks = marksOf("<query></query> <context></context> <response></response>")

// RADIT is the prompt of RA-DIT (arXiv 2310.01352, section 2.3). Field markers
// are drawn at random, as in the paper, so that the model learns the task and
// not one layout.
var RADIT = &Template{Name: "ra-dit", Prompt: func(question string, hits []retriever.Hit, rng *rand.Rand) []model.Message {
	draw := func(of ...string) string { return of[rng.IntN(len(of))] }
	background := draw("Background:", "Context:", "Passage:", "Document:")
	ask, answer := draw("Q:", "Question:", "Query:"), draw("A:", "Answer:", "Response:")
	return []model.Message{{Role: model.RoleUser, Content: background + " " + passageTexts(hits, raditMarks) + "\n\n" +
		ask + " " + raditMarks.harmless(question) + "\n" + answer}}
}}

// raditMarks are all that may be drawn.
var raditMarks = marksOf("Background:\nContext:\nPassage:\nDocument:\nQ:\nQuestion:\nQuery:\nA:\nAnswer:\nResponse:")

// The placeholders of a template.
const (
	templateQuery   = "{query}"
	templateContext = "{context}"
)

// ParseTemplate makes a template of a text in which {query} stands for the
// question and {context} for the texts of the passages, with an empty line
// between them. If the question or a passage contains one of the template's own
// markers, such as a tag, or "Question:" at the beginning of a line, it is escaped or
// indented. The prompt is one user message. It is an error if the text lacks one of
// the two.
func ParseTemplate(name, text string) (*Template, error) {
	text = strings.TrimSpace(text)
	for _, place := range []string{templateQuery, templateContext} {
		if !strings.Contains(text, place) {
			return nil, fmt.Errorf("ragft: template %s: it lacks %s", name, place)
		}
	}
	own := marksOf(text)
	return &Template{Name: name, text: text, Prompt: func(question string, hits []retriever.Hit, _ *rand.Rand) []model.Message {
		// in one pass, so that a placeholder within a question is left alone
		fill := strings.NewReplacer(templateQuery, own.harmless(question), templateContext, passageTexts(hits, own))
		return []model.Message{{Role: model.RoleUser, Content: fill.Replace(text)}}
	}}, nil
}

func passageTexts(hits []retriever.Hit, m *marks) string {
	texts := make([]string, len(hits))
	for i, hit := range hits {
		texts[i] = m.harmless(hit.Text)
	}
	return strings.Join(texts, "\n\n")
}

// Messages returns the prompt of a question with passages.
func (t *Template) Messages(question string, hits []retriever.Hit) []model.Message {
	of := []string{"template", t.Name, question}
	for _, hit := range hits {
		of = append(of, hit.ID, hit.Text)
	}
	return t.Prompt(question, hits, rand.New(rand.NewPCG(seed.Derive(0, of...), 0)))
}

// Label returns the name; "" for nil, which is the layout of this package.
func (t *Template) Label() string {
	if t == nil {
		return ""
	}
	return t.Name
}

// digest distinguishes templates by their names and by the prompts that they write.
func (t *Template) digest() string {
	example := t.Messages("question", []retriever.Hit{{Chunk: retriever.Chunk{ID: "1", Text: "first"}},
		{Chunk: retriever.Chunk{ID: "2", Text: "second"}}})
	sum := sha256.Sum256([]byte(t.Name + "\x00" + layout.Hash(example)))
	return string(sum[:])
}
