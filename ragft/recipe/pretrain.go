package recipe

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"sort"
	"strings"

	"github.com/ragft/ragft/internal/meter"
	"github.com/ragft/ragft/internal/reading"
	"github.com/ragft/ragft/internal/seed"
	"github.com/ragft/ragft/ragft/model"
	"github.com/ragft/ragft/ragft/rows"
	"github.com/ragft/ragft/retriever"
)

// Pretraining is domain-adaptive pre-training (arXiv 2004.10964): the corpus as
// plain text, learnt as a whole, with a share of general text so that the model
// does not forget it. Passages of a document that follow each other are joined,
// what they overlap counted once; duplicates are left out. It needs Corpus.
//
// Pretrain trains on its rows, with a stop rule. The task's adapter then
// starts from the result (lora.Config.Start) or is trained on the merged
// model (lora.Merge).
type Pretrain struct {
	// General is text of other kinds, for replay.
	General []string
	// Replay is the share of the tokens that are general text, in [0, 1); 0 = 0.1,
	// negative = none. It needs enough of General, which is never repeated.
	// RecipeInput.Model counts the tokens if it is a [model.TokenCounter]; without one
	// words are counted.
	Replay float64
	// Watch is how many tokens of General are kept back, for the stop rule of
	// [finetune.PretrainModel] to see what is forgotten: whole texts of what replay leaves,
	// in rows that are HeldOut. 0 = 2000, negative = none.
	Watch int

	Duplicates DuplicateOptions
	MinWords   int // shortest text worth learning; 0 = 5
}

// Reasons why a text of the corpus gives no row.
const (
	DropDuplicate     rows.DropReason = "duplicate"
	DropNearDuplicate rows.DropReason = "near-duplicate"
	DropShort         rows.DropReason = "short"
)

// Name is "pretrain".
func (Pretrain) Name() string { return "pretrain" }

func (r Pretrain) withDefaults() Pretrain {
	if r.Replay == 0 {
		r.Replay = 0.1
	}
	r.Replay = max(r.Replay, 0)
	if r.MinWords <= 0 {
		r.MinWords = 5
	}
	if r.Watch == 0 {
		r.Watch = 2000
	}
	r.Watch = max(r.Watch, 0)
	return r
}

// Estimate is no cost.
func (r Pretrain) Estimate(in Input) (model.Cost, error) {
	r = r.withDefaults()
	if err := in.Needs(false, false, false, true); err != nil {
		return model.Cost{}, fmt.Errorf("ragft: %s: %w", r.Name(), err)
	}
	switch {
	case !(r.Replay < 1):
		return model.Cost{}, fmt.Errorf("ragft: %s: Replay is %v: it is a share below 1", r.Name(), r.Replay)
	case r.Replay > 0 && len(r.General) == 0:
		return model.Cost{}, fmt.Errorf("ragft: %s: no general text to replay: set Pretraining.General, or Replay to -1 to do without, and expect the model to forget", r.Name())
	}
	return model.Cost{}, nil
}

// Rows makes one row of each stretch of text, the general ones among the others.
func (r Pretrain) Rows(ctx context.Context, in Input) (*Result, error) {
	if _, err := r.Estimate(in); err != nil {
		return nil, err
	}
	in, r = in.WithDefaults(), r.withDefaults()
	m := meter.New(in.Progress, in.Logger)
	out := &Result{Dropped: map[rows.DropReason]int{}}
	stretches := stretchesOf(in.Corpus)
	texts := make([]string, len(stretches))
	for i, s := range stretches {
		texts[i] = s.text
	}
	keep, exact, near := Deduplicate(texts, r.Duplicates)
	out.Dropped[DropDuplicate], out.Dropped[DropNearDuplicate] = exact, near
	count, unit := textCounter(in.Model)
	tokens := 0
	for _, i := range keep {
		if len(strings.Fields(texts[i])) < r.MinWords {
			out.Dropped[DropShort]++
			continue
		}
		n, err := count(texts[i])
		if err != nil {
			return nil, fmt.Errorf("ragft: %s: %s: %w", r.Name(), stretches[i].chunks[0].Source, err)
		}
		tokens += n
		out.Rows = append(out.Rows, rows.Row{
			ID: fmt.Sprintf("%s#%d/pretrain", stretches[i].chunks[0].Source, stretches[i].chunks[0].Start), Kind: rows.KindText, Source: rows.SourceDomain,
			Text: texts[i], Chunks: stretches[i].refs(), Provenance: in.Provenance(r, nil),
		})
	}
	if len(out.Rows) < 2 {
		return nil, fmt.Errorf("ragft: %s: %w: %d texts are left of %d passages (%v); add documents", r.Name(), reading.ErrTooLittleText, len(out.Rows), len(in.Corpus), out.Dropped)
	}
	rng := rand.New(rand.NewPCG(in.Seed, seed.Derive(in.Seed, "pretrain")))
	replayed, missing, watched, err := r.replay(in, rng, count, int(float64(tokens)*r.Replay/(1-r.Replay)+0.5))
	if err != nil {
		return nil, fmt.Errorf("ragft: %s: general text: %w", r.Name(), err)
	}
	if missing > 0 {
		in.Logger.Warn("there is less general text than Pretraining.Replay asks for", "missing", missing, "unit", unit)
	}
	if watched < r.Watch {
		in.Logger.Warn("there is less general text to see forgetting by than Pretraining.Watch asks for", "watched", watched, "of", r.Watch, "unit", unit)
	}
	out.Rows = append(out.Rows, replayed...)
	rng.Shuffle(len(out.Rows), func(i, j int) { out.Rows[i], out.Rows[j] = out.Rows[j], out.Rows[i] })
	m.Report(r.Name(), len(in.Corpus), len(in.Corpus), len(out.Rows))
	out.Cost = m.Cost(len(out.Rows))
	return out, ctx.Err()
}

// textCounter counts by the model's tokens, or by words.
func textCounter(m model.Model) (count func(text string) (int, error), unit string) {
	if counter, ok := model.As[model.TokenCounter](m); ok {
		return counter.CountText, "tokens"
	}
	return func(text string) (int, error) { return len(strings.Fields(text)), nil }, "words"
}

// replay draws general texts of so many tokens together, the last one cut to
// fit, and tells how many are missing; and of the others what is watched.
func (r Pretrain) replay(in Input, rng *rand.Rand, count func(string) (int, error), want int) (list []rows.Row, missing, watched int, err error) {
	keep, _, _ := Deduplicate(r.General, r.Duplicates)
	left := want
	for _, k := range rng.Perm(len(keep)) {
		replayed, text := left >= r.MinWords, r.General[keep[k]]
		if !replayed && watched >= r.Watch {
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
			fallthrough
		default:
			left -= min(left, n)
		}
		if text != "" {
			list = append(list, rows.Row{ID: fmt.Sprintf("general/%d", keep[k]+1), Kind: rows.KindText, Source: rows.SourceGeneral, Text: text, HeldOut: !replayed, Provenance: in.Provenance(r, nil)})
		}
	}
	if left < r.MinWords {
		left = 0
	}
	return list, left, watched, nil
}

// cutToTokens keeps as many words from the first as have at most so many tokens.
func cutToTokens(text string, most int, count func(string) (int, error)) (string, error) {
	words := strings.Fields(text)
	var failed error
	n := sort.Search(len(words), func(n int) bool {
		tokens, err := count(strings.Join(words[:n+1], " "))
		failed = errors.Join(failed, err)
		return err != nil || tokens > most
	})
	return strings.Join(words[:n], " "), failed
}

// stretch is text of one document without a gap.
type stretch struct {
	text   string
	chunks []retriever.Chunk
}

func (s stretch) refs() []rows.ChunkRef {
	refs := make([]rows.ChunkRef, len(s.chunks))
	for i, c := range s.chunks {
		refs[i] = rows.ChunkRef{ID: c.ID, Source: c.Source, Start: c.Start, End: c.End}
	}
	return refs
}

// stretchesOf joins chunks of a source that touch or overlap and come in order.
func stretchesOf(corpus []retriever.Chunk) []stretch {
	var out []stretch
	for _, c := range corpus {
		if n := len(out); n > 0 {
			s := &out[n-1]
			last := s.chunks[len(s.chunks)-1]
			overlap := last.End - c.Start
			switch {
			case last.Source != c.Source || c.Start < last.Start:
			case overlap >= 0 && overlap <= len(c.Text) && c.End >= last.End && strings.HasSuffix(s.text, c.Text[:overlap]):
				s.text += c.Text[overlap:]
				s.chunks = append(s.chunks, c)
				continue
			case overlap < 0 && -overlap <= 2: // a blank or a line break between them
				s.text += strings.Repeat("\n", -overlap) + c.Text
				s.chunks = append(s.chunks, c)
				continue
			}
		}
		out = append(out, stretch{text: c.Text, chunks: []retriever.Chunk{c}})
	}
	return out
}
