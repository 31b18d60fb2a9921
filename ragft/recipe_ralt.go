package ragft

import (
	"context"
	"fmt"
	"math/rand/v2"

	"github.com/ragft/ragft/retriever"
)

// RALT is retrieval-augmented language model training, the generator's half of
// RA-DIT (arXiv 2310.01352, section 2.2): for each question its best passages,
// and for each passage an example of its own; the loss is on the response
// alone, sum over i, j of log p(r_i | q_i, c_ij). It generates nothing. It
// needs Search and Questions.
//
// Unlike FedRAG's implementation, the prompt takes no part in the loss, and the
// response ends with the model's end-of-turn token, both by [Train]. The paper's
// layout of the prompt is [RADITTemplate], to be set in RecipeInput.Prompts and
// where the model is asked.
type RALT struct {
	Chunks  int    // passages of a question, each in an example of its own; 0 = 3, as in the paper
	Refusal string // target of unanswerable questions; "" = such questions are left out

	// Texts and Instructions are mixed in, so that they make up the given
	// shares of all rows: in the paper 10 % plain text and 5 % instructions.
	// At most all of them, in random order.
	Texts                        []string
	Instructions                 []Instruction
	TextShare, InstructionsShare float64 // 0 = 0.1 and 0.05, negative = none

	// MaxRows bounds each kind of rows; 0 = 7500, as in the paper.
	MaxRows int
}

// Name is "ralt".
func (RALT) Name() string { return "ralt" }

// DropNoPassage: the search found nothing for the question.
const DropNoPassage DropReason = "no-passage"

// Kinds of rows of the mixture.
const KindInstruction Kind = "instruction" // plain instruction -> its reference response

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
func (r RALT) Estimate(in RecipeInput) (Cost, error) {
	if err := in.needs(false, true, true, false); err != nil {
		return Cost{}, fmt.Errorf("ragft: %s: %w", r.Name(), err)
	}
	if d := r.withDefaults(); d.TextShare+d.InstructionsShare >= 1 {
		return Cost{}, fmt.Errorf("ragft: %s: TextShare and InstructionsShare leave nothing for the questions", r.Name())
	}
	return Cost{}, nil
}

// Rows makes them.
func (r RALT) Rows(ctx context.Context, in RecipeInput) (*RecipeResult, error) {
	if _, err := r.Estimate(in); err != nil {
		return nil, err
	}
	in, r = in.withDefaults(), r.withDefaults()
	m := newMeter(in.Progress, in.Logger)
	out := &RecipeResult{Dropped: map[DropReason]int{}}
	for i, q := range in.Questions {
		rows, err := r.question(ctx, in, q)
		if err != nil {
			return nil, err
		}
		switch {
		case len(rows) > 0:
		case len(q.Golds()) == 0 && r.Refusal == "":
			out.Dropped[DropUnanswerable]++
		default:
			out.Dropped[DropNoPassage]++
		}
		out.Rows = append(out.Rows, rows...)
		if (i+1)%in.Batch == 0 || i+1 == len(in.Questions) {
			m.report(r.Name(), i+1, len(in.Questions), len(out.Rows))
		}
	}
	rng := rand.New(rand.NewPCG(in.Seed, deriveSeed(in.Seed, "ralt", "mixture")))
	out.Rows = drawRows(out.Rows, r.MaxRows, rng)
	own := float64(len(out.Rows)) / (1 - r.TextShare - r.InstructionsShare)
	out.Rows = append(out.Rows, r.mixed(in, rng, int(own*r.TextShare+0.5), int(own*r.InstructionsShare+0.5))...)
	out.Cost = m.cost(len(out.Rows))
	return out, nil
}

// question makes the rows of one question, one for each passage.
func (r RALT) question(ctx context.Context, in RecipeInput, q Question) ([]Row, error) {
	kind, target := KindRefusal, r.Refusal
	if golds := q.Golds(); len(golds) > 0 {
		kind, target = KindAnswer, golds[0]
	}
	if target == "" {
		return nil, nil
	}
	hits, err := in.Search.Search(ctx, q.Question, r.Chunks)
	if err != nil {
		return nil, fmt.Errorf("ragft: %s: search for question %s: %w", r.Name(), q.ID, err)
	}
	var rows []Row
	for j, hit := range hits[:min(len(hits), r.Chunks)] {
		shown := []retriever.Hit{hit}
		rows = append(rows, Row{
			ID: fmt.Sprintf("%s/%s/%d", q.ID, r.Name(), j+1), Kind: kind, Source: r.Name(),
			Messages:   append(q.ReadMessages(in.Prompts, shown), Message{Role: RoleAssistant, Content: target}),
			QuestionID: q.ID, Question: q.Question, Golds: q.Golds(), Context: labelContext(q, shown),
			Chunks: chunkRefs(shown), Provenance: in.provenance(r, nil),
		})
	}
	return rows, nil
}

// mixed draws plain texts and instructions.
func (r RALT) mixed(in RecipeInput, rng *rand.Rand, texts, instructions int) []Row {
	var textRows, instructionRows []Row
	for i, text := range r.Texts {
		textRows = append(textRows, Row{
			ID: fmt.Sprintf("text/%d", i+1), Kind: KindText, Source: "text", Text: text, Provenance: in.provenance(r, nil),
		})
	}
	for i, one := range r.Instructions {
		instructionRows = append(instructionRows, Row{
			ID: fmt.Sprintf("instruction/%d", i+1), Kind: KindInstruction, Source: "instructions", Provenance: in.provenance(r, nil),
			Messages: append(plainPrompt(one.Prompt), Message{Role: RoleAssistant, Content: one.Response}),
		})
	}
	return append(drawRows(textRows, min(texts, r.MaxRows), rng), drawRows(instructionRows, min(instructions, r.MaxRows), rng)...)
}

// drawRows draws at most n rows without replacement and keeps their order.
func drawRows(rows []Row, n int, rng *rand.Rand) []Row {
	if n >= len(rows) {
		return rows
	}
	taken := make([]bool, len(rows))
	for _, i := range rng.Perm(len(rows))[:max(0, n)] {
		taken[i] = true
	}
	var out []Row
	for i, row := range rows {
		if taken[i] {
			out = append(out, row)
		}
	}
	return out
}
