package answer

import (
	"regexp"
	"strings"
	"unicode"
	"unicode/utf8"
)

// minQuote is the least number of words that makes a quote evidence: a name in
// quotation marks is none.
const MinQuote = 4

// quotation is a quote that an answer holds.
type quotation struct {
	start, end int // bytes in the answer, marks included
	text       string
	pattern    *regexp.Regexp // finds it in a passage
}

// quotations returns the quotes of at least minQuote words in straight or curly
// quotation marks. A quote within a quote is part of the outer one, and a mark
// that is never closed opens nothing.
func quotations(answer string) []quotation {
	var spans [][2]int // of text between marks, in the order in which they close
	var open []int
	opens := false // whether the mark just before opened, for marks side by side
	for i, r := range answer {
		end := i + utf8.RuneLen(r)
		switch r {
		case '“':
			opens = true
		case '”':
			opens = false
		case '"':
			opens = opensQuote(answer[:i], answer[end:], opens)
		default:
			continue
		}
		if opens {
			open = append(open, end)
		} else if n := len(open); n > 0 {
			spans = append(spans, [2]int{open[n-1], i})
			open = open[:n-1]
		}
	}
	var found []quotation
	for k, span := range spans {
		outermost := true
		for _, later := range spans[k+1:] {
			outermost = outermost && later[0] > span[0]
		}
		text := strings.TrimSpace(answer[span[0]:span[1]])
		if outermost && len(strings.Fields(text)) >= MinQuote {
			found = append(found, quotation{start: span[0], end: span[1], text: text, pattern: quotePattern(text)})
		}
	}
	return found
}

// opensQuote tells whether a straight mark opens a quote: something follows it,
// and no word or sentence ends right before it. before holds the text up to it,
// and opened what the mark was that may end it.
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

// quotePattern finds a quote word for word, whatever the case of its letters,
// the white space between its words, the shape of the marks within it, and the
// punctuation that closes it.
func quotePattern(text string) *regexp.Regexp {
	words := strings.Fields(strings.ToValidUTF8(text, "\uFFFD"))
	last := &words[len(words)-1]
	bare := strings.TrimRight(*last, ".,;:!?…")
	closing := (*last)[len(bare):]
	if bare == "" {
		bare, closing = *last, ""
	}
	*last = bare
	for i, word := range words {
		var b strings.Builder
		for _, r := range word {
			if strings.ContainsRune("\"'“”‘’„‚«»`", r) {
				b.WriteString("[\"'“”‘’„‚«»`]")
			} else {
				b.WriteString(regexp.QuoteMeta(string(r)))
			}
		}
		words[i] = b.String()
	}
	return regexp.MustCompile(`(?i)` + strings.Join(words, `\s+`) + `(?:` + regexp.QuoteMeta(closing) + `)?`)
}
