//go:build cgo

package local_test

import (
	"context"
	"encoding/json"
	"math"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/ragft/ragft/internal/fake"
	"github.com/ragft/ragft/internal/localtest"
	"github.com/ragft/ragft/internal/scoring"
	"github.com/ragft/ragft/internal/testmodel"
	"github.com/ragft/ragft/llama"
	"github.com/ragft/ragft/ragft/model"
	"github.com/ragft/ragft/ragft/model/local"
	"github.com/ragft/ragft/ragft/opt"
	"github.com/stretchr/testify/require"
)

func TestLocalModelChat(t *testing.T) {
	m, _ := localtest.OpenLocalTest(t, testmodel.Spec{})
	var streamed strings.Builder
	responses, err := m.Chat(context.Background(), []model.Request{
		{Messages: localtest.ClosedChat("Who keeps the inn?"), MaxTokens: 12, OnText: func(s string) { streamed.WriteString(s) }},
		{Messages: localtest.ClosedChat("Where is the mill?"), MaxTokens: 5, Samples: 3, Temperature: 1, Seed: 1 << 40},
	})
	require.NoError(t, err)
	require.Len(t, responses, 2)
	require.Len(t, responses[0].Samples, 1)
	require.Len(t, responses[1].Samples, 3)
	require.Equal(t, responses[0].Samples[0].Text, strings.TrimSpace(streamed.String()))
	require.Positive(t, responses[0].PromptTokens)
	for _, r := range responses {
		for _, s := range r.Samples {
			require.LessOrEqual(t, s.MeanLogProb, 0.0)
			require.False(t, math.IsNaN(s.MeanLogProb))
			require.Positive(t, s.Tokens)
		}
	}
	again, err := m.Chat(context.Background(), []model.Request{{Messages: localtest.ClosedChat("Who keeps the inn?"), MaxTokens: 12}})
	require.NoError(t, err)
	require.Equal(t, responses[0].Samples[0].Text, again[0].Samples[0].Text, "greedy answers do not depend on the batch")
}

func TestLocalModelAdapted(t *testing.T) {
	m, path := localtest.OpenLocalTest(t, testmodel.Spec{})
	adapter := testmodel.NewAdapter(t, path, testmodel.AdapterSpec{Seed: 2})
	tuned, err := m.Adapted(adapter, 1)
	require.NoError(t, err)
	off, err := m.Adapted(adapter, 0)
	require.NoError(t, err)
	defer off.Close()
	half, err := m.Adapted(adapter, 0.5)
	require.NoError(t, err)
	defer half.Close()
	names := map[string]bool{m.Name(): true, tuned.Name(): true, half.Name(): true, off.Name(): true}
	require.Len(t, names, 4, "what can answer differently has different names")
	text := func(m *local.Model) string {
		r, err := m.Chat(context.Background(), []model.Request{{Messages: localtest.ClosedChat("Who?"), MaxTokens: 16}})
		require.NoError(t, err)
		return r[0].Samples[0].Text
	}
	before := text(m)
	require.Equal(t, before, text(off))
	require.NotEqual(t, before, text(tuned))
	require.NoError(t, tuned.Close())
	require.Equal(t, before, text(m), "the base goes on unchanged")
	_, err = tuned.Chat(context.Background(), []model.Request{{Messages: localtest.ClosedChat("Who?")}})
	require.ErrorIs(t, err, llama.ErrClosed)

	other := testmodel.New(t, testmodel.Spec{Width: 32, Heads: 2})
	_, err = m.Adapted(testmodel.NewAdapter(t, other, testmodel.AdapterSpec{}), 1)
	require.ErrorIs(t, err, llama.ErrAdapterMismatch)
	_, err = m.Adapted(filepath.Join(t.TempDir(), "none.gguf"), 1)
	require.ErrorIs(t, err, os.ErrNotExist)
}

func TestLocalModelLongPrompt(t *testing.T) {
	m, _ := localtest.OpenLocalTest(t, testmodel.Spec{Context: 256})
	_, err := m.Chat(context.Background(), []model.Request{{Messages: localtest.ClosedChat(strings.Repeat("very long ", 200))}})
	require.ErrorIs(t, err, model.ErrPromptTooLong)
	_, err = m.Chat(context.Background(), []model.Request{{Messages: localtest.ClosedChat("short"), MaxTokens: 4}})
	require.NoError(t, err, "the model goes on")
}

func TestLocalModelCancel(t *testing.T) {
	m, _ := localtest.OpenLocalTest(t, testmodel.Spec{})
	ctx, cancel := context.WithCancel(context.Background())
	_, err := m.Chat(ctx, []model.Request{{Messages: localtest.ClosedChat("Who?"), MaxTokens: 900, Temperature: 1,
		OnText: func(string) { cancel() }}})
	require.ErrorIs(t, err, context.Canceled)
	_, err = m.Chat(context.Background(), []model.Request{{Messages: localtest.ClosedChat("Who?"), MaxTokens: 4}})
	require.NoError(t, err)
}

func TestLocalModelScores(t *testing.T) {
	m, _ := localtest.OpenLocalTest(t, testmodel.Spec{})
	ctx := context.Background()
	responses, err := m.Chat(ctx, []model.Request{{Messages: localtest.ClosedChat("Who keeps the inn?"), MaxTokens: 400}})
	require.NoError(t, err)
	said := responses[0].Samples[0]
	pairs := []model.Completion{{Messages: localtest.ClosedChat("Who keeps the inn?"), Response: said.Text},
		{Messages: localtest.ClosedChat("Where?"), Response: "Ann"}, {Messages: localtest.ClosedChat("Who keeps the inn?"),
			Response: "Ann"}}
	scores, err := m.Score(ctx, pairs)
	require.NoError(t, err)
	require.Len(t, scores, 3)
	for _, s := range scores {
		require.Positive(t, s.Tokens)
		require.Negative(t, s.Last)
		require.LessOrEqual(t, s.Sum, s.Last)
	}
	alone, err := m.Score(ctx, pairs[2:])
	require.NoError(t, err)
	require.InDelta(t, alone[0].Sum, scores[2].Sum, 1e-2, "a shared prompt changes nothing but the last bits of 16-bit attention")
	require.InDelta(t, alone[0].Last, scores[2].Last, 1e-2)
	require.Equal(t, alone[0].Tokens, scores[2].Tokens)

	// A response that ends at once is the token that ends it.
	ended, err := m.Score(ctx, []model.Completion{{Messages: localtest.ClosedChat("Where?"), Response: ""}})
	require.NoError(t, err)
	require.Equal(t, 1, ended[0].Tokens)
	require.InDelta(t, ended[0].Sum, ended[0].Last, 0)

	// A text longer than the context is scored in pieces, each token once.
	long := strings.Repeat("the mill and the inn ", 600)
	texts, err := m.ScoreTexts(ctx, []string{"the mill", long, ""})
	require.NoError(t, err)
	tokens, err := m.Llama().Tokenize(long, llama.TokenizeOptions{})
	require.NoError(t, err)
	require.Greater(t, len(tokens), m.ContextTokens())
	require.Equal(t, len(tokens)-1, texts[1].Tokens, "the model puts nothing before a text, so its first token has no score")
	require.Zero(t, texts[2])
	begun, _ := localtest.OpenLocalTest(t, testmodel.Spec{AddBOS: true})
	texts, err = begun.ScoreTexts(ctx, []string{long, "a"})
	require.NoError(t, err)
	require.Equal(t, len(tokens), texts[0].Tokens)
	require.Equal(t, 1, texts[1].Tokens)
	_, err = scoring.Texts(ctx, &fake.Scripted{Called: "server"}, []string{"a"})
	require.ErrorIs(t, err, model.ErrNoScores)
}

// TestServer has callers of a model and an adapted one at once in one memory.
func TestServer(t *testing.T) {
	path := testmodel.New(t, testmodel.Spec{})
	m, err := local.OpenServer(t.Context(), path, local.Options{Sequences: 4, ContextTokens: 1024, Threads: 1, GPULayers: opt.Of(0)})
	require.NoError(t, err)
	defer m.Close()
	tuned, err := m.Adapted(testmodel.NewAdapter(t, path, testmodel.AdapterSpec{Seed: 2}), 1)
	require.NoError(t, err)
	require.Same(t, m.Batcher(), tuned.Batcher())
	alone, _ := localtest.OpenLocalTest(t, testmodel.Spec{})
	aloneTuned, err := alone.Adapted(testmodel.NewAdapter(t, path, testmodel.AdapterSpec{Seed: 2}), 1)
	require.NoError(t, err)
	_, scores := model.As[model.Scorer](tuned)
	require.False(t, scores)
	answer := func(m model.Model) (string, error) {
		r, err := m.Chat(context.Background(), []model.Request{{Messages: localtest.ClosedChat("Who keeps the inn?"), MaxTokens: 8}})
		if err != nil {
			return "", err
		}
		return r[0].Samples[0].Text, nil
	}
	var wg sync.WaitGroup
	texts, errs := make([]string, 12), make([]error, 12)
	models := []model.Model{m, tuned}
	for i := range texts {
		wg.Go(func() { texts[i], errs[i] = answer(models[i%2]) })
	}
	wg.Wait()
	want := []string{}
	for _, m := range []*local.Model{alone, aloneTuned} {
		text, err := answer(m)
		require.NoError(t, err)
		want = append(want, text)
	}
	for i := range texts {
		require.NoError(t, errs[i])
		require.Equal(t, want[i%2], texts[i])
	}
	require.Positive(t, m.Batcher().Stats().Reused)
	require.NoError(t, tuned.Close())
	_, err = answer(m)
	require.NoError(t, err, "the base goes on")
}

// Whatever an untrained model says at random meets the schema.
func TestLocalModelSchema(t *testing.T) {
	m, _ := localtest.OpenLocalTest(t, testmodel.Spec{})
	schema := json.RawMessage(`{"type": "object", "properties": {
		"sure": {"type": "boolean"}, "kind": {"enum": ["person", "place"]}, "n": {"type": "integer"},
		"names": {"type": "array", "items": {"type": "string", "maxLength": 4}, "minItems": 1, "maxItems": 2}},
		"required": ["sure", "kind", "n", "names"]}`)
	responses, err := m.Chat(context.Background(), []model.Request{
		{Messages: localtest.ClosedChat("Who keeps the inn?"), Schema: schema, Samples: 6, Temperature: 1, MaxTokens: 250, Seed: 3}})
	require.NoError(t, err)
	for _, s := range responses[0].Samples {
		require.False(t, s.Truncated, s.Text)
		var got struct {
			Sure  *bool
			Kind  string
			N     *int
			Names []string
		}
		require.NoError(t, json.Unmarshal([]byte(s.Text), &got), s.Text)
		require.NotNil(t, got.Sure)
		require.NotNil(t, got.N)
		require.Contains(t, []string{"person", "place"}, got.Kind)
		require.Contains(t, []int{1, 2}, len(got.Names))
	}
	_, err = m.Chat(context.Background(), []model.Request{{Messages: localtest.ClosedChat("Who?"),
		Schema: json.RawMessage(`{"type": "string", "format": "date"}`)}})
	require.ErrorIs(t, err, model.ErrRequest)
}

// The line breaks of JSON do not end it, where those of another answer of a model without a chat template do.
func TestPlainModelSchema(t *testing.T) {
	m, _ := localtest.OpenLocalTest(t, testmodel.Spec{Plain: true})
	request := model.Request{Messages: localtest.ClosedChat("Who keeps the inn?"), MaxTokens: 250}
	got, err := m.Request(request)
	require.NoError(t, err)
	require.Equal(t, []string{"\n"}, got.Stop)
	request.Schema = json.RawMessage(`{"type": "object", "properties": {"sure": {"type": "boolean"}}, "required": ["sure"]}`)
	got, err = m.Request(request)
	require.NoError(t, err)
	require.Empty(t, got.Stop)
}
