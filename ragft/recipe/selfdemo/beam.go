package selfdemo

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/ragft/ragft/internal/layout"
	"github.com/ragft/ragft/internal/seed"
	"github.com/ragft/ragft/internal/words"
	"github.com/ragft/ragft/ragft/answer"
	"github.com/ragft/ragft/ragft/model"
	"github.com/ragft/ragft/ragft/opt"
	"github.com/ragft/ragft/ragft/question"
	"github.com/ragft/ragft/ragft/rows"
	"github.com/ragft/ragft/retriever"
)

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

// betterPrompt orders by the share correct, then F1; among equals the first
// prompt of the search goes first, then the shorter text.
func betterPrompt(start string, a, b float64, x, y ScoredPrompt) int {
	return cmp.Or(cmp.Compare(b, a), cmp.Compare(y.F1, x.F1), -compareBool(x.Text == start, y.Text == start),
		cmp.Compare(len(x.Text), len(y.Text)), strings.Compare(x.Text, y.Text))
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
			Messages: layout.User(layout.Task(proposePrompt, nil) + s.evidence(t)),
			Samples:  s.o.Beam / len(kept), MaxTokens: s.o.ProposalTokens, Temperature: 1,
			Seed: seed.Derive(s.g.in.Seed, "propose", string(s.arm), fmt.Sprint(round), t.Text),
		}
		if i < s.o.Beam%len(kept) {
			reqs[i].Samples++
		}
	}
	reqs = slices.DeleteFunc(reqs, func(r model.Request) bool { return r.Samples == 0 })
	responses, err := s.g.Chat(ctx, s.g.in.Model, reqs)
	if errors.Is(err, model.ErrPromptTooLong) {
		return nil, fmt.Errorf("%w: set SearchOptions.Shown below %d", err, s.o.Shown)
	}
	if err != nil {
		return nil, err
	}
	var out []string
	for _, response := range responses {
		for _, sample := range response.Samples {
			text := cleanInstruction(sample.Text)
			key := answer.Normalize(text)
			if key == "" || s.known[key] || sample.Truncated || words.Count(text) > s.o.MaxWords || s.givesAway(text) {
				continue
			}
			s.known[key] = true
			out = append(out, text)
		}
	}
	return out, nil
}

// givesAway reports an instruction that holds the answer of a training question:
// answers would be correct because of it.
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

// cleanInstruction removes what models put around an instruction.
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
	one := generator{opts: g.opts, in: g.in, judge: g.judge, Meter: g.Meter}
	one.opts.Closed, one.opts.Read, one.opts.Refuse = opt.Of(0), opt.Of(0), opt.Of(0)
	switch arm {
	case armClosed:
		one.opts.Closed, one.opts.ClosedPrompts = opt.Of(1), []string{text}
		one.in.Search = noSearch{} // no passage is shown, so none has to fit
	case armRead:
		one.opts.Read, one.opts.ReadPrompts = opt.Of(1), []string{text}
	}
	return one.batch(ctx, questions)
}
