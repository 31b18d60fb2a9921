package answer

import (
	"regexp"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

// marker is a citation of passages by number in an answer, such as [1].
type marker struct {
	start, end int // bytes in the answer
	numbers    []int
}

// The forms in which models cite by number: [1], [1, 2], [1-3], [^1], 【1】, 【1†source】, [Document 1], [Doc 2, 3],
// [Document 1: Title], (Document 1), (see documents 1 and 2). In round brackets the word is needed: (1) counts an item.
var (
	markerNoun = `(?i:documents?|docs?|passages?|sources?|texts?|excerpts?|snippets?|references?|refs?)\b\.?`
	markerList = `\^?#?\d{1,3}(?:\s*(?:,\s*and\b|,|;|&|、|，|-|–|\band\b|\bor\b|\bto\b)\s*(?:` + markerNoun + `\s*)?\^?#?\d{1,3})*`

	markerPattern = regexp.MustCompile(
		`[\[［【]\s*(` + markerList + `)\s*(?:†[^\]］】\n]*)?[\]］】]` +
			`|[\[［【(（]\s*(?i:(?:see|cf\.|from|in|per)\s+)?(?:the\s+)?` + markerNoun + `\s*(` + markerList +
			`)\s*(?::[^\]］】)）\n]{0,100})?(?:†[^\]］】\n]*)?[\]］】)）]`)

	markerNumber = regexp.MustCompile(`\d+|-|–|\bto\b`)
)

// markers returns the citations by number in an answer, in order. Indices in code, such as list[2], and the labels of
// footnotes are none.
func markers(answer string) []marker {
	var found []marker
	marks, counted := 0, 0 // backquotes in front of counted
	for _, at := range markerPattern.FindAllStringSubmatchIndex(answer, -1) {
		m := marker{start: at[0], end: at[1]}
		list := ""
		if at[2] >= 0 {
			list = answer[at[2]:at[3]]
			if isIndex(answer, m) || isLabel(answer, m, list) {
				continue
			}
		} else {
			list = answer[at[4]:at[5]]
		}
		marks, counted = marks+strings.Count(answer[counted:m.start], "`"), m.start
		if marks%2 == 1 {
			continue // in code
		}
		m.numbers = markedNumbers(list)
		found = append(found, m)
	}
	return found
}

// isLabel reports whether a marker begins a footnote: "[^1]: bram.md".
func isLabel(answer string, m marker, list string) bool {
	if !strings.HasPrefix(list, "^") || !strings.HasPrefix(answer[m.end:], ":") {
		return false
	}
	before := strings.TrimRightFunc(answer[:m.start], func(r rune) bool { return unicode.IsSpace(r) && r != '\n' })
	return before == "" || strings.HasSuffix(before, "\n")
}

// isIndex reports whether a bracket is an index in code, such as list[2], and not a citation set directly behind a word. It
// counts as a citation behind a name or a number, and where a sentence, a clause or the text ends.
func isIndex(answer string, m marker) bool {
	if answer[m.start] != '[' {
		return false
	}
	word := lastWord(answer[:m.start])
	if word == "" {
		return false
	}
	first, size := utf8.DecodeRuneInString(word)
	after := answer[m.end:]
	next, width := utf8.DecodeRuneInString(after)
	switch {
	case size == len(word) && first < unicode.MaxASCII && unicode.IsLetter(first), strings.ContainsAny(word, "_)]"),
		codeNames[word], next == '=', next == '(':
		return true // a[0], rows_of[1], f(x)[2]
	case next == '[': // [1][2], or a matrix
		return false
	case next == '.' && len(after) > width && !unicode.IsSpace(rune(after[width])) && unicode.IsLetter(rune(after[width])):
		return true // users[1].name
	case unicode.IsUpper(first), unicode.IsDigit(first), !unicode.IsLower(first):
		return false // a name, a year, a script without cases
	}
	return !(after == "" || strings.ContainsRune(".,;:!?…)\n\r\"”’*", next))
}

// codeNames are words that hardly end a statement and often have an index.
var codeNames = map[string]bool{"list": true, "array": true, "arr": true, "args": true, "argv": true, "data": true, "dict": true,
	"row": true, "rows": true, "items": true, "values": true, "vec": true, "matrix": true, "tuple": true, "buf": true}

// longestWord is how many bytes in front of a marker are looked at.
const longestWord = 200

// lastWord returns what of a text is directly before its end, up to a blank.
func lastWord(text string) string {
	text = text[max(0, len(text)-longestWord):]
	at := strings.LastIndexFunc(text, unicode.IsSpace)
	word := strings.TrimLeft(text[at+1:], `("'“‘*_[`)
	last, _ := utf8.DecodeLastRuneInString(word)
	if word == "" || !(unicode.IsLetter(last) || unicode.IsDigit(last) || last == '_' || last == ')') {
		return ""
	}
	return word
}

// markedNumbers parses a list such as "1, 2" or "1-3".
func markedNumbers(list string) []int {
	const longest = 20 // a range that is longer names its ends alone
	var found []int
	through := false
	for _, field := range markerNumber.FindAllString(list, -1) {
		n, err := strconv.Atoi(field)
		if err != nil {
			through = true
			continue
		}
		if last := len(found) - 1; through && last >= 0 && n-found[last] <= longest {
			for i := found[last] + 1; i < n; i++ {
				found = append(found, i)
			}
		}
		found, through = append(found, n), false
	}
	return found
}

// withoutMarkers returns an answer with blanks in place of its markers.
func withoutMarkers(answer string) string {
	var out strings.Builder
	at := 0
	for _, m := range markers(answer) {
		out.WriteString(answer[at:m.start] + " ")
		at = m.end
	}
	return out.String() + answer[at:]
}
