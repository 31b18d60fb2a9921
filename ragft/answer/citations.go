package answer

import (
	"sort"
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
	Place  string // where in the document's file the passage stands, such as "p. 12"
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
// Time is linear in the length of the answer, for the same question and passages.
//
// If the answer cites no place, Cite returns for each of its sentences the
// sentence of the passages that supports it best, if any does, marked as
// [Citation.Attributed].
func Cite(question, answer string, hits []retriever.Hit) (citations []Citation, unfound []string) {
	c := newCiter(question, hits)
	citations, unfound = c.written(answer)
	if len(citations) == 0 {
		citations = c.attributed(answer)
	}
	return citations, unfound
}

// citer finds the places in passages that support an answer.
type citer struct {
	asked    readText
	hits     []retriever.Hit
	passages []passage // of hits, once they are needed

	places  []Citation
	known   map[place]int // index of each of places
	unfound []string
	missing map[string]bool // what unfound holds

	looked int // words, quotes and numbers looked at, which tests hold to be linear in the answer
}

// place tells places apart.
type place struct {
	chunk      string
	start, end int
}

func placeOf(c Citation) place { return place{c.Chunk.ID, c.Start, c.End} }

// passage is a hit, read.
type passage struct {
	all       map[string]bool // content words of title and text
	sentences []readSentence
}

type readSentence struct {
	start, end int // bytes in the text of the hit
	readText
}

// readText is a text taken apart once, whatever it is compared with.
type readText struct {
	words   []string // all of them, normalised
	content []string // the distinct ones that are not function words
	has     map[string]bool
	numbers []string
}

func read(text string) readText {
	r := readText{words: words.Of(text), has: map[string]bool{}}
	for _, word := range r.words {
		if !isFunctionWord(word) && !r.has[word] {
			r.has[word] = true
			r.content = append(r.content, word)
		}
	}
	r.numbers = words.Numbers(strings.Join(r.words, " "))
	return r
}

func newCiter(question string, hits []retriever.Hit) *citer {
	return &citer{asked: read(question), hits: hits, passages: make([]passage, len(hits)), known: map[place]int{}, missing: map[string]bool{}}
}

// passage returns hit i, read.
func (c *citer) passage(i int) passage {
	p := &c.passages[i]
	if p.all == nil {
		p.all = read(c.hits[i].Title + "\n" + c.hits[i].Text).has
		for _, s := range sentences.Split(c.hits[i].Text) {
			p.sentences = append(p.sentences, readSentence{s.Start, s.End, read(s.Text)})
		}
	}
	return *p
}

// attributed finds support for the sentences of an answer that cites nothing.
func (c *citer) attributed(answer string) []Citation {
	// A passage that shares no word with the question contains the words of the
	// answer by coincidence.
	var related []int
	for i := range c.hits {
		if len(c.asked.content) == 0 || c.share(c.asked.content, c.passage(i).all) > 0 {
			related = append(related, i)
		}
	}
	for _, statement := range sentences.Split(strings.TrimSpace(withoutMarkers(answer))) {
		if citation, found := c.bestSentence(read(statement.Text), related...); found {
			citation.Attributed = true
			c.add(citation)
		}
	}
	return c.places
}

// written finds the places that an answer itself cites; see [Cite].
func (c *citer) written(answer string) (places []Citation, unfound []string) {
	quotes := quotations(answer)
	at := make([]int, len(quotes)) // place of each quote, -1 = unfound
	for i := range quotes {
		at[i] = -1
		for _, hit := range c.hits {
			c.looked++
			if citation, found := quotes[i].in(hit); found {
				at[i] = c.add(citation)
				break
			}
		}
		if at[i] < 0 {
			c.miss(quotes[i].text)
		}
	}
	var statement [2]int // bytes in the answer
	var stated readText
	done := map[int]bool{} // the numbers that the statement has
	end, next := 0, 0      // next is the first quote that may end behind the marker
	for _, m := range markers(answer) {
		for next < len(quotes) && quotes[next].end < m.end {
			next++
			c.looked++
		}
		if next < len(quotes) && quotes[next].start <= m.start {
			continue // part of the quoted passage
		}
		// Only white space and punctuation between two numbers: [1][2], [1], [2].
		if Normalize(answer[end:m.start]) != "" {
			statement = [2]int{end, m.start}
			stated = read(answer[end:m.start])
			clear(done)
		}
		end = m.end
		for _, number := range m.numbers {
			c.looked++
			if number < 1 || number > len(c.hits) {
				c.miss("[" + strconv.Itoa(number) + "]")
			} else if !done[number] {
				done[number] = true
				c.number(number, stated, quotes, at, statement)
			}
		}
	}
	return c.places, c.unfound
}

// number cites the passage that a number behind a statement names.
func (c *citer) number(number int, stated readText, quotes []quotation, at []int, statement [2]int) {
	hit := c.hits[number-1]
	if c.numberOfQuote(quotes, at, statement, hit, number) {
		return
	}
	citation, found := c.bestSentence(stated, number-1)
	if !found {
		citation = newCitation(hit.Chunk, hit.Start, hit.Start+len(hit.Text)) // its text may have been changed
		citation.Support = c.support(stated, read(hit.Text))
	}
	citation.Marker = number
	c.add(citation)
}

// numberOfQuote reports whether a number only names the passage that the quotes of
// its statement come from, and sets it on the citations of these quotes.
func (c *citer) numberOfQuote(quotes []quotation, at []int, statement [2]int, hit retriever.Hit, number int) bool {
	quoted, elsewhere, here := false, false, false
	first := sort.Search(len(quotes), func(i int) bool { return quotes[i].start >= statement[0] })
	for i := first; i < len(quotes) && quotes[i].end <= statement[1]; i++ {
		c.looked++
		quoted, elsewhere = true, elsewhere || at[i] >= 0
		if citation, found := quotes[i].in(hit); found {
			here = true
			if old := c.places[at[i]]; old.Marker == 0 {
				c.move(at[i], citation)
				c.places[at[i]].Marker = number
			}
		}
	}
	return here || quoted && !elsewhere
}

// move puts another citation in the place of one.
func (c *citer) move(at int, citation Citation) {
	delete(c.known, placeOf(c.places[at]))
	c.places[at] = citation
	if _, known := c.known[placeOf(citation)]; !known {
		c.known[placeOf(citation)] = at
	}
}

// in looks for a quote in a passage.
func (q *quotation) in(hit retriever.Hit) (Citation, bool) {
	if q.least > len(hit.Text) {
		return Citation{}, false
	}
	if q.pattern == nil {
		q.pattern = quotePattern(q.text)
	}
	at := q.pattern.FindStringIndex(hit.Text)
	if at == nil {
		return Citation{}, false
	}
	citation := newCitation(hit.Chunk, hit.Start+at[0], hit.Start+at[1])
	citation.Support = 1
	return citation, true
}

// add appends a citation unless its place is in the list already, and returns
// its index.
func (c *citer) add(citation Citation) int {
	p := placeOf(citation)
	if i, known := c.known[p]; known {
		return i
	}
	c.places = append(c.places, citation)
	c.known[p] = len(c.places) - 1
	return len(c.places) - 1
}

// miss notes what occurs in no passage.
func (c *citer) miss(text string) {
	if !c.missing[text] {
		c.missing[text] = true
		c.unfound = append(c.unfound, text)
	}
}

// bestSentence finds the sentence of the passages that supports a statement best:
// with most of its words, then most words of the question, then the higher rank of
// its passage.
func (c *citer) bestSentence(statement readText, passages ...int) (best Citation, found bool) {
	bestScore := 0.0
	for _, i := range passages {
		hit := c.hits[i]
		for _, sentence := range c.passage(i).sentences {
			support := c.support(statement, sentence.readText)
			if support < minSupport {
				continue
			}
			score := 2*support + c.share(c.asked.content, sentence.has)
			if !found || score > bestScore {
				best = newCitation(hit.Chunk, hit.Start+sentence.start, hit.Start+sentence.end)
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
		Chunk: chunk, Source: chunk.Source, Title: chunk.Title, Place: chunk.Place,
		Start: start, End: end, Quote: chunk.Text[start-chunk.Start : end-chunk.Start],
	}
}

// support is 1 if the statement occurs in the text word for word, and otherwise
// the share of its content words that occur there. It is 0 if the statement has a
// number that the text lacks.
func (c *citer) support(statement, text readText) float64 {
	c.looked++
	if words.Index(text.words, statement.words) >= 0 {
		return 1
	}
	for _, number := range statement.numbers {
		c.looked++
		if !text.has[number] {
			return 0
		}
	}
	return c.share(statement.content, text.has)
}

// share is the share of some words that are among the others; 0 for no words.
func (c *citer) share(some []string, others map[string]bool) float64 {
	if len(some) == 0 {
		return 0
	}
	c.looked += len(some)
	found := 0
	for _, word := range some {
		if others[word] {
			found++
		}
	}
	return float64(found) / float64(len(some))
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
