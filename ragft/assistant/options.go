package assistant

import (
	"cmp"
	"context"
	"errors"
	"fmt"

	"github.com/ragft/ragft/internal/layout"
	"github.com/ragft/ragft/internal/nonnegative"
	"github.com/ragft/ragft/internal/reading"
	"github.com/ragft/ragft/internal/signals"
	"github.com/ragft/ragft/internal/wordings"
	"github.com/ragft/ragft/ragft/abstain"
	"github.com/ragft/ragft/ragft/answer"
	"github.com/ragft/ragft/ragft/confidence"
	"github.com/ragft/ragft/ragft/model"
	"github.com/ragft/ragft/ragft/opt"
	"github.com/ragft/ragft/ragft/prompt"
	"github.com/ragft/ragft/retriever"
)

// Options controls an [Assistant]. The zero value answers greedily from four passages.
// Negative numbers are errors of each question, and of [Options.Check].
type Options struct {
	Prompts     prompt.Set // zero = the defaults
	Careful     bool       // use [prompt.Set.Careful] and no template, for a model that was not tuned to abstain
	Passages    int        // passages shown; 0 = 4
	MaxTokens   int        // longest answer; 0 = 256
	Temperature float64    // 0 = greedy
	TopP        float64    // 0 = off
	TopK        int        // 0 = off
	Seed        uint64     // of sampling
	Stop        []string   // texts that end an answer

	// Drafts is the number of short answers that are drawn beside the one of the likeliest tokens; 0 = none. If that one is short
	// (16 tokens), the one of them is given of whose tokens the model is surest on average. The prompt is read once, except by recurrent
	// models. It needs a model that returns log probabilities, and does nothing with a Temperature, an Ensemble or Extract. A Rule
	// goes by the answer of the likeliest tokens. The first 16 tokens are not streamed before it is known which answer is given.
	Drafts int

	// MinConfidence, in [0, 1], is the confidence below which the assistant abstains; 0 =
	// never. A confidence that is not known, of a model that returns no probabilities, is
	// below any other. Choose it on held-out questions: it catches answers that read well
	// but are uncertain.
	MinConfidence float64

	// Ensemble answers from each passage separately and lets the answers vote; nil = one
	// answer from all passages. Nothing is streamed before the vote.
	Ensemble *answer.Ensemble

	// Calibration combines several signals into the confidence, and its threshold is the
	// confidence below which the assistant abstains, so that its guarantee holds; nil = none.
	// MinConfidence applies to that confidence as well. See [confidence.Calibrate]. It may
	// take further requests to the model for each answer.
	//
	// It must have been made under the conditions of these options; otherwise no question is
	// answered and the error wraps [confidence.ErrConditions]. A calibration without a
	// threshold needs a MinConfidence, or the error wraps [confidence.ErrNoGuarantee].
	// [Options.Check] reports both before the first question, and also compares the index. The
	// guarantee is for questions that stand alone, not for those after a history.
	Calibration *confidence.Calibration

	// Rule decides before an answer is generated whether to give one; nil = the model alone decides. Where the rule
	// declines, nothing is generated and the answer is Decline; elsewhere the model answers and cannot begin with the
	// rule's refusal. [ReadAdapter] returns the rule of an adapter, and [Settings.Tuned] the search that it was fitted with.
	//
	// It must have been fitted under the conditions of these options; otherwise no question is answered and the error wraps
	// [abstain.ErrConditions]. A rule cannot be combined with Careful, Ensemble or Calibration, which were not measured
	// with it, and needs a model of this process: with those of servers the error wraps [model.ErrRequest].
	Rule *abstain.Rule

	// Extract takes the answer out of the generated text, as [answer.Final] does, for a model
	// tuned to reason first; nil = the whole text. Citations are looked for in the whole text,
	// which [Answer.Draft] keeps. Nothing is streamed before the end.
	Extract func(text string) string

	// Decline is what the assistant says if it abstains without words of the model; "" = the refusal of Rule, or without
	// one "I cannot find that in the documents." in the language of Prompts
	Decline string

	// MinShare is the least Share of a [retriever.Hit] for its passage to be shown; 0.05 if it is not set, 0 = any. Passages
	// below it are left out, and if none remains the assistant abstains. With a Rule or a Calibration, which were fitted on
	// all passages, they are left out only if all are below.
	MinShare opt.Value[float64]

	// Apart shows passages as they are indexed. Otherwise neighbouring passages of a document are merged, and a document of
	// which two passages are shown is shown whole, if that adds at most half of what is shown. With a Rule, a Calibration
	// or an Ensemble passages are never merged.
	Apart bool

	// LastTurn searches for the question alone, whatever was said before.
	LastTurn bool

	MaxQuestion int // longest question, in bytes; 0 = 4000
}

func (o Options) withDefaults() Options {
	o.Prompts = o.Prompts.WithDefaults()
	o.Passages = cmp.Or(o.Passages, reading.DefaultPassages)
	if o.Rule != nil {
		o.Decline = cmp.Or(o.Decline, o.Rule.Refusal)
	}
	o.Decline = cmp.Or(o.Decline, wordings.NotFound(o.Prompts.Language))
	o.MaxQuestion = cmp.Or(o.MaxQuestion, 4000)
	return o
}

// drafts is the number of drafts of an answer.
func (o Options) drafts() int {
	if o.Temperature > 0 || o.Ensemble != nil || o.Extract != nil {
		return 0
	}
	return o.Drafts
}

// conditions returns the conditions under which an assistant answers.
func (o Options) conditions(m model.Model, index string) confidence.Conditions {
	o = o.withDefaults()
	c := confidence.Conditions{
		Model: m.Name(), Setting: "retrieval", Passages: o.Passages, Prompt: o.Prompts.Read, Layout: layout.Fingerprint(o.Prompts.ReadMessages),
		Ensemble: o.Ensemble, Temperature: o.Temperature, Drafts: o.drafts(), Extracted: o.Extract != nil,
		ScoresTrue: signals.Scores(m), Index: index,
	}
	if o.Careful {
		c.Prompt, c.Layout = o.Prompts.Careful, layout.Fingerprint(o.Prompts.CarefulMessages)
	}
	return c
}

// Check returns an error if an option is out of range or the rule or the calibration, if any,
// does not hold for an assistant with this model and search. The error is that of
// [abstain.Rule.Holds] or [confidence.Calibration.Holds], or wraps [confidence.ErrNoGuarantee] if the calibration has
// no threshold and MinConfidence is not set. With a calibration it reads the whole index to
// compute its digest; an [Assistant] checks everything but the index by itself.
func (o Options) Check(ctx context.Context, m model.Model, search retriever.Searcher) error {
	digest := ""
	if o.Calibration != nil {
		var err error
		if digest, err = reading.DigestOf(ctx, search); err != nil {
			return fmt.Errorf("ragft: calibration: %w", err)
		}
	}
	if err := o.check(m, search, digest); err != nil {
		return fmt.Errorf("ragft: %w", err)
	}
	return nil
}

// check is Check with an index whose digest is known, or "".
func (o Options) check(m model.Model, search retriever.Searcher, digest string) error {
	err := nonnegative.Check(o)
	if o.Ensemble != nil {
		err = errors.Join(err, nonnegative.Check(*o.Ensemble))
	}
	if err != nil {
		return err
	}
	if o.Rule != nil {
		return o.checkRule(m, search)
	}
	if o.Calibration == nil {
		return nil
	}
	if err := o.Calibration.Holds(o.conditions(m, digest)); err != nil {
		return err
	}
	if o.Calibration.Guarantee.Answered == 0 && o.MinConfidence == 0 {
		return fmt.Errorf("the calibration has no threshold, and MinConfidence is not set: %w", confidence.ErrNoGuarantee)
	}
	return nil
}

// checkRule returns an error if the rule cannot decide for these options.
func (o Options) checkRule(m model.Model, search retriever.Searcher) error {
	switch {
	case o.Ensemble != nil:
		return errors.New("a rule decides on one answer from all passages: leave out Rule or Ensemble")
	case o.Careful:
		return fmt.Errorf("%w: a prompt that does not tell the model to decline; leave out Rule or Careful", abstain.ErrConditions)
	case o.Calibration != nil:
		return errors.New("a calibration was measured without a rule, so its guarantee does not hold with one: leave out Rule or Calibration")
	}
	if err := o.Rule.Check(); err != nil {
		return err
	}
	o = o.withDefaults()
	return o.Rule.Holds(abstain.Conditions(m, search, o.Prompts, o.Passages))
}
