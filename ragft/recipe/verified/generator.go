package verified

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/ragft/ragft/internal/meter"
	"github.com/ragft/ragft/internal/reading"
	"github.com/ragft/ragft/internal/seed"
	"github.com/ragft/ragft/ragft/answer"
	"github.com/ragft/ragft/ragft/judge"
	"github.com/ragft/ragft/ragft/model"
	"github.com/ragft/ragft/ragft/question"
	"github.com/ragft/ragft/ragft/recipe"
	"github.com/ragft/ragft/retriever"
)

// generator is one run of a [Recipe].
type generator struct {
	Recipe               // defaults filled in
	in      recipe.Input // defaults filled in
	judge   *judge.Judge // compares texts
	shared  shared
	refusal string
	*meter.Meter
}

func newGenerator(r Recipe, in recipe.Input) *generator {
	g := &generator{Recipe: r.withDefaults(), in: in.WithDefaults(), judge: &judge.Judge{}, shared: shared{}}
	g.Meter = meter.New(g.in.Progress, g.in.Logger)
	return g
}

// draft is a question with passages on its way to a row.
type draft struct {
	question question.Question
	hits     []retriever.Hit
	context  answer.Context
	withheld bool   // passages with the answer were taken out: the second of a pair
	reply    string // what the model answers by itself; "" = it was not asked

	target, source string // source as in [rows.Row.Made]
	dropped        string // why there is no row
}

func (d *draft) decided() bool { return d.target != "" || d.dropped != "" }

// answerable reports whether a shown passage holds the answer.
func (d *draft) answerable() bool { return d.context == answer.Present }

// show shows these passages.
func (d *draft) show(hits []retriever.Hit) {
	d.hits, d.context = hits, d.question.Context(hits)
}

// drop says why there is no row.
func (d *draft) drop(reason string) {
	if d.dropped = reason; d.withheld {
		d.dropped = "withheld-" + reason
	}
}

func (g *generator) run(ctx context.Context) (*recipe.Result, error) {
	drafts, err := g.retrieve(ctx)
	if err != nil {
		return nil, err
	}
	if err := g.chooseRefusal(ctx, drafts); err != nil {
		return nil, err
	}
	if err := g.generate(ctx, drafts); err != nil {
		return nil, err
	}
	out := &recipe.Result{Dropped: map[string]int{}, Refusal: g.refusal}
	for _, d := range drafts {
		if d.dropped != "" {
			out.Dropped[d.dropped]++
		}
	}
	if out.Rows, err = g.rows(drafts); err != nil {
		return nil, err
	}
	out.Cost = g.Cost(len(out.Rows))
	return out, nil
}

// retrieve finds the passages of all questions, and makes the pairs.
func (g *generator) retrieve(ctx context.Context) ([]*draft, error) {
	fetch := g.in.Passages
	if g.Pairs.Or(0) > 0 {
		fetch *= 4 // enough to fill the places of those taken out
	}
	var drafts []*draft
	for _, q := range g.in.Questions {
		hits, err := g.in.Search.Search(ctx, q.Question, fetch)
		if err != nil {
			return nil, fmt.Errorf("search for question %s: %w", q.ID, err)
		}
		d := &draft{question: q}
		if err := g.fit(d, hits); err != nil {
			return nil, err
		}
		drafts = append(drafts, d)
		if d.dropped != "" || !d.answerable() || seed.Uniform(g.in.Seed, "pair", q.ID) >= g.Pairs.Or(0) {
			continue
		}
		pair := &draft{question: q, withheld: true}
		if err := g.fit(pair, slices.DeleteFunc(slices.Clone(hits), q.HeldBy)); err != nil {
			return nil, err
		}
		drafts = append(drafts, pair)
	}
	return drafts, nil
}

// fit shows as many of the passages as are wanted and fit into the model's
// context.
func (g *generator) fit(d *draft, hits []retriever.Hit) error {
	hits = g.shared.of(d.question, hits[:min(g.in.Passages, len(hits))])
	d.show(hits)
	if len(hits) == 0 {
		d.drop("no-passage")
		return nil
	}
	ask := func(hits []retriever.Hit) []model.Message { return d.question.ReadMessages(g.in.Prompts, hits) }
	if d.answerable() { // no prompt of the question is longer
		ask = func(hits []retriever.Hit) []model.Message { return g.hinted(d.question, hits) }
	}
	fitting, err := reading.Fit(g.in.Model, g.MaxTokens, ask, hits)
	if err != nil {
		return err
	}
	if d.show(fitting); len(fitting) == 0 {
		d.drop("too-long")
	}
	return nil
}

// generate gives every draft its target, a batch at a time. Drafts that begin
// with the same passages stand together, so that these are read once.
func (g *generator) generate(ctx context.Context, drafts []*draft) error {
	order := slices.Clone(drafts)
	slices.SortStableFunc(order, func(a, b *draft) int {
		return cmp.Or(strings.Compare(a.passages(), b.passages()), strings.Compare(a.question.Question, b.question.Question))
	})
	if !g.Preferences { // nothing has to be asked to decline
		g.decline(order)
	}
	order = slices.DeleteFunc(order, (*draft).decided)
	decided, made := count(drafts) // before each batch
	for _, batch := range batches(order, g.in.Batch) {
		for _, step := range []func(context.Context, []*draft) error{g.greedy, g.retry, g.refer} {
			open := slices.DeleteFunc(slices.Clone(batch), (*draft).decided)
			if len(open) == 0 {
				break
			}
			if err := step(ctx, open); err != nil {
				return fmt.Errorf("questions %s to %s: %w", batch[0].question.ID, batch[len(batch)-1].question.ID, err)
			}
			d, m := count(batch)
			g.Report("demonstrations", decided+d, len(drafts), made+m)
		}
		d, m := count(batch)
		decided, made = decided+d, made+m
	}
	return nil
}

// passages identifies what is shown.
func (d *draft) passages() string {
	var b strings.Builder
	for _, hit := range d.hits {
		b.WriteString(hit.ID + "\n")
	}
	return b.String()
}

// batches cuts drafts, sorted by their passages, into batches of the size, and of up to half as many more drafts with the same
// passages as the last one, so that these are not read again for the next batch.
func batches(order []*draft, size int) [][]*draft {
	var out [][]*draft
	for len(order) > 0 {
		n := min(size, len(order))
		for n < min(size+size/2, len(order)) && order[n].passages() == order[n-1].passages() {
			n++
		}
		out, order = append(out, order[:n]), order[n:]
	}
	return out
}

// count counts the drafts that are decided, and those of them that have a target.
func count(drafts []*draft) (decided, made int) {
	for _, d := range drafts {
		if d.decided() {
			decided++
		}
		if d.target != "" {
			made++
		}
	}
	return decided, made
}

// ask asks the attempts, all in one call. A request that is too long has a
// response without samples.
func (g *generator) ask(ctx context.Context, attempts []attempt, shorter func(d *draft) bool) ([]model.Response, error) {
	chat := func(ctx context.Context, reqs []model.Request) ([]model.Response, error) {
		return g.Chat(ctx, g.in.Model, reqs)
	}
	return reading.ChatThatFits(ctx, chat, len(attempts),
		func(i int) model.Request {
			req := g.request(attempts[i])
			req.MaxTokens, req.Stop = g.MaxTokens, []string{"\n"}
			return req
		},
		func(i int) bool { return shorter(attempts[i].draft) })
}

// leaveOut shows a passage less, of a model that cannot count tokens, as long as
// there is another.
func leaveOut(d *draft) bool {
	if len(d.hits) <= 1 {
		return false
	}
	d.show(d.hits[:len(d.hits)-1])
	return true
}

// keep leaves a prompt as it is.
func keep(*draft) bool { return false }

// greedy takes the model's likeliest answer if it is right. Where the evidence is
// not shown, preferences need the answer, and the target is a refusal.
func (g *generator) greedy(ctx context.Context, drafts []*draft) error {
	attempts := make([]attempt, len(drafts))
	for i, d := range drafts {
		attempts[i] = attempt{draft: d, way: alone}
	}
	responses, err := g.ask(ctx, attempts, leaveOut)
	if err != nil {
		return err
	}
	for i, d := range drafts {
		if len(responses[i].Samples) == 0 {
			d.drop("too-long")
			continue
		}
		d.reply = firstLine(responses[i].Samples[0].Text)
		g.takeOwn(d, responses[i].Samples)
	}
	g.decline(drafts)
	return nil
}

// decline makes the refusal the target where the evidence is not shown.
func (g *generator) decline(drafts []*draft) {
	for _, d := range drafts {
		if !d.decided() && !d.answerable() {
			g.refuse(d)
		}
	}
}

// takeOwn makes the first right answer the target.
func (g *generator) takeOwn(d *draft, samples []model.Sample) {
	for _, sample := range samples {
		if d.answerable() && d.target == "" {
			if d.target = g.own(d, sample); d.target != "" {
				d.source = madeOwn
			}
		}
	}
}

// refer makes the reference the target.
func (g *generator) refer(_ context.Context, drafts []*draft) error {
	for _, d := range drafts {
		d.target, d.source = reference(d.question, d.hits), madeReference
	}
	return nil
}

// refuse makes the refusal the target.
func (g *generator) refuse(d *draft) {
	if answer.Contains(g.refusal, d.question.Golds()) {
		d.drop("answer-in-refusal")
		return
	}
	d.target, d.source = g.refusal, madeRefusal
}
