package selfdemo

import (
	"github.com/ragft/ragft/internal/version"
	"github.com/ragft/ragft/ragft/model"
	"github.com/ragft/ragft/ragft/rows"
)

// rows makes the rows of one question: one with documents unless it was
// dropped, and one without where the policy asks for it.
func (g *generator) rows(d *draft, c choice) []rows.Row {
	base := rows.Row{
		QuestionID: d.question.ID, Question: d.question.Question, Golds: d.question.Golds(),
		Context: d.context, Known: c.known,
		Candidates: d.candidates, Chunks: rows.ChunkRefs(d.hits),
		Provenance: rows.Provenance{
			Version: version.Version, Model: g.model.Name(), ModelHash: rows.ModelHash(g.model), Judge: g.judgeName(),
			Prompts: g.opts.Prompts.Hash(), Template: g.opts.Prompts.Template.Label(), Rendered: d.prompts, Seed: g.opts.Seed, Withheld: d.withheld,
			Options: g.recipeOptions,
		},
	}
	var r []rows.Row
	add := func(kind rows.Kind, prompt []model.Message, target *rows.Candidate, rejected ...*rows.Candidate) {
		row := base
		row.ID, row.Kind = d.question.ID+"/"+string(kind), kind
		row.Messages = append(prompt, model.Message{Role: model.RoleAssistant, Content: target.Text})
		row.Target = rows.Target{Arm: target.Arm, Index: target.Index}
		for _, c := range rejected {
			row.Rejected = append(row.Rejected, model.Message{Role: model.RoleAssistant, Content: c.Text})
			row.RejectedTargets = append(row.RejectedTargets, rows.Target{Arm: c.Arm, Index: c.Index})
		}
		r = append(r, row)
	}
	if c.target != nil {
		add(c.kind, d.question.ReadMessages(g.opts.Prompts, d.hits), c.target)
	}
	if c.closed != nil {
		add(rows.KindClosed, d.question.ClosedMessages(g.opts.Prompts), c.closed)
	}
	g.opts.Policy.Preferences.preferences(d, c, func(kind rows.Kind, chosen *rows.Candidate, rejected []*rows.Candidate) {
		if len(rejected) > 0 {
			add(kind, d.question.ReadMessages(g.opts.Prompts, d.hits), chosen, rejected...)
		}
	})
	return r
}

// judgeName is "" without a judge.
func (g *generator) judgeName() string {
	if g.judge.Model == nil {
		return ""
	}
	return g.judge.Model.Name()
}
