package retriever

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// closers may stand between the punctuation that ends a sentence and the space after it.
const closers = "\"')]}*_\u2019\u201d\u00bb\u300d\u300f\uff09"

// openers may stand before the first letter of a sentence.
const openers = "\"'([{*_#`\u2018\u201c\u00ab\u300c\u300e\uff08\u00bf\u00a1-\u2013\u2014\u2022"

// endsSentence reports whether a sentence ends between the neighbouring words prev
// and next. It uses the punctuation, the next word and a list of abbreviations. In
// doubt, the sentence goes on.
func endsSentence(prev, next string, blank bool) bool {
	core := strings.TrimRight(prev, closers)
	mark, n := utf8.DecodeLastRuneInString(core)
	switch mark {
	case '\u3002', '\uff01', '\uff1f', '\uff0e', '\uff61': // no space follows full stops of CJK
		return true
	case '!', '?', '\u2026', '\u0964', '\u061f':
		return blank && startsSentence(next)
	case '.':
		return blank && startsSentence(next) && !isAbbreviation(core[:len(core)-n])
	}
	return false
}

// startsSentence reports whether a word can be the first of a sentence, which it
// can unless it starts with a small letter.
func startsSentence(word string) bool {
	r, _ := utf8.DecodeRuneInString(strings.TrimLeft(word, openers))
	return r != utf8.RuneError && !unicode.IsLower(r) && !strings.ContainsRune(",;:", r)
}

// isAbbreviation reports whether a full stop after the word does not end a sentence:
// the word is an initial, a title before a name, or "e.g".
func isAbbreviation(word string) bool {
	word = strings.TrimLeft(word, openers)
	if utf8.RuneCountInString(word) == 1 {
		r, _ := utf8.DecodeRuneInString(word)
		return unicode.IsUpper(r)
	}
	if len(word) > 8 {
		return false
	}
	switch strings.ToLower(word) {
	case "mr", "mrs", "ms", "dr", "prof", "st", "sr", "jr", "rev", "gen", "col",
		"lt", "capt", "sgt", "gov", "sen", "rep", "hon", "fr", "mt", "vs", "cf",
		"e.g", "i.e", "etc", "viz", "approx", "ca", "al", "fig", "figs", "eq", "no",
		"nos", "vol", "pp", "ed", "eds", "ch", "sec", "dept", "univ", "inc", "ltd",
		"co", "corp", "bros", "jan", "feb", "mar", "apr", "jun", "jul", "aug",
		"sep", "sept", "oct", "nov", "dec":
		return true
	}
	return false
}

// startsItem reports whether a line starts a list item, a quotation or a table row.
func startsItem(line string) bool {
	if line == "" {
		return false
	}
	switch line[0] {
	case '-', '*', '+':
		return len(line) > 1 && (line[1] == ' ' || line[1] == '\t')
	case '>', '|':
		return true
	}
	if strings.HasPrefix(line, "\u2022") {
		return true
	}
	digits := len(line) - len(strings.TrimLeft(line, "0123456789"))
	rest := line[digits:]
	return digits > 0 && digits <= 3 && len(rest) > 1 && (rest[0] == '.' || rest[0] == ')') && rest[1] == ' '
}
