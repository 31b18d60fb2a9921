package selfdemo

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"regexp"
	"strconv"
	"strings"

	"github.com/ragft/ragft/internal/layout"
	"github.com/ragft/ragft/internal/seed"
	"github.com/ragft/ragft/ragft/answer"
	"github.com/ragft/ragft/ragft/model"
	"github.com/ragft/ragft/ragft/prompt"
	"github.com/ragft/ragft/ragft/rows"
	"github.com/ragft/ragft/retriever"
)

// bracketSize is the number of candidates that are compared at a time, as in
// the code of arXiv 2502.10596.
const bracketSize = 3

// DropUnjudged: the judge of a knock-out gave no reply that could be read.
const DropUnjudged rows.DropReason = "unjudged"

// DropWrongWinner: the candidate that won a knock-out is wrong by the
// comparison of strings.
const DropWrongWinner rows.DropReason = "wrong-winner"

// bracket is one comparison: candidates of a draft, by their places in it. The
// number that the judge sees is the place in this list plus one; empty
// candidates are in neither, so that the two cannot come apart.
type bracket struct {
	draft   *draft
	places  []int
	round   int
	number  int
	winner  int // place in the draft; -1 = none yet
	context []retriever.Hit
}

// knockout lets the judge choose one candidate of each draft: candidates are
// shuffled, and the best of each bracket goes on until one is left. Only
// candidates that could be a target take part.
func (g *generator) knockout(ctx context.Context, drafts []*draft) error {
	standing := make([][]int, len(drafts))
	for i, d := range drafts {
		d.contested, d.winner = true, -1
		for k, c := range d.candidates {
			if c.Text != "" && !c.Truncated {
				standing[i] = append(standing[i], k)
			}
		}
		rng := rand.New(rand.NewPCG(g.opts.Seed, seed.Derive(g.opts.Seed, "knockout", d.question.ID)))
		rng.Shuffle(len(standing[i]), func(a, b int) { standing[i][a], standing[i][b] = standing[i][b], standing[i][a] })
	}
	for round := 1; ; round++ {
		brackets, open, of := []*bracket{}, []*bracket{}, []int{}
		for i, d := range drafts {
			if len(standing[i]) < 2 {
				continue
			}
			for n := 0; n*bracketSize < len(standing[i]); n++ {
				places := standing[i][n*bracketSize : min((n+1)*bracketSize, len(standing[i]))]
				b := &bracket{draft: d, places: places, round: round, number: n, winner: -1, context: d.hits}
				if len(places) == 1 {
					b.winner = places[0]
				} else {
					open = append(open, b)
				}
				brackets, of = append(brackets, b), append(of, i)
			}
			standing[i] = nil
		}
		if len(brackets) == 0 {
			break
		}
		if err := g.contest(ctx, open); err != nil {
			return err
		}
		unread := map[int]bool{}
		for k, b := range brackets {
			if b.winner < 0 {
				unread[of[k]] = true
			}
			standing[of[k]] = append(standing[of[k]], b.winner)
		}
		for i := range unread {
			standing[i] = nil
		}
	}
	for i, d := range drafts {
		if len(standing[i]) == 1 {
			d.winner = standing[i][0]
		}
		d.settle()
	}
	return nil
}

// contest asks the judge about brackets, again about those whose reply could
// not be read, with another seed, at most JudgeOptions.Tries times.
func (g *generator) contest(ctx context.Context, open []*bracket) error {
	for try := 0; try < g.opts.Judge.Tries && len(open) > 0; try++ {
		responses, err := g.askBrackets(ctx, open, try)
		if err != nil {
			return err
		}
		var left []*bracket
		for i, b := range open {
			text := responses[i].Samples[0].Text
			n, ok := parseBest(text, len(b.places))
			g.CountReply(text, ok)
			if ok {
				b.winner = b.places[n-1]
			} else {
				left = append(left, b)
			}
		}
		if open = left; len(open) > 0 {
			if err := g.Check(g.judgeModel, g.opts.Judge); err != nil {
				return err
			}
		}
	}
	return nil
}

// askBrackets shows fewer passages where they do not fit beside the candidates.
func (g *generator) askBrackets(ctx context.Context, open []*bracket, try int) ([]model.Response, error) {
	reqs := make([]model.Request, len(open))
	for i, b := range open {
		reqs[i] = g.bracketRequest(b, try)
	}
	responses, err := g.Chat(ctx, g.judgeModel, reqs)
	if !errors.Is(err, model.ErrPromptTooLong) {
		return responses, err
	}
	responses = make([]model.Response, len(open))
	for i, b := range open {
		for {
			one, err := g.Chat(ctx, g.judgeModel, []model.Request{g.bracketRequest(b, try)})
			if err == nil {
				responses[i] = one[0]
				break
			}
			if !errors.Is(err, model.ErrPromptTooLong) {
				return nil, err
			}
			if len(b.context) == 0 {
				return nil, fmt.Errorf("the judge cannot compare the candidates of question %s even without passages: use a judge with a larger context, or fewer GenerateOptions.MaxTokens: %w", b.draft.question.ID, err)
			}
			b.context = b.context[:len(b.context)-1]
		}
	}
	return responses, nil
}

func (g *generator) bracketRequest(b *bracket, try int) model.Request {
	o, q := g.opts.Judge, b.draft.question
	req := model.Request{
		Messages: g.knockoutMessages(b), MaxTokens: o.MaxTokens, Temperature: o.Temperature,
		Seed: seed.Derive(g.opts.Seed, q.ID, "knockout", fmt.Sprint(b.round, b.number, try)),
	}
	if try > 0 && req.Temperature == 0 {
		req.Temperature = 0.7 // a greedy reply would be the same again
	}
	return req
}

// knockoutLine matches what would read as a part of the judge's prompt.
var knockoutLine = regexp.MustCompile(`(?mi)^(document[ \t]*\d+[ \t]*:|question[ \t]*:|reference[ \t]*:|prediction[ \t]*\d+[ \t]*:|best[ \t]*:)`)

func (g *generator) knockoutMessages(b *bracket) []model.Message {
	q := b.draft.question
	var text strings.Builder
	text.WriteString(layout.Documents(q.Question, b.context))
	reference := strings.Join(q.Golds(), " / ")
	if reference == "" {
		reference = "none: the documents do not answer this question"
	}
	fmt.Fprintf(&text, "\nReference: %s", layout.Indent(reference, knockoutLine))
	for i, place := range b.places {
		fmt.Fprintf(&text, "\n\nPrediction %d: %s", i+1, layout.Indent(b.draft.candidates[place].Text, knockoutLine))
	}
	return prompt.Chat(g.opts.Judge.KnockoutPrompt, text.String())
}

var (
	bestLine = regexp.MustCompile(`(?i)\bbest\b[\s*:_]*(?:prediction)?[\s*:#_]*(\d+)`)
	onlyBest = regexp.MustCompile(`(?i)^\W*(?:prediction)?[\s*:#_]*(\d+)\W*$`)
)

// parseBest reads the number of the best prediction, of n: what the last
// "Best:" says, or a reply that is nothing but the number.
func parseBest(text string, n int) (int, bool) {
	digits := ""
	if all := bestLine.FindAllStringSubmatch(text, -1); len(all) > 0 {
		digits = all[len(all)-1][1]
	} else if only := onlyBest.FindStringSubmatch(strings.TrimSpace(text)); only != nil {
		digits = only[1]
	}
	if digits == "" || len(digits) > 3 {
		return 0, false
	}
	number, err := strconv.Atoi(digits)
	return number, err == nil && number >= 1 && number <= n
}

// settle labels what the comparison of strings leaves open: the winner is
// correct; of the others nothing is known but that they are not the best.
func (d *draft) settle() {
	for i := range d.candidates {
		c := &d.candidates[i]
		if c.Verdict != "" {
			continue
		}
		c.Verdict, c.Decision = answer.Incorrect, answer.ByUndecided
		if i == d.winner {
			c.Verdict, c.Decision = answer.Correct, answer.ByKnockout
		}
	}
}

// chooseWinner makes the winner of a knock-out the target.
func (o Policy) chooseWinner(d *draft, result choice) choice {
	if d.winner < 0 {
		result.reason = DropUnjudged
		return result
	}
	switch c := &d.candidates[d.winner]; c.Verdict {
	case answer.Refused:
		result.kind, result.reason = rows.KindRefusal, rows.DropNoRefusal
		if o.usableRefusal(d, c) {
			result.target = c
		}
	case answer.Correct:
		result.kind, result.reason = rows.KindAnswer, DropGates
		if o.passes(d, c) {
			result.target = c
		}
	default:
		result.reason = DropWrongWinner
	}
	if result.target != nil {
		result.reason = ""
	}
	return result
}
