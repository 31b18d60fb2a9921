package language

import (
	"slices"
	"strings"
	"sync"
	"unicode"
	"unicode/utf8"

	"github.com/blevesearch/bleve/v2/analysis/token/lowercase"
)

var lower = lowercase.NewLowerCaseFilter()

// english is what others have to be told from: a wrong guess would harm documents that are read well.
const english = "en"

// How sure Detect has to be.
const (
	leastWords = 3    // frequent words in the text
	leastKinds = 3    // different ones
	leastShare = 0.08 // of all words
	leastLead  = 1.5  // more than English

	mostForeign = 0.03 // of all words, with letters of other languages
	mostCode    = 0.03 // of all bytes: marks of code, which has "for" and "var" as Danish does
)

// frequentWords are the languages that a frequent word belongs to.
type frequentWords struct {
	sync.RWMutex
	of map[string][]string
}

var frequent = frequentWords{of: map[string][]string{}}

// add sets the frequent words of a language.
func (f *frequentWords) add(language string, words []string) {
	f.Lock()
	defer f.Unlock()
	for word, of := range f.of {
		f.of[word] = slices.DeleteFunc(of, func(l string) bool { return l == language })
	}
	for _, word := range words {
		if !slices.Contains(f.of[word], language) {
			f.of[word] = append(f.of[word], language)
		}
	}
}

// evidence is the evidence for a language.
type evidence struct {
	weight float64 // a word counts the less, the more languages have it
	words  int
	kinds  map[string]bool
}

// Detect returns the language of a text, by its frequent words: the ISO 639-1 code, such as
// "de", of a language of this package or a registered one; "en" for English; "" if no
// language is recognised, because the text is short, mixed or in another language. Of a long
// text it reads about 16 KiB, spread over the text.
func Detect(text string) string {
	found, total := map[string]*evidence{}, 0
	foreign := 0 // words with letters that none of the languages here has
	marks, bytes := 0, 0
	count := func(part string) {
		bytes += len(part)
		for _, mark := range codeMarks {
			marks += strings.Count(part, string(mark))
		}
		for word := range strings.FieldsFuncSeq(part, func(r rune) bool { return !isWord(r) }) {
			word = strings.ToLower(word)
			if total++; len(word) < 2 { // a name of a variable, or of a point
				continue
			}
			if strings.ContainsAny(word, foreignLetters) {
				foreign++
			}
			for _, language := range frequent.of[word] {
				e := found[language]
				if e == nil {
					e = &evidence{kinds: map[string]bool{}}
					found[language] = e
				}
				e.weight += 1 / float64(len(frequent.of[word]))
				e.words++
				e.kinds[word] = true
			}
		}
	}
	frequent.RLock()
	defer frequent.RUnlock()
	for part := range samples(text) {
		count(part)
	}
	best := ""
	for language, e := range found {
		if b := found[best]; b == nil || e.weight > b.weight || e.weight == b.weight && language < best {
			best = language
		}
	}
	e := found[best]
	switch {
	case best == "" || best != english && float64(foreign) > mostForeign*float64(total):
		return ""
	case best != english && float64(marks) > mostCode*float64(bytes):
		return ""
	case e.words < leastWords || len(e.kinds) < leastKinds || float64(e.words) < leastShare*float64(total):
		return ""
	case best != english && found[english] != nil && e.weight < leastLead*found[english].weight:
		return ""
	}
	return best
}

// isWord says whether a character is part of a word, or of what is none, such as a number in hexadecimal.
func isWord(r rune) bool { return unicode.In(r, unicode.L, unicode.M, unicode.N) || r == '_' }

const codeMarks = "{}();=<>"

// foreignLetters are letters of languages that share frequent words with one that is known: Ukrainian, Belarusian, Serbian
// and Macedonian with Russian, Polish, Czech and Slovak with Croatian, Urdu and Pashto with Arabic and Persian.
const foreignLetters = "іїєґўјљњћђџѓќѕ" + "ąęłżźńśěůřťďľĺŕ" + "ٹڈڑےښځڼ"

// sampled is how much of a text is read, in as many parts.
const (
	sampled = 16 << 10
	parts   = 4
)

// samples are parts of a text, between white space.
func samples(text string) func(yield func(string) bool) {
	return func(yield func(string) bool) {
		if len(text) <= sampled {
			yield(text)
			return
		}
		for i := range parts {
			part := text[i*(len(text)/parts):][:sampled/parts]
			if start := strings.IndexFunc(part, unicode.IsSpace); start >= 0 {
				part = part[start:]
			}
			if end := strings.LastIndexFunc(part, unicode.IsSpace); end >= 0 {
				part = part[:end]
			}
			if !utf8.ValidString(part) {
				part = strings.ToValidUTF8(part, " ") // a text without white space
			}
			if !yield(part) {
				return
			}
		}
	}
}
