package retriever

import (
	"fmt"
	"slices"
	"unicode/utf8"

	"github.com/blevesearch/bleve/v2/analysis"
	"github.com/blevesearch/bleve/v2/analysis/lang/en"
	"github.com/blevesearch/bleve/v2/analysis/token/lowercase"
	"github.com/blevesearch/bleve/v2/analysis/token/porter"
	"github.com/blevesearch/bleve/v2/analysis/token/stop"
	unicodewords "github.com/blevesearch/bleve/v2/analysis/tokenizer/unicode"

	"github.com/ragft/ragft/internal/languages"
)

// Analyzer names a way to turn text into terms. Queries find the chunks that
// have terms in common with them.
type Analyzer string

// The analyzers. All split text into words by the rules of Unicode (UAX #29),
// in which each ideograph is a word, lower their case and remove accents and vowel
// marks. Invisible characters and the kind of an apostrophe make no difference. Thai,
// Lao, Khmer and Burmese have no blanks between words: there, each two letters in a
// row are a term.
const (
	// English also drops stop words ("the", "of"), removes "'s", and reduces
	// words to their stems (Porter): "founded" finds "founding".
	English Analyzer = "english"
	// Standard keeps all words. It works for any language.
	Standard Analyzer = "standard"
	// Languages analyzes each document in its language, which is detected when the
	// document is added, and a query in the languages of the documents in the index.
	// Stop words and stems are those of the language, or of English if none is
	// recognised. The program has to import package retriever/language.
	Languages Analyzer = "languages"
)

// analyzers are those of an index.
type analyzers struct {
	usual  analysis.Analyzer
	words  analysis.Tokenizer
	detect bool // documents have languages
}

// newAnalyzers returns those of an index with an analyzer.
func newAnalyzers(name Analyzer) (*analyzers, error) {
	a := &analyzers{words: wordTokenizer{unicodewords.NewUnicodeTokenizer()}}
	if a.detect = name == Languages; a.detect {
		if name = English; len(languages.Names()) == 0 {
			return nil, fmt.Errorf("%w: the analyzer %q needs package retriever/language: import it", ErrOptions, Languages)
		}
	}
	var err error
	a.usual, err = newAnalyzer(name)
	return a, err
}

// of returns the analyzer of a language, the usual one for "" and for languages that are not known.
func (a *analyzers) of(language string) analysis.Analyzer {
	if language == "" || !a.detect {
		return a.usual
	}
	l, ok := languages.Of(language)
	if !ok {
		return a.usual
	}
	return &analysis.DefaultAnalyzer{Tokenizer: a.words, TokenFilters: append(slices.Clip(l.Filters()), foldFilter{})}
}

// language is the language by which a text is analysed, where it is said to have one: "" for the usual analyzer.
func (a *analyzers) language(said, text string) string {
	if !a.detect {
		return ""
	}
	if said == "" {
		said = languages.Detect(text)
	}
	if _, ok := languages.Of(said); !ok {
		return ""
	}
	return said
}

// newAnalyzer builds an analyzer out of Bleve's parts.
func newAnalyzer(name Analyzer) (analysis.Analyzer, error) {
	words := wordTokenizer{unicodewords.NewUnicodeTokenizer()}
	switch name {
	case Standard:
		return &analysis.DefaultAnalyzer{Tokenizer: words, TokenFilters: []analysis.TokenFilter{
			lowercase.NewLowerCaseFilter(), foldFilter{},
		}}, nil
	case English:
		stopWords := analysis.NewTokenMap()
		if err := stopWords.LoadBytes(en.EnglishStopWords); err != nil {
			return nil, fmt.Errorf("retriever: %w", err)
		}
		return &analysis.DefaultAnalyzer{Tokenizer: words, TokenFilters: []analysis.TokenFilter{
			en.NewPossessiveFilter(), lowercase.NewLowerCaseFilter(),
			stop.NewStopTokensFilter(stopWords), foldFilter{}, porter.NewPorterStemmer(),
		}}, nil
	}
	return nil, fmt.Errorf("%w: unknown analyzer %q; there are %q, %q and %q", ErrOptions, name, English, Standard, Languages)
}

// foldFilter removes accents and vowel marks from terms and normalises their letters
// (NFKC), so that "Zürich" and "Zurich" are one term. The tokens keep their positions
// in the text. What is nothing but marks is no term.
type foldFilter struct{}

// Filter changes the terms in place.
func (foldFilter) Filter(tokens analysis.TokenStream) analysis.TokenStream {
	kept := tokens[:0]
	for _, t := range tokens {
		if !isASCII(t.Term) {
			t.Term = fold(t.Term)
		}
		if len(t.Term) > 0 {
			kept = append(kept, t)
		}
	}
	return kept
}

func isASCII(b []byte) bool {
	for _, c := range b {
		if c >= utf8.RuneSelf {
			return false
		}
	}
	return true
}

// analyze returns the tokens of text. It copies the text, as Bleve's filters
// change the bytes that they are given.
func analyze(a analysis.Analyzer, text string) analysis.TokenStream {
	return a.Analyze([]byte(text))
}

// analyzed is an analyzer with a known result. The index analyses a chunk once,
// to count its tokens, and hands the result to Bleve.
type analyzed struct{ tokens analysis.TokenStream }

// Analyze returns the known tokens.
func (a analyzed) Analyze([]byte) analysis.TokenStream { return a.tokens }

// Span is a range of bytes in a chunk's text: Text[Start:End].
type Span struct{ Start, End int }
