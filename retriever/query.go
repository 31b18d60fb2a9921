package retriever

import (
	"math"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Features of the terms of a query, by which a Tuning weighs them. A term has
// one of the four that go by how many chunks have it, and any of the others.
// FeatureTerm and the term itself, after analysis, is a feature too.
const (
	FeatureCommon     = "df:10%"   // at least 10 % of the chunks have it
	FeatureFrequent   = "df:1%"    // at least 1 %
	FeatureSeldom     = "df:0.1%"  // at least 0.1 %
	FeatureRare       = "df:rare"  // fewer
	FeatureCapital    = "capital"  // begins with a capital letter, and is not the first word of the query
	FeatureNumber     = "number"   // holds a digit
	FeatureFirst      = "first"    // the first term of the query
	FeatureLast       = "last"     // the last term of the query
	FeatureAsked      = "asked"    // right after a question word: "country" in "Which country ...?"
	FeatureInQuestion = "question" // is itself a question word; analyzer English leaves these out
	FeatureTerm       = "term:"
)

// queryTerm is a term of a query.
type queryTerm struct {
	term     string
	count    float64 // how often it comes in the query
	idf      float64
	features []string
}

// know takes in how many of the chunks have the term.
func (t *queryTerm) know(chunks, df float64) {
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

// queryTerms gives the distinct terms of a query in the order in which they
// come. Of a term that comes more than once, the first place decides its
// features.
func (x *Index) queryTerms(query string) []queryTerm {
	at := map[string]int{}
	var terms []queryTerm
	tokens := analyze(x.analyzer, query)
	for i, token := range tokens {
		name := string(token.Term)
		if k, ok := at[name]; ok {
			terms[k].count++
			continue
		}
		at[name] = len(terms)
		t := queryTerm{term: name, count: 1, features: []string{FeatureTerm + name}}
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

// wordFeatures are those that the word query[start:end] has where it stands.
func wordFeatures(query string, start, end int) (features []string) {
	word, before := query[start:end], strings.Fields(query[:start])
	if r, _ := utf8.DecodeRuneInString(word); unicode.IsUpper(r) && len(before) > 0 {
		features = append(features, FeatureCapital)
	}
	if strings.ContainsFunc(word, unicode.IsDigit) {
		features = append(features, FeatureNumber)
	}
	if isQuestionWord(word) {
		features = append(features, FeatureInQuestion)
	}
	if len(before) > 0 && isQuestionWord(before[len(before)-1]) {
		features = append(features, FeatureAsked)
	}
	return features
}

// isQuestionWord knows those of English.
func isQuestionWord(word string) bool {
	mark := func(r rune) bool { return strings.ContainsRune(openers, r) || strings.ContainsRune(closers, r) }
	switch strings.ToLower(strings.TrimFunc(word, mark)) {
	case "who", "whom", "whose", "what", "which", "when", "where", "why", "how":
		return true
	}
	return false
}
