package searchtune

import (
	"context"
	"errors"
	"fmt"
	"math"
	"slices"

	"github.com/ragft/ragft/internal/stats"
	"github.com/ragft/ragft/ragft/question"
	"github.com/ragft/ragft/retriever"
)

// Meaning is the weight of the similarity in meaning that was learnt, and what it gains.
type Meaning struct {
	// On says that the mean reciprocal rank on the held-out questions is shown to improve: its interval is above zero and P
	// below 0.05. Otherwise the search keeps the weight Before.
	On      bool    `json:"on"`
	Weight  float64 `json:"weight"`   // learnt; the score by words has weight 1
	Before  float64 `json:"before"`   // what it is compared with
	Train   int     `json:"train"`    // questions learnt from
	HeldOut int     `json:"held_out"` // questions that the changes were measured on

	// On the held-out questions, as in [Result].
	Recall1 Change `json:"recall_1"`
	Recall  Change `json:"recall"`
	MRR     Change `json:"mrr"`
}

// meaningWeights are the weights that are tried.
var meaningWeights = []float64{0, 0.1, 0.25, 0.5, 0.75, 1, 1.5, 2, 4}

// LearnMeaning chooses the weight that the similarity in meaning has in a search by words and by meaning: of nine weights from 0 to
// 4, and before itself, that with the highest mean reciprocal rank of the first passage that holds the answer, and of equal ones that
// which is nearest to before. search returns the search with a weight, which is asked for each question with all weights in turn. A
// part of the questions is held out, as by [Learn], to see whether the weight is better than before. No model is asked for scores.
// Of the options, Chunks, HeldOut, Evidence, Resamples and Seed are used.
func LearnMeaning(ctx context.Context, search func(weight float64) (retriever.Searcher, error), questions []question.Question,
	before float64, o Options) (*Meaning, error) {
	if search == nil || !(before >= 0) || math.IsInf(before, 0) {
		return nil, errors.New("search tuning: there is no search by meaning, or its weight is not a number from 0 on")
	}
	if err := errors.Join(o.check(), checkQuestions(questions)); err != nil {
		return nil, fmt.Errorf("search tuning: %w", err)
	}
	t := &lsr{Options: o.withDefaults()}
	questions = slices.DeleteFunc(slices.Clone(questions), func(q question.Question) bool { return len(q.Golds()) == 0 })
	for i := range questions {
		questions[i].NameHits(o.Evidence[questions[i].ID])
	}
	train, held := question.SplitGroups(questions, t.HeldOut, t.Seed)
	if len(train) == 0 || len(held) == 0 {
		return nil, fmt.Errorf("search tuning: %w to learn the weight of meaning by: give more questions", question.ErrNone)
	}
	weights := slices.Clone(meaningWeights)
	if !slices.Contains(weights, before) {
		weights = append(weights, before)
	}
	searches := make([]retriever.Searcher, len(weights))
	for i, w := range weights {
		var err error
		if searches[i], err = search(w); err != nil {
			return nil, fmt.Errorf("search tuning: %w", err)
		}
	}
	learnt, err := t.ranks(ctx, searches, train)
	if err != nil {
		return nil, err
	}
	measured, err := t.ranks(ctx, searches, held)
	if err != nil {
		return nil, err
	}
	best, was := 0, slices.Index(weights, before)
	for i, w := range weights {
		gain := mean(learnt[i].reciprocal) - mean(learnt[best].reciprocal)
		if gain > 1e-12 || gain > -1e-12 && math.Abs(w-before) < math.Abs(weights[best]-before) {
			best = i
		}
	}
	m := &Meaning{Weight: weights[best], Before: before, Train: len(train), HeldOut: len(held)}
	t.groups = groupsOf(held)
	a, b := measured[was], measured[best]
	m.Recall1, m.Recall = t.changeOfRanks(a.first, b.first), t.changeOfRanks(a.found, b.found)
	m.MRR = t.changeOfRanks(a.reciprocal, b.reciprocal)
	m.On = m.MRR.improved()
	return m, nil
}

// ranked are the ranks of the first right passage by question: whether it is the first, whether there is one, and 1 by its rank.
type ranked struct{ first, found, reciprocal []float64 }

// ranks searches for each question with each search.
func (t *lsr) ranks(ctx context.Context, searches []retriever.Searcher, questions []question.Question) ([]ranked, error) {
	out := make([]ranked, len(searches))
	for _, q := range questions {
		for i, s := range searches {
			hits, err := s.Search(ctx, q.Question, t.Chunks)
			if err != nil {
				return nil, fmt.Errorf("search tuning: question %s: %w", q.ID, err)
			}
			rank := slices.IndexFunc(hits, func(h retriever.Hit) bool { return q.HeldBy(h) })
			out[i].first = append(out[i].first, stats.Indicator(rank == 0))
			out[i].found = append(out[i].found, stats.Indicator(rank >= 0))
			reciprocal := 0.0
			if rank >= 0 {
				reciprocal = 1 / float64(rank+1)
			}
			out[i].reciprocal = append(out[i].reciprocal, reciprocal)
		}
	}
	return out, nil
}

func mean(values []float64) float64 {
	sum := 0.0
	for _, v := range values {
		sum += v
	}
	return sum / float64(len(values))
}
