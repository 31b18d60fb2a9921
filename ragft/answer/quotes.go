package answer

import (
	"regexp"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/ragft/ragft/internal/words"
)

// quotation is a quote in an answer.
type quotation struct {
	start, end int // bytes in the answer, marks included
	text       string
	least      int            // bytes of a passage that it can stand in
	pattern    *regexp.Regexp // finds it in a passage; nil until it is needed
}

// openMark is a mark that opens a quote, and where it ends.
type openMark struct {
	end  int
	mark rune
}

// quotations returns the quotes of at least [words.MinQuote] words in quotation
// marks: straight, curly, „German“ or «French», which Germans turn. A quote within
// a quote belongs to the outer one, and a mark that is never closed opens nothing.
func quotations(answer string) []quotation {
	var found []quotation
	first := len(answer) // where the spans that close later begin
	for _, span := range slices.Backward(quoted(answer)) {
		outermost := first > span[0]
		first = min(first, span[0])
		if !outermost {
			continue
		}
		text := strings.TrimSpace(answer[span[0]:span[1]])
		if said := strings.Fields(text); len(said) >= words.MinQuote {
			letters := utf8.RuneCountInString(strings.TrimRight(strings.ToValidUTF8(strings.Join(said, ""), "\uFFFD"), closingMarks))
			found = append(found, quotation{start: span[0], end: span[1], text: text, least: letters})
		}
	}
	slices.Reverse(found)
	return found
}

// quoted returns the spans of text between quotation marks, in the order in which they close.
func quoted(answer string) (spans [][2]int) {
	var open []openMark
	opens := false // whether the last mark opened a quote, for adjacent marks
	for i, r := range answer {
		end := i + utf8.RuneLen(r)
		last := openMark{}
		if len(open) > 0 {
			last = open[len(open)-1]
		}
		switch r {
		case '“':
			opens = last.mark != '„'
		case '„':
			opens = true
		case '«':
			opens = last.mark != '»'
		case '»':
			opens = last.mark != '«'
		case '”':
			opens = false
		case '"':
			opens = opensQuote(answer[:i], answer[end:], opens)
		default:
			continue
		}
		if opens {
			open = append(open, openMark{end, r})
		} else if n := len(open); n > 0 {
			spans = append(spans, [2]int{last.end, i})
			open = open[:n-1]
		}
	}
	return spans
}

// closingMarks may be missing behind the last word of a quote.
const closingMarks = ".,;:!?…"

// opensQuote reports whether a straight mark opens a quote: text follows it
// directly, and no word or sentence ends directly before it. before is the text up
// to it; opened says whether a mark at the end of before opened a quote.
func opensQuote(before, after string, opened bool) bool {
	next, _ := utf8.DecodeRuneInString(after)
	if after == "" || unicode.IsSpace(next) {
		return false
	}
	last, _ := utf8.DecodeLastRuneInString(before)
	switch {
	case before == "" || unicode.IsSpace(last):
		return true
	case last == '"' || last == '“' || last == '”':
		return opened
	}
	return strings.ContainsRune(":([{<=*_-–—/`", last)
}

// quotePattern matches a quote word for word, regardless of case, white space
// between the words, the shape of quotation marks inside it and closing punctuation.
func quotePattern(text string) *regexp.Regexp {
	quoted := strings.Fields(strings.ToValidUTF8(text, "\uFFFD"))
	last := &quoted[len(quoted)-1]
	bare := strings.TrimRight(*last, closingMarks)
	closing := (*last)[len(bare):]
	if bare == "" {
		bare, closing = *last, ""
	}
	*last = bare
	for i, word := range quoted {
		var b strings.Builder
		for _, r := range word {
			if strings.ContainsRune("\"'“”‘’„‚«»`", r) {
				b.WriteString("[\"'“”‘’„‚«»`]")
			} else {
				b.WriteString(regexp.QuoteMeta(string(r)))
			}
		}
		quoted[i] = b.String()
	}
	return regexp.MustCompile(`(?i)` + strings.Join(quoted, `\s+`) + `(?:` + regexp.QuoteMeta(closing) + `)?`)
}
