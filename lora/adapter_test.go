//go:build cgo

package lora

import (
	"context"
	"encoding/json"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/ragft/ragft/internal/gguf"
	"github.com/ragft/ragft/internal/testmodel"
	"github.com/ragft/ragft/internal/version"
	"github.com/ragft/ragft/llama"
	"github.com/ragft/ragft/lora/internal/engine"
)

// requireLoads has package llama load the adapter for the base.
func requireLoads(t *testing.T, base, adapter string) {
	m, err := llama.Load(context.Background(), base, llama.ModelOptions{})
	require.NoError(t, err)
	defer m.Close()
	a, err := m.LoadAdapter(adapter)
	require.NoError(t, err)
	require.NoError(t, a.Close())
}

// trained steps a few times and saves the adapter; it returns its path and the loss that the trainer has at the end.
func trained(t *testing.T, base string, c Config) (string, float64) {
	tr, err := NewTrainer(context.Background(), base, c)
	require.NoError(t, err)
	defer tr.Close()
	for range 3 {
		_, err := tr.Step(context.Background(), counting(8), 2e-2)
		require.NoError(t, err)
	}
	l, err := tr.Evaluate(context.Background(), counting(4))
	require.NoError(t, err)
	path := filepath.Join(t.TempDir(), "adapter.gguf")
	require.NoError(t, tr.Save(path))
	requireLoads(t, base, path)
	return path, l.Loss
}

// lossOf is the loss over the same examples as trained's, of base and adapter file as llama.cpp applies it.
func lossOf(t *testing.T, base, adapter string) float64 {
	e := openTest(t, engine.Options{Model: base, Adapter: adapter})
	examples := counting(4)
	l, err := e.Forward(context.Background(), &testWindowOf(e, examples).Batch)
	require.NoError(t, err)
	weight := 0.0
	for i := range examples {
		weight += examples[i].weight()
	}
	return l / weight
}

func weightsOf(t *testing.T, adapter string) map[string]AdaptedWeight {
	info, err := ReadAdapter(adapter)
	require.NoError(t, err)
	weights := map[string]AdaptedWeight{}
	for _, w := range info.Weights {
		weights[w.Name] = w
	}
	return weights
}

// Whatever the scale, llama.cpp must compute with the file what the trainer computed.
// A program that is killed while it loads a model leaves a folder behind, which a later one removes.
func TestAbandonedFoldersAreRemoved(t *testing.T) {
	temp := t.TempDir()
	t.Setenv("TMPDIR", temp)
	t.Setenv("TMP", temp) // Windows
	old, fresh, other := filepath.Join(temp, "ragft-lora-1"), filepath.Join(temp, "ragft-lora-2"), filepath.Join(temp, "else")
	for _, dir := range []string{old, fresh, other} {
		require.NoError(t, os.Mkdir(dir, 0o700))
		require.NoError(t, os.WriteFile(filepath.Join(dir, "initial.gguf"), nil, 0o600))
	}
	yesterday := time.Now().Add(-25 * time.Hour)
	require.NoError(t, os.Chtimes(old, yesterday, yesterday))
	require.NoError(t, os.Chtimes(other, yesterday, yesterday))
	tr, err := NewTrainer(context.Background(), testmodel.New(t, testSpec("llama", gguf.F32)), testConfig())
	require.NoError(t, err)
	tr.Close()
	left, err := filepath.Glob(filepath.Join(temp, "*"))
	require.NoError(t, err)
	require.ElementsMatch(t, []string{fresh, other}, left)
}

func TestRankStabilized(t *testing.T) {
	base := testmodel.New(t, testSpec("llama", gguf.F32))
	for name, change := range map[string]func(*Config){
		"one rank":        func(*Config) {},
		"rank-stabilised": func(c *Config) { c.RankStabilized = true },
		"output":          func(c *Config) { c.Targets = []string{AllLinear, "output"} },
	} {
		t.Run(name, func(t *testing.T) {
			c := testConfig()
			c.Alpha = 12
			change(&c)
			path, loss := trained(t, base, c)
			require.InDelta(t, loss, lossOf(t, base, path), 1e-4)
			weights := weightsOf(t, path)
			require.Equal(t, 4, weights["blk.1.ffn_up.weight"].Rank)
			scale := 12.0 / 4
			if c.RankStabilized {
				scale = 12 / math.Sqrt(4)
			}
			require.InDelta(t, scale, weights["blk.1.ffn_up.weight"].Scale, 1e-5)
			_, hasOutput := weights["output.weight"]
			require.Equal(t, len(c.Targets) == 2, hasOutput)
		})
	}
}

// The gradients of an adapted output layer must be those of what is computed.
func TestOutputGradients(t *testing.T) {
	base := testmodel.New(t, testSpec("llama", gguf.F32))
	adapter := testmodel.NewAdapter(t, base, testmodel.AdapterSpec{Rank: 4, Seed: 3, Targets: []string{"attn_v", "ffn_down", "output"}})
	for _, composed := range []bool{false, true} {
		e := openTest(t, engine.Options{Model: base, Adapter: adapter, Composed: composed})
		require.Len(t, e.Params(), 10)
		requireGradients(t, e, testWindowOf(e, testExamples(random(2), e.Vocab(), 5)), 0.02)
	}
}

func TestTargets(t *testing.T) {
	untied := testmodel.New(t, testSpec("qwen3", gguf.F32))
	tiedSpec := testSpec("llama", gguf.F32)
	tiedSpec.Tied = true
	tied := testmodel.New(t, tiedSpec)
	for name, c := range map[string]struct {
		model    string
		patterns []string
		rank     int
		want     int // weights
		says     string
	}{
		"nil":         {model: untied, want: 14},
		"all linear":  {model: untied, patterns: []string{AllLinear}, want: 14},
		"with output": {model: untied, patterns: []string{AllLinear, "output"}, want: 15},
		"everything":  {model: untied, patterns: []string{"*"}, want: 14},
		"module":      {model: untied, patterns: []string{"attn_q", "ffn_up.weight"}, want: 4},
		"one layer":   {model: untied, patterns: []string{"blk.1.*"}, want: 7},
		"one weight":  {model: untied, patterns: []string{"blk.1.attn_k.weight"}, want: 1},
		"nothing": {model: untied, patterns: []string{"attn_z"}, says: "the model has attn_k, attn_output, attn_q, attn_v, " +
			"ffn_down, ffn_gate, ffn_up, output"},
		"one of two":     {model: untied, patterns: []string{"attn_q", "attn_z"}, says: `"attn_z"`},
		"empty":          {model: untied, patterns: []string{}, says: "no Targets"},
		"norm":           {model: untied, patterns: []string{"attn_norm"}, says: "it is a norm"},
		"head norm":      {model: untied, patterns: []string{"blk.0.attn_q_norm"}, says: "it is a norm"},
		"embedding":      {model: untied, patterns: []string{"token_embd"}, says: "looked up"},
		"tied embedding": {model: tied, patterns: []string{"token_embd"}, says: "both the embedding and the output"},
		"tied output":    {model: tied, patterns: []string{"output"}, says: "tied"},
		"high rank":      {model: untied, patterns: []string{"attn_k"}, rank: 33, says: "at most 32"},
		"syntax":         {model: untied, patterns: []string{"[a"}, says: "syntax error"},
	} {
		t.Run(name, func(t *testing.T) {
			base, err := openModel(c.model)
			require.NoError(t, err)
			defer base.Close()
			p, err := planAdapter(base, Config{Rank: max(4, c.rank), Targets: c.patterns}.withDefaults())
			if c.says != "" {
				require.ErrorContains(t, err, c.says)
				return
			}
			require.NoError(t, err)
			require.Len(t, p.weights, c.want)
		})
	}
}

// A mixture of experts: attention, the router by its name, never the stacks of experts.
func TestTargetsOfExperts(t *testing.T) {
	base, err := openModel(testmodel.New(t, testmodel.Spec{Arch: "qwen3moe", Seed: 1}))
	require.NoError(t, err)
	defer base.Close()
	p, err := planAdapter(base, Config{Rank: 4}.withDefaults())
	require.NoError(t, err)
	require.Len(t, p.weights, 2*4)
	_, err = planAdapter(base, Config{Rank: 4, Targets: []string{"ffn_up_exps"}}.withDefaults())
	require.ErrorContains(t, err, "each expert")
}

// The file says how it came to be, and the merged model says it on.
func TestProvenance(t *testing.T) {
	dir := t.TempDir()
	base := testmodel.New(t, testSpec("llama", gguf.F32))
	c := testConfig()
	c.Schedule = Linear
	c.Metadata = map[string]string{"template.sha256": "abc", "note": "x"}
	c.Progress = func(Progress) {}
	path := filepath.Join(dir, "adapter.gguf")
	r, err := Train(context.Background(), base, path, c, counting(10), nil)
	require.NoError(t, err)
	info, err := ReadAdapter(path)
	require.NoError(t, err)
	p := info.Provenance
	hash, err := hashFile(context.Background(), base)
	require.NoError(t, err)
	require.Equal(t, hash, p.BaseSHA256)
	require.Equal(t, digest(counting(10)), p.DataSHA256)
	require.NotEqual(t, p.DataSHA256, digest(counting(11)))
	require.Equal(t, version.Version, p.Version)
	require.Equal(t, "abc", p.TemplateSHA256)
	require.Equal(t, "x", p.Other["note"])
	require.Equal(t, c.Seed, p.Seed)
	require.Equal(t, r.Steps, p.Steps)
	var recipe map[string]any
	require.NoError(t, json.Unmarshal([]byte(p.Recipe), &recipe))
	require.EqualValues(t, 4, recipe["Rank"])
	require.Equal(t, "linear", recipe["Schedule"])
	require.Equal(t, 0.01, recipe["LearningRate"])
	for _, name := range []string{"Threads", "Progress", "Metadata"} {
		require.NotContains(t, recipe, name)
	}
	require.False(t, strings.Contains(p.Recipe, dir), "no paths")

	merged := filepath.Join(dir, "merged.gguf")
	_, err = Merge(context.Background(), MergeOptions{Base: base, Adapter: path, Output: merged})
	require.NoError(t, err)
	f, err := gguf.Open(merged)
	require.NoError(t, err)
	defer f.Close()
	carried, _ := f.Text("ragft.merged.0.recipe")
	require.Equal(t, p.Recipe, carried)
}
