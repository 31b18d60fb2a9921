//go:build cgo

package lora

import (
	"context"
	"math"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/ragft/ragft/internal/gguf"
	"github.com/ragft/ragft/internal/testmodel"
	"github.com/ragft/ragft/lora/internal/engine"
)

// With the model's log-probabilities log(1/2) and log(1/8) and the reference's log(1/4) for both, the chosen response
// gained log 2 and the rejected one lost log 2, so h = log 4. With beta 1/2 that is sigmoid(log 2) = 2/3.
func TestDPOByHand(t *testing.T) {
	branch := Branch{Tokens: make([]Token, 4), Loss: []float32{1, 1, 1, 1}}
	e := Example{Branches: []Branch{branch, branch}, Pairs: []Pair{{Chosen: 0, Rejected: 1}}, Reference: []float64{-math.Log(4), -math.Log(4)}}
	nll := []float64{math.Log(2), math.Log(8)}

	p := DPO{Beta: 0.5}.preference(&e, nll)
	require.InDelta(t, math.Log(1.5), p.loss, 1e-12)
	require.InDeltaSlice(t, []float64{0.5 / 3, -0.5 / 3}, p.slopes, 1e-12) // beta * sigmoid(-log 2)
	require.InDelta(t, math.Log(2), p.margin, 1e-12)
	require.Equal(t, 1, p.won)

	// conservative: one time in ten the other way round, whose loss is -log(1/3)
	p = DPO{Beta: 0.5, LabelSmoothing: 0.1}.preference(&e, nll)
	require.InDelta(t, 0.9*math.Log(1.5)+0.1*math.Log(3), p.loss, 1e-12)
	require.InDelta(t, 0.5*(0.9/3-0.1*2/3), p.slopes[0], 1e-12)

	// with the chosen response's cross-entropy, log 2 over a length of 4
	p = DPO{Beta: 0.5, SFT: 2}.preference(&e, nll)
	require.InDelta(t, math.Log(1.5)+2*math.Log(2)/4, p.loss, 1e-12)
	require.InDeltaSlice(t, []float64{0.5/3 + 2.0/4, -0.5 / 3}, p.slopes, 1e-12)

	// two pairs are averaged: the other way round h = -log 4
	e.Pairs = append(e.Pairs, Pair{Chosen: 1, Rejected: 0})
	p = DPO{Beta: 0.5}.preference(&e, nll)
	require.InDelta(t, (math.Log(1.5)+math.Log(3))/2, p.loss, 1e-12)
	require.Zero(t, p.margin)
	require.Equal(t, 1, p.won)

	loss, slope := DPO{Beta: 1}.pair(-1e4)
	require.Equal(t, []float64{1e4, -1}, []float64{loss, slope}, "no overflow")
}

// preferences are examples with pairs, of branches that differ, begin alike, or are in several pairs.
func preferences(vocab int) []Example {
	var examples []Example
	for i, e := range testExamples(random(31), vocab, 8) {
		if len(e.Branches) == 0 {
			continue
		}
		e.Pairs = []Pair{{Chosen: 2, Rejected: 0}, {Chosen: 2, Rejected: 1}, {Chosen: 1, Rejected: 0}}[:1+len(examples)%2*2]
		if len(e.Pairs) == 1 {
			e.Pairs[0] = Pair{Chosen: 1, Rejected: 0}
			e.Branches = e.Branches[:2]
		}
		e.Weight = float64(1 + i%3)
		examples = append(examples, e)
	}
	return examples
}

// adaptedTrainer is a Trainer whose adapter changes the model from the start.
func adaptedTrainer(t *testing.T, change func(*Config)) *Trainer {
	c := testConfig()
	c.DPO.Beta = 0.3
	if change != nil {
		change(&c)
	}
	tr, err := NewTrainer(context.Background(), testmodel.New(t, testSpec("llama", gguf.F32)), c)
	require.NoError(t, err)
	t.Cleanup(tr.Close)
	rng := random(77)
	for i, p := range tr.engine.Params() {
		v := make([]float32, p.Size())
		for k := range v {
			v[k] = float32(rng.NormFloat64()) * 0.15
		}
		require.NoError(t, tr.engine.Set(i, engine.Value, v))
	}
	return tr
}

// trainerGradients returns the gradient of the mean loss over the examples, and the losses.
func trainerGradients(t *testing.T, tr *Trainer, examples []Example) ([][]float32, Losses) {
	t.Helper()
	r, err := tr.gradients(context.Background(), examples, pack(examples, tr.config.Window, maxSequences, random(1)))
	require.NoError(t, err)
	all := make([][]float32, len(tr.engine.Params()))
	for i := range all {
		all[i], err = tr.engine.Get(i, engine.Gradient)
		require.NoError(t, err)
	}
	return all, r.Losses
}

// The reference is what the base model says, whatever the adapter.
func TestReferenceIsTheBase(t *testing.T) {
	tr := adaptedTrainer(t, nil)
	ctx := context.Background()
	examples := preferences(tr.engine.Vocab())
	before, err := tr.Evaluate(ctx, examples)
	require.NoError(t, err)
	require.NoError(t, tr.SetReference(ctx, examples))
	after, err := tr.Evaluate(ctx, examples)
	require.NoError(t, err)
	require.Equal(t, before, after, "a reference that is computed once is that which is computed anew")
	require.NotZero(t, after.Margin)

	base, err := NewTrainer(ctx, tr.model, tr.config) // its adapter changes nothing yet
	require.NoError(t, err)
	defer base.Close()
	for _, e := range examples {
		for k, b := range e.Branches {
			alone := Example{Tokens: append(append([]Token{}, e.Tokens...), b.Tokens...), Loss: append(make([]float32, len(e.Tokens)), b.Loss...)}
			l, err := base.Evaluate(ctx, []Example{alone})
			require.NoError(t, err)
			require.InEpsilon(t, -l.Loss*b.weight(), e.Reference[k], 1e-5)
		}
	}
	l, err := base.Evaluate(ctx, examples)
	require.NoError(t, err)
	require.InDelta(t, math.Log(2), l.Loss, 1e-5, "without a change there is no preference")
	require.InDelta(t, 0, l.Margin, 1e-4)
}

func TestDPOGradients(t *testing.T) {
	for name, change := range map[string]func(*Config){
		"plain":        nil,
		"conservative": func(c *Config) { c.DPO.LabelSmoothing = 0.2 },
		"with SFT":     func(c *Config) { c.DPO.SFT = 0.7 },
	} {
		t.Run(name, func(t *testing.T) {
			tr := adaptedTrainer(t, change)
			ctx := context.Background()
			examples := preferences(tr.engine.Vocab())
			examples = append(examples, testExamples(random(32), tr.engine.Vocab(), 3)...) // and such without pairs
			require.NoError(t, tr.SetReference(ctx, examples))
			grads, losses := trainerGradients(t, tr, examples)
			evaluated, err := tr.Evaluate(ctx, examples)
			require.NoError(t, err)
			require.InEpsilon(t, evaluated.Loss, losses.Loss, 1e-5)
			require.Equal(t, evaluated.Pairs, losses.Pairs)
			requireSlopes(t, tr.engine, grads, 0.02, func() float64 {
				l, err := tr.Evaluate(ctx, examples)
				require.NoError(t, err)
				return l.Loss
			})
		})
	}
}

// Pairs that share a prompt must give what pairs give that have it to themselves, in windows of their own.
func TestSharedPairsEqualSeparate(t *testing.T) {
	tr := adaptedTrainer(t, nil)
	examples := preferences(tr.engine.Vocab())
	var separate []Example
	for _, e := range examples {
		for _, p := range e.Pairs {
			one := e
			one.Branches = []Branch{e.Branches[p.Chosen], e.Branches[p.Rejected]}
			one.Pairs = []Pair{{Chosen: 0, Rejected: 1}}
			one.Weight = e.Weight / float64(len(e.Pairs))
			separate = append(separate, one)
		}
	}
	require.NoError(t, tr.SetReference(context.Background(), examples))
	require.NoError(t, tr.SetReference(context.Background(), separate))
	want, a := trainerGradients(t, tr, separate)
	got, b := trainerGradients(t, tr, examples)
	require.InEpsilon(t, a.Loss, b.Loss, 1e-5)
	require.Equal(t, a.Pairs, b.Pairs)
	require.InDelta(t, a.Margin, b.Margin, 1e-5)
	requireSameGradients(t, tr.engine, want, got, 1e-4)
}

func TestWeightScalesAndSourcesSplit(t *testing.T) {
	tr := adaptedTrainer(t, nil)
	ctx := context.Background()
	examples := testExamples(random(33), tr.engine.Vocab(), 4)
	once, _ := trainerGradients(t, tr, append(append([]Example{}, examples...), examples[0]))
	examples[0].Weight = 2
	weighted, all := trainerGradients(t, tr, examples)
	requireSameGradients(t, tr.engine, once, weighted, 1e-4)
	require.Nil(t, all.BySource)

	examples[0].Source, examples[1].Source = "a", "a"
	examples[2].Source, examples[3].Source = "b", "b"
	got, err := tr.Evaluate(ctx, examples)
	require.NoError(t, err)
	_, stepped := trainerGradients(t, tr, examples)
	for name, set := range map[string][]Example{"a": examples[:2], "b": examples[2:]} {
		want, err := tr.Evaluate(ctx, set)
		require.NoError(t, err)
		require.InEpsilon(t, want.Loss, got.BySource[name], 1e-6)
		require.InEpsilon(t, want.Loss, stepped.BySource[name], 1e-5)
	}
}

// Training on pairs moves probability from the rejected responses to the chosen ones.
func TestTrainLearnsPreferences(t *testing.T) {
	model := testmodel.New(t, testSpec("llama", gguf.F32))
	var examples []Example
	for _, e := range counting(40) { // counting up is preferred to counting down
		down := Branch{Loss: e.Loss[3:]}
		for i := range e.Tokens[3:] {
			down.Tokens = append(down.Tokens, e.Tokens[2]-Token(i+1))
		}
		examples = append(examples, Example{
			Tokens: e.Tokens[:3], Branches: []Branch{down, {Tokens: e.Tokens[3:], Loss: e.Loss[3:]}}, Pairs: []Pair{{Chosen: 1, Rejected: 0}},
		})
	}
	c := testConfig()
	c.Epochs = 6
	var last Progress
	c.Progress = func(p Progress) { last = p }
	r, err := Train(context.Background(), model, filepath.Join(t.TempDir(), "adapter.gguf"), c, examples[:30], examples[30:])
	require.NoError(t, err)
	require.InDelta(t, math.Log(2), r.BaseLoss, 1e-5)
	require.Less(t, r.HeldOutLoss, 0.5*r.BaseLoss)
	require.Greater(t, last.PairsWon, 0.9)
	require.Positive(t, last.Margin)
	require.Nil(t, examples[0].Reference, "the caller's examples are left alone")
}

func TestBadPairs(t *testing.T) {
	tr := adaptedTrainer(t, nil)
	good := preferences(tr.engine.Vocab())[0]
	for says, change := range map[string]func(*Example){
		"branch 9":           func(e *Example) { e.Pairs = []Pair{{Chosen: 9}} },
		"to itself":          func(e *Example) { e.Pairs = []Pair{{}, {Chosen: 1}} },
		"in none":            func(e *Example) { e.Branches = append(e.Branches[:2:2], e.Branches[0]) },
		"loss on its prompt": func(e *Example) { e.Loss = make([]float32, len(e.Tokens)); e.Loss[1] = 1 },
		"reference values":   func(e *Example) { e.Reference = []float64{1} },
		"token to learn":     func(e *Example) { e.Branches = []Branch{e.Branches[0], {Tokens: []Token{1}}} },
		"the weight -1":      func(e *Example) { e.Weight = -1 },
	} {
		e := good
		e.Branches = append([]Branch{}, good.Branches...)
		change(&e)
		require.ErrorContains(t, tr.Check([]Example{e}), says)
	}
	all, err := NewModelTrainer(context.Background(), tr.model, tr.config)
	require.NoError(t, err)
	defer all.Close()
	_, err = all.Step(context.Background(), []Example{good}, 1e-3)
	require.ErrorContains(t, err, "SetReference")
	require.NoError(t, all.SetReference(context.Background(), []Example{good}))
}
