package retriever

import "github.com/blevesearch/bleve/v2/analysis"

// asked are the words of a query, whose frequencies are known. A word is named by the byte of the query where it starts, and
// has a term in each language of the index.
type asked struct {
	words  map[string]int  // by term
	weight map[int]float64 // the least inverse document frequency of its terms
	sum    float64         // of the weights
}

func newAsked(terms []queryTerm) asked {
	q := asked{words: map[string]int{}, weight: map[int]float64{}}
	for _, t := range terms {
		q.words[t.term] = t.at
		if w, ok := q.weight[t.at]; !ok || t.idf < w {
			q.sum += t.idf - w
			q.weight[t.at] = t.idf
		}
	}
	return q
}

// highlights returns where the words of a text are that the query has too, and which of its words each is.
func (q asked) highlights(a analysis.Analyzer, text string) (spans []Span, words []int) {
	for _, t := range analyze(a, text) {
		if word, ok := q.words[string(t.Term)]; ok {
			spans, words = append(spans, Span{Start: t.Start, End: t.End}), append(words, word)
		}
	}
	return spans, words
}

// together is Hit.Sentence of a chunk with these highlights.
func (q asked) together(a analysis.Analyzer, c Chunk, spans []Span, words []int) float64 {
	if q.sum == 0 {
		return 0
	}
	_, titled := q.highlights(a, c.Title)
	best, from := q.share(titled), 0
	for _, end := range sentenceEnds(c.Text) {
		to := from
		for to < len(spans) && spans[to].Start < end {
			to++
		}
		if to > from {
			best = max(best, q.share(titled, words[from:to]))
		}
		from = to
	}
	return best
}

// share is the share of the query's words that are in the lists, by weight.
func (q asked) share(lists ...[]int) float64 {
	seen, sum := map[int]bool{}, 0.0
	for _, list := range lists {
		for _, word := range list {
			if !seen[word] {
				seen[word], sum = true, sum+q.weight[word]
			}
		}
	}
	return sum / q.sum
}

// sentenceEnds are the bytes where the sentences of a text end, the last one with the text.
func sentenceEnds(text string) []int {
	var ends []int
	scanner := pieceScanner{text: text, end: len(text)}
	for first := true; ; first = false {
		p, ok := scanner.scan()
		if !ok {
			return append(ends, len(text))
		}
		if !first && p.begins >= boundarySentence {
			ends = append(ends, p.start)
		}
	}
}
