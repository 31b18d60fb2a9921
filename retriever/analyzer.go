package retriever

import (
	"fmt"
	"unicode/utf8"

	"github.com/blevesearch/bleve/v2/analysis"
	"github.com/blevesearch/bleve/v2/analysis/lang/en"
	"github.com/blevesearch/bleve/v2/analysis/token/lowercase"
	"github.com/blevesearch/bleve/v2/analysis/token/porter"
	"github.com/blevesearch/bleve/v2/analysis/token/stop"
	unicodewords "github.com/blevesearch/bleve/v2/analysis/tokenizer/unicode"
)

// Analyzer names a way to turn text into terms. Queries find the chunks that
// have terms in common with them.
type Analyzer string

// The analyzers. Both split text into words by the rules of Unicode (UAX #29),
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
)

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
	return nil, fmt.Errorf("%w: unknown analyzer %q; there are %q and %q", ErrOptions, name, English, Standard)
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

// highlights returns where the words of text are whose terms are wanted.
func highlights(a analysis.Analyzer, text string, wanted map[string]float64) []Span {
	var spans []Span
	for _, t := range analyze(a, text) {
		if _, ok := wanted[string(t.Term)]; ok {
			spans = append(spans, Span{Start: t.Start, End: t.End})
		}
	}
	return spans
}
