// Package language lets an index analyze each document in its language: an index made with
// the analyzer [retriever.Languages] detects the language of each document, and questions
// then match any inflected form of its words. Importing it registers all its languages:
//
//	import (
//		"github.com/ragft/ragft/retriever"
//		_ "github.com/ragft/ragft/retriever/language"
//	)
//
//	index, err := retriever.Create("docs.index", retriever.IndexOptions{Analyzer: retriever.Languages})
//
// Stop words and stems are those of Bleve's analyzers, for Arabic (ar), Croatian (hr), Danish
// (da), Dutch (nl), Finnish (fi), French (fr), German (de), Hindi (hi), Hungarian (hu),
// Italian (it), Norwegian (no), Persian (fa), Portuguese (pt), Romanian (ro),
// Russian (ru), Sorani (ckb), Spanish (es), Swedish (sv) and Turkish (tr). Everything else is
// analyzed like English: Chinese and Japanese by single characters, Thai by pairs of letters.
//
// A program adds languages of its own with [Register].
package language

import (
	"crypto/sha256"
	"fmt"
	"slices"
	"sync"

	"github.com/blevesearch/bleve/v2/analysis"
	"github.com/blevesearch/bleve/v2/analysis/lang/es"
	"github.com/blevesearch/bleve/v2/analysis/lang/it"
	"github.com/blevesearch/bleve/v2/registry"

	"github.com/ragft/ragft/internal/languages"
)

// Language is a language that a program adds.
type Language struct {
	// Name is the code of ISO 639-1, such as "cs".
	Name string
	// Frequent are frequent words of the language in lower case, at least 50 or so, by
	// which it is recognised: prepositions, articles, pronouns, auxiliary verbs.
	Frequent []string
	// Term returns the stem of a word, which is given in lower case, or "" for a stop
	// word. It must be safe for concurrent use. Nil keeps all words.
	Term func(word string) string
}

// Register adds a language, or replaces the one with the same name. It may be called from
// any goroutine. Documents that were indexed before are read again by the next Sync if the
// language is new, or has other frequent words, or gives other terms for these.
func Register(l Language) {
	frequent.add(l.Name, l.Frequent)
	languages.Register(languages.Language{Name: l.Name, ID: hashOf(l), Filters: func() []analysis.TokenFilter {
		return []analysis.TokenFilter{lower, termFilter(l.Term)}
	}})
}

// hashOf is a hash of what is known of a language: its frequent words with their terms.
func hashOf(l Language) string {
	h := sha256.New()
	for _, word := range l.Frequent {
		term := word
		if l.Term != nil {
			term = l.Term(word)
		}
		fmt.Fprintf(h, "%q %q ", word, term)
	}
	return fmt.Sprintf(":%x", h.Sum(nil)[:8])
}

// termFilter replaces each word by its term.
type termFilter func(word string) string

// Filter changes the tokens in place.
func (f termFilter) Filter(tokens analysis.TokenStream) analysis.TokenStream {
	if f == nil {
		return tokens
	}
	kept := tokens[:0]
	for _, t := range tokens {
		if t.Term = []byte(f(string(t.Term))); len(t.Term) > 0 {
			kept = append(kept, t)
		}
	}
	return kept
}

// stemmers replace those of Bleve's analyzers that leave most forms of nouns and verbs apart ("casa" and "casas").
var stemmers = map[string]string{es.AnalyzerName: es.SnowballStemmerName, it.AnalyzerName: it.SnowballStemmerName}

// filters returns the filters of Bleve's analyzer for a language, which is made when it is first needed.
func filters(analyzer string) func() []analysis.TokenFilter {
	return sync.OnceValue(func() []analysis.TokenFilter {
		parts := registry.NewCache()
		a, err := parts.AnalyzerNamed(analyzer)
		if err != nil {
			panic(err) // its package is imported, so that it is there
		}
		list := slices.Clone(a.(*analysis.DefaultAnalyzer).TokenFilters)
		stemmer, ok := stemmers[analyzer]
		if !ok {
			return list
		}
		stem, err := parts.TokenFilterNamed(stemmer)
		if err != nil {
			panic(err)
		}
		list[len(list)-1] = stem
		if analyzer == es.AnalyzerName {
			// The stemmer goes by accents, so that none are removed before. Once for the plural, once for the singular.
			list[len(list)-2] = stem
		}
		return list
	})
}
