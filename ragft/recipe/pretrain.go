package recipe

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"sort"
	"strings"
	"unicode"

	"github.com/ragft/ragft/internal/meter"
	"github.com/ragft/ragft/internal/plural"
	"github.com/ragft/ragft/internal/reading"
	"github.com/ragft/ragft/internal/seed"
	"github.com/ragft/ragft/internal/trainlog"
	"github.com/ragft/ragft/internal/words"
	"github.com/ragft/ragft/ragft/model"
	"github.com/ragft/ragft/ragft/opt"
	"github.com/ragft/ragft/ragft/rows"
)

// Pretrain is domain-adaptive pre-training (arXiv 2004.10964): the corpus as
// plain text, all of it learnt, with a share of general text so that the model
// does not forget it. Successive passages of a document are joined, what they
// overlap counted once; duplicates are left out. It needs Corpus. Sources of the
// rows are "domain" and "general".
//
// Package finetune trains on its rows with a stop rule. The adapter of the task
// that follows then starts from the result (lora.Config.Start), or is trained on
// the merged model (lora.Merge).
type Pretrain struct {
	// General is text of other kinds, for replay.
	General []string
	// Replay is the share of the tokens that are general text, in [0, 1).
	// Unset = 0.1. General is never repeated, so it has to be long enough. Tokens
	// are counted by Input.Model if it is a [model.TokenCounter], otherwise words
	// are counted.
	Replay opt.Value[float64]
	// Watch is how many tokens of General are kept back, in rows that are HeldOut,
	// so that training sees what is forgotten: whole texts of what replay leaves.
	// Unset = 2000.
	Watch opt.Value[int]

	// Texts are duplicates if their sets of runs of Shingle words have a Jaccard
	// similarity of Similarity or more. 0 = 5 words and 0.8.
	Shingle    int
	Similarity float64

	MinWords int // shortest text worth learning; 0 = 5
}

// Name is "pretrain".
func (Pretrain) Name() string { return "pretrain" }

func (r Pretrain) withDefaults() Pretrain {
	r.Replay, r.Watch = opt.Of(r.Replay.Or(0.1)), opt.Of(r.Watch.Or(2000))
	r.Shingle, r.Similarity, r.MinWords = cmp.Or(r.Shingle, 5), cmp.Or(r.Similarity, 0.8), cmp.Or(r.MinWords, 5)
	return r
}

func (r Pretrain) options() map[string]any {
	return map[string]any{
		"Replay": r.Replay.Or(0), "Watch": r.Watch.Or(0), "MinWords": r.MinWords,
		"Duplicates": map[string]any{"Shingle": r.Shingle, "Similarity": r.Similarity},
	}
}

func (r Pretrain) check() error {
	r = r.withDefaults()
	replay := r.Replay.Or(0)
	switch {
	case !(replay >= 0 && replay < 1):
		return fmt.Errorf("option Replay is %v: it is a share from 0 to below 1", replay)
	case !(r.Similarity > 0 && r.Similarity <= 1):
		return fmt.Errorf("option Similarity is %v: it is above 0 and at most 1", r.Similarity)
	case r.Watch.Or(0) < 0 || r.Shingle < 0 || r.MinWords < 0:
		return fmt.Errorf("negative options: Watch %d, Shingle %d, MinWords %d", r.Watch.Or(0), r.Shingle, r.MinWords)
	case replay > 0 && len(r.General) == 0:
		return inputErrorf("there is no general text to replay: set Pretrain.General, or Replay to 0, and expect the model to forget")
	}
	return nil
}

// Estimate is no cost.
func (r Pretrain) Estimate(in Input) (model.Cost, error) {
	return model.Cost{}, named(r, cmp.Or(in.NeedCorpus(), r.check()))
}

// Rows makes one row of each stretch of text, in random order.
func (r Pretrain) Rows(ctx context.Context, in Input) (*Result, error) {
	if _, err := r.Estimate(in); err != nil {
		return nil, err
	}
	in, r = in.WithDefaults(), r.withDefaults()
	m := meter.New(in.Progress, in.Logger)
	count, unit := textCounter(in.Model)
	out, tokens, err := r.domain(in, count)
	if err != nil {
		return nil, named(r, err)
	}
	rng := rand.New(rand.NewPCG(in.Seed, seed.Derive(in.Seed, "pretrain")))
	replay := r.Replay.Or(0)
	general, missing, watched, err := r.replay(rng, count, int(float64(tokens)*replay/(1-replay)+0.5))
	if err != nil {
		return nil, fmt.Errorf("%s: general text: %w", r.Name(), err)
	}
	if missing > 0 {
		in.Logger.Warn("there is less general text than Pretrain.Replay asks for", "missing", missing, "unit", unit)
	}
	if watch := r.Watch.Or(0); watched < watch {
		in.Logger.Warn("there is less general text to watch than Pretrain.Watch asks for", "watched", watched, "of", watch, "unit", unit)
	}
	out.Rows = append(out.Rows, general...)
	provenance := in.Provenance(r.options(), nil)
	for i := range out.Rows {
		out.Rows[i].Provenance = provenance
	}
	rng.Shuffle(len(out.Rows), func(i, j int) { out.Rows[i], out.Rows[j] = out.Rows[j], out.Rows[i] })
	m.Report(r.Name(), len(in.Corpus), len(in.Corpus), len(out.Rows))
	out.Cost = m.Cost(len(out.Rows))
	return out, ctx.Err()
}

// domain makes the rows of the documents, and counts their tokens.
func (r Pretrain) domain(in Input, count func(string) (int, error)) (out *Result, tokens int, err error) {
	out = &Result{Dropped: map[string]int{}}
	stretches := stretchesOf(in.Corpus)
	texts := make([]string, len(stretches))
	for i, s := range stretches {
		texts[i] = s.text
	}
	keep, exact, near := deduplicate(texts, r.Shingle, r.Similarity)
	out.Dropped["duplicate"], out.Dropped["near-duplicate"] = exact, near
	for _, i := range keep {
		if words.Count(texts[i]) < r.MinWords {
			out.Dropped["short"]++
			continue
		}
		first := stretches[i].chunks[0]
		n, err := count(texts[i])
		if err != nil {
			return nil, 0, fmt.Errorf("%s: %w", first.Source, err)
		}
		tokens += n
		out.Rows = append(out.Rows, rows.Row{
			ID: fmt.Sprintf("%s#%d/pretrain", first.Source, first.Start), Kind: rows.KindText, Source: trainlog.Domain,
			Text: texts[i], Chunks: stretches[i].refs(),
		})
	}
	if len(out.Rows) < 2 {
		return nil, 0, inputErrorf("%w: of %d passages, %s %s left (%s): add documents", reading.ErrTooLittleText, len(in.Corpus),
			plural.N(len(out.Rows), "text"), plural.Pick(len(out.Rows), "is", "are"), reasons(out.Dropped))
	}
	return out, tokens, nil
}

// textCounter counts by the model's tokens, or by words.
func textCounter(m model.Model) (count func(text string) (int, error), unit string) {
	if counter, ok := model.As[model.TokenCounter](m); ok {
		return counter.CountText, "tokens"
	}
	return func(text string) (int, error) { return words.Count(text), nil }, "words"
}

// replay draws general texts that have want tokens together, the last one cut to
// fit, and returns how many are missing; and of the others what is watched.
func (r Pretrain) replay(rng *rand.Rand, count func(string) (int, error), want int) (list []rows.Row, missing, watched int, err error) {
	keep, _, _ := deduplicate(r.General, r.Shingle, r.Similarity)
	left := want
	for _, k := range rng.Perm(len(keep)) {
		replayed, text := left >= r.MinWords, r.General[keep[k]]
		if !replayed && watched >= r.Watch.Or(0) {
			break
		}
		n, err := count(text)
		if err != nil {
			return nil, 0, 0, err
		}
		switch {
		case !replayed:
			watched += n
		case n > left:
			if text, err = cutToTokens(text, left, count); err != nil {
				return nil, 0, 0, err
			}
			if text != "" {
				left = 0
			}
		default:
			left -= n
		}
		if text != "" {
			list = append(list, rows.Row{ID: fmt.Sprintf("general/%d", keep[k]+1), Kind: rows.KindText, Source: trainlog.General, Text: text,
				HeldOut: !replayed})
		}
	}
	if left < r.MinWords {
		left = 0
	}
	return list, left, watched, nil
}

// cutToTokens keeps as many words, from the first, as have at most that many
// tokens. Writing without blanks it cuts within.
func cutToTokens(text string, most int, count func(string) (int, error)) (string, error) {
	text = strings.Join(strings.Fields(text), " ")
	ends := []int{0}
	start := 0 // of the word
	for i, r := range text {
		switch {
		case r == ' ':
			ends = append(ends, i)
			start = i + 1
		case i > start && words.IsIdeograph(r), i-start >= longWord && !unicode.IsMark(r):
			ends = append(ends, i)
		}
	}
	ends = append(ends, len(text))
	var failed error
	n := sort.Search(len(ends), func(n int) bool {
		tokens, err := count(text[:ends[n]])
		failed = errors.Join(failed, err)
		return err != nil || tokens > most
	})
	return text[:ends[max(n-1, 0)]], failed
}

// longWord is the length, in bytes, from which a word may be cut.
const longWord = 48
