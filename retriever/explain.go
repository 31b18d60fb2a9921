package retriever

import (
	"context"
	"errors"
)

// Explanation shows what the scores of a query's best chunks consist of. From it,
// Scores computes scores and their derivatives for any Tuning, without the index.
type Explanation struct {
	Terms   []Term      // of the query, in order
	Average float64     // mean number of terms in the chunks of the index
	Hits    []Explained // as Index.Search returns them

	terms []queryTerm
	opts  IndexOptions
}

// Term is a term of a query.
type Term struct {
	Term     string   // after analysis
	Count    float64  // occurrences in the query
	IDF      float64  // inverse document frequency in the index
	Features []string // features by which a Tuning weights the term
}

// Explained is a hit with the number of occurrences of the query's terms in it.
type Explained struct {
	Hit
	Found   []float64 // for each term: occurrences in title and text, as indexed
	InTitle []float64 // for each term: occurrences in the title alone
	Length  float64   // number of terms in the chunk
}

// Slope is the derivative of a score with respect to the parameters of a Tuning.
type Slope struct {
	K1, B, Title float64
	// Terms has, for each term, the derivative with respect to the logarithm of
	// its weight. That is what the term contributes to the score.
	Terms []float64
}

// Explain returns the hits that Search returns, and what their scores consist of.
func (x *Index) Explain(ctx context.Context, query string, k int) (e *Explanation, err error) {
	snap, err := x.searchable(ctx, k)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, snap.Close()) }()
	terms, err := snap.queryTerms(query)
	if err != nil {
		return nil, err
	}
	r, err := snap.find(ctx, terms, k, snap.opts.parameters())
	if err != nil {
		return nil, err
	}
	e, err = snap.explain(terms, r)
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

// explain counts the query's terms in the stored texts of a ranking's chunks. It
// does not set the exported Terms and Hits[i].Hit.
func (v view) explain(terms []queryTerm, r ranking) (*Explanation, error) {
	e := &Explanation{Hits: make([]Explained, len(r.chunks)), terms: terms, opts: v.opts}
	s, err := sumsOf(v)
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
	count := func(language, text string, into []float64) {
		for _, token := range analyze(v.analyzers.of(language), text) {
			if i, ok := at[string(token.Term)]; ok {
				into[i]++
			}
		}
	}
	for i, c := range r.chunks {
		h := &e.Hits[i]
		h.Found, h.InTitle, h.Length = make([]float64, len(terms)), make([]float64, len(terms)), float64(c.tokens)
		count(c.Language, c.Text, h.Found)
		if v.opts.IgnoreTitles {
			continue
		}
		count(c.Language, c.Title, h.InTitle)
		for k, n := range h.InTitle {
			h.Found[k] += n
		}
	}
	return e, nil
}

// occurrences returns the occurrences of a term in a hit, those in the title weighted.
func (h *Explained) occurrences(term int, title float64) float64 {
	return h.Found[term] + (title-1)*h.InTitle[term]
}

// scores returns the scores of Search, to the last bit: contributions are added in
// the order of the query.
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

// Scores returns the score of each hit with a tuning, and its derivative. It does
// not check which index the tuning was made for. The zero Tuning gives the scores
// of Search. An invalid tuning is ErrOptions.
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
