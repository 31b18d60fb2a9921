package retriever

import (
	"context"
	"errors"

	index "github.com/blevesearch/bleve_index_api"
)

// An Explanation is what the scores of a query's best chunks are made of. With
// it, scores and their slopes are computed for any Tuning without the index.
type Explanation struct {
	Terms   []Term // of the query, in order
	Average float64
	Hits    []Explained // as Index.Search gives them

	terms []queryTerm
	opts  IndexOptions
}

// Term is a term of a query.
type Term struct {
	Term     string   // after analysis
	Count    float64  // how often the query has it
	IDF      float64  // in the index
	Features []string // by which a Tuning weighs it
}

// Explained is a hit with how often it has the terms of the query.
type Explained struct {
	Hit
	Found   []float64 // by term: in title and text together, as indexed
	InTitle []float64 // by term: in the title alone
	Length  float64   // terms of the chunk
}

// Slope says how a score changes with the parameters of a Tuning.
type Slope struct {
	K1, B, Title float64
	// Terms is by term: the change with the logarithm of its weight, which is
	// what the term gives the chunk.
	Terms []float64
}

// Explain finds what Search finds and says what the scores are made of.
func (x *Index) Explain(ctx context.Context, query string, k int) (e *Explanation, err error) {
	snap, err := x.searchable(ctx, k)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, snap.Close()) }()
	terms := x.queryTerms(query)
	r, err := x.find(ctx, snap, terms, k, x.untuned())
	if err != nil {
		return nil, err
	}
	e, err = x.explain(snap, terms, r)
	if err != nil {
		return nil, err
	}
	for i, hit := range r.hits() {
		e.Hits[i].Hit = hit
	}
	for _, t := range terms {
		e.Terms = append(e.Terms, Term{t.term, t.count, t.idf, t.features})
	}
	return e, nil
}

// explain counts the terms of a ranking's chunks again, from what is stored of
// them. It leaves out what only callers need.
func (x *Index) explain(snap index.IndexReader, terms []queryTerm, r ranking) (*Explanation, error) {
	e := &Explanation{Hits: make([]Explained, len(r.chunks)), terms: terms, opts: x.opts}
	s, err := sumsOf(snap)
	if err != nil {
		return nil, err
	}
	if s.chunks > 0 {
		e.Average = float64(s.tokens) / float64(s.chunks)
	}
	at := make(map[string]int, len(terms))
	for i, t := range terms {
		at[t.term] = i
	}
	count := func(text string, into []float64) {
		for _, token := range analyze(x.analyzer, text) {
			if i, ok := at[string(token.Term)]; ok {
				into[i]++
			}
		}
	}
	for i, c := range r.chunks {
		h := &e.Hits[i]
		h.Found, h.InTitle, h.Length = make([]float64, len(terms)), make([]float64, len(terms)), float64(c.tokens)
		count(c.Text, h.Found)
		if x.opts.IgnoreTitles {
			continue
		}
		count(c.Title, h.InTitle)
		for k, n := range h.InTitle {
			h.Found[k] += n
		}
	}
	return e, nil
}

// occurrences is how often a hit has a term, the title weighed.
func (h *Explained) occurrences(term int, title float64) float64 {
	return h.Found[term] + (title-1)*h.InTitle[term]
}

// scores are those of Search to the last bit: parts are added up in the order
// of the query.
func (e *Explanation) scores(p parameters) []float64 {
	weights := e.weights(p)
	scores := make([]float64, len(e.Hits))
	for i := range e.Hits {
		h := &e.Hits[i]
		for k := range e.terms {
			if tf := h.occurrences(k, p.title); tf > 0 {
				scores[i] += p.part(weights[k], tf, h.Length/e.Average)
			}
		}
	}
	return scores
}

func (e *Explanation) weights(p parameters) []float64 {
	weights := make([]float64, len(e.terms))
	for k := range e.terms {
		weights[k] = p.weight(&e.terms[k])
	}
	return weights
}

// Scores gives, for each hit, its score with a tuning, whatever index that was
// made for, and how the score changes with it. With the zero Tuning the scores
// are those of Search.
func (e *Explanation) Scores(t Tuning) ([]float64, []Slope, error) {
	p, err := t.resolve(e.opts)
	if err != nil {
		return nil, nil, err
	}
	weights := e.weights(p)
	slopes := make([]Slope, len(e.Hits))
	for i := range e.Hits {
		h, s := &e.Hits[i], &slopes[i]
		s.Terms = make([]float64, len(e.terms))
		length := h.Length / e.Average
		for k := range e.terms {
			tf := h.occurrences(k, p.title)
			if tf <= 0 {
				continue
			}
			// part = w*tf/d with w = rest*(k1+1), d = tf + k1*norm, norm = 1 - b + b*length.
			w, norm := weights[k], 1-p.b+p.b*length
			d := tf + p.k1*norm
			s.Terms[k] = p.part(w, tf, length)
			s.K1 += w*tf/((p.k1+1)*d) - w*tf*norm/(d*d)
			s.B -= w * tf * p.k1 * (length - 1) / (d * d)
			s.Title += w * p.k1 * norm / (d * d) * h.InTitle[k]
		}
	}
	return e.scores(p), slopes, nil
}
