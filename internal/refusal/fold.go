package refusal

import (
	"iter"
	"regexp"
	"strings"
	"unicode"
)

// fold makes one form of the many in which the same words are written: lower
// case, letters without accents, straight apostrophes, English contractions
// written out, single spaces, no markup or emoji, no label in front, and
// "document" for what is cited.
func fold(text string) string {
	s := strings.ToLower(strings.ToValidUTF8(text, " "))
	s = accents.Replace(iKnow.ReplaceAllString(quotes.Replace(s), "${1}conozco$2"))
	if strings.HasPrefix(s, `{`) { // JSON
		s = braces.Replace(s)
	}
	if bare := quoted.ReplaceAllString(s, ` "" `); strings.ContainsFunc(bare, unicode.IsLetter) {
		s = bare
	}
	s = strings.Map(func(r rune) rune {
		switch r {
		case '*', '_', '"', '#', '>', '\u200d', '\ufe0f':
			return ' '
		}
		if unicode.Is(unicode.So, r) || unicode.Is(unicode.Sk, r) { // emoji
			return ' '
		}
		return r
	}, s)
	s = contractions.Replace(bareContractions.ReplaceAllString(s, "$1 not"))
	s = tableHead.ReplaceAllString(s, "\n")
	s = lines.ReplaceAllString(s, "\n")
	s = numbered.ReplaceAllString(s, "$1 ")
	s = citedSubject.ReplaceAllString(s, "$1 document $2")
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

	// accents takes the marks off letters: \b and \w know only the letters of ASCII.
	accents = strings.NewReplacer("á", "a", "à", "a", "â", "a", "ã", "a", "å", "a", "ä", "a", "é", "e", "è", "e", "ê", "e", "ë", "e",
		"í", "i", "ì", "i", "î", "i", "ï", "i", "ó", "o", "ò", "o", "ô", "o", "õ", "o", "ö", "o", "ú", "u", "ù", "u", "û", "u", "ü", "u",
		"ñ", "n", "ç", "c", "ÿ", "y", "ß", "ss", "œ", "oe", "æ", "ae")

	// iKnow is the Spanish "I know", which without its accent is another word.
	iKnow = regexp.MustCompile(`(^|\s)sé([\s.,;:!?]|$)`)

	braces = strings.NewReplacer(`{`, " ", `}`, " ", `"`, " ")

	contractions = strings.NewReplacer(
		"ca not", "cannot", "can not", "cannot", "won't", "will not", "n't", " not",
		"i'm", "i am", "we're", "we are", "that's", "that is", "it's", "it is", "there's", "there is", "what's", "what is",
		"'ve ", " have ", "'re ", " are ", "'ll ", " will ", "'d ", " would ", "dunno", "i do not know",
		"idk", "i do not know")

	// bareContractions are those without an apostrophe.
	bareContractions = regexp.MustCompile(`\b(do|does|did|is|are|was|were|has|have|had|could|would|should|ca)n'?t\b`)

	// tableHead is the head of a table, with the line below it.
	tableHead = regexp.MustCompile(`(?:^|\n)[^\n]*\|[^\n]*\n[|\s:-]*--[|\s:-]*\n`)

	quoted = regexp.MustCompile(`"[^"]*"`)
	label  = regexp.MustCompile(`^(?:(?:oops|hm+|uh|um+|erm|oh|honestly|frankly)[,.!:;…]* |(?:the )?(?:(?:final|correct|right|short) ` +
		`)?answer(?: is)?\s*:\s*|(?:response|assistant|a|` +
		`antwort|reponse|respuesta|答案|回答)\s*[:：]\s*|(?:question|q)\s*:[^\n?]*\?\s*)`)
	lines = regexp.MustCompile(`(?:^|[\r\n]+)\s*(?:(?:[-•|]|\d{1,2}[.)])\s)?`)

	// numbered is "documents 1 and 2", cited is "[2]"; where a number stands for a document in the sentence, it is named so.
	numbered = regexp.MustCompile(`\b(documents?|passages?|sources?|texts?|excerpts?|snippets?|articles?|pages?|dokumente?|quellen?|` +
		`abschnitte?|documentos?|fuentes?|textos?|pasajes?|extraits?|textes?) (?:(?:no\.|number|n°|nr\.) ?)?` + list)
	citedSubject = regexp.MustCompile(`(^|\n|[.!?:] |\b(?:to|from|in|by|and|per|laut|nach|in|selon|apres|dans|segun|en) )` + cite +
		`(\s?\pL)`)
	cited = regexp.MustCompile(`\s?` + cite)
)

const (
	cite = `[\[【]\^?\d+(?:, ?\d+)*[\]】]`
	list = `[\[【(]?\d+[\]】)]?(?:(?:,? (?:and|or|to|und|et|ou|y|o|e|a|bis) |, ?| ?[-–] ?)[\[【(]?\d+[\]】)]?)*(?:\s|:|$)`
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
