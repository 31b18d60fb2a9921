// Package layout lays out prompts with passages, and takes them apart again.
package layout

import (
	"regexp"
	"strconv"
	"strings"

	"github.com/ragft/ragft/ragft/model"
	"github.com/ragft/ragft/retriever"
)

// Chat returns a system message and a user message.
func Chat(system, user string) []model.Message {
	return []model.Message{{Role: model.RoleSystem, Content: system}, {Role: model.RoleUser, Content: user}}
}

// Documents lays out numbered documents and the question:
//
//	Document 1: Title
//	text
//
//	Document 2: Title
//	text
//
//	Question: text
func Documents(question string, hits []retriever.Hit) string {
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
	b.WriteString("Question: ")
	b.WriteString(Indent(question, DocumentLine))
	return b.String()
}

// Lines that would read as the structure of a prompt. They match more than the
// exact layout, since a model reads "DOCUMENT 7 :" the same way.
var (
	DocumentLine = regexp.MustCompile(`(?mi)^(document[ \t]*\d+[ \t]*:|question[ \t]*:)`)
	JudgeLine    = regexp.MustCompile(`(?mi)^(document[ \t]*\d+[ \t]*:|question[ \t]*:|reference[ \t]*:|answer[ \t]*:)`)
)

// lineBreaks turns everything that may be read as a line break into "\n", so
// that [Indent] finds every start of a line.
var lineBreaks = strings.NewReplacer(
	"\r\n", "\n", "\r", "\n", "\v", "\n", "\f", "\n", "\u0085", "\n", "\u2028", "\n", "\u2029", "\n")

// Indent makes a text safe to be placed in a prompt as data: lines that match
// are indented, so that a passage cannot pose as another document or as the
// question. White space around the text is dropped.
func Indent(text string, lines *regexp.Regexp) string {
	text = strings.TrimSpace(lineBreaks.Replace(text))
	return lines.ReplaceAllString(text, "  ${1}")
}
