// Package languages holds what an index knows about the languages of documents. Package retriever/language fills it, so
// that package retriever, which uses it, compiles only English.
package languages

import (
	"maps"
	"slices"
	"sync"

	"github.com/blevesearch/bleve/v2/analysis"
)

// Language is how the words of a language become terms.
type Language struct {
	Name string // ISO 639-1
	// Filters are applied in order, to words in any case: they drop stop words and reduce words to their stems.
	Filters func() []analysis.TokenFilter
	ID      string // changes with what the words become; empty where that changes with the module alone
}

var registry struct {
	sync.RWMutex
	detect func(text string) string
	known  map[string]Language
}

// Detecting sets what recognises the language of a text: a name, or "" for none.
func Detecting(detect func(text string) string) {
	registry.Lock()
	defer registry.Unlock()
	registry.detect = detect
}

// Register adds a language, or replaces the one with the same name.
func Register(l Language) {
	registry.Lock()
	defer registry.Unlock()
	if registry.known == nil {
		registry.known = map[string]Language{}
	}
	registry.known[l.Name] = l
}

// Of returns a language by its name.
func Of(name string) (Language, bool) {
	registry.RLock()
	defer registry.RUnlock()
	l, ok := registry.known[name]
	return l, ok
}

// Names are the names of all languages, in order. There are none without package retriever/language.
func Names() []string {
	registry.RLock()
	defer registry.RUnlock()
	return slices.Sorted(maps.Keys(registry.known))
}

// Detect returns the name of the language of a text, or "" if none is recognised.
func Detect(text string) string {
	registry.RLock()
	detect := registry.detect
	registry.RUnlock()
	if detect == nil {
		return ""
	}
	return detect(text)
}
