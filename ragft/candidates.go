package ragft

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"

	"github.com/ragft/ragft/retriever"
)

// Arm is the way in which a candidate was generated.
type Arm string

// The three arms of arXiv 2502.10596, section 3.
const (
	ArmClosed Arm = "closed" // the closed prompt, no documents
	ArmRead   Arm = "read"   // the read prompt, with documents
	ArmRefuse Arm = "refuse" // the refuse prompt, with the same documents
)

// Decision says which step of the cascade gave a candidate its verdict.
type Decision string

// The steps, in their order.
const (
	ByEmpty        Decision = "empty"        // no text: incorrect; in an evaluation refused
	ByMatch        Decision = "match"        // equals or contains a reference answer: correct
	ByF1           Decision = "f1"           // token F1 above [JudgeOptions.CorrectF1]: correct
	ByRefusal      Decision = "refusal"      // [IsRefusal]: refused
	ByUnanswerable Decision = "unanswerable" // an answer where there is none: incorrect
	ByNoOverlap    Decision = "no-overlap"   // clearly something else: incorrect
	ByJudge        Decision = "judge"        // decided by the model's votes
	ByKnockout     Decision = "knockout"     // the judge's choice among the candidates: correct
	ByUndecided    Decision = "undecided"    // votes tied, or none could be read: incorrect
)

// Votes counts the judge's replies for one candidate.
type Votes struct {
	Yes      int `json:"yes"`
	No       int `json:"no"`
	Unparsed int `json:"unparsed,omitempty"`
}

// Candidate is one generated response. It is identified by question, Arm and
// Index, never by its text: equal texts stay apart, and empty ones keep their
// place.
type Candidate struct {
	Arm         Arm      `json:"arm"`
	Index       int      `json:"index"` // sample within the arm, from 0
	Text        string   `json:"text"`
	Draft       string   `json:"draft,omitempty"` // the turn that Text summarises, see [GenerateOptions].Summarise
	Verdict     Verdict  `json:"verdict,omitempty"`
	Decision    Decision `json:"decision,omitempty"`
	Votes       *Votes   `json:"votes,omitempty"`        // nil where the judge was not asked
	F1          float64  `json:"f1"`                     // token F1 against the best reference answer
	Support     float64  `json:"support"`                // share of its tokens that stand in the passages
	MeanLogProb *float64 `json:"mean_logprob,omitempty"` // natural log; nil where unknown
	Tokens      int      `json:"tokens,omitempty"`
	Truncated   bool     `json:"truncated,omitempty"` // cut by the length limit
	Greedy      bool     `json:"greedy,omitempty"`    // generated at temperature 0
}

// draft is a question on its way through the generation.
type draft struct {
	question   Question
	hits       []retriever.Hit
	context    Context
	withheld   bool           // passages with the answer were taken out
	shortened  bool           // passages were left out to fit
	tooLong    bool           // does not fit even with one passage
	prompts    map[Arm]string // hash of the rendered prompt
	candidates []Candidate
	contested  bool // by a knock-out
	winner     int  // of the knock-out, a place in candidates; -1 = none
}

// retrieve finds the passages of one question and labels the context.
func (g *generator) retrieve(ctx context.Context, q Question) (*draft, error) {
	want := g.opts.Passages
	fetch := want
	if g.opts.Withhold > 0 {
		fetch = 4 * want // enough to fill the places of those taken out
	}
	hits, err := g.search.Search(ctx, q.Question, fetch)
	if err != nil {
		return nil, fmt.Errorf("search for question %s: %w", q.ID, err)
	}
	d := &draft{question: q, prompts: map[Arm]string{}}
	hits, d.withheld = g.withhold(q, hits)
	d.hits = hits[:min(want, len(hits))]
	d.context = labelContext(q, d.hits)
	return d, nil
}

// slot says where the samples of a request belong.
type slot struct {
	draft  *draft
	arm    Arm
	first  int // index of sample 0
	step   int // from one sample's index to the next
	greedy bool

	summarised string // draft, of a slot of one summary
}

func (s slot) index(sample int) int { return s.first + sample*s.step }

// fit leaves out the passages that have no room beside a candidate. The read
// prompt is to fit also where its arm generates nothing: rows are made with it.
func (g *generator) fit(d *draft) error {
	arms := []func([]retriever.Hit) [][]Message{func(hits []retriever.Hit) [][]Message { return g.readPrompts(d.question, hits) }}
	if g.opts.Refuse > 0 {
		arms = append(arms, func(hits []retriever.Hit) [][]Message {
			return [][]Message{d.question.RefuseMessages(g.opts.Prompts, hits)}
		})
	}
	hits, answer := d.hits, g.opts.MaxTokens
	if g.opts.Summarise {
		answer += g.opts.DraftTokens
	}
	for _, prompts := range arms {
		for w := range prompts(d.hits) {
			messages := func(hits []retriever.Hit) []Message { return prompts(hits)[w] }
			if g.opts.Summarise {
				messages = func(hits []retriever.Hit) []Message { return g.summaryOf(prompts(hits)[w], "-") }
			}
			var err error
			if hits, err = fit(g.model, answer, messages, hits); err != nil {
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
	d.context = labelContext(d.question, d.hits)
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
	if !errors.Is(err, ErrPromptTooLong) {
		return err
	}
	for _, d := range drafts {
		for !d.tooLong {
			err := g.candidates(ctx, []*draft{d})
			if err == nil {
				break
			}
			if !errors.Is(err, ErrPromptTooLong) {
				return err
			}
			if len(d.hits) <= 1 {
				d.tooLong = true
				continue
			}
			d.shorten(len(d.hits) - 1)
		}
	}
	return nil
}

// candidates generates all candidates of a batch of drafts in one call.
func (g *generator) candidates(ctx context.Context, drafts []*draft) error {
	var reqs []ChatRequest
	var slots []slot
	for _, d := range drafts {
		r, s := g.requests(d)
		reqs, slots = append(reqs, r...), append(slots, s...)
	}
	responses, err := g.chat(ctx, g.model, reqs)
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
		slices.SortStableFunc(d.candidates, func(a, b Candidate) int {
			return cmp.Or(cmp.Compare(armOrder(a.Arm), armOrder(b.Arm)), cmp.Compare(a.Index, b.Index))
		})
		tokens := contextTokens(d.hits)
		for i := range d.candidates {
			d.candidates[i].Support = tokenSupport(d.candidates[i].Text, tokens)
			d.candidates[i].F1 = F1(d.candidates[i].Text, d.question.Golds())
		}
	}
	return nil
}

// requests lists the requests of one question: one for each arm, and one more
// where the first candidate of the read arm is greedy.
func (g *generator) requests(d *draft) ([]ChatRequest, []slot) {
	var reqs []ChatRequest
	var slots []slot
	maxTokens := g.opts.MaxTokens
	if g.opts.Summarise {
		maxTokens = g.opts.DraftTokens
	}
	// add asks for the samples first to end-1 of an arm, each of its wordings in turn.
	add := func(arm Arm, wordings [][]Message, first, end int, temperature float64) {
		for w, messages := range wordings {
			from, step := first+w, len(wordings)
			if from >= end {
				return
			}
			rendered, seed := arm, deriveSeed(g.opts.Seed, d.question.ID, string(arm))
			if w > 0 {
				rendered = Arm(fmt.Sprint(arm, "/", w+1))
				seed = deriveSeed(seed, "wording", fmt.Sprint(w))
			}
			d.prompts[rendered] = hashMessages(messages)
			reqs = append(reqs, ChatRequest{
				Messages: messages, Samples: (end - from + step - 1) / step, MaxTokens: maxTokens,
				Temperature: temperature, TopP: g.opts.TopP, TopK: g.opts.TopK, Seed: seed, Stop: g.opts.Stop,
			})
			slots = append(slots, slot{draft: d, arm: arm, first: from, step: step, greedy: temperature == 0})
		}
	}
	q, prompts, temperature := d.question, g.opts.Prompts, g.opts.Temperature
	closed := [][]Message{q.ClosedMessages(prompts)}
	if len(g.opts.ClosedPrompts) > 0 {
		closed = wordings(g.opts.ClosedPrompts, func(system string) []Message { return q.ClosedMessages(Prompts{Closed: system}) })
	}
	read := g.readPrompts(q, d.hits)
	add(ArmClosed, closed, 0, g.opts.Closed, temperature)
	first := 0
	if g.opts.GreedyFirst && g.opts.Read > 0 && temperature > 0 {
		add(ArmRead, read[:1], 0, 1, 0)
		first = 1
	}
	add(ArmRead, read, first, g.opts.Read, temperature)
	add(ArmRefuse, [][]Message{q.RefuseMessages(prompts, d.hits)}, 0, g.opts.Refuse, temperature)
	return reqs, slots
}

// readPrompts are the prompts of the read arm, or, where it generates nothing, of
// rows.
func (g *generator) readPrompts(q Question, hits []retriever.Hit) [][]Message {
	if len(g.opts.ReadPrompts) == 0 || g.opts.Read <= 0 {
		return [][]Message{q.ReadMessages(g.opts.Prompts, hits)}
	}
	// These have the place of a template, too.
	return wordings(g.opts.ReadPrompts, func(system string) []Message { return q.ReadMessages(Prompts{Read: system}, hits) })
}

// wordings renders the system messages that an arm is given.
func wordings(given []string, render func(system string) []Message) [][]Message {
	out := make([][]Message, len(given))
	for i, system := range given {
		out[i] = render(system)
	}
	return out
}

// armOrder is the order in which candidates are listed.
func armOrder(a Arm) int { return slices.Index([]Arm{ArmClosed, ArmRead, ArmRefuse}, a) }

// summarise is the second turn: each draft that says anything is asked for in
// short. It returns a slot and a response for every candidate.
func (g *generator) summarise(ctx context.Context, reqs []ChatRequest, slots []slot, drafts []ChatResponse) ([]slot, []ChatResponse, error) {
	var follow []ChatRequest
	var outSlots []slot
	var out []ChatResponse
	var at []int // place of the answer to follow[i]
	for i, s := range slots {
		for j, sample := range drafts[i].Samples {
			one := slot{draft: s.draft, arm: s.arm, first: s.index(j), greedy: s.greedy, summarised: strings.TrimSpace(strings.ToValidUTF8(sample.Text, "\uFFFD"))}
			outSlots, out = append(outSlots, one), append(out, ChatResponse{Samples: []ChatSample{{MeanLogProb: math.NaN()}}})
			if one.summarised == "" {
				continue
			}
			req := reqs[i]
			req.Messages = g.summaryOf(req.Messages, one.summarised)
			req.Samples, req.MaxTokens = 1, g.opts.MaxTokens
			req.Seed = deriveSeed(req.Seed, "summary", fmt.Sprint(one.first))
			follow, at = append(follow, req), append(at, len(out)-1)
		}
	}
	responses, err := g.chat(ctx, g.model, follow)
	if err != nil {
		return nil, nil, err
	}
	for i, place := range at {
		out[place] = responses[i]
	}
	return outSlots, out, nil
}

// summaryOf is the prompt of the second turn.
func (g *generator) summaryOf(messages []Message, draft string) []Message {
	return append(slices.Clone(messages), Message{Role: RoleAssistant, Content: draft}, Message{Role: RoleUser, Content: g.opts.SummaryPrompt})
}

func newCandidate(s slot, index int, sample ChatSample) Candidate {
	c := Candidate{
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
		for _, word := range strings.Fields(Normalize(hit.Title + "\n" + hit.Text)) {
			set[word] = true
		}
	}
	return set
}

// tokenSupport is the share of the text's normalised tokens in the set; 0 for
// a text without tokens.
func tokenSupport(text string, set map[string]bool) float64 {
	words := strings.Fields(Normalize(text))
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
