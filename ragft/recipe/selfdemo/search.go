package selfdemo

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"

	"github.com/ragft/ragft/internal/layout"
	"github.com/ragft/ragft/internal/seed"
	"github.com/ragft/ragft/internal/stats"
	"github.com/ragft/ragft/ragft/answer"
	"github.com/ragft/ragft/ragft/judge"
	"github.com/ragft/ragft/ragft/model"
	"github.com/ragft/ragft/ragft/prompt"
	"github.com/ragft/ragft/ragft/question"
	"github.com/ragft/ragft/ragft/rows"
	"github.com/ragft/ragft/retriever"
)

// DefaultProposePrompt is the system message with which [SearchPrompts] asks
// the model for a better instruction.
const DefaultProposePrompt = `Below is an instruction, and what a model answered when it was given it. ` +
	`Write a better instruction, with which the answers agree with the references more often. ` +
	`It must suit any question and must not contain any answer. Reply with the instruction only.`

// OptimiseOptions controls [SearchPrompts]. The zero value has the numbers of
// the code of arXiv 2502.10596, which cost up to 2,010 answers and 60 proposals
// for each arm; Train 10, Eval 10, Beam 4, Rounds 2 cost up to 150 and 8.
type SearchOptions struct {
	Train, Eval int // questions to propose from, and to choose on; 0 = 30; fewer where there are too few questions
	Beam        int // instructions proposed in a round; 0 = 12
	Rounds      int // 0 = 5
	Keep        int // best instructions that a round begins with; 0 = 5
	Best        int // instructions returned for each arm; 0 = 3
	Shown       int // answers shown with the instruction, the best-scored first; 0 = 5

	Arms           []rows.Arm // [rows.ArmClosed] and [rows.ArmRead], or one of them; nil = both
	Prompts        prompt.Set // those to begin with; zero = the defaults. The read arm is not to have a Template
	Passages       int        // 0 = 4
	MaxTokens      int        // of an answer; 0 = 128
	ProposalTokens int        // of an instruction; 0 = 128. One that is cut is left out
	MaxWords       int        // longest instruction, in words; 0 = 80
	Judge          judge.Options
	Seed           uint64

	Progress func(model.Progress) // called after each round, from the caller's goroutine; nil = none
	Logger   *slog.Logger         // nil = slog.Default
}

func (o SearchOptions) withDefaults() SearchOptions {
	for _, f := range []struct {
		field *int
		value int
	}{{&o.Train, 30}, {&o.Eval, 30}, {&o.Beam, 12}, {&o.Rounds, 5}, {&o.Keep, 5}, {&o.Best, 3}, {&o.Shown, 5}, {&o.Passages, 4}, {&o.MaxTokens, 128}, {&o.ProposalTokens, 128}, {&o.MaxWords, 80}} {
		if *f.field <= 0 {
			*f.field = f.value
		}
	}
	if o.Logger == nil {
		o.Logger = slog.Default()
	}
	if len(o.Arms) == 0 {
		o.Arms = []rows.Arm{rows.ArmClosed, rows.ArmRead}
	}
	o.Prompts, o.Judge = o.Prompts.WithDefaults(), o.Judge.WithDefaults()
	return o
}

// ScoredPrompt is a system message and the shares of the questions that the
// model answers correctly with it.
type ScoredPrompt struct {
	Text  string  `json:"text"`
	Train float64 `json:"train"`
	Eval  float64 `json:"eval"` // on questions that had no part in the proposals
	F1    float64 `json:"f1"`   // mean token F1 on the same; decides between equals
}

// OptimisedPrompts are the best system messages of each arm, best first. The
// ones that the search began with compete too. An arm that is not of
// [SearchOptions].Arms has none.
type Found struct {
	Closed []ScoredPrompt `json:"closed,omitempty"`
	Read   []ScoredPrompt `json:"read,omitempty"`
	Cost   model.Cost     `json:"cost"`
}

// Apply has candidates generated with the prompts found, and with that of
// GenerateOptions.Prompts in an arm that was not searched.
func (p *Found) Apply(o *Options) {
	texts := func(list []ScoredPrompt) (out []string) {
		for _, one := range list {
			out = append(out, one.Text)
		}
		return out
	}
	o.ClosedPrompts, o.ReadPrompts = texts(p.Closed), texts(p.Read)
}

// OptimisePrompts looks for system messages with which the model answers more
// questions correctly, for the arm without passages and the arm with them, by
// beam search as in arXiv 2502.10596, section 3: the model sees an instruction
// with its best-scored answers and proposes another; the best go on to the next
// round; in the end all are scored again on questions that were not used. An
// answer's score is its verdict, by the cascade of [Generate]; the paper has the
// model give one. Proposals that hold the answer of a question are left out.
// Answers are greedy. It needs at least two questions with an answer. A system
// message has the place of Prompts.Template, so that none that is found could be
// compared with what would be used otherwise: it is an error in the read arm.
func SearchPrompts(ctx context.Context, model model.Model, search retriever.Searcher, questions []question.Question, o SearchOptions) (*Found, error) {
	o = o.withDefaults()
	train, eval, err := o.split(questions)
	if err != nil {
		return nil, fmt.Errorf("ragft: optimise prompts: %w", err)
	}
	g := newGenerator(model, search, Options{
		Prompts: o.Prompts, Passages: o.Passages, MaxTokens: o.MaxTokens, Temperature: -1, Judge: o.Judge, Seed: o.Seed, Logger: o.Logger})
	g.opts.Judge.Knockout = false // it compares candidates, and here there is one for each question
	g.Progress = o.Progress
	out := &Found{}
	for i, arm := range o.Arms {
		start, found := o.Prompts.Closed, &out.Closed
		if arm == rows.ArmRead {
			start, found = o.Prompts.Read, &out.Read
		}
		s := &promptSearch{g: g, o: o, arm: arm, train: train, eval: eval, known: map[string]bool{}, before: i * (o.Rounds + 1)}
		if *found, err = s.run(ctx, start); err != nil {
			return nil, fmt.Errorf("ragft: optimise prompts: %s arm: %w", arm, err)
		}
	}
	out.Cost = g.Cost(0)
	return out, nil
}

// Estimate is the most that [SearchPrompts] costs with these questions. It
// is also where questions and options that it cannot use are an error.
func (o SearchOptions) Estimate(questions []question.Question) (model.Cost, error) {
	o = o.withDefaults()
	train, eval, err := o.split(questions)
	if err != nil {
		return model.Cost{}, fmt.Errorf("ragft: optimise prompts: %w", err)
	}
	answers := len(train)*(1+o.Rounds*o.Beam) + len(eval)*(max(o.Keep, o.Best)+1) // the start prompt is scored again in any case
	proposals := 1 + (o.Rounds-1)*min(o.Keep, o.Beam)                             // the first round knows one prompt alone
	c := model.Cost{Calls: answers + proposals, Tokens: answers*o.MaxTokens + o.Rounds*o.Beam*o.ProposalTokens}
	if votes := o.Judge.Votes; votes > 0 {
		c.Calls += answers
		c.Tokens += answers * votes * o.Judge.MaxTokens
	}
	return model.Cost{Calls: len(o.Arms) * c.Calls, Tokens: len(o.Arms) * c.Tokens}, nil
}

// check reports arms that cannot be searched.
func (o SearchOptions) check() error {
	for i, arm := range o.Arms {
		switch {
		case arm != rows.ArmClosed && arm != rows.ArmRead:
			return fmt.Errorf("OptimiseOptions.Arms has %q: it may have %s and %s", arm, rows.ArmClosed, rows.ArmRead)
		case slices.Contains(o.Arms[:i], arm):
			return fmt.Errorf("OptimiseOptions.Arms has %s twice", arm)
		case arm == rows.ArmRead && o.Prompts.Template != nil:
			return fmt.Errorf("Prompts.Template is %s, and a system message would replace it: leave it out, or the %s arm",
				o.Prompts.Template.Name, rows.ArmRead)
		}
	}
	return nil
}

// split draws two sets of questions that do not share any.
func (o SearchOptions) split(questions []question.Question) (train, eval []question.Question, err error) {
	if err := cmp.Or(o.check(), question.CheckIDs(questions)); err != nil {
		return nil, nil, err
	}
	answerable := slices.DeleteFunc(slices.Clone(questions), func(q question.Question) bool { return len(q.Golds()) == 0 })
	if len(answerable) < 2 {
		return nil, nil, fmt.Errorf("%w: it needs at least two with an answer, and there are %d", question.ErrNone, len(answerable))
	}
	slices.SortFunc(answerable, func(a, b question.Question) int { return seed.Order(o.Seed, "optimise", a.ID, b.ID) })
	n := o.Train
	if o.Train+o.Eval > len(answerable) {
		n = len(answerable) * o.Train / (o.Train + o.Eval)
		n = min(max(n, 1), len(answerable)-1)
	}
	return answerable[:n], answerable[n:min(n+o.Eval, len(answerable))], nil
}

// promptSearch is the search for one arm.
type promptSearch struct {
	g           *generator
	o           SearchOptions
	arm         rows.Arm
	train, eval []question.Question
	known       map[string]bool // normalised instructions that were scored
	before      int             // rounds of the arm before
}

// scoredInstruction is an instruction with its answers on the training questions.
type scoredInstruction struct {
	ScoredPrompt
	answers []*draft
}

func (s *promptSearch) run(ctx context.Context, start string) ([]ScoredPrompt, error) {
	first, err := s.score(ctx, start, s.train)
	if err != nil {
		return nil, err
	}
	s.known[answer.Normalize(start)] = true
	pool := []scoredInstruction{first}
	for round := 1; round <= s.o.Rounds; round++ {
		proposals, err := s.propose(ctx, pool[:min(s.o.Keep, len(pool))], round)
		if err != nil {
			return nil, err
		}
		for _, text := range proposals {
			t, err := s.score(ctx, text, s.train)
			if err != nil {
				return nil, err
			}
			pool = append(pool, t)
		}
		slices.SortStableFunc(pool, func(a, b scoredInstruction) int {
			return betterPrompt(start, a.Train, b.Train, a.ScoredPrompt, b.ScoredPrompt)
		})
		s.g.Report("prompts of the "+string(s.arm)+" arm", s.before+round, len(s.o.Arms)*(s.o.Rounds+1), len(pool))
	}
	var found []ScoredPrompt
	for _, t := range pool[:min(max(s.o.Keep, s.o.Best), len(pool))] {
		found = append(found, t.ScoredPrompt)
	}
	if !slices.ContainsFunc(found, func(p ScoredPrompt) bool { return p.Text == start }) {
		found = append(found, first.ScoredPrompt)
	}
	for i := range found {
		t, err := s.score(ctx, found[i].Text, s.eval)
		if err != nil {
			return nil, err
		}
		found[i].Eval, found[i].F1 = t.Train, t.F1
	}
	slices.SortStableFunc(found, func(a, b ScoredPrompt) int { return betterPrompt(start, a.Eval, b.Eval, a, b) })
	s.g.Report("prompts of the "+string(s.arm)+" arm", s.before+s.o.Rounds+1, len(s.o.Arms)*(s.o.Rounds+1), len(found))
	return found[:min(s.o.Best, len(found))], nil
}

// betterPrompt orders by the share correct, then F1; of equals the start prompt
// goes first, since nothing speaks for another, and then the shorter text.
func betterPrompt(start string, a, b float64, x, y ScoredPrompt) int {
	return cmp.Or(cmp.Compare(b, a), cmp.Compare(y.F1, x.F1), cmp.Compare(stats.Indicator(y.Text == start), stats.Indicator(x.Text == start)), cmp.Compare(len(x.Text), len(y.Text)), strings.Compare(x.Text, y.Text))
}

// noSearch finds nothing.
type noSearch struct{}

func (noSearch) Search(context.Context, string, int) ([]retriever.Hit, error) { return nil, nil }

// score answers the questions with the instruction. Train of the result is the
// share correct on them, whichever they are.
func (s *promptSearch) score(ctx context.Context, text string, questions []question.Question) (scoredInstruction, error) {
	drafts, err := s.g.answerWith(ctx, s.arm, text, questions)
	if err != nil {
		return scoredInstruction{}, err
	}
	t := scoredInstruction{ScoredPrompt: ScoredPrompt{Text: text}, answers: drafts}
	for _, d := range drafts {
		for _, c := range d.candidates {
			t.F1 += c.F1 / float64(len(drafts))
			if c.Verdict == answer.Correct {
				t.Train += 1 / float64(len(drafts))
			}
		}
	}
	return t, nil
}

// propose asks for new instructions, as many for each kept one as the beam has
// room for, and returns those that can be used and are new.
func (s *promptSearch) propose(ctx context.Context, kept []scoredInstruction, round int) ([]string, error) {
	reqs := make([]model.Request, len(kept))
	for i, t := range kept {
		reqs[i] = model.Request{
			Messages: layout.Chat(DefaultProposePrompt, s.evidence(t)), Samples: s.o.Beam / len(kept), MaxTokens: s.o.ProposalTokens, Temperature: 1,
			Seed: seed.Derive(s.o.Seed, "propose", string(s.arm), fmt.Sprint(round), t.Text),
		}
		if i < s.o.Beam%len(kept) {
			reqs[i].Samples++
		}
	}
	reqs = slices.DeleteFunc(reqs, func(r model.Request) bool { return r.Samples == 0 })
	responses, err := s.g.Chat(ctx, s.g.model, reqs)
	if errors.Is(err, model.ErrPromptTooLong) {
		return nil, fmt.Errorf("%w: set OptimiseOptions.Shown below %d", err, s.o.Shown)
	}
	if err != nil {
		return nil, err
	}
	var out []string
	for _, response := range responses {
		for _, sample := range response.Samples {
			text := cleanInstruction(sample.Text)
			key := answer.Normalize(text)
			if key == "" || s.known[key] || sample.Truncated || len(strings.Fields(text)) > s.o.MaxWords || s.givesAway(text) {
				continue
			}
			s.known[key] = true
			out = append(out, text)
		}
	}
	return out, nil
}

// givesAway reports an instruction with the answer of a question in it that
// every answer would then be scored by.
func (s *promptSearch) givesAway(text string) bool {
	return slices.ContainsFunc(s.train, func(q question.Question) bool { return answer.Contains(text, q.Golds()) })
}

// evidence is the instruction and its best-scored answers, correct ones first.
func (s *promptSearch) evidence(t scoredInstruction) string {
	answers := slices.DeleteFunc(slices.Clone(t.answers), func(d *draft) bool { return len(d.candidates) == 0 })
	slices.SortStableFunc(answers, func(a, b *draft) int {
		x, y := a.candidates[0], b.candidates[0]
		return cmp.Or(-compareBool(x.Verdict == answer.Correct, y.Verdict == answer.Correct), cmp.Compare(y.F1, x.F1))
	})
	var b strings.Builder
	fmt.Fprintf(&b, "Instruction: %s", t.Text)
	for _, d := range answers[:min(s.o.Shown, len(answers))] {
		c := d.candidates[0]
		fmt.Fprintf(&b, "\n\nQuestion: %s\nReference: %s\nAnswer: %s\nVerdict: %s", layout.Indent(d.question.Question, layout.JudgeLine),
			layout.Indent(strings.Join(d.question.Golds(), " / "), layout.JudgeLine), layout.Indent(c.Text, layout.JudgeLine), c.Verdict)
	}
	return b.String()
}

// cleanInstruction takes off what models put around what they were asked for.
func cleanInstruction(text string) string {
	text = strings.TrimSpace(text)
	if at := strings.Index(strings.ToLower(text), "instruction:"); at >= 0 && at < 20 {
		text = text[at+len("instruction:"):]
	}
	return strings.TrimSpace(strings.Trim(strings.TrimSpace(text), "\"“”*`"))
}

// answerWith has the model answer each question once, in an arm whose system
// message is text.
func (g *generator) answerWith(ctx context.Context, arm rows.Arm, text string, questions []question.Question) ([]*draft, error) {
	o, search := g.opts, g.search
	o.Closed, o.Read, o.Refuse, o.ClosedPrompts, o.ReadPrompts = -1, -1, -1, nil, nil
	switch arm {
	case rows.ArmClosed:
		o.Closed, o.ClosedPrompts = 1, []string{text}
		search = noSearch{} // no passage is shown, so none has to fit
	case rows.ArmRead:
		o.Read, o.ReadPrompts = 1, []string{text}
	}
	one := generator{model: g.model, judge: g.judge, search: search, opts: o, Meter: g.Meter}
	return one.batch(ctx, questions)
}
