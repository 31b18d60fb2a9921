package retriever

import (
	"fmt"
	"unicode"
	"unicode/utf8"

	"github.com/blevesearch/bleve/v2/analysis"
	"github.com/blevesearch/bleve/v2/analysis/lang/en"
	"github.com/blevesearch/bleve/v2/analysis/token/lowercase"
	"github.com/blevesearch/bleve/v2/analysis/token/porter"
	"github.com/blevesearch/bleve/v2/analysis/token/stop"
	unicodewords "github.com/blevesearch/bleve/v2/analysis/tokenizer/unicode"
	"golang.org/x/text/unicode/norm"
)

// An Analyzer says how text becomes the terms that are compared.
type Analyzer string

// The analyzers. All of them take words as Unicode defines them (UAX #29),
// each ideograph being one, in lower case and without accents.
const (
	// English drops the commonest words ("the", "of"), cuts off "'s", and
	// reduces words to their stems (Porter): "founded" finds "founding".
	English Analyzer = "english"
	// Standard takes words as they are, in any language.
	Standard Analyzer = "standard"
)

// newAnalyzer builds an analyzer out of Bleve's parts.
func newAnalyzer(name Analyzer) (analysis.Analyzer, error) {
	words := unicodewords.NewUnicodeTokenizer()
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
	return nil, fmt.Errorf("%w: analyzer %q; there are %q and %q", ErrOptions, name, English, Standard)
}

// A foldFilter removes accents from terms and brings their letters to one
// form (NFKC), so that "Zürich" and "Zurich" are one term. The positions of
// tokens in the text stay as they are.
type foldFilter struct{}

// Filter changes the terms in place.
func (foldFilter) Filter(tokens analysis.TokenStream) analysis.TokenStream {
	for _, t := range tokens {
		if !isASCII(t.Term) {
			t.Term = fold(t.Term)
		}
	}
	return tokens
}

func isASCII(b []byte) bool {
	for _, c := range b {
		if c >= utf8.RuneSelf {
			return false
		}
	}
	return true
}

// fold takes a term apart, drops the combining marks and puts it together
// again. Marks outside the common ones (Mn below U+0370) belong to scripts in
// which they are letters, and stay.
func fold(term []byte) []byte {
	apart := norm.NFKD.Bytes(term)
	kept := apart[:0]
	for len(apart) > 0 {
		r, n := utf8.DecodeRune(apart)
		if r >= 0x0370 || !unicode.Is(unicode.Mn, r) {
			kept = append(kept, apart[:n]...)
		}
		apart = apart[n:]
	}
	return norm.NFC.Bytes(kept)
}

// analyze gives the tokens of text. The copy is needed: Bleve's filters change
// the bytes that they are given.
func analyze(a analysis.Analyzer, text string) analysis.TokenStream {
	return a.Analyze([]byte(text))
}

// analyzed is an analyzer whose result is known already: the index analyses a
// chunk once, to count its tokens, and hands the result on.
type analyzed struct{ tokens analysis.TokenStream }

// Analyze gives the known tokens.
func (a analyzed) Analyze([]byte) analysis.TokenStream { return a.tokens }

// A Span is a stretch of bytes in a chunk's text.
type Span struct{ Start, End int }

// highlights gives the words of text whose terms are wanted.
func highlights(a analysis.Analyzer, text string, wanted map[string]float64) []Span {
	var spans []Span
	for _, t := range analyze(a, text) {
		if _, ok := wanted[string(t.Term)]; ok {
			spans = append(spans, Span{Start: t.Start, End: t.End})
		}
	}
	return spans
}
