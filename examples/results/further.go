//go:build cgo

package main

import (
	"context"
	"math/rand/v2"
	"os"
	"strings"

	"github.com/ragft/ragft/ragft/answer"
	"github.com/ragft/ragft/ragft/eval"
	"github.com/ragft/ragft/ragft/eval/forget"
	"github.com/ragft/ragft/ragft/model"
)

// textParts is the number of paragraphs of general text on which the perplexity is measured, each of textWords words or more.
const textParts, textWords = 60, 60

// generalText is the perplexity of paragraphs of a file, drawn by the seed.
func generalText(ctx context.Context, m model.Model, file string, seed uint64) (metric, error) {
	data, err := os.ReadFile(file)
	if err != nil {
		return metric{}, err
	}
	var parts []string
	for part := range strings.SplitSeq(string(data), "\n") {
		if len(strings.Fields(part)) >= textWords {
			parts = append(parts, part)
		}
	}
	rand.New(rand.NewPCG(seed, 0x74657874)).Shuffle(len(parts), func(i, j int) { parts[i], parts[j] = parts[j], parts[i] })
	e, err := forget.Perplexity(ctx, m, parts[:min(len(parts), textParts)], seed)
	return metric{e.Value, e.Low, e.High, e.N}, err
}

// correct are the questions that the first system answered correctly.
func correct(e *eval.Evaluation) (ids []string) {
	for _, r := range e.Systems[0].Records {
		if r.Verdict == answer.Correct {
			ids = append(ids, r.QuestionID)
		}
	}
	return ids
}

// trustKey is that of trust.
const trustKey = "trust"

// trust is the Trust-Score (Song et al. 2024, arXiv 2409.11242, section 3) without its third part, the citations, which the models
// here were not taught to write: the mean of
//   - the F1 of declining where nothing shown holds the answer and the F1 of answering where something does, averaged;
//   - the F1 of exact answers: their share of the answers given, and of the questions whose answer was shown.
func trust(records []eval.Record) metric {
	var declined, answered f1
	exact := f1{}
	for _, r := range records {
		held, refused := r.Context == answer.Present, r.Verdict == answer.Refused
		declined.add(refused, !held)
		answered.add(!refused, held)
		exact.claimed += count(!refused)
		exact.wanted += count(held)
		exact.both += count(!refused && held && r.ExactMatch)
	}
	v := ((declined.value()+answered.value())/2 + exact.value()) / 2
	return metric{v, v, v, len(records)}
}

// f1 counts what was claimed, what was wanted, and what was both.
type f1 struct{ claimed, wanted, both int }

func (f *f1) add(claimed, wanted bool) {
	f.claimed, f.wanted, f.both = f.claimed+count(claimed), f.wanted+count(wanted), f.both+count(claimed && wanted)
}

// value is the harmonic mean of precision and recall.
func (f *f1) value() float64 {
	if f.claimed+f.wanted == 0 {
		return 0
	}
	return 2 * float64(f.both) / float64(f.claimed+f.wanted)
}

func count(b bool) int {
	if b {
		return 1
	}
	return 0
}
