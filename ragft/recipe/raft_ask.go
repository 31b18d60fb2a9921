package recipe

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/ragft/ragft/internal/layout"
	"github.com/ragft/ragft/internal/reading"
	"github.com/ragft/ragft/ragft/answer"
	"github.com/ragft/ragft/ragft/model"
	"github.com/ragft/ragft/ragft/rows"
	"github.com/ragft/ragft/retriever"
)

// generateThatFits is generate, with fewer passages if the model refuses a
// prompt as too long. Which prompt that is shows only one by one.
func (b *raftBuild) generateThatFits(ctx context.Context, drafts []*raftDraft) error {
	err := b.generate(ctx, drafts)
	if !errors.Is(err, model.ErrPromptTooLong) {
		return err
	}
	for _, d := range drafts {
		one := func() error { return b.generate(ctx, []*raftDraft{d}) }
		if d.oracles == nil {
			err = b.shorten(d, one)
		} else if err = one(); errors.Is(err, model.ErrPromptTooLong) { // the oracle alone
			d.drop, err = "too-long", nil
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// shorten leaves out the last passages of a draft, or drops it if too few are
// left, until the model accepts what is asked with them.
func (b *raftBuild) shorten(d *raftDraft, ask func() error) error {
	err := reading.Shrink(ask, func() bool {
		d.refused = true
		if len(d.shown) <= d.least {
			return false
		}
		b.show(d, d.shown[:len(d.shown)-1])
		return true
	})
	if errors.Is(err, model.ErrPromptTooLong) {
		d.drop, err = "too-long", nil
	}
	return err
}

// fitAlike asks about the rows with the oracle what was asked about those
// without, if any of these was refused as too long: being longer would give the
// oracle away.
func (b *raftBuild) fitAlike(ctx context.Context, all []*raftDraft) error {
	if !slices.ContainsFunc(all, func(d *raftDraft) bool { return d.refused }) {
		return nil
	}
	with := slices.DeleteFunc(slices.Clone(all), func(d *raftDraft) bool { return d.oracles == nil || d.drop != "" })
	ask := func(drafts ...*raftDraft) error {
		reqs := make([]model.Request, len(drafts))
		for i, d := range drafts {
			reqs[i] = model.Request{Messages: d.question.RefuseMessages(b.in.Prompts, d.shown), MaxTokens: b.MaxTokens}
		}
		_, err := b.meter.Chat(ctx, b.in.Model, reqs)
		return err
	}
	for done := 0; done < len(with); {
		batch := with[done:min(done+b.in.Batch, len(with))]
		err := ask(batch...)
		if errors.Is(err, model.ErrPromptTooLong) {
			for _, d := range batch {
				target, provenance := d.row.Response(), d.row.Provenance
				if err = b.shorten(d, func() error { return ask(d) }); err != nil {
					break
				}
				d.target(rows.KindAnswer, target) // which making the row again has replaced
				d.row.Provenance = provenance
			}
		}
		if err != nil {
			return fmt.Errorf("what fits with the oracle: questions %s to %s: %w", batch[0].question.ID, batch[len(batch)-1].question.ID, err)
		}
		done += len(batch)
		b.meter.Report(b.Name()+": what fits with the oracle", done, len(with), accepted(all))
	}
	return nil
}

// generate asks the model for the texts that the drafts need.
func (b *raftBuild) generate(ctx context.Context, drafts []*raftDraft) error {
	var reqs []model.Request
	var of []*raftDraft
	for _, d := range drafts {
		if d.ask != nil {
			reqs, of = append(reqs, model.Request{Messages: d.ask, MaxTokens: b.MaxTokens}), append(of, d)
		}
	}
	responses, err := b.meter.Chat(ctx, b.in.Model, reqs)
	if err != nil {
		return err
	}
	for k, response := range responses {
		d, sample := of[k], response.Samples[0]
		text := strings.TrimSpace(sample.Text)
		switch {
		case d.oracles == nil && answer.IsRefusal(text):
			d.target(rows.KindRefusal, text)
			d.row.Provenance = b.written
		case d.oracles == nil:
			d.drop = "no-refusal"
		case !sample.Truncated && d.reasoned(text):
			d.target(rows.KindAnswer, text+"\n"+layout.AnswerMarker+" "+reference(d.question))
			d.row.Provenance = b.written
		}
	}
	return nil
}

// reasoned reports whether the text leads from the oracle to the answer.
func (d *raftDraft) reasoned(text string) bool {
	return d.question.In(text) && slices.ContainsFunc(oracleHits(d.oracles), func(hit retriever.Hit) bool { return quotes(text, hit) })
}
