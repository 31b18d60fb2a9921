// Package layout lays out prompts with passages, and takes them apart again.
package layout

import (
	"regexp"
	"strconv"
	"strings"

	"github.com/ragft/ragft/ragft/model"
	"github.com/ragft/ragft/retriever"
)

// System is the system message of every prompt. It is fixed, so that prompts begin alike; what to do stands behind the
// documents.
const System = "You answer questions from documents."

// User returns [System] and a user message.
func User(content string) []model.Message { return Chat(System, content) }

// Chat returns a system message and a user message.
func Chat(system, user string) []model.Message {
	return []model.Message{{Role: model.RoleSystem, Content: system}, {Role: model.RoleUser, Content: user}}
}

// Ask lays out numbered documents, an instruction and a question:
//
//	Document 1: Title
//	text
//
//	Document 2: Title
//	text
//
//	instruction
//	Question: text
//
// The documents come first, so that prompts about the same documents begin alike and are computed once, and what to do
// comes last, since small models follow what they read last. Without documents or instruction, their lines are left out.
func Ask(instruction, question string, hits []retriever.Hit) string {
	return Task(Indent(instruction, DocumentLine), hits) + "Question: " + Indent(question, DocumentLine)
}

// Task lays out documents and an instruction, which ends in a line break, for a prompt that goes on in another way than
// [Ask]. Lines of the instruction may look like "Question: ", to show the form of a reply.
func Task(instruction string, hits []retriever.Hit) string {
	var b strings.Builder
	for i, hit := range hits {
		b.WriteString("Document ")
		b.WriteString(strconv.Itoa(i + 1))
		b.WriteByte(':')
		// A title is one line, whatever the source put into it.
		if title := strings.Join(strings.Fields(hit.Title), " "); title != "" {
			b.WriteByte(' ')
			b.WriteString(title)
		}
		b.WriteByte('\n')
		b.WriteString(Indent(hit.Text, DocumentLine))
		b.WriteString("\n\n")
	}
	if instruction = paragraph(instruction); instruction != "" {
		b.WriteString(instruction)
		b.WriteByte('\n')
	}
	return b.String()
}

// paragraph makes one paragraph of an instruction, so that [SplitDocuments] can tell it from the documents before it.
func paragraph(instruction string) string {
	return blankLines.ReplaceAllString(strings.TrimSpace(lineBreaks.Replace(instruction)), "\n")
}

var blankLines = regexp.MustCompile(`\n([ \t]*\n)+`)

// Lines that would read as the structure of a prompt. The match is wider than
// the exact layout, since a model reads "DOCUMENT 7 :" no differently.
var (
	DocumentLine = regexp.MustCompile(`(?mi)^(document[ \t]*\d+[ \t]*:|question[ \t]*:)`)
	JudgeLine    = regexp.MustCompile(`(?mi)^(document[ \t]*\d+[ \t]*:|question[ \t]*:|reference[ \t]*:|answer[ \t]*:)`)
)

// lineBreaks turns everything that a reader may take for a line break into
// "\n", so that no such line start escapes [Indent].
var lineBreaks = strings.NewReplacer(
	"\r\n", "\n", "\r", "\n", "\v", "\n", "\f", "\n", "\u0085", "\n", "\u2028", "\n", "\u2029", "\n")

// Indent makes text safe to be placed in a prompt as data: lines that
// match are indented, so that a passage cannot pose as another document or as
// the question. Blank space around the text is dropped.
func Indent(text string, lines *regexp.Regexp) string {
	text = strings.TrimSpace(lineBreaks.Replace(text))
	return lines.ReplaceAllString(text, "  ${1}")
}
