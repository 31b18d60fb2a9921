package layout

import (
	"fmt"
	"strings"
)

// SplitDocuments takes apart a message that [Ask] made: the text of each
// passage, with its heading, and the instruction with the question. Any other text
// gives none. No line within a passage looks like a heading, since
// [Indent] saw to that.
func SplitDocuments(content string) (passages []string, task string) {
	question := strings.LastIndex(content, "\nQuestion: ")
	if question < 0 || !strings.HasPrefix(content, "Document 1:") {
		return nil, ""
	}
	end := strings.LastIndex(content[:question+1], "\n\n")
	if end < 0 {
		return nil, ""
	}
	rest := content[:end+2]
	for n := 2; ; n++ {
		next := strings.Index(rest, fmt.Sprintf("\n\nDocument %d:", n))
		if next < 0 {
			return append(passages, rest), content[end+2:]
		}
		passages, rest = append(passages, rest[:next+2]), rest[next+2:]
	}
}
