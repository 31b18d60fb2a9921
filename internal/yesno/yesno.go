// Package yesno reads answers that are yes, no or maybe.
package yesno

import "strings"

// First returns the yes, no or maybe that a normalised answer begins with,
// after an introduction such as "the answer is"; "" if there is none.
func First(normal string) string {
	for word := range strings.FieldsSeq(normal) {
		switch word {
		case "final", "answer", "is", "it":
			continue
		case "yes", "no", "maybe":
			return word
		}
		return ""
	}
	return ""
}
