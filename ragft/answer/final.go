package answer

import (
	"strings"

	"github.com/ragft/ragft/internal/layout"
)

// Final returns what follows the last "Answer:" of a text, without surrounding
// white space, or the whole text if there is none. Models tuned with the recipes RAFT
// and memory reason first and end with such a line.
func Final(text string) string {
	if at := strings.LastIndex(text, layout.AnswerMarker); at >= 0 {
		text = text[at+len(layout.AnswerMarker):]
	}
	return strings.TrimSpace(text)
}
