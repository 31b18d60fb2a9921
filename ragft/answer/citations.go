package answer

import (
	"slices"
	"strconv"
	"strings"

	"github.com/ragft/ragft/internal/sentences"
	"github.com/ragft/ragft/internal/words"
	"github.com/ragft/ragft/retriever"
)

// Citation is a place in a document that supports an answer.
type Citation struct {
	Chunk  retriever.Chunk
	Source string // of the document
	Title  string
	Start  int    // bytes in the text of the source document
	End    int    // Quote == document text[Start:End]
	Quote  string // the sentence, or the whole chunk if no sentence stands out

	// Marker is the number that the model wrote: 1 for the first passage of its
	// prompt, which holds a single passage with an [Ensemble]. 0 = none.
	Marker int

	// Attributed says that the answer itself cites no place in the passages, and
	// that this one was found because it supports the answer.
	Attributed bool

	// Support is the share of the answer's words, common ones left out, that occur
	// in Quote, in [0, 1]; 1 if the answer occurs there word for word.
	Support float64
}

// minSupport is the smallest share of an answer's words with which a sentence
// supports it.
const minSupport = 0.75

// Cite finds the places in the passages that support an answer to a question.
//
// These are first of all the places that the answer itself cites: quotes of at
// least four words, and passage numbers such as [1], [1, 2] or [Document 1]. A
// number stands for the text between it and the number before; if no sentence of
// its passage supports that text, the whole passage is cited, with the support it
// gives. A number that only says where a quote comes from is not a place of its
// own. unfound are quotes that occur in no passage, and numbers of no passage.
//
// If the answer cites no place, Cite returns for each of its sentences the
// sentence of the passages that supports it best, if any does, marked as
// [Citation.Attributed].
func Cite(question, answer string, hits []retriever.Hit) (citations []Citation, unfound []string) {
	citations, unfound = written(question, answer, hits)
	if len(citations) == 0 {
		citations = attributed(question, answer, hits)
	}
	return citations, unfound
}

// attributed finds support for the sentences of an answer that cites nothing.
func attributed(question, answer string, hits []retriever.Hit) []Citation {
	// A passage that shares no word with the question contains the words of the
	// answer by coincidence.
	asked := contentWords(question)
	related := slices.DeleteFunc(slices.Clone(hits), func(hit retriever.Hit) bool {
		return len(asked) > 0 && share(asked, contentWords(hit.Title+"\n"+hit.Text)) == 0
	})
	var citations []Citation
	for _, statement := range sentences.Split(strings.TrimSpace(withoutMarkers(answer))) {
		if citation, found := bestSentence(asked, statement.Text, related); found {
			citation.Attributed = true
			citations, _ = addPlace(citations, citation)
		}
	}
	return citations
}

// written finds the places that an answer itself cites; see [Cite].
func written(question, answer string, hits []retriever.Hit) (places []Citation, unfound []string) {
	quotes := quotations(answer)
	at := make([]int, len(quotes)) // place of each quote, -1 = unfound
	for i, quote := range quotes {
		at[i] = -1
		for _, hit := range hits {
			if citation, found := quote.in(hit); found {
				places, at[i] = addPlace(places, citation)
				break
			}
		}
		if at[i] < 0 && !slices.Contains(unfound, quote.text) {
			unfound = append(unfound, quote.text)
		}
	}
	asked := contentWords(question)
	var statement [2]int // bytes in the answer
	end := 0
	for _, m := range markers(answer) {
		if slices.ContainsFunc(quotes, func(q quotation) bool { return q.start <= m.start && m.end <= q.end }) {
			continue // part of the quoted passage
		}
		// Only white space and punctuation between two numbers: [1][2], [1], [2].
		if Normalize(answer[end:m.start]) != "" {
			statement = [2]int{end, m.start}
		}
		end = m.end
		for _, number := range m.numbers {
			if number < 1 || number > len(hits) {
				if marker := "[" + strconv.Itoa(number) + "]"; !slices.Contains(unfound, marker) {
					unfound = append(unfound, marker)
				}
				continue
			}
			hit := hits[number-1]
			if numberOfQuote(places, quotes, at, statement, hit, number) {
				continue
			}
			text := answer[statement[0]:statement[1]]
			citation, found := bestSentence(asked, text, hits[number-1:number])
			if !found {
				citation = newCitation(hit.Chunk, hit.Start, hit.End)
				citation.Support = answerSupport(text, hit.Text)
			}
			citation.Marker = number
			places, _ = addPlace(places, citation)
		}
	}
	return places, unfound
}

// numberOfQuote reports whether a number only names the passage that the quotes of
// its statement come from, and sets it on the citations of these quotes.
func numberOfQuote(places []Citation, quotes []quotation, at []int, statement [2]int, hit retriever.Hit, number int) bool {
	quoted, elsewhere, here := false, false, false
	for i, quote := range quotes {
		if quote.start < statement[0] || quote.end > statement[1] {
			continue
		}
		quoted, elsewhere = true, elsewhere || at[i] >= 0
		if citation, found := quote.in(hit); found {
			here = true
			if place := &places[at[i]]; place.Marker == 0 {
				*place, place.Marker = citation, number
			}
		}
	}
	return here || quoted && !elsewhere
}

// in looks for a quote in a passage.
func (q quotation) in(hit retriever.Hit) (Citation, bool) {
	at := q.pattern.FindStringIndex(hit.Text)
	if at == nil {
		return Citation{}, false
	}
	citation := newCitation(hit.Chunk, hit.Start+at[0], hit.Start+at[1])
	citation.Support = 1
	return citation, true
}

// addPlace appends a citation unless its place is in the list already, and returns
// its index.
func addPlace(citations []Citation, citation Citation) ([]Citation, int) {
	for i, c := range citations {
		if c.Chunk.ID == citation.Chunk.ID && c.Start == citation.Start && c.End == citation.End {
			return citations, i
		}
	}
	return append(citations, citation), len(citations)
}

// bestSentence finds the sentence that supports a statement best: with most of its
// words, then most words of the question, then the higher rank of its passage.
func bestSentence(asked []string, statement string, hits []retriever.Hit) (best Citation, found bool) {
	bestScore := 0.0
	for _, hit := range hits {
		for _, sentence := range sentences.Split(hit.Text) {
			support := answerSupport(statement, sentence.Text)
			if support < minSupport {
				continue
			}
			score := 2*support + share(asked, contentWords(sentence.Text))
			if !found || score > bestScore {
				best = newCitation(hit.Chunk, hit.Start+sentence.Start, hit.Start+sentence.End)
				best.Support = support
				bestScore, found = score, true
			}
		}
	}
	return best, found
}

// newCitation cites bytes start to end of the source document, within the chunk.
func newCitation(chunk retriever.Chunk, start, end int) Citation {
	return Citation{
		Chunk: chunk, Source: chunk.Source, Title: chunk.Title,
		Start: start, End: end, Quote: chunk.Text[start-chunk.Start : end-chunk.Start],
	}
}

// answerSupport is 1 if the statement occurs in the text word for word, and
// otherwise the share of its content words that occur there. It is 0 if the
// statement has a number that the text lacks.
func answerSupport(statement, text string) float64 {
	if Contains(text, []string{statement}) {
		return 1
	}
	content, have := contentWords(statement), contentWords(text)
	for _, number := range words.Numbers(Normalize(statement)) {
		if !slices.Contains(have, number) {
			return 0
		}
	}
	return share(content, have)
}

// share is the share of some words that are among the others; 0 for no words.
func share(some, others []string) float64 {
	if len(some) == 0 {
		return 0
	}
	found := 0
	for _, word := range some {
		if slices.Contains(others, word) {
			found++
		}
	}
	return float64(found) / float64(len(some))
}

// contentWords returns the distinct normalised words of a text, without function
// words.
func contentWords(text string) []string {
	var content []string
	for _, word := range strings.Fields(Normalize(text)) {
		if !isFunctionWord(word) && !slices.Contains(content, word) {
			content = append(content, word)
		}
	}
	return content
}

// isFunctionWord reports English words that occur in any sentence.
func isFunctionWord(word string) bool {
	switch word {
	case "of", "in", "on", "at", "by", "to", "for", "from", "with", "as", "and", "or", "but",
		"is", "are", "was", "were", "be", "been", "being", "do", "does", "did", "has", "have", "had",
		"it", "its", "he", "she", "they", "his", "her", "their", "this", "that", "these", "those", "there",
		"who", "whom", "whose", "what", "which", "when", "where", "why", "how", "i", "you", "we":
		return true
	}
	return false
}
