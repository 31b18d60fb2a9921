package verified

import (
	"cmp"
	"context"
	"fmt"

	"github.com/ragft/ragft/ragft/answer"
	"github.com/ragft/ragft/ragft/model"
	"github.com/ragft/ragft/ragft/opt"
	"github.com/ragft/ragft/ragft/recipe"
)

// Recipe makes a row for nearly every question, with any model. It needs Model,
// Search and Questions. The zero value is usable.
//
// Where a shown passage holds the answer, the target is the first of these that
// can be verified, and [rows.Row.Made] says which:
//
//   - "own": the model's own right answer, greedy first, then from nothing but the
//     passage that holds it, greedy and drawn, cut to what answers the question;
//   - "rationalised": its own words when it is shown the reference (STaR,
//     arXiv 2203.14465, section 3.1; InstructRAG, arXiv 2406.13629,
//     section 2.2), in at most 12 words that hold the reference, are supported by
//     a passage, and are more than the reference;
//   - "reference": the reference as it is.
//
// Elsewhere the target is a refusal, "refusal": one text for all rows, of several
// the one that the model finds likeliest. A share of the questions gives a pair:
// an answer with the passages that hold it, and a refusal without them. Weights
// make answers and refusals count the same, token by token. Questions about one
// passage are shown the same passages, so that these are read and learnt once.
//
// An answer is verified if it agrees with the reference by comparing texts and a
// shown passage holds it; a refusal, if no shown passage holds the reference.
type Recipe struct {
	Draws       opt.Value[int]     // answers drawn where the greedy one is not right, from the passage that holds it; unset = 16
	Temperature opt.Value[float64] // of the draws; unset = 0.7
	MinP        opt.Value[float64] // tokens less likely than this share of the likeliest are not drawn, in [0, 1); unset = 0.1
	MaxTokens   int                // longest text that is generated; 0 = 32

	// Pairs is the share of the questions whose evidence is shown, in [0, 1], that
	// give a second row: without the passages that hold the answer, and with a
	// refusal. Unset = 0.3.
	Pairs opt.Value[float64]

	// Refusal is the text with which all rows decline. "" = chosen for the model,
	// in the language of the prompts, or, if they have none, of the questions.
	Refusal string

	// Preferences adds rows that are learnt as preferences: the answer over the
	// refusal where the evidence is shown, and elsewhere the refusal over what the
	// model answers by itself.
	Preferences bool
}

// Name is "verified".
func (Recipe) Name() string { return "verified" }

func (r Recipe) withDefaults() Recipe {
	r.Draws, r.Temperature, r.MinP = opt.Of(r.Draws.Or(16)), opt.Of(r.Temperature.Or(0.7)), opt.Of(r.MinP.Or(0.1))
	r.Pairs, r.MaxTokens = opt.Of(r.Pairs.Or(0.3)), cmp.Or(r.MaxTokens, 32)
	return r
}

func (r Recipe) check() error {
	draws, temperature, minP, pairs := r.Draws.Or(0), r.Temperature.Or(0), r.MinP.Or(0), r.Pairs.Or(0)
	switch {
	case draws < 0 || r.MaxTokens < 0:
		return fmt.Errorf("negative options: Draws %d, MaxTokens %d", draws, r.MaxTokens)
	case !(temperature >= 0):
		return fmt.Errorf("the temperature is %v", temperature)
	case !(minP >= 0 && minP < 1):
		return fmt.Errorf("MinP is %v: it is a share from 0 to below 1", minP)
	case !(pairs >= 0 && pairs <= 1):
		return fmt.Errorf("the share Pairs is %v: it is from 0 to 1", pairs)
	case r.Refusal != "" && !answer.IsRefusal(r.Refusal):
		return fmt.Errorf("the text %q does not read as a refusal: begin it with \"Sorry, \"", r.Refusal)
	}
	return nil
}

// Estimate counts, for each question with an answer, the greedy reply, and from the passage that holds the answer another one,
// the draws, and a reply with the reference in view; for the choice of the refusal, each wording with each of 12 prompts; and for
// preferences, the replies without evidence.
func (r Recipe) Estimate(in recipe.Input) (model.Cost, error) {
	if err := cmp.Or(in.NeedModel(), in.NeedSearch(), in.NeedQuestions(), r.check()); err != nil {
		return model.Cost{}, fmt.Errorf("%s: %w", r.Name(), err)
	}
	r = r.withDefaults()
	var cost model.Cost
	if r.Refusal == "" {
		cost.Calls = min(scoredPrompts, 2*len(in.Questions)) * len(wordingsFor(in))
	}
	for _, q := range in.Questions {
		calls, samples := 0, 0
		if len(q.Golds()) > 0 {
			draws := r.Draws.Or(0)
			calls, samples = 2, 2+draws
			if in.Passages != 1 {
				calls, samples = calls+1, samples+1
			}
			if draws > 0 {
				calls++
			}
		}
		if r.Preferences && (len(q.Golds()) == 0 || r.Pairs.Or(0) > 0) {
			calls, samples = calls+1, samples+1
		}
		cost.Calls, cost.Tokens = cost.Calls+calls, cost.Tokens+samples*r.MaxTokens
	}
	return cost, nil
}

// options are the recipe's, for the provenance of rows. The refusal is in a list
// so that it is kept whole, however long it is.
func (r Recipe) options(passages int, refusal string) map[string]any {
	return map[string]any{
		"Passages": passages, "Draws": r.Draws.Or(0), "Temperature": r.Temperature.Or(0), "MinP": r.MinP.Or(0), "MaxTokens": r.MaxTokens,
		"Pairs": r.Pairs.Or(0), "Preferences": r.Preferences, "Refusal": []string{refusal},
	}
}

// Rows makes the rows, in the order of the questions, the pair of a question
// behind it.
func (r Recipe) Rows(ctx context.Context, in recipe.Input) (*recipe.Result, error) {
	if _, err := r.Estimate(in); err != nil {
		return nil, err
	}
	result, err := newGenerator(r, in).run(ctx)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", r.Name(), err)
	}
	return result, nil
}
