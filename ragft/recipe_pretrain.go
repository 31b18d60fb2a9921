package ragft

import (
	"context"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"strings"

	"github.com/ragft/ragft/retriever"
)

// Sources of the rows of [Pretraining].
const (
	SourceDomain  = "domain"
	SourceGeneral = "general"
)

// Pretraining is domain-adaptive pre-training (arXiv 2004.10964): the corpus as
// plain text, learnt as a whole, with a share of general text so that the model
// does not forget it. Passages of a document that follow each other are joined,
// what they overlap counted once; duplicates are left out. It needs Corpus.
//
// Pretrain trains on its rows, with a stop rule. The task's adapter then
// starts from the result (lora.Config.Start) or is trained on the merged
// model (lora.Merge).
type Pretraining struct {
	// General is text of other kinds, for replay.
	General []string
	// Replay is the share of the words that are general text, in [0, 1); 0 = 0.1,
	// negative = none. It needs enough of General, which is never repeated.
	Replay float64

	Duplicates DuplicateOptions
	MinWords   int // shortest text worth learning; 0 = 5
}

// Reasons why a text of the corpus gives no row.
const (
	DropDuplicate     DropReason = "duplicate"
	DropNearDuplicate DropReason = "near-duplicate"
	DropShort         DropReason = "short"
)

// Name is "pretrain".
func (Pretraining) Name() string { return "pretrain" }

func (r Pretraining) withDefaults() Pretraining {
	if r.Replay == 0 {
		r.Replay = 0.1
	}
	r.Replay = max(r.Replay, 0)
	if r.MinWords <= 0 {
		r.MinWords = 5
	}
	return r
}

// Estimate is no cost.
func (r Pretraining) Estimate(in RecipeInput) (Cost, error) {
	r = r.withDefaults()
	if err := in.needs(false, false, false, true); err != nil {
		return Cost{}, fmt.Errorf("ragft: %s: %w", r.Name(), err)
	}
	switch {
	case !(r.Replay < 1):
		return Cost{}, fmt.Errorf("ragft: %s: Replay is %v: it is a share below 1", r.Name(), r.Replay)
	case r.Replay > 0 && len(r.General) == 0:
		return Cost{}, fmt.Errorf("ragft: %s: no general text to replay: set Pretraining.General, or Replay to -1 to do without, and expect the model to forget", r.Name())
	}
	return Cost{SecondsPerRow: math.NaN()}, nil
}

// ErrTooLittleText means that a corpus is too small for what was asked.
var ErrTooLittleText = errors.New("too little text")

// Rows makes one row of each stretch of text, the general ones among the others.
func (r Pretraining) Rows(ctx context.Context, in RecipeInput) (*RecipeResult, error) {
	if _, err := r.Estimate(in); err != nil {
		return nil, err
	}
	in, r = in.withDefaults(), r.withDefaults()
	m := newMeter(in.Progress, in.Logger)
	out := &RecipeResult{Dropped: map[DropReason]int{}}
	stretches := stretchesOf(in.Corpus)
	texts := make([]string, len(stretches))
	for i, s := range stretches {
		texts[i] = s.text
	}
	keep, exact, near := Deduplicate(texts, r.Duplicates)
	out.Dropped[DropDuplicate], out.Dropped[DropNearDuplicate] = exact, near
	words := 0
	for _, i := range keep {
		n := len(strings.Fields(texts[i]))
		if n < r.MinWords {
			out.Dropped[DropShort]++
			continue
		}
		words += n
		out.Rows = append(out.Rows, Row{
			ID: fmt.Sprintf("%s#%d/pretrain", stretches[i].chunks[0].Source, stretches[i].chunks[0].Start), Kind: KindText, Source: SourceDomain,
			Text: texts[i], Chunks: stretches[i].refs(), Provenance: in.provenance(),
		})
	}
	if len(out.Rows) < 2 {
		return nil, fmt.Errorf("ragft: %s: %w: %d texts are left of %d passages (%v); add documents", r.Name(), ErrTooLittleText, len(out.Rows), len(in.Corpus), out.Dropped)
	}
	rng := rand.New(rand.NewPCG(in.Seed, deriveSeed(in.Seed, "pretrain")))
	replayed := r.replay(in, rng, float64(words)*r.Replay/(1-r.Replay))
	out.Rows = append(out.Rows, replayed...)
	rng.Shuffle(len(out.Rows), func(i, j int) { out.Rows[i], out.Rows[j] = out.Rows[j], out.Rows[i] })
	m.report(r.Name(), len(in.Corpus), len(in.Corpus), len(out.Rows))
	out.Cost = m.cost(len(out.Rows))
	return out, ctx.Err()
}

// replay draws general texts until they have so many words, the last one cut to fit.
func (r Pretraining) replay(in RecipeInput, rng *rand.Rand, want float64) []Row {
	var rows []Row
	keep, _, _ := Deduplicate(r.General, r.Duplicates)
	left := int(want + 0.5)
	for _, k := range rng.Perm(len(keep)) {
		words := strings.Fields(r.General[keep[k]])
		if left < r.MinWords {
			break
		}
		text := r.General[keep[k]]
		if len(words) > left {
			text = strings.Join(words[:left], " ")
		}
		left -= min(left, len(words))
		rows = append(rows, Row{ID: fmt.Sprintf("general/%d", keep[k]+1), Kind: KindText, Source: SourceGeneral, Text: text, Provenance: in.provenance()})
	}
	if left >= r.MinWords {
		in.Logger.Warn("there is less general text than Pretraining.Replay asks for", "missing words", left)
	}
	return rows
}

// stretch is text of one document without a gap.
type stretch struct {
	text   string
	chunks []retriever.Chunk
}

func (s stretch) refs() []ChunkRef {
	refs := make([]ChunkRef, len(s.chunks))
	for i, c := range s.chunks {
		refs[i] = ChunkRef{ID: c.ID, Source: c.Source, Start: c.Start, End: c.End}
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
