//go:build cgo

package lora

import (
	"context"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/ragft/ragft/internal/gguf"
	"github.com/ragft/ragft/internal/llamacpp"
	"github.com/ragft/ragft/internal/testmodel"
)

func TestStart(t *testing.T) {
	base := testmodel.New(t, testSpec("llama", gguf.F32))
	for name, set := range map[string]struct{ first, next func(*Config) }{
		"as it is":         {func(c *Config) {}, func(c *Config) { c.Rank = 0 }},
		"said again":       {func(c *Config) { c.Alpha = 5 }, func(c *Config) { c.Alpha, c.Targets = 5, []string{AllLinear} }},
		"rank-stabilised":  {func(c *Config) { c.RankStabilized = true }, func(c *Config) { c.RankStabilized = true }},
		"stabilised apart": {func(c *Config) { c.RankStabilized = true }, func(c *Config) {}},
	} {
		t.Run(name, func(t *testing.T) {
			c := testConfig()
			set.first(&c)
			start, loss := trained(t, base, c)
			next := testConfig()
			next.Start = start
			set.next(&next)
			tr, err := NewTrainer(context.Background(), base, next)
			require.NoError(t, err)
			defer tr.Close()
			l, err := tr.Evaluate(context.Background(), counting(4))
			require.NoError(t, err)
			require.InDelta(t, loss, l.Loss, 1e-4, "training goes on where it ended")

			// saved without a step it is the same adapter
			again := filepath.Join(t.TempDir(), "again.gguf")
			require.NoError(t, tr.Save(again))
			require.Equal(t, weightsOf(t, start), weightsOf(t, again))
			require.InDelta(t, loss, lossOf(t, base, again), 1e-4)
			hash, err := hashFile(context.Background(), start)
			require.NoError(t, err)
			info, err := ReadAdapter(again)
			require.NoError(t, err)
			require.Equal(t, hash, info.Provenance.Other["start.sha256"])

			_, err = tr.Step(context.Background(), counting(8), 1e-2)
			require.NoError(t, err)
		})
	}
}

// An adapter that others made: F16 matrices of two ranks, with or without alpha.
func TestStartFromForeignAdapter(t *testing.T) {
	for name, alpha := range map[string]float64{"with alpha": 6, "without": 0} {
		t.Run(name, func(t *testing.T) { testStartFromForeignAdapter(t, alpha) })
	}
}

func testStartFromForeignAdapter(t *testing.T, alpha float64) {
	base := testmodel.New(t, testSpec("llama", gguf.Q8_0))
	foreign := filepath.Join(t.TempDir(), "foreign.gguf")
	w := createFile(foreign)
	for i, spec := range []testmodel.AdapterSpec{
		{Rank: 3, Alpha: 6, Targets: []string{"attn_q", "ffn_up"}, Seed: 4}, {Rank: 5, Targets: []string{"ffn_down"}, Seed: 5},
	} {
		given := testmodel.NewAdapter(t, base, spec)
		f, err := gguf.Open(given)
		require.NoError(t, err)
		defer f.Close()
		for _, kv := range f.Metadata() {
			if i == 0 && (kv.Key != "adapter.lora.alpha" || alpha != 0) {
				w.meta(kv.Key, kv.Value)
			}
		}
		for _, info := range f.Tensors() {
			data, err := llamacpp.Quantize(gguf.F16, floatsOf(t, given, info.Name), int(info.Dims[0]))
			require.NoError(t, err)
			w.tensor(gguf.TensorInfo{Name: info.Name, Type: gguf.F16, Dims: info.Dims}, data)
		}
	}
	require.NoError(t, w.commit())

	c := testConfig()
	c.Rank, c.Start = 0, foreign
	tr, err := NewTrainer(context.Background(), base, c)
	require.NoError(t, err)
	defer tr.Close()
	_, err = tr.Step(context.Background(), counting(8), 1e-2)
	require.NoError(t, err)
	l, err := tr.Evaluate(context.Background(), counting(4))
	require.NoError(t, err)
	saved := filepath.Join(t.TempDir(), "saved.gguf")
	require.NoError(t, tr.Save(saved))
	requireLoads(t, base, saved)
	require.InDelta(t, l.Loss, lossOf(t, base, saved), 1e-3)
	was, is := weightsOf(t, foreign), weightsOf(t, saved)
	require.Equal(t, was, is)
	require.Equal(t, 5, is["blk.0.ffn_down.weight"].Rank)
	if alpha != 0 {
		require.Equal(t, alpha/5, is["blk.0.ffn_down.weight"].Scale)
		return
	}
	require.Equal(t, 1.0, is["blk.0.attn_q.weight"].Scale)
}

func TestBadStart(t *testing.T) {
	base := testmodel.New(t, testSpec("llama", gguf.F32))
	start, _ := trained(t, base, testConfig())
	reseeded := testSpec("llama", gguf.F32)
	reseeded.Seed++
	wide := testSpec("llama", gguf.F32)
	wide.FeedForward = 128
	renamed := rewritten(t, base, func(kv gguf.KV) gguf.KV {
		if kv.Key == "general.name" {
			kv.Value = "another model"
		}
		return kv
	})
	embedding := testmodel.NewAdapter(t, base, testmodel.AdapterSpec{Targets: []string{"token_embd"}})
	data, err := os.ReadFile(start)
	require.NoError(t, err)
	torn := filepath.Join(t.TempDir(), "torn.gguf")
	require.NoError(t, os.WriteFile(torn, data[:len(data)/2], 0o644))
	for name, c := range map[string]struct {
		model  string
		change func(*Config)
		is     error
		says   string
	}{
		"no file":       {change: func(c *Config) { c.Start += ".none" }, is: os.ErrNotExist},
		"torn":          {change: func(c *Config) { c.Start = torn }, is: gguf.ErrTruncated},
		"a model":       {change: func(c *Config) { c.Start = base }, is: ErrAdapter, says: "not an adapter"},
		"other shapes":  {model: testmodel.New(t, wide), is: ErrAdapter, says: "made for another model"},
		"other weights": {model: testmodel.New(t, reseeded), is: ErrAdapter, says: "SHA-256"},
		"other family":  {model: testmodel.New(t, testSpec("qwen3", gguf.F32)), is: ErrAdapter, says: "architecture"},
		"other name":    {model: renamed, is: ErrAdapter, says: "another model"},
		"other rank":    {change: func(c *Config) { c.Rank = 8 }, is: ErrAdapter, says: "rank 4 for"},
		"other alpha":   {change: func(c *Config) { c.Alpha = 9 }, is: ErrAdapter, says: "alpha 8, not 9"},
		"fewer targets": {change: func(c *Config) { c.Targets = []string{"attn_q"} }, is: ErrAdapter, says: "has also"},
		"more targets": {change: func(c *Config) { c.Targets = []string{AllLinear, "output"} }, is: ErrAdapter,
			says: "nothing for output.weight"},
		"stabilised":     {change: func(c *Config) { c.RankStabilized = true }, is: ErrAdapter, says: "alpha 8, not 16"},
		"adapted inputs": {change: func(c *Config) { c.Rank, c.Start = 0, embedding }, is: ErrAdapter, says: "looked up"},
	} {
		t.Run(name, func(t *testing.T) {
			config := testConfig()
			config.Start = start
			if c.change != nil {
				c.change(&config)
			}
			if c.model == "" {
				c.model = base
			}
			_, err := NewTrainer(context.Background(), c.model, config)
			require.Error(t, err)
			if c.is != nil {
				require.ErrorIs(t, err, c.is)
			}
			require.ErrorContains(t, err, c.says)
		})
	}
	_, err = NewModelTrainer(context.Background(), base, Config{Window: 256, Start: start})
	require.ErrorContains(t, err, "for adapters")
}
