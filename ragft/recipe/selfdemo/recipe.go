package selfdemo

import (
	"cmp"
	"context"
	"fmt"

	"github.com/ragft/ragft/ragft/judge"
	"github.com/ragft/ragft/ragft/model"
	"github.com/ragft/ragft/ragft/opt"
	"github.com/ragft/ragft/ragft/recipe"
	"github.com/ragft/ragft/ragft/rows"
)

// The three arms of candidates.
const (
	armClosed rows.Arm = "closed"
	armRead   rows.Arm = "read"
	armRefuse rows.Arm = "refuse"
)

// Recipe makes demonstrations in the model's own words, after arXiv 2502.10596,
// section 3; the zero value is as in the paper: three candidates in each arm at
// temperature 1. It needs Model, Search and Questions, and should be given a
// Judge.
//
// For every question it searches the passages, has the model answer without
// them, answer with them, and decline; gives every candidate a verdict (see
// package judge); and keeps by the policy the best correct answer, or a refusal.
// The target is always a text that the model generated, never a reference
// answer. Unlike in the published code, a candidate keeps its place and its
// provenance whatever its text.
//
// Passages that do not fit into the model's context beside a candidate are left
// out, the last ones first; a question that does not fit with one passage is
// dropped. A question's candidates do not depend on the other questions, as far
// as the model is deterministic across batches.
//
// Besides those of [recipe.Result], questions are dropped for "gates" (correct
// candidates, but none passed the policy's), "present-refusal"
// (Policy.DropPresentRefusals), "refusal-cap" (Policy.MaxRefusals), and in a
// knockout "unjudged" (no reply of the judge could be read) and "wrong-winner"
// (the winner is incorrect by comparing strings).
type Recipe struct {
	Closed, Read, Refuse opt.Value[int] // candidates in each arm; unset = 3

	Temperature opt.Value[float64] // of the candidates; unset = 1; opt.Of(0.0) is greedy
	TopP        float64            // nucleus mass; 0 = off
	TopK        int                // tokens that are drawn from; 0 = all
	MaxTokens   int                // limit for a candidate; 0 = 128
	Stop        []string           // texts that end a candidate; nil = none
	GreedyFirst bool               // the first candidate of the read arm is greedy

	// ClosedPrompts and ReadPrompts are instructions that the candidates of
	// these arms are generated with in turn, such as [SearchPrompts] finds. Nil =
	// that of Input.Prompts. Rows are made with that of Input.Prompts in any case,
	// since the tuned model will be asked with it.
	ClosedPrompts, ReadPrompts []string

	// Summarise makes each candidate in two turns, as in the code of the paper: a
	// draft, and then a summary of it, which is the candidate.
	Summarise   bool
	DraftTokens int // limit for a draft; 0 = 512
	// SummaryPrompt asks for the summary. "" = "Summarise your reply: the answer
	// alone, as short as it can be."
	SummaryPrompt string

	// Withhold is the share of answerable questions, in [0, 1], whose passages
	// with the answer are taken out, so that there is something to learn
	// abstention from. The next best passages take their place. 0 = none.
	Withhold float64

	Judge  judge.Options // Model nil = no judge: what comparing strings leaves open is incorrect
	Policy Policy        // which candidate becomes the target
}

const defaultSummaryPrompt = "Summarise your reply: the answer alone, as short as it can be."

// Name is "self-demo".
func (Recipe) Name() string { return "self-demo" }

func (r Recipe) withDefaults() Recipe {
	r.Closed, r.Read, r.Refuse = opt.Of(r.Closed.Or(3)), opt.Of(r.Read.Or(3)), opt.Of(r.Refuse.Or(3))
	r.Temperature, r.MaxTokens = opt.Of(r.Temperature.Or(1)), cmp.Or(r.MaxTokens, 128)
	r.DraftTokens, r.SummaryPrompt = cmp.Or(r.DraftTokens, 512), cmp.Or(r.SummaryPrompt, defaultSummaryPrompt)
	r.Judge, r.Policy = r.Judge.WithDefaults(), r.Policy.withDefaults()
	return r
}

// candidates is the number of candidates of an arm.
func (r Recipe) candidates(arm rows.Arm) int {
	switch arm {
	case armClosed:
		return r.Closed.Or(3)
	case armRead:
		return r.Read.Or(3)
	}
	return r.Refuse.Or(3)
}

func (r Recipe) check() error {
	for _, f := range []struct {
		name  string
		value int
	}{{"Closed", r.Closed.Or(0)}, {"Read", r.Read.Or(0)}, {"Refuse", r.Refuse.Or(0)}, {"TopK", r.TopK}, {"MaxTokens", r.MaxTokens},
		{"DraftTokens", r.DraftTokens}} {
		if f.value < 0 {
			return fmt.Errorf("%s is %d: it cannot be negative", f.name, f.value)
		}
	}
	if t := r.Temperature.Or(1); !(t >= 0) {
		return fmt.Errorf("the temperature is %v", t)
	}
	for _, f := range []struct {
		name  string
		value float64
	}{{"TopP", r.TopP}, {"Withhold", r.Withhold}} {
		if !(f.value >= 0 && f.value <= 1) {
			return fmt.Errorf("%s is %v: it is a share from 0 to 1", f.name, f.value)
		}
	}
	return cmp.Or(r.Judge.Check(), r.Policy.check())
}

// options are the recipe's, for the provenance of rows.
func (r Recipe) options(passages int) map[string]any {
	p := r.Policy
	options := map[string]any{
		"Passages": passages, "Closed": r.candidates(armClosed), "Read": r.candidates(armRead), "Refuse": r.candidates(armRefuse),
		"Temperature": r.Temperature.Or(1), "TopP": r.TopP, "TopK": r.TopK, "MaxTokens": r.MaxTokens, "GreedyFirst": r.GreedyFirst,
		"ClosedPrompts": r.ClosedPrompts, "ReadPrompts": r.ReadPrompts,
		"Summarise": r.Summarise, "DraftTokens": r.DraftTokens, "SummaryPrompt": r.SummaryPrompt, "Withhold": r.Withhold,
		"Policy": map[string]any{
			"MaxRefusals": p.MaxRefusals.Or(0), "MinCorrectAbsent": p.MinCorrectAbsent, "DropPresentRefusals": p.DropPresentRefusals,
			"MaxWords": p.MaxWords, "MinF1": p.MinF1, "MinPrecision": p.MinPrecision, "MinSupport": p.MinSupport,
			"MaxRefusalWords": p.MaxRefusalWords.Or(0), "ClosedRows": p.ClosedRows,
			"Preferences": map[string]any{"Rejected": p.Preferences.Rejected, "Only": p.Preferences.Only},
		},
	}
	switch j := r.Judge; {
	case j.Model == nil: // which decides nothing, but comparing strings goes by this
		options["Judge"] = map[string]any{"CorrectF1": j.CorrectF1}
	default:
		options["Judge"] = map[string]any{
			"Knockout": j.Knockout, "KnockoutPrompt": j.KnockoutPrompt, "Tries": j.Tries, "Votes": j.Votes,
			"Temperature": j.Temperature, "MaxTokens": j.MaxTokens, "CorrectF1": j.CorrectF1,
		}
	}
	return options
}

// Estimate counts every candidate, and a judgement of each; of a knockout, all
// its tries.
func (r Recipe) Estimate(in recipe.Input) (model.Cost, error) {
	if err := cmp.Or(in.NeedModel(), in.NeedSearch(), in.NeedQuestions(), r.check()); err != nil {
		return model.Cost{}, fmt.Errorf("%s: %w", r.Name(), err)
	}
	r = r.withDefaults()
	calls, candidates := 0, 0
	for _, arm := range []rows.Arm{armClosed, armRead, armRefuse} {
		if n := r.candidates(arm); n > 0 {
			calls++
			candidates += n
		}
	}
	if r.GreedyFirst && r.candidates(armRead) > 1 {
		calls++
	}
	for _, extra := range []int{min(len(r.ClosedPrompts), r.candidates(armClosed)), min(len(r.ReadPrompts), r.candidates(armRead))} {
		calls += max(0, extra-1)
	}
	judged := r.Judge.Cost(candidates)
	calls, tokens := calls+judged.Calls, candidates*r.MaxTokens+judged.Tokens
	if r.Summarise {
		calls, tokens = calls+candidates, tokens+candidates*r.DraftTokens
	}
	n := len(in.Questions)
	return model.Cost{Calls: n * calls, Tokens: n * tokens}, nil
}

// Rows makes the rows, in the order of the questions.
func (r Recipe) Rows(ctx context.Context, in recipe.Input) (*recipe.Result, error) {
	if _, err := r.Estimate(in); err != nil {
		return nil, err
	}
	d, err := newGenerator(in, r).run(ctx)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", r.Name(), err)
	}
	return &recipe.Result{Rows: d.rows, Dropped: d.summary.dropped, Cost: d.summary.Cost}, nil
}
