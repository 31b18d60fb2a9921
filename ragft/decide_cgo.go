//go:build cgo

package ragft

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"slices"

	"github.com/ragft/ragft/internal/reading"
	"github.com/ragft/ragft/ragft/abstain"
	"github.com/ragft/ragft/ragft/answer"
	"github.com/ragft/ragft/ragft/assistant"
	"github.com/ragft/ragft/ragft/model"
	"github.com/ragft/ragft/ragft/prompt"
	"github.com/ragft/ragft/ragft/question"
	"github.com/ragft/ragft/ragft/rows"
	"github.com/ragft/ragft/retriever"
)

// decided is what fitting the rule came to.
type decided struct {
	Rule   *abstain.Rule `json:"rule,omitempty"`
	NoRule string        `json:"no_rule,omitempty"` // why there is none
}

// errNoRule says why no rule can be fitted, which does not end the training.
type errNoRule string

func (e errNoRule) Error() string { return string(e) }

// decide fits the rule to the questions that are kept for it, and writes it into the adapter with how the model is asked.
func (p *Project) decide(ctx context.Context, w *work, list []rows.Row, r *TrainResult) error {
	in, err := p.ruleInputs(ctx, r.Adapter)
	if err != nil {
		return err
	}
	var found decided
	ok, err := p.kept(decideStep, in, &found)
	if err != nil {
		return err
	}
	if r.Rule, r.NoRule = found.Rule, found.NoRule; ok {
		return nil
	}
	r.UpToDate = false
	d := &deciding{Project: p, w: w, rows: list, adapter: r.Adapter}
	if err := d.prepare(ctx); err != nil {
		return err
	}
	rule, err := d.fit(ctx)
	var none errNoRule
	switch {
	case errors.As(err, &none), errors.Is(err, abstain.ErrTooFew):
		r.Rule, r.NoRule = nil, err.Error()
	case err != nil:
		return fmt.Errorf("deciding: %w", err)
	default:
		r.Rule, r.NoRule = rule, ""
	}
	settings := assistant.Settings{Prompts: d.prompts, Passages: p.config.Passages, Rule: r.Rule}
	if settings.Search, _, err = p.tuning(ctx, ""); err != nil {
		return err
	}
	if err := settings.WriteAdapter(r.Adapter); err != nil {
		return err
	}
	return p.keep(decideStep, record{Inputs: in, Took: w.took()}, decided{r.Rule, r.NoRule}, r.Adapter)
}

// deciding is the phase at work.
type deciding struct {
	*Project
	w        *work
	rows     []rows.Row
	adapter  string
	prompts  prompt.Set
	search   retriever.Searcher // nil without an index
	passages int                // shown with a question, at most
}

func (d *deciding) prepare(ctx context.Context) (err error) {
	err = d.openIndex()
	if err == nil {
		if d.search, err = d.unhidden(ctx, ""); err != nil {
			return err
		}
	} else if !errors.Is(err, fs.ErrNotExist) { // rows can be trained without an index
		return err
	}
	d.passages = d.config.Passages
	d.prompts, err = d.Project.prompts(ctx, "")
	return err
}

// fit measures the questions with the tuned model and fits the rule. Why there can be none is an errNoRule or wraps
// [abstain.ErrTooFew].
func (d *deciding) fit(ctx context.Context) (*abstain.Rule, error) {
	refusal, err := d.refusal()
	if err != nil {
		return nil, err
	}
	tuned, closeTuned, err := d.tuned(ctx, d.adapter)
	if err != nil {
		return nil, err
	}
	rule, err := d.fitTo(ctx, tuned, refusal)
	return rule, errors.Join(err, closeTuned())
}

// fitTo fits the rule for a model.
func (d *deciding) fitTo(ctx context.Context, m model.Model, refusal string) (*abstain.Rule, error) {
	_, questions, err := d.questions()
	if err != nil {
		return nil, err
	}
	asks, points, err := d.asks(ctx, questions)
	if err != nil {
		return nil, err
	}
	if points, err = d.measure(ctx, m, refusal, asks, points); err != nil {
		return nil, err
	}
	rule, err := abstain.Fit(points, refusal, abstain.Options{FalseRefusals: d.config.Decide.FalseRefusals})
	if err != nil {
		return nil, err
	}
	rule.Conditions = abstain.Conditions(m, d.search, d.prompts, d.passages)
	return rule, nil
}

// baseRule fits a rule for the base model, with the refusal of the adapter's and on the questions that are kept for that. Nil
// where they are not known or too few.
func (e *evaluation) baseRule(ctx context.Context) (*abstain.Rule, error) {
	list, err := e.ReadRows()
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	d := &deciding{
		Project: e.Project, w: e.w, rows: list, prompts: e.config.Prompts, search: e.config.Search, passages: e.config.Passages,
	}
	rule, err := d.fitTo(ctx, e.base, e.rule.Refusal)
	if none := errNoRule(""); errors.As(err, &none) || errors.Is(err, abstain.ErrTooFew) {
		e.w.say("the base model is not measured with a rule: %v", err)
		return nil, nil
	}
	return rule, err
}

// refusal is what the rows teach to decline with. An errNoRule says why nothing can be decided.
func (d *deciding) refusal() (string, error) {
	refusal := refusalOf(d.rows)
	switch {
	case d.config.Decide.Share.Or(0) == 0:
		return "", errNoRule("decide.share is 0")
	case refusal == "":
		return "", errNoRule("the rows teach no refusal")
	case !answer.IsRefusal(refusal):
		return "", errNoRule(fmt.Sprintf("the refusal of the rows is not recognised as a refusal: %.80q", refusal))
	case d.search == nil:
		return "", errNoRule("there is no index")
	}
	return refusal, nil
}

// refusalOf returns the refusal that most rows teach, "" if none does.
func refusalOf(list []rows.Row) string {
	count := map[string]int{}
	for _, r := range list {
		if r.Kind == rows.KindRefusal {
			count[r.Response()]++
		}
	}
	texts := slices.SortedFunc(maps.Keys(count), func(a, b string) int { return cmp.Or(count[b]-count[a], cmp.Compare(a, b)) })
	return append(texts, "")[0]
}

// questions returns those that choose the checkpoint and those that the rule is fitted on. No row asks them; they come with
// their evidence.
func (d *deciding) questions() (choose, fit []question.Question, err error) {
	_, kept, err := d.learnt()
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil, errNoRule("there are no questions to fit it on")
	}
	if err != nil || len(kept) == 0 {
		return nil, nil, err
	}
	evidence, err := d.evidence()
	if err != nil {
		return nil, nil, err
	}
	asked := map[string]bool{}
	for _, r := range d.rows {
		asked[answer.Normalize(r.Question)] = true
	}
	kept = slices.DeleteFunc(kept, func(q question.Question) bool { return asked[answer.Normalize(q.Question)] })
	for i := range kept {
		kept[i].NameHits(evidence[kept[i].ID])
	}
	choose, fit = d.divided(kept)
	return choose, fit, nil
}

// asks returns each question with the passages that are found for it, and once more without those that hold its answer.
func (d *deciding) asks(ctx context.Context, questions []question.Question) (asks []abstain.Ask, points []abstain.Point, err error) {
	for _, q := range questions {
		hits, err := d.search.Search(ctx, q.Question, reading.EvidenceDepth)
		if err != nil {
			return nil, nil, err
		}
		add := func(hits []retriever.Hit) bool {
			hits = hits[:min(len(hits), d.passages)]
			held := q.Context(hits) == answer.Present
			if len(hits) > 0 {
				asks = append(asks, abstain.Ask{Question: q.Question, Hits: hits, Messages: func(hits []retriever.Hit) []model.Message {
					return q.ReadMessages(d.prompts, hits)
				}})
				points = append(points, abstain.Point{Held: held, ID: q.ID})
			}
			return held
		}
		if add(hits) {
			add(slices.DeleteFunc(slices.Clone(hits), q.HeldBy))
		}
	}
	return asks, points, nil
}

// tuned opens the model with an adapter.
func (d *deciding) tuned(ctx context.Context, adapter string) (model.Model, func() error, error) {
	if err := d.openBase(ctx, d.w); err != nil {
		return nil, nil, err
	}
	m, closer, err := d.models.native.adapted(adapter, d.config.Scale)
	if err != nil {
		return nil, nil, err
	}
	return m, closer.Close, nil
}

// decideBatch is the number of prompts measured at a time.
const decideBatch = 32

// measure adds the signals to the points. Those whose first passage does not fit into the context are left out.
func (d *deciding) measure(
	ctx context.Context, m model.Model, refusal string, asks []abstain.Ask, points []abstain.Point,
) (measured []abstain.Point, err error) {
	d.w.phase("deciding", "prompts")
	room := d.config.Assistant.MaxTokens
	for first := 0; first < len(asks); first += decideBatch {
		last := min(first+decideBatch, len(asks))
		found, err := abstain.Measure(ctx, m, refusal, room, asks[first:last]...)
		if errors.Is(err, model.ErrPromptTooLong) {
			found, err = oneByOne(ctx, m, refusal, room, asks[first:last])
		}
		if err != nil {
			return nil, err
		}
		for i, s := range found {
			if s != nil {
				p := points[first+i]
				p.Signals = s
				measured = append(measured, p)
			}
		}
		d.w.set(last, len(asks), "")
	}
	return measured, nil
}

// oneByOne measures prompts some of which do not fit; their signals are nil.
func oneByOne(ctx context.Context, m model.Model, refusal string, room int, asks []abstain.Ask) ([]abstain.Signals, error) {
	out := make([]abstain.Signals, len(asks))
	for i, ask := range asks {
		s, err := abstain.Measure(ctx, m, refusal, room, ask)
		if errors.Is(err, model.ErrPromptTooLong) {
			continue
		}
		if err != nil {
			return nil, err
		}
		out[i] = s[0]
	}
	return out, nil
}
