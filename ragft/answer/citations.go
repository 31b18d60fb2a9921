package answer

import (
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/ragft/ragft/retriever"
)

// Citation names the place in a document that supports an answer.
type Citation struct {
	Chunk  retriever.Chunk
	Source string // of the document
	Title  string
	Start  int    // bytes in the text of the source document
	End    int    // Quote == document text[Start:End]
	Quote  string // the sentence, or the whole chunk where no sentence stands out

	// Marker is the number that the model wrote, [1] for the first passage of its
	// prompt, of which an [Ensemble] has one; 0 where it wrote none.
	Marker int

	// Attributed means that the answer names no place of the passages, neither
	// by a quote nor by a number, and that this one was found by its support.
	Attributed bool

	// Support is the share of the answer's words, common ones left out, that
	// stand in Quote: 1 where the answer stands there word for word.
	Support float64
}

// minSupport is the least share of an answer's words that makes a sentence
// its support.
const minSupport = 0.75

// markerPattern is [1], [1, 2] or [Document 1].
var markerPattern = regexp.MustCompile(`\[[ ]*(?:(?i:documents?|doc)\.?[ ]*)?(\d{1,3}(?:[ ]*[,;][ ]*\d{1,3})*)[ ]*\]`)

// cite finds what supports an answer: what it cites itself, see written, and
// where that is no place in the passages, for each sentence of the answer the
// best-supporting sentence of any passage, if one supports it.
func Cite(question, answer string, hits []retriever.Hit) []Citation {
	places, _ := Written(question, answer, hits)
	if len(places) > 0 {
		return places
	}
	return Attributed(question, answer, hits)
}

// attributed finds support for an answer that cites nothing.
func Attributed(question, answer string, hits []retriever.Hit) []Citation {
	// A passage that shares nothing with the question holds the answer's words
	// by chance.
	asked := contentWords(question)
	related := slices.DeleteFunc(slices.Clone(hits), func(hit retriever.Hit) bool {
		return len(asked) > 0 && share(asked, contentWords(hit.Title+"\n"+hit.Text)) == 0
	})
	var citations []Citation
	for _, statement := range Sentences(strings.TrimSpace(markerPattern.ReplaceAllString(answer, " "))) {
		if citation, found := bestSentence(asked, statement.Text, related); found {
			citation.Attributed = true
			citations, _ = addPlace(citations, citation)
		}
	}
	return citations
}

// written finds what an answer itself cites: the quotes that it holds, and the
// passages whose numbers it names. nowhere are the quotes that stand in none of
// the passages, and the numbers that name none.
//
// A number stands for the text between it and the number before. Where no
// sentence of the passage supports that text, the passage as a whole is cited,
// with what support it gives. A number after a quote says where the quote is
// from, and counts for itself only where the quote stands elsewhere.
func Written(question, answer string, hits []retriever.Hit) (places []Citation, nowhere []string) {
	quotes := quotations(answer)
	at := make([]int, len(quotes)) // place of each quote, -1 = nowhere
	for i, quote := range quotes {
		at[i] = -1
		for _, hit := range hits {
			if citation, found := quote.in(hit); found {
				places, at[i] = addPlace(places, citation)
				break
			}
		}
		if at[i] < 0 && !slices.Contains(nowhere, quote.text) {
			nowhere = append(nowhere, quote.text)
		}
	}
	asked := contentWords(question)
	var statement [2]int // bytes in the answer
	end := 0
	for _, match := range markerPattern.FindAllStringSubmatchIndex(answer, -1) {
		if slices.ContainsFunc(quotes, func(q quotation) bool { return q.start <= match[0] && match[1] <= q.end }) {
			continue // a number of the passage's own, quoted with it
		}
		// Nothing but blanks and marks between two numbers: [1][2], [1], [2].
		if Normalize(answer[end:match[0]]) != "" {
			statement = [2]int{end, match[0]}
		}
		end = match[1]
		for _, number := range markedNumbers(answer[match[2]:match[3]]) {
			if number < 1 || number > len(hits) {
				if marker := "[" + strconv.Itoa(number) + "]"; !slices.Contains(nowhere, marker) {
					nowhere = append(nowhere, marker)
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
	return places, nowhere
}

// numberOfQuote tells whether a number does no more than say which passage the
// quotes of its statement are from, and notes it on those that are.
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

// in finds a quote in a passage.
func (q quotation) in(hit retriever.Hit) (Citation, bool) {
	at := q.pattern.FindStringIndex(hit.Text)
	if at == nil {
		return Citation{}, false
	}
	citation := newCitation(hit.Chunk, hit.Start+at[0], hit.Start+at[1])
	citation.Support = 1
	return citation, true
}

// addPlace adds a citation unless its place is cited already, and returns where
// it is in the list.
func addPlace(citations []Citation, citation Citation) ([]Citation, int) {
	for i, c := range citations {
		if c.Chunk.ID == citation.Chunk.ID && c.Start == citation.Start && c.End == citation.End {
			return citations, i
		}
	}
	return append(citations, citation), len(citations)
}

// markedNumbers reads a list such as "1, 2".
func markedNumbers(list string) []int {
	var found []int
	for field := range strings.FieldsFuncSeq(list, func(r rune) bool { return r < '0' || r > '9' }) {
		if n, err := strconv.Atoi(field); err == nil {
			found = append(found, n)
		}
	}
	return found
}

// bestSentence finds the sentence that supports a statement best: most of its
// words, then most of the words asked about, then the better passage.
func bestSentence(asked []string, statement string, hits []retriever.Hit) (best Citation, found bool) {
	bestScore := 0.0
	for _, hit := range hits {
		for _, sentence := range Sentences(hit.Text) {
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

// newCitation cites bytes start to end of the source document, which lie in
// the chunk.
func newCitation(chunk retriever.Chunk, start, end int) Citation {
	return Citation{
		Chunk: chunk, Source: chunk.Source, Title: chunk.Title,
		Start: start, End: end, Quote: chunk.Text[start-chunk.Start : end-chunk.Start],
	}
}

// sentences divides a text; the offsets of the parts refer to it.
func Sentences(text string) []retriever.Chunk {
	parts, err := retriever.Split(
		retriever.Document{Text: text, Format: retriever.Text},
		retriever.SplitOptions{By: retriever.Sentences, Size: 1})
	if err != nil || len(parts) == 0 {
		// Text that is no UTF-8 has no sentences; it is cited as a whole.
		return []retriever.Chunk{{Text: text, End: len(text)}}
	}
	return parts
}

// answerSupport is 1 where the statement stands in the text word for word,
// otherwise the share of its content words that do. A number of the statement
// that the text does not have makes it 0.
func answerSupport(statement, text string) float64 {
	if Contains(text, []string{statement}) {
		return 1
	}
	words, have := contentWords(statement), contentWords(text)
	for _, number := range Numbers(Normalize(statement)) {
		if !slices.Contains(have, number) {
			return 0
		}
	}
	return share(words, have)
}

// share is the part of the words that are among the others; 0 for no words.
func share(words, others []string) float64 {
	if len(words) == 0 {
		return 0
	}
	found := 0
	for _, word := range words {
		if slices.Contains(others, word) {
			found++
		}
	}
	return float64(found) / float64(len(words))
}

// contentWords are the distinct normalised words of a text that say something
// about its subject.
func contentWords(text string) []string {
	var words []string
	for _, word := range strings.Fields(Normalize(text)) {
		if !isFunctionWord(word) && !slices.Contains(words, word) {
			words = append(words, word)
		}
	}
	return words
}

// isFunctionWord knows the English words that any sentence may hold.
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
