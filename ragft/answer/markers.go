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

// markers returns the citations by number in an answer, in order. Indices in code, such as list[2], and the labels of
// footnotes are none.
func markers(answer string) []marker {
	var found []marker
	marks, counted := 0, 0 // backquotes in front of counted
	index := -1            // where the last index in code ends
	for _, at := range markerPattern.FindAllStringSubmatchIndex(answer, -1) {
		m := marker{start: at[0], end: at[1]}
		bare, named, raised := group(answer, at, 1), group(answer, at, 2)+group(answer, at, 3), group(answer, at, 4)
		switch {
		case raised != "" && isExponent(answer[:m.start], answer[m.end:]), isLabel(answer, m, bare):
			continue
		case raised == "" && (named == "" || !strings.ContainsAny(answer[m.start:m.end], " \u00a0")) && // lamp[Document 1]
			(m.start == index || isIndex(answer, m)):
			index = m.end
			continue
		}
		marks, counted = marks+strings.Count(answer[counted:m.start], "`"), m.start
		if marks%2 == 1 {
			continue // in code
		}
		m.numbers = markedNumbers(bare + named + raised)
		if last := len(found) - 1; last >= 0 && between.MatchString(answer[found[last].end:m.start]) {
			m.numbers = through(found[last].numbers, m.numbers)
		}
		found = append(found, m)
	}
	return found
}

// group returns what a group of a pattern has matched.
func group(text string, at []int, n int) string {
	if at[2*n] < 0 {
		return ""
	}
	return text[at[2*n]:at[2*n+1]]
}

// through adds the numbers between the last of some and the first of others, as in [1]-[3].
func through(before, after []int) []int {
	from, to := before[len(before)-1], after[0]
	if to-from > longestRange {
		return after
	}
	var all []int
	for n := from + 1; n < to; n++ {
		all = append(all, n)
	}
	return append(all, after...)
}

// isLabel reports whether a marker begins a footnote, "[^1]: bram.md", or says where a link leads, "[1]: bram.md".
func isLabel(answer string, m marker, list string) bool {
	rest, colon := strings.CutPrefix(answer[m.end:], ":")
	if list == "" || !colon {
		return false
	}
	before := strings.TrimRightFunc(answer[:m.start], func(r rune) bool { return unicode.IsSpace(r) && r != '\n' })
	if before != "" && !strings.HasSuffix(before, "\n") {
		return false
	}
	rest, _, _ = strings.Cut(rest, "\n")
	return strings.HasPrefix(list, "^") || len(strings.Fields(rest)) == 1 && address.MatchString(rest)
}

// address finds what a word has that says where a link leads: "notes/bram", "bram.md", but not "Varley." or "3.5".
var address = regexp.MustCompile(`[/#]|[\pL\d_]\.\pL`)

// isExponent reports whether a raised number between two texts is a power or part of a unit, such as "km" or "10", or of a
// symbol, and cites nothing.
func isExponent(before, after string) bool {
	if next, _ := utf8.DecodeRuneInString(after); next < utf8.RuneSelf && (unicode.IsLetter(next) || unicode.IsDigit(next)) {
		return true // the 14 of C
	}
	word := strings.ToLower(strings.TrimRight(lastWord(before), ")"))
	return word != "" && len([]rune(word)) < 4 || units[word] || formula.MatchString(word)
}

// formula finds what a word of a text hardly has: digits, signs, brackets, and letters on their own.
var formula = regexp.MustCompile(`[\d=+*/(^−]|^.-|-.$`)

// units are those whose powers are written behind the whole word.
var units = map[string]bool{"metre": true, "metres": true, "meter": true, "meters": true, "foot": true, "feet": true, "inch": true,
	"inches": true, "yard": true, "yards": true, "mile": true, "miles": true, "second": true, "seconds": true,
	"kilometre": true, "kilometres": true, "kilometer": true, "kilometers": true, "centimetre": true, "centimetres": true,
	"centimeter": true, "centimeters": true, "millimetre": true, "millimetres": true, "millimeter": true, "millimeters": true,
	"metern": true, "kilometern": true, "sekunde": true, "mètre": true, "mètres": true, "kilomètres": true, "seconde": true,
	"metro": true, "metros": true, "kilómetros": true, "segundo": true, "segundos": true}

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

// longestRange is how far apart the ends of a range are at most; one that is longer names its ends alone.
const longestRange = 20

// markedNumbers parses a list such as "1, 2" or "1-3".
func markedNumbers(list string) []int {
	var found []int
	ranged := false
	for _, field := range markerNumber.FindAllString(markerName.ReplaceAllString(digits.Replace(list), " "), -1) {
		n, err := strconv.Atoi(field)
		if err != nil {
			ranged = true
			continue
		}
		if ranged && len(found) > 0 {
			found = append(found, through(found, []int{n})...)
		} else {
			found = append(found, n)
		}
		ranged = false
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
