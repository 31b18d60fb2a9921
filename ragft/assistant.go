package ragft

import (
	"context"
	"errors"
	"fmt"
	"io/fs"

	"github.com/ragft/ragft/ragft/abstain"
	"github.com/ragft/ragft/ragft/answer"
	"github.com/ragft/ragft/ragft/assistant"
	"github.com/ragft/ragft/ragft/confidence"
	"github.com/ragft/ragft/ragft/model"
	"github.com/ragft/ragft/ragft/prompt"
	"github.com/ragft/ragft/retriever"
	"github.com/ragft/ragft/retriever/dense"
)

// Assistant opens what answers from the documents: the tuned model where there
// is an adapter, else the base, with the tuned search, and the calibration or the
// rule of the adapter where they hold. Language, prompts, template, number of
// passages and tuned search are those in the adapter where the config sets none;
// if it sets others, the log is told when the rule no longer holds. A calibration that was made under other conditions is left out with
// a warning; one that is named in Config.Assistant.Calibration is an error that
// wraps [ErrInput]. The assistant can be used until the project is closed.
func (p *Project) Assistant(ctx context.Context) (*assistant.Assistant, error) {
	w, err := p.begin(ctx, "assistant")
	if err != nil {
		return nil, err
	}
	defer w.end()
	if err := p.openIndex(); err != nil {
		return nil, err
	}
	if err := p.openTuned(ctx, w); err != nil {
		return nil, err
	}
	adapter, err := p.usedAdapter()
	if err != nil {
		return nil, err
	}
	search, err := p.openSearch(ctx, adapter)
	if err != nil {
		return nil, err
	}
	opts, err := p.assistantOptions(ctx, p.config.Assistant, p.models.best(), adapter, search)
	if err != nil {
		return nil, err
	}
	if err := p.checkLayout(adapter, opts.Prompts); err != nil {
		return nil, err
	}
	p.models.lent = true
	return assistant.New(p.models.best(), search, opts), nil
}

// openSearch opens the index as it is searched for as long as a program runs: a
// change of the index does not end the tuning.
func (p *Project) openSearch(ctx context.Context, adapter string) (*dense.Search, error) {
	if err := p.openIndex(); err != nil {
		return nil, err
	}
	return p.searcher(ctx, adapter, true)
}

// assistantOptions are the options for a model with an adapter, "" for none. A
// calibration that holds is used; without one, the rule of the adapter is. What
// does not hold is left out with a warning, but for a calibration that is named,
// which is an error.
func (p *Project) assistantOptions(
	ctx context.Context, c AssistantConfig, m model.Model, adapter string, search retriever.Searcher,
) (assistant.Options, error) {
	opts, err := p.calibrated(ctx, c, m, adapter, search)
	if err != nil || opts.Calibration != nil || adapter == "" || !c.Decide.Or(true) || c.DeclinePrompt || c.Ensemble {
		return opts, err
	}
	ruled := opts
	if ruled.Rule, err = p.ruleOf(adapter, m, search, opts.Prompts, opts.Passages); err != nil {
		return opts, err
	}
	return ruled, ruled.Check(ctx, m, search)
}

// ruleOf is the rule of an adapter for a model with it; nil if it has none, or
// one that does not hold, of which the log is told.
func (p *Project) ruleOf(
	adapter string, m model.Model, search retriever.Searcher, prompts prompt.Set, passages int,
) (*abstain.Rule, error) {
	settings, err := settingsOf(adapter)
	if err != nil || settings == nil || settings.Rule == nil {
		return nil, err
	}
	if err := settings.Rule.Holds(abstain.Conditions(m, search, prompts, passages)); err != nil {
		p.config.Logger.Warn(
			"the rule in the adapter is not used, and the model alone decides whether it answers: leave these settings to the adapter, "+
				"train again to fit it, or set assistant.decide to false",
			"adapter",
			adapter,
			"why",
			err,
		)
		return nil, nil
	}
	return settings.Rule, nil
}

// drafts is the number of drafts of a model of this process; those of servers would answer as often, and most do not say how likely
// an answer is.
func drafts(c AssistantConfig, m model.Model) int {
	if _, local := model.As[model.TokenCounter](m); !local || c.Temperature > 0 || c.Ensemble {
		return 0
	}
	return c.Drafts.Or(0)
}

// calibrated are the options for a model, with the calibration if there is one
// that holds.
func (p *Project) calibrated(
	ctx context.Context, c AssistantConfig, m model.Model, adapter string, search retriever.Searcher,
) (assistant.Options, error) {
	opts := assistant.Options{
		Careful: c.DeclinePrompt, MaxTokens: c.MaxTokens, Temperature: c.Temperature, TopP: c.TopP, TopK: c.TopK, Seed: p.seed(),
		Stop: c.Stop, MinConfidence: c.MinConfidence, Decline: c.Decline, MinShare: c.MinShare,
		Apart: c.Apart || adapter != "", LastTurn: c.LastTurn, Drafts: drafts(c, m),
	}
	var err error
	if opts.Prompts, err = p.prompts(ctx, adapter); err != nil {
		return opts, err
	}
	if opts.Passages, err = p.shown(adapter); err != nil {
		return opts, err
	}
	if c.Ensemble {
		opts.Ensemble = &answer.Ensemble{Temperature: c.EnsembleTemperature}
	}
	if c.FinalAnswer {
		opts.Extract = answer.Final
	}
	path := c.Calibration
	switch path {
	case "none":
		return opts, nil
	case "":
		path = p.Path(calibrationName)
	}
	k, err := confidence.ReadFile(path)
	switch {
	case errors.Is(err, fs.ErrNotExist) && c.Calibration == "":
		return opts, nil
	case err != nil:
		return opts, err
	}
	calibrated := opts
	calibrated.Calibration = k
	err = calibrated.Check(ctx, m, search)
	if ignore(err, confidence.ErrConditions, confidence.ErrNoGuarantee, confidence.ErrUncalibrated) != nil {
		return opts, err
	}
	if err == nil {
		return calibrated, nil
	}
	again := "evaluate with evaluate.max-wrong under the same conditions"
	if k.Conditions.Signals.True {
		again += ", without evaluate.self-check for the service and models of servers"
	}
	if c.Calibration != "" {
		return opts, kindOf(ErrInput, fmt.Errorf("%s: %w: %s, or set assistant.calibration to none", path, err, again))
	}
	p.config.Logger.Warn("the calibration is not used, and nothing bounds the share of wrong answers: "+again, "file", path, "why", err)
	return opts, nil
}
