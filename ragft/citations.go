package ragft

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

	// Marker is the number that the model wrote, [1] for the first passage; 0
	// where the model wrote none and the place was found by its support.
	Marker int

	// Support is the share of the answer's words, common ones left out, that
	// stand in Quote: 1 where the answer stands there word for word.
	Support float64
}

// minSupport is the least share of an answer's words that makes a sentence
// its support.
const minSupport = 0.75

// markerPattern is [1], [1, 2] or [Document 1].
var markerPattern = regexp.MustCompile(`\[[ ]*(?:(?i:documents?|doc)\.?[ ]*)?(\d{1,3}(?:[ ]*[,;][ ]*\d{1,3})*)[ ]*\]`)

// cite finds what supports an answer: the places that it quotes word for word,
// otherwise the passages whose numbers the model wrote, otherwise for each sentence of the answer the best-supporting
// sentence of any passage, if one supports it.
func cite(question, answer string, hits []retriever.Hit) []Citation {
	if citations := citeQuoted(answer, hits); len(citations) > 0 {
		return citations
	}
	if citations := citeMarked(question, answer, hits); len(citations) > 0 {
		return citations
	}
	// A passage that shares nothing with the question holds the answer's words
	// by chance.
	asked := contentWords(question)
	related := slices.DeleteFunc(slices.Clone(hits), func(hit retriever.Hit) bool {
		return len(asked) > 0 && share(asked, contentWords(hit.Title+"\n"+hit.Text)) == 0
	})
	var citations []Citation
	for _, statement := range sentences(strings.TrimSpace(markerPattern.ReplaceAllString(answer, " "))) {
		if citation, found := bestSentence(asked, statement.Text, related); found {
			citations = appendNew(citations, citation)
		}
	}
	return citations
}

// quotePattern is text in straight or curly quotation marks.
var quotePattern = regexp.MustCompile(`"([^"]+)"|“([^”]+)”`)

// minQuote is the least number of words that makes a quote evidence: a name in
// quotation marks is none.
const minQuote = 4

// citeQuoted finds the quotes of an answer in the passages, whatever white
// space lies between their words.
func citeQuoted(answer string, hits []retriever.Hit) []Citation {
	var citations []Citation
	for _, match := range quotePattern.FindAllStringSubmatch(answer, -1) {
		words := strings.Fields(match[1] + match[2])
		if len(words) < minQuote {
			continue
		}
		for i := range words {
			words[i] = regexp.QuoteMeta(words[i])
		}
		place := regexp.MustCompile(strings.Join(words, `\s+`))
		for _, hit := range hits {
			if at := place.FindStringIndex(hit.Text); at != nil {
				citation := newCitation(hit.Chunk, hit.Start+at[0], hit.Start+at[1])
				citation.Support = 1
				citations = appendNew(citations, citation)
				break
			}
		}
	}
	return citations
}

// citeMarked follows the numbers that the model wrote. A number stands for the
// text between it and the number before. Where no sentence of the passage
// supports that text, the passage as a whole is cited, with what support it
// gives.
func citeMarked(question, answer string, hits []retriever.Hit) []Citation {
	var citations []Citation
	asked := contentWords(question)
	statement, end := "", 0
	for _, match := range markerPattern.FindAllStringSubmatchIndex(answer, -1) {
		// Nothing but blanks and marks between two numbers: [1][2], [1], [2].
		if between := answer[end:match[0]]; Normalize(between) != "" {
			statement = between
		}
		end = match[1]
		for _, number := range passageNumbers(answer[match[2]:match[3]], len(hits)) {
			citation, found := bestSentence(asked, statement, hits[number-1:number])
			if !found {
				chunk := hits[number-1].Chunk
				citation = newCitation(chunk, chunk.Start, chunk.End)
				citation.Support = answerSupport(statement, chunk.Text)
			}
			citation.Marker = number
			citations = appendNew(citations, citation)
		}
	}
	return citations
}

// appendNew adds a citation unless its place is cited already.
func appendNew(citations []Citation, citation Citation) []Citation {
	for _, c := range citations {
		if c.Chunk.ID == citation.Chunk.ID && c.Start == citation.Start && c.End == citation.End {
			return citations
		}
	}
	return append(citations, citation)
}

// passageNumbers reads a list such as "1, 2". Numbers that name no passage are
// left out.
func passageNumbers(list string, passages int) []int {
	var found []int
	for field := range strings.FieldsFuncSeq(list, func(r rune) bool { return r < '0' || r > '9' }) {
		if n, err := strconv.Atoi(field); err == nil && n >= 1 && n <= passages {
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
		for _, sentence := range sentences(hit.Text) {
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
func sentences(text string) []retriever.Chunk {
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
	for _, number := range numbers(Normalize(statement)) {
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
