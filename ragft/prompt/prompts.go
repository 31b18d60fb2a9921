package prompt

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"strconv"
	"strings"

	"github.com/ragft/ragft/internal/layout"
	"github.com/ragft/ragft/ragft/model"
	"github.com/ragft/ragft/retriever"
)

// Set holds the instruction of every task, one paragraph that stands between the
// documents and the question. An empty field means the text of [Default], on which
// the shipped base model was trained, or the same text in another Language, so the
// zero value is ready for use.
type Set struct {
	// Language is the language of the default texts: "en", "de", "fr", "es", "zh" or
	// "ja"; for any other they are English. "" = "en". Judge is English in every
	// language.
	Language string

	// Read asks for an answer from documents, in training rows and at inference;
	// "" = "Answer the question from the documents in a few words."
	Read string
	// Closed asks for an answer without documents; "" = "Answer the question in a few
	// words."
	Closed string
	// Careful asks for an answer from documents, or a refusal; "" = "Answer the
	// question from the documents in a few words. If the documents do not say, decline
	// politely."
	Careful string
	// Refuse asks for a refusal that fits the documents; "" = "Decline politely:
	// the documents do not answer the question."
	Refuse string
	// Judge asks whether an answer agrees with the reference; "" = "Does the
	// answer agree with the reference? Reply yes or no."
	Judge string

	// Template lays out the prompt to answer from documents, in training rows and
	// at inference, in place of Read; nil = the layout of this package.
	Template *Template
}

// Default returns the default texts in English, without a template.
func Default() Set { return english }

// WithDefaults returns p with every empty text set to its default in p's language.
func (p Set) WithDefaults() Set {
	d := defaultsOf(p.Language)
	return Set{p.Language, cmp.Or(p.Read, d.Read), cmp.Or(p.Closed, d.Closed), cmp.Or(p.Careful, d.Careful), cmp.Or(p.Refuse, d.Refuse),
		cmp.Or(p.Judge, d.Judge), p.Template}
}

// Hash returns the hex SHA-256 of the five texts, with the defaults filled in,
// and of the template. It changes when any of them does. The language counts through
// the texts alone.
func (p Set) Hash() string {
	p = p.WithDefaults()
	h := sha256.New()
	for _, text := range []string{p.Read, p.Closed, p.Careful, p.Refuse, p.Judge} {
		// The length before each text keeps ("ab", "c") apart from ("a", "bc").
		h.Write([]byte(strconv.Itoa(len(text)) + ":" + text))
	}
	if p.Template != nil {
		h.Write([]byte(p.Template.digest()))
	}
	return hex.EncodeToString(h.Sum(nil))
}

// ReadMessages asks for an answer from the documents.
func (p Set) ReadMessages(question string, hits []retriever.Hit) []model.Message {
	if p.Template != nil {
		return p.Template.Messages(question, hits)
	}
	return layout.User(layout.Ask(p.WithDefaults().Read, question, hits))
}

// ClosedMessages asks for an answer without documents.
func (p Set) ClosedMessages(question string) []model.Message {
	return layout.User(layout.Ask(p.WithDefaults().Closed, question, nil))
}

// CarefulMessages asks for an answer from the documents or a refusal.
func (p Set) CarefulMessages(question string, hits []retriever.Hit) []model.Message {
	return layout.User(layout.Ask(p.WithDefaults().Careful, question, hits))
}

// RefuseMessages asks for a refusal that fits the documents.
func (p Set) RefuseMessages(question string, hits []retriever.Hit) []model.Message {
	return layout.User(layout.Ask(p.WithDefaults().Refuse, question, hits))
}

// JudgeMessages asks whether prediction agrees with the reference answer.
func (p Set) JudgeMessages(question, reference, prediction string) []model.Message {
	var b strings.Builder
	b.WriteString(layout.Task(p.WithDefaults().Judge, nil))
	b.WriteString("Question: ")
	b.WriteString(layout.Indent(question, layout.JudgeLine))
	b.WriteString("\nReference: ")
	b.WriteString(layout.Indent(reference, layout.JudgeLine))
	b.WriteString("\nAnswer: ")
	b.WriteString(layout.Indent(prediction, layout.JudgeLine))
	return layout.User(b.String())
}
