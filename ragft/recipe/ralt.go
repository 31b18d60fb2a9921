package recipe

import (
	"context"
	"fmt"
	"math/rand/v2"

	"github.com/ragft/ragft/internal/meter"
	"github.com/ragft/ragft/internal/seed"
	"github.com/ragft/ragft/ragft/model"
	"github.com/ragft/ragft/ragft/question"
	"github.com/ragft/ragft/ragft/rows"
	"github.com/ragft/ragft/retriever"
)

// RALT is retrieval-augmented language model training, the generator's half of
// RA-DIT (arXiv 2310.01352, section 2.2): for each question its best passages,
// and for each passage an example of its own; the loss is on the response
// alone, sum over i, j of log p(r_i | q_i, c_ij). It generates nothing. It
// needs Search and Questions.
//
// Unlike FedRAG's implementation, the prompt takes no part in the loss, and the
// response ends with the model's end-of-turn token, both by [finetune.Train]. The paper's
// layout of the prompt is [prompt.RADIT], to be set in RecipeInput.Prompts and
// where the model is asked.
type RALT struct {
	Chunks  int    // passages of a question, each in an example of its own; 0 = 3, as in the paper
	Refusal string // target of unanswerable questions; "" = such questions are left out

	// Texts and Instructions are mixed in, so that they make up the given
	// shares of all rows: in the paper 10 % plain text and 5 % instructions.
	// At most all of them, in random order.
	Texts                        []string
	Instructions                 []rows.Instruction
	TextShare, InstructionsShare float64 // 0 = 0.1 and 0.05, negative = none

	// MaxRows bounds each kind of rows; 0 = 7500, as in the paper.
	MaxRows int
}

// Name is "ralt".
func (RALT) Name() string { return "ralt" }

// DropNoPassage: the search found nothing for the question.
const DropNoPassage rows.DropReason = "no-passage"

// Kinds of rows of the mixture.
const KindInstruction rows.Kind = "instruction" // plain instruction -> its reference response

func (r RALT) withDefaults() RALT {
	if r.Chunks <= 0 {
		r.Chunks = 3
	}
	if r.MaxRows <= 0 {
		r.MaxRows = 7500
	}
	if r.TextShare == 0 {
		r.TextShare = 0.1
	}
	if r.InstructionsShare == 0 {
		r.InstructionsShare = 0.05
	}
	r.TextShare, r.InstructionsShare = max(0, r.TextShare), max(0, r.InstructionsShare)
	return r
}

// Estimate is no cost.
func (r RALT) Estimate(in Input) (model.Cost, error) {
	if err := in.Needs(false, true, true, false); err != nil {
		return model.Cost{}, fmt.Errorf("ragft: %s: %w", r.Name(), err)
	}
	if d := r.withDefaults(); d.TextShare+d.InstructionsShare >= 1 {
		return model.Cost{}, fmt.Errorf("ragft: %s: TextShare and InstructionsShare leave nothing for the questions", r.Name())
	}
	return model.Cost{}, nil
}

// Rows makes them.
func (r RALT) Rows(ctx context.Context, in Input) (*Result, error) {
	if _, err := r.Estimate(in); err != nil {
		return nil, err
	}
	in, r = in.WithDefaults(), r.withDefaults()
	m := meter.New(in.Progress, in.Logger)
	out := &Result{Dropped: map[rows.DropReason]int{}}
	for i, q := range in.Questions {
		list, err := r.question(ctx, in, q)
		if err != nil {
			return nil, err
		}
		switch {
		case len(list) > 0:
		case len(q.Golds()) == 0 && r.Refusal == "":
			out.Dropped[rows.DropUnanswerable]++
		default:
			out.Dropped[DropNoPassage]++
		}
		out.Rows = append(out.Rows, list...)
		if (i+1)%in.Batch == 0 || i+1 == len(in.Questions) {
			m.Report(r.Name(), i+1, len(in.Questions), len(out.Rows))
		}
	}
	rng := rand.New(rand.NewPCG(in.Seed, seed.Derive(in.Seed, "ralt", "mixture")))
	out.Rows = drawRows(out.Rows, r.MaxRows, rng)
	own := float64(len(out.Rows)) / (1 - r.TextShare - r.InstructionsShare)
	out.Rows = append(out.Rows, r.mixed(in, rng, int(own*r.TextShare+0.5), int(own*r.InstructionsShare+0.5))...)
	out.Cost = m.Cost(len(out.Rows))
	return out, nil
}

// question makes the rows of one question, one for each passage.
func (r RALT) question(ctx context.Context, in Input, q question.Question) ([]rows.Row, error) {
	kind, target := rows.KindRefusal, r.Refusal
	if golds := q.Golds(); len(golds) > 0 {
		kind, target = rows.KindAnswer, golds[0]
	}
	if target == "" {
		return nil, nil
	}
	hits, err := in.Search.Search(ctx, q.Question, r.Chunks)
	if err != nil {
		return nil, fmt.Errorf("ragft: %s: search for question %s: %w", r.Name(), q.ID, err)
	}
	var list []rows.Row
	for j, hit := range hits[:min(len(hits), r.Chunks)] {
		shown := []retriever.Hit{hit}
		list = append(list, rows.Row{
			ID: fmt.Sprintf("%s/%s/%d", q.ID, r.Name(), j+1), Kind: kind, Source: r.Name(),
			Messages:   append(q.ReadMessages(in.Prompts, shown), model.Message{Role: model.RoleAssistant, Content: target}),
			QuestionID: q.ID, Question: q.Question, Golds: q.Golds(), Context: question.LabelContext(q, shown),
			Chunks: rows.ChunkRefs(shown), Provenance: in.Provenance(r, nil),
		})
	}
	return list, nil
}

// mixed draws plain texts and instructions.
func (r RALT) mixed(in Input, rng *rand.Rand, texts, instructions int) []rows.Row {
	var textRows, instructionRows []rows.Row
	for i, text := range r.Texts {
		textRows = append(textRows, rows.Row{
			ID: fmt.Sprintf("text/%d", i+1), Kind: rows.KindText, Source: "text", Text: text, Provenance: in.Provenance(r, nil),
		})
	}
	for i, one := range r.Instructions {
		instructionRows = append(instructionRows, rows.Row{
			ID: fmt.Sprintf("instruction/%d", i+1), Kind: KindInstruction, Source: "instructions", Provenance: in.Provenance(r, nil),
			Messages: append(rows.PlainPrompt(one.Prompt), model.Message{Role: model.RoleAssistant, Content: one.Response}),
		})
	}
	return append(drawRows(textRows, min(texts, r.MaxRows), rng), drawRows(instructionRows, min(instructions, r.MaxRows), rng)...)
}

// drawRows draws at most n rows without replacement and keeps their order.
func drawRows(r []rows.Row, n int, rng *rand.Rand) []rows.Row {
	if n >= len(r) {
		return r
	}
	taken := make([]bool, len(r))
	for _, i := range rng.Perm(len(r))[:max(0, n)] {
		taken[i] = true
	}
	var out []rows.Row
	for i, row := range r {
		if taken[i] {
			out = append(out, row)
		}
	}
	return out
}
