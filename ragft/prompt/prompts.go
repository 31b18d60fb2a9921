package prompt

import (
	"crypto/sha256"
	"encoding/hex"
	"strconv"
	"strings"

	"github.com/ragft/ragft/internal/layout"
	"github.com/ragft/ragft/ragft/model"
	"github.com/ragft/ragft/retriever"
)

// Prompts holds the system message of every task. An empty field means the
// default text, which is what the shipped base model was trained on, so the
// zero value is ready for use.
type Set struct {
	Read    string // answer from documents; the prompt used at inference and in training rows
	Closed  string // answer without documents
	Careful string // answer from documents, or decline
	Refuse  string // decline, with the documents in view
	Judge   string // does an answer agree with the reference?

	// Template, where set, lays out the prompt to answer from documents, in
	// training rows and at inference, in place of Read.
	Template *Template
}

// Default texts of [Set].
const (
	DefaultRead    = "Answer the question from the documents in a few words."
	DefaultClosed  = "Answer the question in a few words."
	DefaultCareful = "Answer the question from the documents in a few words. If the documents do not say, decline politely."
	DefaultRefuse  = "Decline politely: the documents do not answer the question."
	DefaultJudge   = "Does the answer agree with the reference? Reply yes or no."
)

// WithDefaults returns p with every empty field set to its default text.
func (p Set) WithDefaults() Set {
	set := func(field *string, text string) {
		if *field == "" {
			*field = text
		}
	}
	set(&p.Read, DefaultRead)
	set(&p.Closed, DefaultClosed)
	set(&p.Careful, DefaultCareful)
	set(&p.Refuse, DefaultRefuse)
	set(&p.Judge, DefaultJudge)
	return p
}

// Hash returns the hex SHA-256 of the five texts, defaults filled in, and of
// the template. It changes when any of them does.
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
	return Chat(p.WithDefaults().Read, layout.Documents(question, hits))
}

// ClosedMessages asks for an answer without documents.
func (p Set) ClosedMessages(question string) []model.Message {
	return Chat(p.WithDefaults().Closed, layout.Documents(question, nil))
}

// CarefulMessages asks for an answer from the documents or a refusal.
func (p Set) CarefulMessages(question string, hits []retriever.Hit) []model.Message {
	return Chat(p.WithDefaults().Careful, layout.Documents(question, hits))
}

// RefuseMessages asks for a refusal in view of the documents.
func (p Set) RefuseMessages(question string, hits []retriever.Hit) []model.Message {
	return Chat(p.WithDefaults().Refuse, layout.Documents(question, hits))
}

// JudgeMessages asks whether prediction agrees with the reference answer.
func (p Set) JudgeMessages(question, reference, prediction string) []model.Message {
	var b strings.Builder
	b.WriteString("Question: ")
	b.WriteString(layout.Indent(question, layout.JudgeLine))
	b.WriteString("\nReference: ")
	b.WriteString(layout.Indent(reference, layout.JudgeLine))
	b.WriteString("\nAnswer: ")
	b.WriteString(layout.Indent(prediction, layout.JudgeLine))
	return Chat(p.WithDefaults().Judge, b.String())
}

// chat is a system message and a user message.
func Chat(system, user string) []model.Message {
	return []model.Message{{Role: model.RoleSystem, Content: system}, {Role: model.RoleUser, Content: user}}
}
