package judge

import (
	"context"
	"fmt"
	"math/rand/v2"
	"regexp"
	"strconv"
	"strings"

	"github.com/ragft/ragft/internal/layout"
	"github.com/ragft/ragft/internal/reading"
	"github.com/ragft/ragft/internal/seed"
	"github.com/ragft/ragft/ragft/model"
	"github.com/ragft/ragft/retriever"
)

const defaultKnockoutPrompt = `Which prediction answers the question best? It must agree with the reference. ` +
	`Where the documents do not hold the answer and every answer is wrong, the best prediction is one that declines. ` +
	`Reply with one line:
Best: Prediction N`

// bracketSize is the number of answers that are compared at a time, as in the
// code of arXiv 2502.10596.
const bracketSize = 3

// bracket is one comparison of answers of a case, by their indices. The number
// that the judge sees is the index in places plus one; empty answers are in
// neither, so that the two cannot come apart.
type bracket struct {
	of       *Case
	places   []int
	round    int
	number   int
	winner   int // index in the case; -1 = none yet
	passages []retriever.Hit
}

// knockout lets the judge choose one answer of each case: answers are shuffled,
// and the best of each bracket goes on until one is left.
func (j *Judge) knockout(ctx context.Context, cases []*Case) error {
	standing := make([][]int, len(cases))
	for i, c := range cases {
		for k, a := range c.Answers {
			if a.Text != "" && !a.Excluded {
				standing[i] = append(standing[i], k)
			}
		}
		rng := rand.New(rand.NewPCG(j.Seed, seed.Derive(j.Seed, "knockout", c.Question.ID)))
		rng.Shuffle(len(standing[i]), func(a, b int) { standing[i][a], standing[i][b] = standing[i][b], standing[i][a] })
	}
	for round := 1; ; round++ {
		played, err := j.round(ctx, cases, standing, round)
		if err != nil {
			return err
		}
		if !played {
			break
		}
	}
	for i, c := range cases {
		if len(standing[i]) == 1 {
			c.Winner = standing[i][0]
		}
	}
	return nil
}

// round halves, or better, the answers still standing. A case with a bracket
// that could not be read has none left. It returns false if there was nothing
// to compare.
func (j *Judge) round(ctx context.Context, cases []*Case, standing [][]int, round int) (bool, error) {
	var brackets, open []*bracket
	var of []int
	for i, c := range cases {
		if len(standing[i]) < 2 {
			continue
		}
		for n := 0; n*bracketSize < len(standing[i]); n++ {
			places := standing[i][n*bracketSize : min((n+1)*bracketSize, len(standing[i]))]
			b := &bracket{of: c, places: places, round: round, number: n, winner: -1, passages: c.Passages}
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
		return false, nil
	}
	if err := j.contest(ctx, open); err != nil {
		return false, err
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
	return true, nil
}

// contest asks about brackets, and again, with another seed, about those whose
// reply could not be read, at most [Options].Tries times.
func (j *Judge) contest(ctx context.Context, open []*bracket) error {
	for try := 0; try < j.WithDefaults().Tries && len(open) > 0; try++ {
		if err := j.askBrackets(ctx, open, try); err != nil {
			return err
		}
		var left []*bracket
		for _, b := range open {
			if b.winner < 0 {
				left = append(left, b)
			}
		}
		if open = left; len(open) > 0 {
			if err := j.unread(); err != nil {
				return err
			}
		}
	}
	return nil
}

// askBrackets asks about brackets once and sets their winners. Passages that do
// not fit beside the answers are left out.
func (j *Judge) askBrackets(ctx context.Context, open []*bracket, try int) error {
	chat := func(ctx context.Context, reqs []model.Request) ([]model.Response, error) {
		return model.Chat(ctx, j.Model, reqs)
	}
	responses, err := reading.ChatThatFits(ctx, chat, len(open),
		func(i int) model.Request { return j.bracketRequest(open[i], try) },
		func(i int) bool { return open[i].shorter() })
	if err != nil {
		return err
	}
	for i, b := range open {
		if len(responses[i].Samples) == 0 {
			return fmt.Errorf("the judge cannot compare the answers to question %s even without passages: use a judge with a larger context, or "+
				"shorter answers: %w",
				b.of.Question.ID, model.ErrPromptTooLong)
		}
		text := responses[i].Samples[0].Text
		n, ok := parseBest(text, len(b.places))
		if j.note(text, ok); ok {
			b.winner = b.places[n-1]
		}
	}
	return nil
}

// shorter leaves out the last passage.
func (b *bracket) shorter() bool {
	if len(b.passages) == 0 {
		return false
	}
	b.passages = b.passages[:len(b.passages)-1]
	return true
}

func (j *Judge) bracketRequest(b *bracket, try int) model.Request {
	o := j.WithDefaults()
	req := model.Request{
		Messages: layout.User(b.text(o.KnockoutPrompt)), MaxTokens: o.MaxTokens, Temperature: o.Temperature,
		Seed: seed.Derive(j.Seed, b.of.Question.ID, "knockout", fmt.Sprint(b.round, b.number, try)),
	}
	if try > 0 && req.Temperature == 0 {
		req.Temperature = 0.7 // a greedy reply would be the same again
	}
	return req
}

// knockoutLine matches what would read as a part of the judge's prompt.
var knockoutLine = regexp.MustCompile(
	`(?mi)^(document[ \t]*\d+[ \t]*:|question[ \t]*:|reference[ \t]*:|prediction[ \t]*\d+[ \t]*:|best[ \t]*:)`)

// text shows passages, question, reference and answers.
func (b *bracket) text(instruction string) string {
	q := b.of.Question
	var text strings.Builder
	text.WriteString(layout.Ask(instruction, q.Question, b.passages))
	reference := references(q)
	if reference == "" {
		reference = "none: the documents do not answer this question"
	}
	fmt.Fprintf(&text, "\nReference: %s", layout.Indent(reference, knockoutLine))
	for i, place := range b.places {
		fmt.Fprintf(&text, "\n\nPrediction %d: %s", i+1, layout.Indent(b.of.Answers[place].Text, knockoutLine))
	}
	return text.String()
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
