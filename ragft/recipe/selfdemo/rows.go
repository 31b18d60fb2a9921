package selfdemo

import (
	"slices"

	"github.com/ragft/ragft/ragft/model"
	"github.com/ragft/ragft/ragft/rows"
)

// Kinds of the rows that are learnt as preferences.
const (
	preferCorrect rows.Kind = "correct>incorrect"
	preferRefusal rows.Kind = "refusal>incorrect"
	preferAnswer  rows.Kind = "correct>refusal"
)

// rows makes the rows of one question: one with documents unless it was
// dropped, one without if the policy asks for it, and preferences.
func (g *generator) rows(d *draft, c choice) []rows.Row {
	base := g.in.Row(g.opts.Name(), d.question, d.hits)
	read := base.Messages
	base.Context, base.Known, base.Candidates = d.context, c.known, d.candidates
	base.Provenance = g.in.Provenance(g.options, g.in.Model)
	base.Provenance.Rendered, base.Provenance.Withheld = d.prompts, d.withheld
	if g.judge.Model != nil {
		base.Provenance.Judge = g.judge.Model.Name()
	}
	var r []rows.Row
	add := func(kind rows.Kind, prompt []model.Message, target *rows.Candidate, rejected ...*rows.Candidate) {
		row := base
		row.ID, row.Kind = d.question.ID+"/"+string(kind), kind
		row.Messages = append(slices.Clip(prompt), model.Message{Role: model.RoleAssistant, Content: target.Text})
		row.Target = rows.Target{Arm: target.Arm, Index: target.Index}
		for _, c := range rejected {
			row.Rejected = append(row.Rejected, model.Message{Role: model.RoleAssistant, Content: c.Text})
			row.RejectedTargets = append(row.RejectedTargets, rows.Target{Arm: c.Arm, Index: c.Index})
		}
		r = append(r, row)
	}
	if c.target != nil {
		add(c.kind, read, c.target)
	}
	if c.closed != nil {
		add(rows.KindClosed, d.question.ClosedMessages(g.in.Prompts), c.closed)
	}
	g.opts.Policy.Preferences.preferences(d, c, func(kind rows.Kind, chosen *rows.Candidate, rejected []*rows.Candidate) {
		if len(rejected) > 0 {
			add(kind, read, chosen, rejected...)
		}
	})
	return r
}
