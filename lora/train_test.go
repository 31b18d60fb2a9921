//go:build cgo

package lora

import (
	"bytes"
	"context"
	"math"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/ragft/ragft/internal/gguf"
	"github.com/ragft/ragft/internal/testmodel"
	"github.com/ragft/ragft/llama"
	"github.com/ragft/ragft/lora/internal/engine"
	"github.com/ragft/ragft/ragft/opt"
)

// counting is a data set with something to learn: runs of consecutive tokens.
func counting(n int) []Example {
	rng := random(11)
	var examples []Example
	for range n {
		from := rng.IntN(40)
		tokens := make([]Token, 10+rng.IntN(20))
		for i := range tokens {
			tokens[i] = Token(40 + from + i)
		}
		examples = append(examples, Completion(tokens[:3], tokens[3:]))
	}
	return examples
}

func testConfig() Config {
	return Config{
		Rank:            4,
		Window:          testWindow,
		WindowsPerStep:  2,
		Epochs:          3,
		LearningRate:    1e-2,
		Seed:            5,
		Threads:         2,
		CheckpointEvery: opt.Of(0),
	}
}

func TestTrainLearnsAndReports(t *testing.T) {
	model := testmodel.New(t, testSpec("llama", gguf.Q8_0))
	adapter := filepath.Join(t.TempDir(), "adapter.gguf")
	c := testConfig()
	c.Epochs = 8
	c.Metadata = map[string]string{"data": "counting"}
	var seen []Progress
	c.Progress = func(p Progress) { seen = append(seen, p) }
	r, err := Train(context.Background(), model, adapter, c, counting(120), counting(20))
	require.NoError(t, err)
	require.Less(t, r.HeldOutLoss, 0.6*r.BaseLoss, "training must lower the held-out loss")
	require.Equal(t, r.Steps, len(seen))
	require.Equal(t, 8, seen[len(seen)-1].Epoch)
	require.True(t, seen[len(seen)-1].Evaluated)
	require.Greater(t, r.Fill, 0.8)
	require.NoFileExists(t, adapter+".checkpoint")

	f, err := gguf.Open(adapter)
	require.NoError(t, err)
	defer f.Close()
	require.Len(t, f.Tensors(), 2*7*2)
	data, _ := f.Text("ragft.data")
	require.Equal(t, "counting", data)
	alpha, _ := f.Float("adapter.lora.alpha")
	require.Equal(t, c.withDefaults().Alpha, alpha)

	// llama.cpp computes with the file what the trainer computed at the end.
	e := openTest(t, engine.Options{Model: model, Adapter: adapter})
	held := counting(20)
	loss, weight := 0.0, 0.0
	for i := range held {
		l, err := e.Forward(context.Background(), &testWindowOf(e, held[i:i+1]).Batch)
		require.NoError(t, err)
		loss, weight = loss+l, weight+held[i].weight()
	}
	require.InDelta(t, r.HeldOutLoss, loss/weight, 0.02)
}

func trainBytes(t *testing.T, model string, c Config) []byte {
	adapter := filepath.Join(t.TempDir(), "adapter.gguf")
	_, err := Train(context.Background(), model, adapter, c, counting(60), nil)
	require.NoError(t, err)
	data, err := os.ReadFile(adapter)
	require.NoError(t, err)
	return data
}

func TestSeedDecides(t *testing.T) {
	model := testmodel.New(t, testSpec("llama", gguf.F32))
	c := testConfig()
	a, b := trainBytes(t, model, c), trainBytes(t, model, c)
	require.True(t, bytes.Equal(a, b), "the same seed must give the same file")
	c.Seed++
	require.False(t, bytes.Equal(a, trainBytes(t, model, c)), "another seed must give another file")
}

func TestResumeEqualsUninterrupted(t *testing.T) {
	model := testmodel.New(t, testSpec("qwen3", gguf.F32))
	c := testConfig()
	want := trainBytes(t, model, c)

	adapter := filepath.Join(t.TempDir(), "adapter.gguf")
	for stopAt := 1; ; stopAt += 2 {
		ctx, cancel := context.WithCancel(context.Background())
		c.Progress = func(p Progress) {
			if p.Step == stopAt {
				cancel()
			}
		}
		r, err := Train(ctx, model, adapter, c, counting(60), nil)
		cancel()
		if err == nil {
			require.Greater(t, r.Resumed, 2, "the last run must have gone on from a checkpoint")
			break
		}
		require.ErrorIs(t, err, context.Canceled)
		require.NoFileExists(t, adapter)
	}
	got, err := os.ReadFile(adapter)
	require.NoError(t, err)
	require.True(t, bytes.Equal(want, got))
}

func TestForeignOrTornCheckpoint(t *testing.T) {
	model := testmodel.New(t, testSpec("llama", gguf.F32))
	adapter := filepath.Join(t.TempDir(), "adapter.gguf")
	c := testConfig()
	ctx, cancel := context.WithCancel(context.Background())
	c.Progress = func(Progress) { cancel() }
	_, err := Train(ctx, model, adapter, c, counting(60), nil)
	require.ErrorIs(t, err, context.Canceled)

	other := c
	other.LearningRate *= 2
	_, err = Train(context.Background(), model, adapter, other, counting(60), nil)
	require.ErrorIs(t, err, ErrCheckpoint)
	other = c
	other.ScoreID = "scored by something else"
	_, err = Train(context.Background(), model, adapter, other, counting(60), nil)
	require.ErrorIs(t, err, ErrCheckpoint)
	_, err = Train(context.Background(), model, adapter, c, counting(61), nil)
	require.ErrorIs(t, err, ErrCheckpoint)

	data, err := os.ReadFile(adapter + ".checkpoint")
	require.NoError(t, err)
	for _, cut := range []int{0, 3, 100, len(data) / 2, len(data) - 1} {
		require.NoError(t, os.WriteFile(adapter+".checkpoint", data[:cut], 0o644))
		_, err = Train(context.Background(), model, adapter, c, counting(60), nil)
		require.ErrorIs(t, err, ErrCheckpoint, "cut at %d", cut)
	}
}

// Accumulating over several windows must give the step that one large window gives.
func TestAccumulatedEqualsLarge(t *testing.T) {
	model := testmodel.New(t, testSpec("llama", gguf.F32))
	examples := append(counting(20), preferences(100)...)
	step := func(window int) (StepResult, []float32) {
		c := testConfig()
		c.Window = window
		tr, err := NewTrainer(context.Background(), model, c)
		require.NoError(t, err)
		defer tr.Close()
		var r StepResult
		for range 3 {
			r, err = tr.Step(context.Background(), examples, 1e-3)
			require.NoError(t, err)
		}
		var all []float32
		for i := range tr.engine.Params() {
			v, err := tr.engine.Get(i, engine.Value)
			require.NoError(t, err)
			all = append(all, v...)
		}
		return r, all
	}
	small, a := step(256)
	large, b := step(1024)
	require.Equal(t, small.LossTokens, large.LossTokens)
	require.InEpsilon(t, small.Loss, large.Loss, 1e-4)
	require.InEpsilon(t, small.GradientNorm, large.GradientNorm, 1e-3)
	require.Less(t, distance(a, b), 1e-3)
}

func TestAllWeightsLearn(t *testing.T) {
	s := testSpec("llama", gguf.F32)
	s.Tied = true
	model := testmodel.New(t, s)
	c := testConfig()
	tr, err := NewModelTrainer(context.Background(), model, c)
	require.NoError(t, err)
	defer tr.Close()
	examples := counting(30)
	first, err := tr.Evaluate(context.Background(), examples)
	require.NoError(t, err)
	for range 30 {
		_, err := tr.Step(context.Background(), examples, 3e-3)
		require.NoError(t, err)
	}
	last, err := tr.Evaluate(context.Background(), examples)
	require.NoError(t, err)
	require.Less(t, last.Loss, 0.2*first.Loss)

	saved := filepath.Join(t.TempDir(), "trained.gguf")
	require.NoError(t, tr.Save(saved))
	again, err := NewModelTrainer(context.Background(), saved, c)
	require.NoError(t, err)
	defer again.Close()
	loss, err := again.Evaluate(context.Background(), examples)
	require.NoError(t, err)
	require.Equal(t, last, loss)
}

func TestBadInput(t *testing.T) {
	dir := t.TempDir()
	model := testmodel.New(t, testSpec("llama", gguf.F32))
	quantised := testmodel.New(t, testSpec("llama", gguf.Q8_0))
	text := filepath.Join(dir, "text.gguf")
	require.NoError(t, os.WriteFile(text, []byte("no model at all"), 0o644))
	adapter := testmodel.NewAdapter(t, model, testmodel.AdapterSpec{})
	long := Text(make([]Token, 300))
	longer := Text(make([]Token, 1100))
	silent := Example{Tokens: []Token{1, 2, 3}}
	foreign := Completion([]Token{1}, []Token{1 << 20})

	hostile := rewritten(t, model, func(kv gguf.KV) gguf.KV {
		if kv.Key == "llama.attention.head_count" {
			kv.Value = uint32(0)
		}
		return kv
	})

	split := rewritten(t, model, func(kv gguf.KV) gguf.KV {
		if kv.Key == "general.name" {
			return gguf.KV{Key: "split.count", Value: uint16(3)}
		}
		return kv
	})
	before, err := os.ReadFile(model)
	require.NoError(t, err)

	for name, c := range map[string]struct {
		model    string
		change   func(*Config)
		examples []Example
		is       error
		says     string
	}{
		"no examples":       {model: model, examples: []Example{}, is: ErrNoExamples},
		"missing model":     {model: filepath.Join(dir, "none.gguf"), is: os.ErrNotExist},
		"no GGUF":           {model: text, is: gguf.ErrNotGGUF},
		"hostile header":    {model: hostile, is: llama.ErrCorrupt},
		"adapter as model":  {model: adapter, says: "not a model"},
		"no target":         {model: model, change: func(c *Config) { c.Targets = []string{"attn_z"} }, is: ErrNoTarget, says: "attn_q"},
		"bad pattern":       {model: model, change: func(c *Config) { c.Targets = []string{"[a"} }, says: "syntax error"},
		"rank too high":     {model: model, change: func(c *Config) { c.Rank = 65 }, says: "rank 65"},
		"negative rank":     {model: model, change: func(c *Config) { c.Rank = -1 }, says: "rank -1"},
		"odd window":        {model: model, change: func(c *Config) { c.Window = 100 }, says: "multiple of 256"},
		"bad learning rate": {model: model, change: func(c *Config) { c.LearningRate = math.NaN() }, says: "learning rate"},
		"unknown schedule":  {model: model, change: func(c *Config) { c.Schedule = 7 }, says: "Schedule(7)"},
		"one example":       {model: model, examples: counting(1), is: ErrNoExamples, says: "two or more"},
		"too long":          {model: model, examples: append(counting(1), long), is: ErrTooLong, says: "300 tokens"},
		"beyond context": {model: model, change: func(c *Config) { c.Window = 2048 }, examples: append(counting(1), longer),
			is: ErrTooLong, says: "context has 1024"},
		"long window":      {model: model, change: func(c *Config) { c.Window = 1280 }, is: ErrTooLong, says: "window of 1280"},
		"nothing to learn": {model: model, examples: append(counting(1), silent), is: ErrNoLoss, says: "example 1"},
		"foreign token":    {model: model, examples: append(counting(1), foreign), says: "vocabulary"},
		"best of nothing":  {model: model, change: func(c *Config) { c.KeepBest = true }, is: ErrNoExamples, says: "held out"},
		"small factor":     {model: model, change: func(c *Config) { c.SpikeFactor = 0.5 }, says: "SpikeFactor"},
		"negative beta":    {model: model, change: func(c *Config) { c.DPO.Beta = -1 }, says: "Beta"},
		"no metrics folder": {model: model, change: func(c *Config) {
			c.MetricsFile = filepath.Join(dir, "none", "m.jsonl")
		}, is: os.ErrNotExist},
		"GPU without one":   {model: model, change: func(c *Config) { c.GPULayers = opt.Of(1) }, says: "GPU"},
		"split model":       {model: split, says: "3 files"},
		"threads":           {model: model, change: func(c *Config) { c.Threads = 100_000 }, says: "at most 512"},
		"no threads":        {model: model, change: func(c *Config) { c.Threads = -1 }, says: "negative"},
		"window of bits":    {model: model, change: func(c *Config) { c.Window = 1 << 40 }, says: "window of"},
		"layers":            {model: model, change: func(c *Config) { c.GPULayers = opt.Of(-1) }, says: "GPULayers is -1"},
		"warm-up":           {model: model, change: func(c *Config) { c.Warmup = opt.Of(-1.0) }, says: "Warmup is -1"},
		"clip":              {model: model, change: func(c *Config) { c.ClipNorm = opt.Of(-1.0) }, says: "ClipNorm -1"},
		"checkpoints":       {model: model, change: func(c *Config) { c.CheckpointEvery = opt.Of(-1) }, says: "CheckpointEvery must not"},
		"alpha too large":   {model: model, change: func(c *Config) { c.Alpha = 1e300 }, says: "Alpha 1e+300"},
		"alpha too small":   {model: model, change: func(c *Config) { c.Alpha = 1e-300 }, says: "Alpha 1e-300"},
		"metrics in model":  {model: model, change: func(c *Config) { c.MetricsFile = model }, says: "write over the model"},
		"metrics in a text": {model: model, change: func(c *Config) { c.MetricsFile = text }, says: "not metrics"},
		"over the model":    {model: model, says: "write over the model"},
		"no folder":         {model: model, change: func(c *Config) { c.Epochs = 1 }, is: os.ErrNotExist},
	} {
		t.Run(name, func(t *testing.T) {
			config := testConfig()
			if c.change != nil {
				c.change(&config)
			}
			if c.examples == nil {
				c.examples = counting(4)
			}
			out := filepath.Join(dir, "adapter.gguf")
			if name == "no folder" {
				out = filepath.Join(dir, "none", "adapter.gguf")
			}
			if name == "over the model" {
				_, err := Train(context.Background(), c.model, c.model, config, c.examples, nil)
				require.ErrorContains(t, err, c.says)
				return
			}
			_, err := Train(context.Background(), c.model, out, config, c.examples, nil)
			require.Error(t, err)
			if c.is != nil {
				require.ErrorIs(t, err, c.is)
			}
			require.ErrorContains(t, err, c.says)
			require.NoFileExists(t, out)
		})
	}
	after, err := os.ReadFile(model)
	require.NoError(t, err)
	require.True(t, bytes.Equal(before, after))
	after, err = os.ReadFile(text)
	require.NoError(t, err)
	require.Equal(t, "no model at all", string(after))
	_, err = NewModelTrainer(context.Background(), quantised, testConfig())
	require.ErrorContains(t, err, "Q8_0")
}

func TestDivergenceIsAnError(t *testing.T) {
	model := testmodel.New(t, testSpec("llama", gguf.F32))
	tr, err := NewTrainer(context.Background(), model, testConfig())
	require.NoError(t, err)
	defer tr.Close()
	for i := range tr.engine.Params() {
		v := make([]float32, tr.engine.Params()[i].Size())
		for k := range v {
			v[k] = 1e30
		}
		require.NoError(t, tr.engine.Set(i, engine.Value, v))
	}
	_, err = tr.Step(context.Background(), counting(4), 1e-3)
	require.ErrorIs(t, err, ErrDiverged)
}

func TestStepRefusesBadExamples(t *testing.T) {
	tr, err := NewTrainer(context.Background(), testmodel.New(t, testSpec("llama", gguf.F32)), testConfig())
	require.NoError(t, err)
	defer tr.Close()
	first := Completion([]Token{1}, []Token{2})
	first.Loss[0] = 1
	infinite := Completion([]Token{1}, []Token{2})
	infinite.Loss[1] = float32(math.Inf(1))
	many := Example{Tokens: []Token{1}, Branches: make([]Branch, 200)}
	for _, bad := range []Example{Text(make([]Token, 300)), first, infinite, many, {}, {Tokens: []Token{1, 2}, Loss: []float32{0}}} {
		_, err := tr.Step(context.Background(), []Example{bad}, 1e-3)
		require.Error(t, err)
		_, err = tr.Evaluate(context.Background(), []Example{bad})
		require.Error(t, err)
	}
	_, err = tr.Step(context.Background(), counting(2), 1e-3)
	require.NoError(t, err)
}

func TestTrainerClose(t *testing.T) {
	tr, err := NewTrainer(context.Background(), testmodel.New(t, testSpec("llama", gguf.F32)), testConfig())
	require.NoError(t, err)
	tr.Close()
	tr.Close()
	_, err = tr.Step(context.Background(), counting(4), 1e-3)
	require.ErrorIs(t, err, ErrClosed)
	_, err = tr.Evaluate(context.Background(), counting(4))
	require.ErrorIs(t, err, ErrClosed)
	require.ErrorIs(t, tr.Check(counting(4)), ErrClosed)
	require.ErrorIs(t, tr.Save(filepath.Join(t.TempDir(), "a.gguf")), ErrClosed)
	require.Zero(t, tr.Memory())
}
