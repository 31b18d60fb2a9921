package answer

import (
	"strings"
)

// answerMarker begins the last line of a target of RAFT.
const AnswerMarker = "Answer:"

// FinalAnswer returns what follows the last "Answer:" of a text, or the whole
// text where there is none.
func Final(text string) string {
	if at := strings.LastIndex(text, AnswerMarker); at >= 0 {
		return strings.TrimSpace(text[at+len(AnswerMarker):])
	}
	return strings.TrimSpace(text)
}
