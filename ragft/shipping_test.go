//go:build cgo

package ragft_test

import (
	"bytes"
	"log/slog"
	"math"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/ragft/ragft/ragft"
	"github.com/ragft/ragft/ragft/assistant"
	"github.com/ragft/ragft/ragft/opt"
	"github.com/ragft/ragft/ragft/question"
	"github.com/ragft/ragft/retriever"
)

// shippable trains a project whose prompts, number of passages and search are not the defaults, with a rule.
func shippable(t *testing.T) ragft.Config {
	t.Helper()
	c := tiny(t)
	all, err := question.ReadFile("../examples/quickstart/questions.jsonl")
	require.NoError(t, err)
	require.NoError(t, question.WriteFile(c.Questions, all[:100]))
	c.TestShare, c.Index, c.Demonstrate.Questions = opt.Of(0.1), ragft.IndexConfig{}, 16
	c.Prompts.Template = filepath.Join(t.TempDir(), "own.txt")
	require.NoError(t, os.WriteFile(c.Prompts.Template, []byte("Text: {context}\n\nReply to this: {query}"), 0o600))
	p := open(t, c)
	_, err = p.Index(t.Context())
	require.NoError(t, err)
	index, err := retriever.Open(p.Path("index"))
	require.NoError(t, err)
	defer index.Close()
	tuning := retriever.Tuning{B: opt.Of(0.8), Weights: map[string]float64{"term:miller": 1}}
	tuning.Index, err = index.Digest(t.Context())
	require.NoError(t, err)
	require.NoError(t, retriever.WriteTuningFile(p.Path("retrieval.json"), tuning))
	_, err = p.Demonstrate(t.Context())
	require.NoError(t, err)
	r, err := p.Train(t.Context())
	require.NoError(t, err)
	require.NotNil(t, r.Rule, r.NoRule)
	require.Contains(t, r.Rule.Conditions["search"], "b=0.8 weights=")
	require.NoError(t, p.Close())
	c.Adapter = r.Adapter
	return c
}

// fresh is a project in a new folder that has nothing but a model, an adapter and documents, and what its log is told.
func fresh(t *testing.T, c ragft.Config) (ragft.Config, *bytes.Buffer) {
	t.Helper()
	dir, log := t.TempDir(), &bytes.Buffer{}
	docs, adapter := filepath.Join(dir, "texts"), filepath.Join(dir, "some.gguf")
	require.NoError(t, os.CopyFS(docs, os.DirFS(c.Documents)))
	data, err := os.ReadFile(c.Adapter)
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(adapter, data, 0o600))
	return ragft.Config{
		Dir: filepath.Join(dir, "project"), Documents: docs, Model: c.Model, Adapter: adapter, Threads: 1, GPULayers: opt.Of(0),
		Assistant: c.Assistant, Logger: slog.New(slog.NewTextHandler(log, nil)),
	}, log
}

// answersOf indexes the documents and asks.
func answersOf(t *testing.T, c ragft.Config) (all []*assistant.Answer) {
	t.Helper()
	p := open(t, c)
	_, err := p.Index(t.Context())
	require.NoError(t, err)
	a, err := p.Assistant(t.Context())
	require.NoError(t, err)
	for _, q := range []string{"Who is the miller at Tuckle Mill?", "Who runs the button bakery?", "Who won the war?"} {
		answer, err := a.Answer(t.Context(), q)
		require.NoError(t, err)
		all = append(all, answer)
	}
	return all
}

// requireEvaluatedAlike asserts that an evaluation measures what the assistant does, and that it is done again for other settings.
func requireEvaluatedAlike(t *testing.T, c ragft.Config, questions string) {
	t.Helper()
	list, err := question.ReadFile(questions)
	require.NoError(t, err)
	c.Evaluate = ragft.EvaluateConfig{
		Questions: filepath.Join(t.TempDir(), "some.jsonl"), Evidence: []string{"retrieval"}, MaxTokens: 4, Resamples: 10,
	}
	require.NoError(t, question.WriteFile(c.Evaluate.Questions, list[:4]))
	p := open(t, c)
	found, err := p.Evaluate(t.Context())
	require.NoError(t, err)
	require.Equal(t, 2, found.Passages)
	require.NotNil(t, found.Systems[1].Rule)
	requireState(t, p, ragft.StepEvaluate, ragft.StateCurrent, "")
	c.Passages = 4
	requireState(t, open2(t, p, c), ragft.StepEvaluate, ragft.StateStale, "passages was that of the adapter and is 4")
}

// An adapter, its base and the documents are all that another project needs to answer as the one did that trained it.
func TestAdapterIsAllThatIsShipped(t *testing.T) {
	c := shippable(t)
	want := answersOf(t, c)
	require.False(t, math.IsNaN(want[0].Chance), "the rule decides")
	require.Len(t, want[0].Hits, 2)

	other, log := fresh(t, c)
	got := answersOf(t, other)
	for i := range want {
		require.Equal(t, want[i].Text, got[i].Text)
		require.Equal(t, want[i].Hits, got[i].Hits)
		require.InDelta(t, want[i].Chance, got[i].Chance, 1e-9, "of the same prompt, passages and scores")
	}
	require.NotContains(t, log.String(), "WARN")
	requireEvaluatedAlike(t, other, c.Questions)
	require.NotContains(t, log.String(), "WARN")

	for name, set := range map[string]struct {
		key, value, says string
	}{
		"passages": {"passages", "5", "passages 2, not 5"},
		"template": {"prompts.template", "read", "a different prompt"},
		"search":   {"search-tuning.file", "none", "search languages k1=0.9 b=0.8 weights="},
		"analyzer": {"index.analyzer", "english", "not english k1=0.9 b=0.8"},
	} {
		t.Run(name, func(t *testing.T) {
			other, log := fresh(t, c)
			require.NoError(t, other.Set(set.key, set.value))
			got := answersOf(t, other)
			require.True(t, math.IsNaN(got[0].Chance), "the rule is left out")
			require.Equal(t, name == "passages", len(got[0].Hits) > 2)
			require.Contains(t, log.String(), "the rule in the adapter is not used")
			require.Contains(t, log.String(), set.says)
		})
	}

	// The search stays as the rule needs it when documents change.
	other, log = fresh(t, c)
	require.NoError(t, os.Remove(filepath.Join(other.Documents, "pudding.md")))
	got = answersOf(t, other)
	require.False(t, math.IsNaN(got[0].Chance))
	require.Contains(t, log.String(), "learnt on another index")
	require.NotContains(t, log.String(), "the rule in the adapter is not used")
}
