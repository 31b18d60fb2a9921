package recipe

import (
	"cmp"
	"context"
	"fmt"

	"github.com/ragft/ragft/internal/meter"
	"github.com/ragft/ragft/ragft/model"
	"github.com/ragft/ragft/ragft/opt"
)

// RAFT is retrieval-augmented fine-tuning (arXiv 2403.10131): each question with
// the passage that answers it, the oracle, among distractors that the search
// finds for it; in a share of the rows the oracle is left out. The target quotes
// the oracle word for word and then answers:
//
//	The document says: "The mill is run by Mara Venn."
//	Answer: Mara Venn
//
// [answer.Final] takes the answer out again. It needs Search and Questions, and
// Model if Reason is set or WhenAbsent is "self".
//
// The oracle is the best passage with a sentence that holds the answer, among
// those of Input.Evidence if there is one. If the question names its evidence
// because no words tell ([question.Question].Evidence), the oracle is one of
// those passages, and the quote is their sentence nearest to question and
// answer by token F1.
//
// A prompt that does not fit into the model's context costs its row the last
// distractors; if that is not enough, the row is dropped. A model that cannot
// count tokens is asked what fits. With WhenAbsent "self", once it refused a
// prompt, it is asked about the rows with the oracle as well, so that the number
// of passages does not give the oracle away; otherwise it is shown the oracle
// alone. A distractor that is too long by itself leaves one more passage in rows
// with the oracle, which comes before it.
type RAFT struct {
	OracleShare opt.Value[float64] // share of the rows that show the oracle, of those with one; unset = 0.8, as in the paper
	Distractors opt.Value[int]     // passages without the answer; unset = 3

	// WhenAbsent says what is taught if the oracle is not shown: "refuse" is
	// Refusal, "gold" the reference answer without a quote, as in the paper, and
	// "self" a refusal in the model's own words. "" = "refuse": answering from
	// memory contradicts abstaining.
	WhenAbsent string
	Refusal    string // "" = "Sorry, the documents do not say."
	// DropRefusals leaves out the questions for which Refusal would be taught.
	DropRefusals bool

	// Reason has the model write how the passage leads to the answer. The text is
	// used if it holds the answer and a sentence of the oracle word for word;
	// otherwise the row quotes the sentence with the answer.
	Reason    bool
	MaxTokens int // limit for the reasoning, and for a refusal; 0 = 128
}

const (
	defaultRefusal = "Sorry, the documents do not say."

	// reasonPrompt is the instruction that asks for reasoning.
	reasonPrompt = "Show how the document answers the question: quote the sentence that says it, word for word and in quotation marks, and " +
		"end with the answer."
)

// Name is "raft".
func (RAFT) Name() string { return "raft" }

func (r RAFT) withDefaults() RAFT {
	r.OracleShare, r.Distractors = opt.Of(r.OracleShare.Or(0.8)), opt.Of(r.Distractors.Or(3))
	r.WhenAbsent, r.Refusal, r.MaxTokens = cmp.Or(r.WhenAbsent, "refuse"), cmp.Or(r.Refusal, defaultRefusal), cmp.Or(r.MaxTokens, 128)
	return r
}

func (r RAFT) options() map[string]any {
	return map[string]any{
		"OracleShare": r.OracleShare.Or(0), "Distractors": r.Distractors.Or(0), "WhenAbsent": r.WhenAbsent, "Refusal": r.Refusal,
		"DropRefusals": r.DropRefusals, "Reason": r.Reason, "MaxTokens": r.MaxTokens,
	}
}

func (r RAFT) check() error {
	r = r.withDefaults()
	share := r.OracleShare.Or(0)
	switch {
	case !(share >= 0 && share <= 1):
		return fmt.Errorf("OracleShare is %v: it is a share from 0 to 1", share)
	case r.Distractors.Or(0) < 0 || r.MaxTokens < 0:
		return fmt.Errorf("negative options: Distractors %d, MaxTokens %d", r.Distractors.Or(0), r.MaxTokens)
	case r.WhenAbsent != "refuse" && r.WhenAbsent != "gold" && r.WhenAbsent != "self":
		return fmt.Errorf("WhenAbsent is %q: it is refuse, gold or self", r.WhenAbsent)
	}
	return nil
}

// generates reports whether the model takes part.
func (r RAFT) generates() bool { return r.Reason || r.WhenAbsent == "self" }

// Estimate is one call for each question if the model takes part, and two if it
// may have to be asked what fits.
func (r RAFT) Estimate(in Input) (model.Cost, error) {
	if err := cmp.Or(in.NeedSearch(), in.NeedQuestions(), r.check()); err != nil {
		return model.Cost{}, named(r, err)
	}
	r = r.withDefaults()
	c := model.Cost{}
	if r.generates() {
		if err := in.NeedModel(); err != nil {
			return model.Cost{}, named(r, err)
		}
		c.Calls = len(in.Questions)
		if _, counts := model.As[model.TokenCounter](in.Model); r.Reason && r.WhenAbsent == "self" && !counts {
			c.Calls *= 2
		}
		c.Tokens = c.Calls * r.MaxTokens
	}
	return c, nil
}

// Rows makes one row for each question.
func (r RAFT) Rows(ctx context.Context, in Input) (*Result, error) {
	if _, err := r.Estimate(in); err != nil {
		return nil, err
	}
	in = in.WithDefaults()
	b := raftBuild{RAFT: r.withDefaults(), in: in, meter: meter.New(in.Progress, in.Logger)}
	b.plain, b.written = in.Provenance(b.options(), nil), in.Provenance(b.options(), in.Model)
	out := &Result{Dropped: map[string]int{}}
	var all []*raftDraft
	for len(all) < len(in.Questions) {
		batch := in.Questions[len(all):min(len(all)+in.Batch, len(in.Questions))]
		drafts := make([]*raftDraft, len(batch))
		for i, q := range batch {
			var err error
			if drafts[i], err = b.draft(ctx, q); err != nil {
				return nil, named(r, err)
			}
		}
		if err := b.generateThatFits(ctx, drafts); err != nil {
			return nil, fmt.Errorf("%s: questions %s to %s: %w", r.Name(), batch[0].ID, batch[len(batch)-1].ID, err)
		}
		all = append(all, drafts...)
		b.meter.Report(r.Name(), len(all), len(in.Questions), accepted(all))
	}
	if err := b.fitAlike(ctx, all); err != nil {
		return nil, named(r, err)
	}
	for _, d := range all {
		if d.drop != "" {
			out.Dropped[d.drop]++
			continue
		}
		out.Rows = append(out.Rows, d.row)
	}
	out.Cost = b.meter.Cost(len(out.Rows))
	return out, nil
}
