package linescan

import "strings"

// Cut returns the first line, which ends with CR, LF or both, and what follows.
func Cut(text string) (line, rest string, found bool) {
	n := strings.IndexAny(text, "\r\n")
	if n < 0 {
		return text, "", false
	}
	if strings.HasPrefix(text[n:], "\r\n") {
		return text[:n], text[n+2:], true
	}
	return text[:n], text[n+1:], true
}
