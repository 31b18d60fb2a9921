package forget

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"strings"
	"testing"

	"github.com/ragft/ragft/internal/fake"
	"github.com/ragft/ragft/internal/metric"
	"github.com/ragft/ragft/ragft/answer"
	"github.com/ragft/ragft/ragft/confidence"
	"github.com/ragft/ragft/ragft/eval"
	"github.com/ragft/ragft/ragft/judge"
	"github.com/ragft/ragft/ragft/model"
	"github.com/ragft/ragft/ragft/prompt"
	"github.com/ragft/ragft/ragft/question"
	"github.com/ragft/ragft/ragft/rows"
	"github.com/stretchr/testify/require"
)

// scored is a model whose tokens are words, each with the same log probability, and the token that ends a response.
type scored struct {
	fake.Scripted
	logProb, end float64
}

func (m *scored) words(text string) model.Score {
	n := len(strings.Fields(text))
	return model.Score{Sum: float64(n) * m.logProb, Last: m.logProb, Tokens: n}
}

func (m *scored) ScoreTexts(_ context.Context, texts []string) ([]model.Score, error) {
	var out []model.Score
	for _, text := range texts {
		out = append(out, m.words(text))
	}
	return out, nil
}

func (m *scored) Score(_ context.Context, pairs []model.Completion) ([]model.Score, error) {
	var out []model.Score
	for _, p := range pairs {
		s := m.words(p.Response)
		out = append(out, model.Score{Sum: s.Sum + m.end, Last: m.end, Tokens: s.Tokens + 1})
	}
	return out, nil
}

func forgetful() Config {
	return Config{
		Base: &scored{
			fake.Scripted{Called: "base", Answers: map[string]model.Sample{"A?": fake.Said("a", 1), "B?": fake.Said("b", 1)}, Other: "some words"},
			-1,
			-1,
		},
		Tuned: &scored{fake.Scripted{Called: "tuned", Answers: map[string]model.Sample{"A?": fake.Said("a", 1)}, Other: "no"}, -1.5, -1.5},
		Closed: []question.Question{
			{ID: "1", Question: "A?", Answer: "a"}, {ID: "2", Question: "B?", Answer: "b"},
			{ID: "3", Question: "C?", Answer: "c"}, {ID: "4", Question: "D?", Answer: "d"},
		},
		Instructions: []rows.Instruction{{Prompt: "Say hello.", Response: "hello you"}, {Prompt: "Count.", Response: "one two three"}},
		Texts:        []string{"a general text", "another one"},
		Resamples:    200,
	}
}

func TestMeasureForgetting(t *testing.T) {
	f, err := Run(t.Context(), forgetful())
	require.NoError(t, err)
	require.Len(t, f.Losses, 4)
	closed, instructions, texts, kl := f.Losses[0], f.Losses[1], f.Losses[2], f.Losses[3]
	require.Equal(t, 0.5, closed.Before)
	require.Equal(t, 0.25, closed.After)
	require.InDelta(t, -0.25, closed.Change.Value, 1e-12)
	require.False(t, closed.Shown, "one of four is no proof")
	// Log probabilities of -1 and -1.5 a token: perplexities e and e^1.5, a rise by e^0.5 - 1.
	for _, l := range []Loss{instructions, texts} {
		require.InDelta(t, math.E, l.Before, 1e-9)
		require.InDelta(t, math.Exp(1.5), l.After, 1e-9)
		require.InDelta(t, math.Exp(0.5)-1, l.Change.Value, 1e-9)
		require.True(t, math.IsNaN(l.Change.Low), "both rise by the same, of which no interval can be told")
		require.False(t, l.Shown, "two of two are no proof")
	}
	require.InDelta(t, 0.5, kl.Change.Value, 1e-9)
	require.Equal(t, 2, kl.N)

	var b strings.Builder
	require.NoError(t, f.WriteTable(&b))
	require.Contains(t, b.String(), "no difference shown")
}

// What is lost is shown where interval and test say so: of six questions three that are lost are not enough, six are, and
// so for texts.
func TestForgettingShown(t *testing.T) {
	closed := func(n, lost int) Loss {
		c := Config{
			Base:  &fake.Scripted{Called: "base", Other: "a"},
			Tuned: &fake.Scripted{Called: "tuned", Answers: map[string]model.Sample{}, Other: "a"},
		}
		for i := range n {
			q := question.Question{ID: fmt.Sprint(i), Question: fmt.Sprintf("Q%d?", i), Answer: "a"}
			if c.Closed = append(c.Closed, q); i < lost {
				c.Tuned.(*fake.Scripted).Answers[q.Question] = fake.Said("b", 1)
			}
		}
		f, err := Run(t.Context(), c)
		require.NoError(t, err)
		return f.Losses[0]
	}
	few := closed(6, 3)
	require.Negative(t, few.Change.High, "the interval alone would say so")
	require.InDelta(t, 0.25, *few.P, 1e-12, "2 of 2^3")
	require.False(t, few.Shown)
	require.InDelta(t, 0.03125, *closed(6, 6).P, 1e-12)
	require.True(t, closed(6, 6).Shown)

	texts := func(n int) Loss {
		c := Config{Base: &scored{fake.Scripted{Called: "base"}, -1, -1}, Tuned: &scored{fake.Scripted{Called: "tuned"}, -1.5, -1.5}}
		for range n {
			c.Texts = append(c.Texts, "a general text")
		}
		f, err := Run(t.Context(), c)
		require.NoError(t, err)
		return f.Losses[0]
	}
	require.InDelta(t, 0.25, *texts(3).P, 0.05)
	require.False(t, texts(3).Shown)
	require.Equal(t, 1.0, *texts(1).P)
	many := texts(12)
	require.Less(t, *many.P, 0.01)
	require.True(t, many.Shown)
	data, err := json.Marshal(many)
	require.NoError(t, err)
	var back Loss
	require.NoError(t, json.Unmarshal(data, &back))
	require.Equal(t, many.P, back.P)
}

func TestForgettingBudget(t *testing.T) {
	c := forgetful()
	c.Budget = Budget{Texts: 0.5, KL: 0.6, Closed: 0.3}
	f, err := Run(t.Context(), c)
	require.ErrorIs(t, err, ErrForgot)
	require.ErrorContains(t, err, "perplexity of general text +0.649, budget 0.500")
	require.NotContains(t, err.Error(), "divergence")
	require.NotNil(t, f)
	require.True(t, f.Losses[2].Exceeded)
	require.False(t, f.Losses[3].Exceeded)
}

// Words of -1 by the base and -1.3 by the tuned one, a divergence of 0.3; the end of a turn has -4 and -0.1.
func TestDivergenceOfWhatWasDrawn(t *testing.T) {
	drawn := func(samples ...model.Sample) Loss {
		n := 0
		c := Config{Prompts: []string{"Go on."}, Samples: len(samples), Resamples: 20}
		c.Base = &drawing{scored{fake.Scripted{Called: "base"}, -1, -4}, func() model.Sample { n++; return samples[n-1] }}
		c.Tuned = &scored{fake.Scripted{Called: "tuned"}, -1.3, -0.1}
		f, err := Run(t.Context(), c)
		require.NoError(t, err)
		require.Equal(t, len(samples), f.Losses[0].N)
		return f.Losses[0]
	}
	require.InDelta(t, 0.3, drawn(model.Sample{Text: "one two three", Truncated: true}).Change.Value, 1e-9, "the end was not drawn")
	require.InDelta(t, (3*0.3-3.9)/4, drawn(model.Sample{Text: "one two three"}).Change.Value, 1e-9, "the end was drawn")
	require.InDelta(t, -3.9, drawn(model.Sample{}).Change.Value, 1e-9, "a sample that ended at once is a draw of the end")
	both := drawn(model.Sample{Text: "one two three", Truncated: true}, model.Sample{Text: "one"}).Change
	require.InDelta(t, (4*0.3-3.9)/5, both.Value, 1e-9)
	require.True(t, math.IsNaN(both.Low), "the samples of a single prompt are drawn together, so that nothing varies")
}

// drawing answers a request by a sample of next, for each that is asked for.
type drawing struct {
	scored
	next func() model.Sample
}

func (m *drawing) Chat(_ context.Context, reqs []model.Request) ([]model.Response, error) {
	out := make([]model.Response, len(reqs))
	for i, req := range reqs {
		for range req.Samples {
			out[i].Samples = append(out[i].Samples, m.next())
		}
	}
	return out, nil
}

// What is not a number keeps no budget.
func TestForgettingBudgetOfNoNumber(t *testing.T) {
	c := forgetful()
	c.Tuned.(*scored).logProb, c.Tuned.(*scored).end = math.NaN(), math.NaN()
	for i := range c.Closed {
		c.Closed[i].Answer = ""
	}
	c.Budget = Budget{Closed: 0.5, Instructions: 9, Texts: 9, KL: 9}
	f, err := Run(t.Context(), c)
	require.ErrorIs(t, err, ErrForgot)
	require.Len(t, f.Losses, 4)
	for _, l := range f.Losses {
		require.True(t, l.Exceeded, l.Key)
	}
	var b strings.Builder
	require.NoError(t, f.WriteTable(&b))
	require.Equal(t, 4, strings.Count(b.String(), "not measured: over budget"))
	data, err := json.Marshal(f)
	require.NoError(t, err, "JSON has no NaN")
	var back Result
	require.NoError(t, json.Unmarshal(data, &back))
	require.True(t, math.IsNaN(back.Losses[0].After))
	require.True(t, back.Losses[0].Exceeded)
}

func TestForgettingBudgetOfNothing(t *testing.T) {
	for _, budget := range []Budget{{Closed: 0.1}, {Instructions: 0.1}, {KL: 0.1}, {Texts: math.NaN()}} {
		_, err := Run(t.Context(), Config{Base: &scored{}, Tuned: &scored{}, Texts: []string{"x"}, Budget: budget})
		require.ErrorContains(t, err, "budget", "%+v", budget)
	}
}

// Closed questions are asked and judged as the configuration says.
func TestForgettingAsksAsItIsTold(t *testing.T) {
	c := Config{
		Base:   &fake.Scripted{Called: "base", Other: "I think.\nAnswer: a"},
		Tuned:  &fake.Scripted{Called: "tuned", Other: "Answer: b"},
		Closed: []question.Question{{ID: "1", Question: "A?", Answer: "a"}}, Extract: answer.Final, MaxTokens: 5,
		Evaluation: eval.Config{Prompts: prompt.Set{Closed: "Be short."}, Stop: []string{"\n\n"}, MaxTokens: 7,
			Judge: judge.Options{Model: fake.AlwaysSays("yes")}, Signals: confidence.SignalOptions{Consistency: 3}},
	}
	f, err := Run(t.Context(), c)
	require.NoError(t, err)
	require.Equal(t, []float64{1, 0}, []float64{f.Losses[0].Before, f.Losses[0].After})
	for _, m := range []model.Model{c.Base, c.Tuned} {
		seen := m.(*fake.Scripted).Seen
		require.Len(t, seen, 1)
		require.Equal(t, "Be short.", fake.Instruction(seen[0].Messages))
		require.Equal(t, []any{7, []string{"\n\n"}}, []any{seen[0].MaxTokens, seen[0].Stop})
	}
}

func TestForgettingNeeds(t *testing.T) {
	for _, c := range []Config{{Tuned: &fake.Scripted{}}, {Base: &fake.Scripted{}}} {
		c.Texts = []string{"x"}
		_, err := Run(t.Context(), c)
		require.ErrorContains(t, err, "set Base and Tuned")
	}
	_, err := Sweep(t.Context(), SweepConfig{
		Open: func(context.Context, float64) (model.Model, func() error, error) {
			t.Fatal("opened")
			return nil, nil, nil
		},
		Forgetting: Config{Texts: []string{"x"}},
	})
	require.ErrorContains(t, err, "set Forgetting.Base")
	_, err = Run(t.Context(), Config{Base: &fake.Scripted{}, Tuned: &fake.Scripted{}})
	require.ErrorIs(t, err, eval.ErrNothing)
	_, err = Run(t.Context(), Config{Base: &fake.Scripted{}, Tuned: &fake.Scripted{}, Texts: []string{"x"}})
	require.ErrorIs(t, err, model.ErrNoScores)
}

func TestSweep(t *testing.T) {
	var closed []float64
	base := &scored{fake.Scripted{Called: "base", Other: "x"}, -1, -1}
	c := SweepConfig{
		Scales: []float64{0, 1},
		Open: func(_ context.Context, scale float64) (model.Model, func() error, error) {
			m := &scored{fake.Scripted{Called: "m", Other: fake.Decline, Answers: map[string]model.Sample{}}, -1 - scale, -1 - scale}
			if scale == 0 {
				m.Other = "x"
			}
			return m, func() error { closed = append(closed, scale); return nil }, nil
		},
		Setting:    eval.SettingRetrieval,
		Evaluation: eval.Config{Questions: []question.Question{{ID: "q", Question: "Q?"}}, Search: fake.Shelf{"Q?": {"text"}}, Resamples: 20},
		Forgetting: Config{Base: base, Texts: []string{"one two"}, Resamples: 20},
	}
	d, err := Sweep(t.Context(), c)
	require.NoError(t, err)
	require.Equal(t, []float64{0, 1}, closed)
	require.Equal(t, -1.0, d.Points[0].Estimate(metric.Truthfulness).Value, "at 0 it makes an answer up")
	require.Equal(t, 0.0, d.Points[1].Estimate(metric.Truthfulness).Value, "at 1 it declines")
	require.InDelta(t, 0, d.Points[0].Forgetting.Losses[0].Change.Value, 1e-12)
	require.InDelta(t, math.E-1, d.Points[1].Forgetting.Losses[0].Change.Value, 1e-9)
	var b strings.Builder
	require.NoError(t, d.WriteTable(&b))
	require.Contains(t, b.String(), "Δ texts")

	c.Open = func(context.Context, float64) (model.Model, func() error, error) {
		return nil, nil, errors.New("no adapter")
	}
	_, err = Sweep(t.Context(), c)
	require.ErrorContains(t, err, "sweep at scale 0: no adapter")
}

func TestForgettingOptionsAreNotNegative(t *testing.T) {
	for _, c := range []Config{{Samples: -1}, {MaxTokens: -1}, {Resamples: -1}, {Budget: Budget{Texts: -1}}} {
		c.Base, c.Tuned, c.Texts = &scored{}, &scored{}, []string{"x"}
		_, err := Run(t.Context(), c)
		require.ErrorContains(t, err, "is -1")
	}
	_, err := Sweep(t.Context(), SweepConfig{Scales: []float64{1, -1}, Open: func(context.Context, float64) (model.Model, func() error,
		error) {
		t.Fatal("opened")
		return nil, nil, nil
	}})
	require.ErrorContains(t, err, "Scales is -1")
}
