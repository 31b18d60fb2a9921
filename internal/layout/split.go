package layout

import (
	"fmt"
	"strings"
)

// SplitDocuments takes apart a message that [Documents] made: the text of each
// passage, with its heading, and the question. Of any other text it returns
// nothing. No line within a passage looks like a heading, since [Indent] indents
// it.
func SplitDocuments(content string) (passages []string, question string) {
	end := strings.LastIndex(content, "\n\nQuestion: ")
	if end < 0 || !strings.HasPrefix(content, "Document 1:") {
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
