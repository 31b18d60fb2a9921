package refusal

import (
	"iter"
	"regexp"
	"strings"
	"unicode"
)

// fold makes one form of the many in which the same words are written: lower
// case, straight apostrophes, English contractions written out, single spaces,
// no markup, no label in front, and "document" for what is cited.
func fold(text string) string {
	s := strings.ToLower(strings.ToValidUTF8(text, " "))
	s = quotes.Replace(s)
	if bare := quoted.ReplaceAllString(s, ` "" `); strings.ContainsFunc(bare, unicode.IsLetter) {
		s = bare
	}
	s = strings.Map(func(r rune) rune {
		switch r {
		case '*', '_', '"', '#', '>':
			return ' '
		}
		return r
	}, s)
	s = contractions.Replace(s)
	s = lines.ReplaceAllString(s, "\n")
	s = numbered.ReplaceAllString(s, "$1 ")
	s = citedSubject.ReplaceAllString(s, "$1 document ")
	s = cited.ReplaceAllString(s, " ")
	var kept []string
	for line := range strings.Lines(s) {
		if line = strings.Join(strings.Fields(line), " "); line != "" {
			kept = append(kept, line)
		}
	}
	s = strings.Join(kept, "\n")
	for {
		next := strings.TrimLeft(label.ReplaceAllString(s, ""), " .,;:!-–—")
		if next == s {
			return s
		}
		s = next
	}
}

var (
	quotes = strings.NewReplacer("’", "'", "‘", "'", "ʼ", "'", "´", "'", "＇", "'", "`", "'", "“", `"`, "”", `"`, "„", `"`,
		"«", `"`, "»", `"`, "「", `"`, "」", `"`, "『", `"`, "』", `"`)

	contractions = strings.NewReplacer(
		"can't", "cannot", "can not", "cannot", "won't", "will not", "n't", " not",
		"i'm", "i am", "we're", "we are", "that's", "that is", "it's", "it is", "there's", "there is", "what's", "what is",
		"i've", "i have", "we've", "we have", "i'd", "i would", "i'll", "i will", "dont know", "do not know", "dunno", "do not know")

	quoted = regexp.MustCompile(`"[^"]*"`)
	label  = regexp.MustCompile(`^(?:(?:the )?(?:(?:final|correct|right|short) )?answer(?: is)?\s*:\s*|(?:response|assistant|a|` +
		`antwort|réponse|respuesta|答案|回答)\s*[:：]\s*|(?:question|q)\s*:[^\n?]*\?\s*)`)
	lines = regexp.MustCompile(`[\r\n]+\s*(?:[-•]\s)?`)

	// numbered is "documents 1 and 2", cited is "[2]"; where a number stands for a document in the sentence, it is named so.
	numbered = regexp.MustCompile(`\b(documents?|passages?|sources?|texts?|excerpts?|snippets?|articles?|pages?|dokumente?|quellen?|` +
		`abschnitte?|documentos?|fuentes?|textos?|pasajes?|extraits?|textes?) (?:(?:no\.|number|n°|nr\.) ?)?` + list)
	citedSubject = regexp.MustCompile(`(^|\n|[.!?:] |\b(?:to|from|in|by|and|per|laut|nach|in|selon|après|dans|según|en) )` + cite)
	cited        = regexp.MustCompile(`\s?` + cite)
)

const (
	cite = `[\[【]\^?\d+(?:, ?\d+)*[\]】]`
	list = `[\[【(]?\d+[\]】)]?(?:(?:,? (?:and|or|to|und|et|ou|y|o|e|a|bis|à) |, ?| ?[-–] ?)[\[【(]?\d+[\]】)]?)*(?:\s|$)`
)

// sentencesOf yields sentences with their final marks. A stop within a word or
// a number ends none.
func sentencesOf(s string) iter.Seq[string] {
	return func(yield func(string) bool) {
		start := 0
		for i, r := range s {
			end := i + len(string(r))
			switch r {
			case '.', '!', '?':
				if end < len(s) && s[end] != ' ' && s[end] != '\n' {
					continue
				}
			case '。', '！', '？', '\n':
			default:
				continue
			}
			if !yield(s[start:end]) {
				return
			}
			start = end
		}
		if start < len(s) {
			yield(s[start:])
		}
	}
}
