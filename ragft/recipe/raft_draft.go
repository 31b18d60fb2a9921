package recipe

import (
	"context"
	"fmt"
	"math/rand/v2"
	"slices"

	"github.com/ragft/ragft/internal/layout"
	"github.com/ragft/ragft/internal/meter"
	"github.com/ragft/ragft/internal/reading"
	"github.com/ragft/ragft/internal/seed"
	"github.com/ragft/ragft/ragft/model"
	"github.com/ragft/ragft/ragft/question"
	"github.com/ragft/ragft/ragft/rows"
	"github.com/ragft/ragft/retriever"
)

// raftBuild is one run of [RAFT].
type raftBuild struct {
	RAFT
	in             Input
	meter          *meter.Meter
	plain, written rows.Provenance // of rows without and with a text of the model
}

// raftDraft is a row in the making.
type raftDraft struct {
	question question.Question
	shown    []retriever.Hit // oracles first; the row has them in the order of rng
	least    int             // of shown: with fewer, the row is dropped
	rng      rand.PCG
	refused  bool // the model refused the prompt with all passages as too long
	row      rows.Row
	oracles  []oracle        // that are shown; none = absent
	ask      []model.Message // what the model is asked for the row; nil = nothing
	drop     string          // reason; "" = the row is kept
}

// draft finds the passages of a question, and the target as far as it needs no
// model. As many passages are shown with the oracle as without, so that their
// number gives nothing away.
func (b *raftBuild) draft(ctx context.Context, q question.Question) (*raftDraft, error) {
	found, err := b.in.search(ctx, q, reading.EvidenceDepth)
	if err != nil {
		return nil, err
	}
	d := &raftDraft{question: q}
	given := question.Question{}
	for _, hit := range b.in.Evidence[q.ID] {
		given.Evidence = append(given.Evidence, hit.Text)
	}
	var evidence, others []retriever.Hit
	for _, hit := range found {
		if given.IsEvidence(hit) {
			evidence = append(evidence, hit)
		} else {
			others = append(others, hit)
		}
	}
	oracles := oraclesOf(q, slices.Concat(evidence, others))
	answerable := len(q.Golds()) > 0
	if answerable && len(oracles) == 0 {
		d.drop = "no-oracle"
		return d, nil
	}
	d.rng.Seed(seed.Derive(b.in.Seed, "raft", q.ID), b.in.Seed)
	if answerable && rand.New(&d.rng).Float64() < b.OracleShare.Or(0) {
		d.oracles = oracles
	}
	shown := oracleHits(d.oracles)
	total := b.Distractors.Or(0) + 1
	if answerable {
		total = b.Distractors.Or(0) + len(oracleHits(oracles))
	}
	for _, hit := range others {
		if len(shown) < total && !q.HeldBy(hit) {
			shown = append(shown, hit)
		}
	}
	d.least = min(len(shown), max(1, len(oracleHits(d.oracles))))
	if b.generates() {
		if shown, err = b.fit(q, shown); err != nil {
			return nil, fmt.Errorf("question %s: %w", q.ID, err)
		}
		if len(shown) < d.least {
			d.drop = "too-long"
			return d, nil
		}
	}
	b.show(d, shown)
	return d, nil
}

// show makes the row of a draft with these passages, and the target as far as it
// needs no model.
func (b *raftBuild) show(d *raftDraft, hits []retriever.Hit) {
	q, answerable := d.question, len(d.question.Golds()) > 0
	d.shown = hits
	shown, rng := slices.Clone(hits), d.rng // a copy: as many passages have the same order each time
	rand.New(&rng).Shuffle(len(shown), func(i, j int) { shown[i], shown[j] = shown[j], shown[i] })
	d.row = b.in.Row(b.Name(), q, shown)
	d.row.Provenance = b.plain
	switch {
	case d.oracles != nil:
		d.target(rows.KindAnswer, quoteTarget(q, d.oracles))
		if b.Reason {
			asked := layout.Ask(reasonPrompt, q.Question, oracleHits(d.oracles)) + "\nThe answer is: " +
				layout.Indent(reference(q), layout.JudgeLine)
			d.ask = layout.WithHistory(layout.User(asked), q.History)
		}
	case b.WhenAbsent == "gold" && answerable:
		d.target(rows.KindAnswer, layout.AnswerMarker+" "+reference(q))
	case b.WhenAbsent == "self":
		d.ask = q.RefuseMessages(b.in.Prompts, shown)
	case b.DropRefusals && answerable:
		d.drop = "no-refusal"
	case b.DropRefusals:
		d.drop = "unanswerable"
	default:
		d.target(rows.KindRefusal, b.Refusal)
	}
}

// fit leaves out the last passages if the model is asked, in a row with the
// oracle as in one without.
func (b *raftBuild) fit(q question.Question, hits []retriever.Hit) ([]retriever.Hit, error) {
	read := func(hits []retriever.Hit) []model.Message { return q.ReadMessages(b.in.Prompts, hits) }
	hits, err := reading.Fit(b.in.Model, b.MaxTokens, read, hits)
	if err == nil && b.WhenAbsent == "self" {
		refuse := func(hits []retriever.Hit) []model.Message { return q.RefuseMessages(b.in.Prompts, hits) }
		hits, err = reading.Fit(b.in.Model, b.MaxTokens, refuse, hits)
	}
	return hits, err
}

// target sets the last message of the row.
func (d *raftDraft) target(kind rows.Kind, text string) {
	if n := len(d.row.Messages); d.row.Messages[n-1].Role == model.RoleAssistant {
		d.row.Messages = d.row.Messages[:n-1]
	}
	d.row = answered(d.row, kind, text)
}

// accepted counts the drafts that are not dropped.
func accepted(drafts []*raftDraft) (n int) {
	for _, d := range drafts {
		if d.drop == "" {
			n++
		}
	}
	return n
}
