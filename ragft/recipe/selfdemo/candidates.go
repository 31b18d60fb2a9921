package selfdemo

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"

	"github.com/ragft/ragft/internal/layout"
	"github.com/ragft/ragft/internal/reading"
	"github.com/ragft/ragft/internal/seed"
	"github.com/ragft/ragft/ragft/answer"
	"github.com/ragft/ragft/ragft/model"
	"github.com/ragft/ragft/ragft/prompt"
	"github.com/ragft/ragft/ragft/question"
	"github.com/ragft/ragft/ragft/rows"
	"github.com/ragft/ragft/retriever"
)

// draft is a question on its way through the generation.
type draft struct {
	question   question.Question
	hits       []retriever.Hit
	context    answer.Context
	withheld   bool                // passages with the answer were taken out
	shortened  bool                // passages were left out to fit
	tooLong    bool                // does not fit even with one passage
	prompts    map[rows.Arm]string // hash of the rendered prompt
	candidates []rows.Candidate
	contested  bool // by a knock-out
	winner     int  // of the knock-out, a place in candidates; -1 = none
}

// retrieve finds the passages of one question and labels the context.
func (g *generator) retrieve(ctx context.Context, q question.Question) (*draft, error) {
	want := g.in.Passages
	fetch := want
	if g.opts.Withhold > 0 {
		fetch = 4 * want // enough to fill the places of those taken out
	}
	hits, err := g.in.Search.Search(ctx, q.Question, fetch)
	if err != nil {
		return nil, fmt.Errorf("search for question %s: %w", q.ID, err)
	}
	d := &draft{question: q, prompts: map[rows.Arm]string{}}
	hits, d.withheld = g.withhold(q, hits)
	d.hits = hits[:min(want, len(hits))]
	d.context = q.Context(d.hits)
	return d, nil
}

// slot says where the samples of a request belong.
type slot struct {
	draft  *draft
	arm    rows.Arm
	first  int // index of sample 0
	step   int // from one sample's index to the next
	greedy bool

	summarised string // draft, of a slot of one summary
}

func (s slot) index(sample int) int { return s.first + sample*s.step }

// fit leaves out the passages that have no room beside a candidate. The read
// prompt is to fit also where its arm generates nothing: rows are made with it.
func (g *generator) fit(d *draft) error {
	arms := []func([]retriever.Hit) [][]model.Message{func(hits []retriever.Hit) [][]model.Message { return g.readPrompts(d.question, hits) }}
	if g.opts.candidates(armRefuse) > 0 {
		arms = append(arms, func(hits []retriever.Hit) [][]model.Message {
			return [][]model.Message{d.question.RefuseMessages(g.in.Prompts, hits)}
		})
	}
	hits, answer := d.hits, g.opts.MaxTokens
	if g.opts.Summarise {
		answer += g.opts.DraftTokens
	}
	for _, prompts := range arms {
		for w := range prompts(d.hits) {
			messages := func(hits []retriever.Hit) []model.Message { return prompts(hits)[w] }
			if g.opts.Summarise {
				messages = func(hits []retriever.Hit) []model.Message { return g.summaryOf(prompts(hits)[w], "-") }
			}
			var err error
			if hits, err = reading.Fit(g.in.Model, answer, messages, hits); err != nil {
				return err
			}
		}
	}
	if len(hits) < len(d.hits) {
		d.tooLong = len(hits) == 0
		d.shorten(max(1, len(hits)))
	}
	return nil
}

// shorten shows the first n passages.
func (d *draft) shorten(n int) {
	d.shortened = d.shortened || n < len(d.hits)
	d.hits = d.hits[:n]
	d.context = d.question.Context(d.hits)
}

// candidatesThatFit is candidates, with fewer passages for the questions whose
// prompt is longer than the model's context. Of a model that cannot count, which
// these are shows only one by one.
func (g *generator) candidatesThatFit(ctx context.Context, all []*draft) error {
	var drafts []*draft
	for _, d := range all {
		if err := g.fit(d); err != nil {
			return err
		}
		if !d.tooLong {
			drafts = append(drafts, d)
		}
	}
	err := g.candidates(ctx, drafts)
	if !errors.Is(err, model.ErrPromptTooLong) {
		return err
	}
	for _, d := range drafts {
		err := reading.Shrink(func() error { return g.candidates(ctx, []*draft{d}) }, func() bool {
			if d.tooLong = len(d.hits) <= 1; !d.tooLong {
				d.shorten(len(d.hits) - 1)
			}
			return !d.tooLong
		})
		if err != nil && !d.tooLong {
			return err
		}
	}
	return nil
}

// candidates generates all candidates of a batch of drafts in one call.
func (g *generator) candidates(ctx context.Context, drafts []*draft) error {
	var reqs []model.Request
	var slots []slot
	for _, d := range drafts {
		r, s := g.requests(d)
		reqs, slots = append(reqs, r...), append(slots, s...)
	}
	responses, err := g.Chat(ctx, g.in.Model, reqs)
	if err != nil {
		return err
	}
	if g.opts.Summarise {
		if slots, responses, err = g.summarise(ctx, reqs, slots, responses); err != nil {
			return err
		}
	}
	for i, s := range slots {
		for j, sample := range responses[i].Samples {
			c := newCandidate(s, s.index(j), sample)
			if g.opts.Summarise {
				c.Draft = s.summarised
			}
			s.draft.candidates = append(s.draft.candidates, c)
		}
	}
	for _, d := range drafts {
		slices.SortStableFunc(d.candidates, func(a, b rows.Candidate) int {
			return cmp.Or(cmp.Compare(armOrder(a.Arm), armOrder(b.Arm)), cmp.Compare(a.Index, b.Index))
		})
		tokens := contextTokens(d.hits)
		for i := range d.candidates {
			d.candidates[i].Support = tokenSupport(d.candidates[i].Text, tokens)
			d.candidates[i].F1 = answer.F1(d.candidates[i].Text, d.question.Golds())
		}
	}
	return nil
}

// requests lists the requests of one question: one for each arm, and one more
// where the first candidate of the read arm is greedy.
func (g *generator) requests(d *draft) ([]model.Request, []slot) {
	var reqs []model.Request
	var slots []slot
	maxTokens := g.opts.MaxTokens
	if g.opts.Summarise {
		maxTokens = g.opts.DraftTokens
	}
	// add asks for the samples first to end-1 of an arm, each of its wordings in turn.
	add := func(arm rows.Arm, wordings [][]model.Message, first, end int, temperature float64) {
		for w, messages := range wordings {
			from, step := first+w, len(wordings)
			if from >= end {
				return
			}
			rendered, s := arm, seed.Derive(g.in.Seed, d.question.ID, string(arm))
			if w > 0 {
				rendered = rows.Arm(fmt.Sprint(arm, "/", w+1))
				s = seed.Derive(s, "wording", fmt.Sprint(w))
			}
			d.prompts[rendered] = layout.Hash(messages)
			reqs = append(reqs, model.Request{
				Messages: messages, Samples: (end - from + step - 1) / step, MaxTokens: maxTokens,
				Temperature: temperature, TopP: g.opts.TopP, TopK: g.opts.TopK, Seed: s, Stop: g.opts.Stop,
			})
			slots = append(slots, slot{draft: d, arm: arm, first: from, step: step, greedy: temperature == 0})
		}
	}
	q, prompts, temperature := d.question, g.in.Prompts, g.opts.Temperature.Or(1)
	closed := [][]model.Message{q.ClosedMessages(prompts)}
	if len(g.opts.ClosedPrompts) > 0 {
		closed = wordings(g.opts.ClosedPrompts, func(system string) []model.Message { return q.ClosedMessages(prompt.Set{Closed: system}) })
	}
	read := g.readPrompts(q, d.hits)
	add(armClosed, closed, 0, g.opts.candidates(armClosed), temperature)
	first := 0
	if g.opts.GreedyFirst && g.opts.candidates(armRead) > 0 && temperature > 0 {
		add(armRead, read[:1], 0, 1, 0)
		first = 1
	}
	add(armRead, read, first, g.opts.candidates(armRead), temperature)
	add(armRefuse, [][]model.Message{q.RefuseMessages(prompts, d.hits)}, 0, g.opts.candidates(armRefuse), temperature)
	return reqs, slots
}

// readPrompts are the prompts of the read arm, or, where it generates nothing, of
// rows.
func (g *generator) readPrompts(q question.Question, hits []retriever.Hit) [][]model.Message {
	if len(g.opts.ReadPrompts) == 0 || g.opts.candidates(armRead) == 0 {
		return [][]model.Message{q.ReadMessages(g.in.Prompts, hits)}
	}
	// These have the place of a template, too.
	return wordings(g.opts.ReadPrompts, func(system string) []model.Message { return q.ReadMessages(prompt.Set{Read: system}, hits) })
}

// wordings renders the instructions that an arm is given.
func wordings(given []string, render func(system string) []model.Message) [][]model.Message {
	out := make([][]model.Message, len(given))
	for i, system := range given {
		out[i] = render(system)
	}
	return out
}

// armOrder is the order in which candidates are listed.
func armOrder(a rows.Arm) int {
	return slices.Index([]rows.Arm{armClosed, armRead, armRefuse}, a)
}

// summarise is the second turn: each draft that says anything is asked for in
// short. It returns a slot and a response for every candidate.
func (g *generator) summarise(ctx context.Context, reqs []model.Request, slots []slot, drafts []model.Response) ([]slot,
	[]model.Response, error) {
	var follow []model.Request
	var outSlots []slot
	var out []model.Response
	var at []int // place of the answer to follow[i]
	for i, s := range slots {
		for j, sample := range drafts[i].Samples {
			one := slot{draft: s.draft, arm: s.arm, first: s.index(j), greedy: s.greedy,
				summarised: strings.TrimSpace(strings.ToValidUTF8(sample.Text, "\uFFFD"))}
			outSlots, out = append(outSlots, one), append(out, model.Response{Samples: []model.Sample{{MeanLogProb: math.NaN()}}})
			if one.summarised == "" {
				continue
			}
			req := reqs[i]
			req.Messages = g.summaryOf(req.Messages, one.summarised)
			req.Samples, req.MaxTokens = 1, g.opts.MaxTokens
			req.Seed = seed.Derive(req.Seed, "summary", fmt.Sprint(one.first))
			follow, at = append(follow, req), append(at, len(out)-1)
		}
	}
	responses, err := g.Chat(ctx, g.in.Model, follow)
	if err != nil {
		return nil, nil, err
	}
	for i, place := range at {
		out[place] = responses[i]
	}
	return outSlots, out, nil
}

// summaryOf is the prompt of the second turn.
func (g *generator) summaryOf(messages []model.Message, draft string) []model.Message {
	return append(slices.Clone(messages), model.Message{Role: model.RoleAssistant, Content: draft},
		model.Message{Role: model.RoleUser, Content: g.opts.SummaryPrompt})
}

func newCandidate(s slot, index int, sample model.Sample) rows.Candidate {
	c := rows.Candidate{
		Arm: s.arm, Index: index, Text: strings.TrimSpace(strings.ToValidUTF8(sample.Text, "\uFFFD")),
		Tokens: sample.Tokens, Truncated: sample.Truncated, Greedy: s.greedy,
	}
	if !math.IsNaN(sample.MeanLogProb) && !math.IsInf(sample.MeanLogProb, 0) {
		c.MeanLogProb = &sample.MeanLogProb
	}
	return c
}

// contextTokens is the set of normalised tokens in the passages and titles.
func contextTokens(hits []retriever.Hit) map[string]bool {
	set := map[string]bool{}
	for _, hit := range hits {
		for _, word := range strings.Fields(answer.Normalize(hit.Title + "\n" + hit.Text)) {
			set[word] = true
		}
	}
	return set
}

// tokenSupport is the share of the text's normalised tokens in the set; 0 for
// a text without tokens.
func tokenSupport(text string, set map[string]bool) float64 {
	words := strings.Fields(answer.Normalize(text))
	if len(words) == 0 {
		return 0
	}
	found := 0
	for _, word := range words {
		if set[word] {
			found++
		}
	}
	return float64(found) / float64(len(words))
}
