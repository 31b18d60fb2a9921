package fake

import (
	"strings"

	"github.com/ragft/ragft/ragft/model"
)

// Instruction returns what the last message of a prompt asks for: the paragraph after the documents, without the line of
// the question or subject.
func Instruction(messages []model.Message) string {
	text := messages[len(messages)-1].Content
	for _, label := range []string{"\nQuestion: ", "\nSubject: "} {
		if at := strings.LastIndex(text, label); at >= 0 {
			text = text[:at]
			break
		}
	}
	return text[strings.LastIndex("\n\n"+text, "\n\n"):]
}
