//go:build cgo

package ragft

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"

	"github.com/ragft/ragft/internal/reading"
	"github.com/ragft/ragft/internal/wordings"
	"github.com/ragft/ragft/ragft/abstain"
	"github.com/ragft/ragft/ragft/answer"
	"github.com/ragft/ragft/ragft/finetune"
	"github.com/ragft/ragft/ragft/judge"
	"github.com/ragft/ragft/ragft/model"
	"github.com/ragft/ragft/ragft/question"
	"github.com/ragft/ragft/ragft/rows"
)

const (
	choosePrompts = 40  // most that are asked at a point of the training
	chooseTokens  = 32  // of an answer
	chooseShare   = 0.1 // of the time of the training that all points may take
	choosePoints  = 4   // in a training, see lora.Config.Score
)

// choosing scores adapters of a training by what they answer and decline.
type choosing struct {
	*deciding
	declines string // the refusal that the rows teach
	asks     []abstain.Ask
	points   []abstain.Point // without signals
	of       []question.Question
	held     int // points whose passages hold the answer
}

// choosing prepares the choice of the checkpoint if Train.Keep asks for it. If no choice can be made, none says why.
func (p *Project) choosing(ctx context.Context, w *work, list []rows.Row, t finetune.Options) (c *choosing, none string, err error) {
	if p.config.Train.Keep != keepAnswers {
		return nil, "", nil
	}
	c = &choosing{deciding: &deciding{Project: p, w: w, rows: list}}
	err = c.prepare(ctx, t)
	var why errNoRule
	if errors.As(err, &why) {
		return nil, why.Error(), nil
	}
	if err != nil {
		return nil, "", fmt.Errorf("choosing: %w", err)
	}
	return c, "", nil
}

func (c *choosing) prepare(ctx context.Context, t finetune.Options) error {
	err := c.deciding.prepare(ctx)
	if err != nil {
		return err
	}
	if c.declines, err = c.refusal(); err != nil {
		return err
	}
	choose, _, err := c.questions()
	if err != nil {
		return err
	}
	if len(choose) == 0 {
		return errNoRule("too few questions are kept to choose the adapter and fit the rule")
	}
	if c.asks, c.points, err = c.deciding.asks(ctx, choose); err != nil {
		return err
	}
	n := affordable(c.asks, c.rows, t.LoRA.Epochs)
	c.asks, c.points = c.asks[:n], c.points[:n]
	byID := map[string]question.Question{}
	for _, q := range choose {
		byID[q.ID] = q
	}
	for _, p := range c.points {
		c.of = append(c.of, byID[p.ID])
		if p.Held {
			c.held++
		}
	}
	if least := 10; c.held < least || n-c.held < least {
		return errNoRule(fmt.Sprintf("%d prompts with an answer in the passages and %d without one can be asked in %.0f %% of the time of "+
			"the training, and at least %d of each are needed", c.held, n-c.held, 100*chooseShare, least))
	}
	return nil
}

// affordable is how many of the asks, from the first, fit into the share of the training's time for all points. It is
// estimated from bytes of text, so that it is the same on every machine: a trained token, forward and backward, costs about as
// much as reading three tokens, a generated one about as much as reading two.
func affordable(asks []abstain.Ask, list []rows.Row, epochs int) int {
	const bytesPerToken, trained, generated = 4, 3, 2
	left := 0.0
	for _, r := range list {
		left += float64(len(r.Text) + textOf(r.Messages) + textOf(r.Rejected))
	}
	left *= chooseShare * trained * float64(epochs) / float64(min(max(epochs, 2), choosePoints))
	n := 0
	for n < min(len(asks), choosePrompts) {
		left -= float64(textOf(asks[n].Messages(asks[n].Hits)) + generated*bytesPerToken*chooseTokens)
		if left < 0 {
			break
		}
		n++
	}
	return n
}

// id tells apart what adapters are scored by: scores of other prompts cannot be compared.
func (c *choosing) id() string {
	h := sha256.New()
	fmt.Fprintf(h, "%q %v %d\n", c.declines, c.config.Decide.FalseRefusals, chooseTokens)
	for i, ask := range c.asks {
		fmt.Fprintf(h, "%q %v %q\n", ask.Messages(ask.Hits), c.points[i].Held, c.of[i].Golds())
	}
	return hex.EncodeToString(h.Sum(nil))
}

func textOf(messages []model.Message) (bytes int) {
	for _, m := range messages {
		bytes += len(m.Content)
	}
	return bytes
}

// score asks the model with an adapter. If too few prompts fit into its context, all adapters score 0, so that the loss
// decides.
func (c *choosing) score(ctx context.Context, adapter string) (score float64, err error) {
	tuned, closeTuned, err := c.tuned(ctx, adapter)
	if err != nil {
		return 0, err
	}
	defer func() {
		err = errors.Join(err, closeTuned())
		if !c.models.lent { // the training needs the memory
			err = errors.Join(err, c.models.close())
		}
	}()
	c.w.phase("choosing", "prompts")
	points, cases, err := c.answer(ctx, tuned)
	if err != nil {
		return 0, err
	}
	c.w.set(len(points), len(points), "")
	// Chance is fitted on what is then decided. It has few weights, and all adapters are treated alike.
	rule, err := abstain.Fit(points, c.declines, abstain.Options{FalseRefusals: c.config.Decide.FalseRefusals})
	if errors.Is(err, abstain.ErrTooFew) {
		return 0, nil
	}
	if err != nil {
		return 0, err
	}
	if err := (&judge.Judge{}).Decide(ctx, cases); err != nil {
		return 0, err
	}
	for i, p := range points {
		verdict := cases[i].Answers[0].Verdict
		if !rule.Answers(p.Signals) {
			verdict = answer.Refused
		}
		score += value(p.Held, verdict)
	}
	return score, nil
}

// value is what an outcome adds to the score.
func value(held bool, v answer.Verdict) float64 {
	switch {
	case held && v == answer.Correct:
		return 1
	case held && v == answer.Incorrect:
		return -1
	case !held && v == answer.Refused:
		return 1
	}
	return 0
}

// answer asks for an answer that is not a refusal to each prompt that fits, and returns the signals for the decision with them.
func (c *choosing) answer(ctx context.Context, m model.Model) (points []abstain.Point, cases []*judge.Case, err error) {
	r := reading.Reader{Model: m, Least: 1, Like: model.Request{MaxTokens: chooseTokens, Exclude: wordings.With(c.declines)}}
	var asking []*reading.Asking
	for i, ask := range c.asks {
		hits, err := reading.Fit(m, chooseTokens, ask.Messages, ask.Hits)
		if err != nil {
			return nil, nil, err
		}
		if len(hits) > 0 {
			asking = append(asking, &reading.Asking{Messages: ask.Messages, Hits: hits})
			points = append(points, c.points[i])
			cases = append(cases, &judge.Case{Question: c.of[i], Answers: make([]judge.Answer, 1)})
		}
	}
	responses, err := r.Answer(ctx, asking)
	if err != nil {
		return nil, nil, err
	}
	for i := range points {
		sample := responses[i].Samples[0]
		cases[i].Answers[0].Text = sample.Text
		if points[i].Signals, err = abstain.Of(m, cases[i].Question.Question, asking[i].From, sample); err != nil {
			return nil, nil, err
		}
	}
	return points, cases, nil
}

// result is what the scores of a training came to.
func (c *choosing) result(r *finetune.Result) *TrainChoice {
	return &TrainChoice{Held: c.held, Without: len(c.points) - c.held, Scores: r.Training().Scores, Seconds: r.ScoreSeconds}
}
