package recipe

import (
	"cmp"
	"context"
	"fmt"
	"math/rand/v2"

	"github.com/ragft/ragft/internal/meter"
	"github.com/ragft/ragft/internal/seed"
	"github.com/ragft/ragft/ragft/model"
	"github.com/ragft/ragft/ragft/opt"
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
// Unlike in FedRAG's implementation, the prompt takes no part in the loss, and
// the response ends with the model's end-of-turn token; package finetune sees to
// both. The paper's layout of the prompt is [prompt.RADIT]: set it in
// Input.Prompts and wherever the model is asked.
type RALT struct {
	Chunks  int    // passages of a question, each in an example of its own; 0 = 3, as in the paper
	Refusal string // target of unanswerable questions; "" = such questions are left out

	// Texts and Instructions are mixed in, without repetition, so that they make
	// up the given shares of all rows as far as there are enough. Unset = 0.1 and
	// 0.05, as in the paper.
	Texts                        []string
	Instructions                 []rows.Instruction
	TextShare, InstructionsShare opt.Value[float64]

	MaxRows int // largest number of rows of each kind; 0 = 7500, as in the paper
}

// Name is "ralt".
func (RALT) Name() string { return "ralt" }

func (r RALT) withDefaults() RALT {
	r.Chunks, r.MaxRows = cmp.Or(r.Chunks, 3), cmp.Or(r.MaxRows, 7500)
	r.TextShare, r.InstructionsShare = opt.Of(r.TextShare.Or(0.1)), opt.Of(r.InstructionsShare.Or(0.05))
	return r
}

func (r RALT) check() error {
	r = r.withDefaults()
	texts, instructions := r.TextShare.Or(0), r.InstructionsShare.Or(0)
	switch {
	case r.Chunks < 0 || r.MaxRows < 0:
		return fmt.Errorf("negative options: Chunks %d, MaxRows %d", r.Chunks, r.MaxRows)
	case !(texts >= 0 && instructions >= 0):
		return fmt.Errorf("negative shares: TextShare %v, InstructionsShare %v", texts, instructions)
	case !(texts+instructions < 1):
		return fmt.Errorf("TextShare %v and InstructionsShare %v leave nothing for the questions", texts, instructions)
	}
	return nil
}

// Estimate is no cost.
func (r RALT) Estimate(in Input) (model.Cost, error) {
	return model.Cost{}, named(r, cmp.Or(in.NeedSearch(), in.NeedQuestions(), r.check()))
}

// Rows makes the rows of all questions, then those that are mixed in.
func (r RALT) Rows(ctx context.Context, in Input) (*Result, error) {
	if _, err := r.Estimate(in); err != nil {
		return nil, err
	}
	in, r = in.WithDefaults(), r.withDefaults()
	texts, instructions := r.TextShare.Or(0), r.InstructionsShare.Or(0)
	provenance := in.Provenance(map[string]any{"Chunks": r.Chunks, "Refusal": r.Refusal, "TextShare": texts,
		"InstructionsShare": instructions, "MaxRows": r.MaxRows}, nil)
	m := meter.New(in.Progress, in.Logger)
	out := &Result{Dropped: map[string]int{}}
	for i, q := range in.Questions {
		list, err := r.question(ctx, in, q)
		if err != nil {
			return nil, named(r, err)
		}
		switch {
		case len(list) > 0:
		case len(q.Golds()) == 0 && r.Refusal == "":
			out.Dropped["unanswerable"]++
		default:
			out.Dropped["no-passage"]++
		}
		out.Rows = append(out.Rows, list...)
		if (i+1)%in.Batch == 0 || i+1 == len(in.Questions) {
			m.Report(r.Name(), i+1, len(in.Questions), len(out.Rows))
		}
	}
	rng := rand.New(rand.NewPCG(in.Seed, seed.Derive(in.Seed, "ralt", "mixture")))
	out.Rows = drawRows(out.Rows, r.MaxRows, rng)
	own := float64(len(out.Rows)) / (1 - texts - instructions)
	out.Rows = append(out.Rows, r.mixed(rng, int(own*texts+0.5), int(own*instructions+0.5))...)
	for i := range out.Rows {
		out.Rows[i].Provenance = provenance
	}
	out.Cost = m.Cost(len(out.Rows))
	return out, nil
}

// question makes the rows of one question, one for each passage.
func (r RALT) question(ctx context.Context, in Input, q question.Question) ([]rows.Row, error) {
	kind, target := rows.KindRefusal, r.Refusal
	if gold := reference(q); gold != "" {
		kind, target = rows.KindAnswer, gold
	}
	if target == "" {
		return nil, nil
	}
	hits, err := in.search(ctx, q, r.Chunks)
	if err != nil {
		return nil, err
	}
	var list []rows.Row
	for j, hit := range hits {
		row := answered(in.Row(r.Name(), q, []retriever.Hit{hit}), kind, target)
		row.ID = fmt.Sprintf("%s/%s/%d", q.ID, r.Name(), j+1)
		list = append(list, row)
	}
	return list, nil
}

// mixed draws plain texts and instructions.
func (r RALT) mixed(rng *rand.Rand, texts, instructions int) []rows.Row {
	var textRows, instructionRows []rows.Row
	for i, text := range r.Texts {
		textRows = append(textRows, rows.Row{ID: fmt.Sprintf("text/%d", i+1), Kind: rows.KindText, Source: "text", Text: text})
	}
	for i, one := range r.Instructions {
		row := rows.Row{ID: fmt.Sprintf("instruction/%d", i+1), Source: "instructions", Messages: one.Messages()}
		instructionRows = append(instructionRows, answered(row, "instruction", one.Response))
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
