package retriever

import (
	"fmt"
	"maps"
	"math"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/blevesearch/bleve/v2/analysis"

	"github.com/ragft/ragft/internal/languages"
)

// Features of the terms of a query, by which a Tuning weights them. A term has one
// of the four features of its document frequency, and any number of the others.
// FeatureTerm followed by the term itself, after analysis, is a feature too.
const (
	FeatureCommon     = "df:10%"   // in at least 10 % of the chunks
	FeatureFrequent   = "df:1%"    // in at least 1 %, but less than 10 %
	FeatureSeldom     = "df:0.1%"  // in at least 0.1 %, but less than 1 %
	FeatureRare       = "df:rare"  // in less than 0.1 %
	FeatureCapital    = "capital"  // starts with a capital letter, and is not the first word of the query
	FeatureNumber     = "number"   // contains a digit
	FeatureFirst      = "first"    // the first term of the query
	FeatureLast       = "last"     // the last term of the query
	FeatureAsked      = "asked"    // directly after a question word: "country" in "Which country ...?"
	FeatureInQuestion = "question" // is a question word; the analyzer English drops these
	FeatureTerm       = "term:"    // prefix of the feature of one term, such as "term:mill"
)

// queryTerm is a term of a query.
type queryTerm struct {
	term     string
	count    float64 // occurrences in the query
	at       int     // byte of the query where the first occurrence starts
	idf      float64
	features []string
}

// setFrequency sets what depends on the number of chunks that have the term.
func (t *queryTerm) setFrequency(chunks, df float64) {
	if t.idf > 0 { // the query was ranked before, with fewer chunks
		return
	}
	t.idf = idf(chunks, df)
	for _, f := range []struct {
		share float64
		name  string
	}{{0.1, FeatureCommon}, {0.01, FeatureFrequent}, {0.001, FeatureSeldom}, {math.Inf(-1), FeatureRare}} {
		if df >= f.share*chunks {
			t.features = append(t.features, f.name)
			return
		}
	}
}

// queryTerms returns the distinct terms of a query, in order: first by the usual
// analyzer, then those that it has in other languages of the index. The features of a
// term that occurs more than once are those of its first occurrence.
func (v view) queryTerms(query string) ([]queryTerm, error) {
	list, err := v.languages()
	if err != nil {
		return nil, err
	}
	query = strings.ToValidUTF8(query, "\uFFFD") // the tokenizer ends at a broken character
	var terms []queryTerm
	at := map[string]int{}
	for _, language := range list {
		for _, t := range termsOf(v.analyzers.of(language), query) {
			if k, ok := at[t.term]; ok { // the same words
				terms[k].count = max(terms[k].count, t.count)
				continue
			}
			at[t.term] = len(terms)
			terms = append(terms, t)
		}
	}
	return terms, nil
}

// languages are those of the chunks in the index, "" for the usual analyzer.
func (v view) languages() ([]string, error) {
	if !v.analyzers.detect {
		return []string{""}, nil
	}
	st, err := readState(v)
	if err != nil {
		return nil, err
	}
	chunks, err := v.DocCount()
	if err != nil {
		return nil, fmt.Errorf("retriever: %w", err)
	}
	list, usual := []string{""}, int64(chunks)
	for _, name := range slices.Sorted(maps.Keys(st.Languages)) {
		if _, ok := languages.Of(name); !ok {
			return nil, fmt.Errorf("%w: the index has documents in the language %q, which this program has not registered", ErrVersion, name)
		}
		list, usual = append(list, name), usual-st.Languages[name]
	}
	if usual <= 0 && len(list) > 1 {
		list = list[1:]
	}
	return list, nil
}

// termsOf returns the distinct terms of a query by one analyzer, in order.
func termsOf(a analysis.Analyzer, query string) []queryTerm {
	at := map[string]int{}
	var terms []queryTerm
	tokens := analyze(a, query)
	for i, token := range tokens {
		name := string(token.Term)
		if k, ok := at[name]; ok {
			terms[k].count++
			continue
		}
		at[name] = len(terms)
		t := queryTerm{term: name, count: 1, at: token.Start, features: []string{FeatureTerm + name}}
		t.features = append(t.features, wordFeatures(query, token.Start, token.End)...)
		if i == 0 {
			t.features = append(t.features, FeatureFirst)
		}
		if i == len(tokens)-1 {
			t.features = append(t.features, FeatureLast)
		}
		terms = append(terms, t)
	}
	return terms
}

// wordFeatures returns the features of the word query[start:end].
func wordFeatures(query string, start, end int) (features []string) {
	word, before := query[start:end], wordBefore(query[:start])
	if r, _ := utf8.DecodeRuneInString(word); unicode.IsUpper(r) && before != "" {
		features = append(features, FeatureCapital)
	}
	if strings.ContainsFunc(word, unicode.IsDigit) {
		features = append(features, FeatureNumber)
	}
	if isQuestionWord(word) {
		features = append(features, FeatureInQuestion)
	}
	if isQuestionWord(before) {
		features = append(features, FeatureAsked)
	}
	return features
}

// wordBefore returns the last word of a text, or the end of a long one, which is no question word.
func wordBefore(text string) string {
	text = strings.TrimRightFunc(text, unicode.IsSpace)
	words := strings.Fields(text[max(0, len(text)-100):])
	if len(words) == 0 {
		return ""
	}
	return words[len(words)-1]
}

// isQuestionWord reports whether word is an English question word.
func isQuestionWord(word string) bool {
	mark := func(r rune) bool { return strings.ContainsRune(openers, r) || strings.ContainsRune(closers, r) }
	switch strings.ToLower(strings.TrimFunc(word, mark)) {
	case "who", "whom", "whose", "what", "which", "when", "where", "why", "how":
		return true
	}
	return false
}
