//go:build cgo

package ragft

import (
	"context"
	"encoding/json"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/ragft/ragft/internal/gguf"
	"github.com/ragft/ragft/internal/testmodel"
	"github.com/ragft/ragft/llama"
	"github.com/ragft/ragft/lora"
	"github.com/ragft/ragft/ragft/opt"
)

func openLocalTest(t *testing.T, spec testmodel.Spec) (*LocalModel, string) {
	t.Helper()
	path := testmodel.New(t, spec)
	m, err := OpenLocal(context.Background(), path, LocalOptions{Sequences: 4, ContextTokens: 1024, Threads: 1, GPULayers: opt.Of(0)})
	require.NoError(t, err)
	t.Cleanup(func() { m.Close() })
	return m, path
}

func closedChat(question string) []Message { return Prompts{}.ClosedMessages(question) }

func TestLocalModelChat(t *testing.T) {
	m, _ := openLocalTest(t, testmodel.Spec{})
	var streamed strings.Builder
	responses, err := m.Chat(context.Background(), []ChatRequest{
		{Messages: closedChat("Who keeps the inn?"), MaxTokens: 12, OnText: func(s string) { streamed.WriteString(s) }},
		{Messages: closedChat("Where is the mill?"), MaxTokens: 5, Samples: 3, Temperature: 1, Seed: 1 << 40},
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
	again, err := m.Chat(context.Background(), []ChatRequest{{Messages: closedChat("Who keeps the inn?"), MaxTokens: 12}})
	require.NoError(t, err)
	require.Equal(t, responses[0].Samples[0].Text, again[0].Samples[0].Text, "greedy answers do not depend on the batch")
}

func TestLocalModelAdapted(t *testing.T) {
	m, path := openLocalTest(t, testmodel.Spec{})
	adapter := testmodel.NewAdapter(t, path, testmodel.AdapterSpec{Seed: 2})
	tuned, err := m.Adapted(adapter, 0)
	require.NoError(t, err)
	half, err := m.Adapted(adapter, 0.5)
	require.NoError(t, err)
	defer half.Close()
	names := map[string]bool{m.Name(): true, tuned.Name(): true, half.Name(): true}
	require.Len(t, names, 3, "what can answer differently has different names")
	text := func(m *LocalModel) string {
		r, err := m.Chat(context.Background(), []ChatRequest{{Messages: closedChat("Who?"), MaxTokens: 16}})
		require.NoError(t, err)
		return r[0].Samples[0].Text
	}
	before := text(m)
	require.NotEqual(t, before, text(tuned))
	require.NoError(t, tuned.Close())
	require.Equal(t, before, text(m), "the base goes on unchanged")
	_, err = tuned.Chat(context.Background(), []ChatRequest{{Messages: closedChat("Who?")}})
	require.ErrorIs(t, err, llama.ErrClosed)

	other := testmodel.New(t, testmodel.Spec{Width: 32, Heads: 2})
	_, err = m.Adapted(testmodel.NewAdapter(t, other, testmodel.AdapterSpec{}), 1)
	require.ErrorIs(t, err, llama.ErrAdapterMismatch)
	_, err = m.Adapted(filepath.Join(t.TempDir(), "none.gguf"), 1)
	require.ErrorIs(t, err, os.ErrNotExist)
}

func TestLocalModelLongPrompt(t *testing.T) {
	m, _ := openLocalTest(t, testmodel.Spec{Context: 256})
	_, err := m.Chat(context.Background(), []ChatRequest{{Messages: closedChat(strings.Repeat("very long ", 200))}})
	require.ErrorIs(t, err, ErrPromptTooLong)
	_, err = m.Chat(context.Background(), []ChatRequest{{Messages: closedChat("short"), MaxTokens: 4}})
	require.NoError(t, err, "the model goes on")
}

func TestLocalModelCancel(t *testing.T) {
	m, _ := openLocalTest(t, testmodel.Spec{})
	ctx, cancel := context.WithCancel(context.Background())
	_, err := m.Chat(ctx, []ChatRequest{{Messages: closedChat("Who?"), MaxTokens: 900, Temperature: 1, OnText: func(string) { cancel() }}})
	require.ErrorIs(t, err, context.Canceled)
	_, err = m.Chat(context.Background(), []ChatRequest{{Messages: closedChat("Who?"), MaxTokens: 4}})
	require.NoError(t, err)
}

// parrots are rows whose answer depends on the question in a way that can be learnt.
func parrots(n int) []Row {
	words := []string{"oats", "salt", "rope", "wool"}
	var rows []Row
	for i := range n {
		w := words[i%len(words)]
		rows = append(rows, Row{ID: w, QuestionID: fmt.Sprint(i), Messages: append(closedChat("Say "+w+"."), Message{Role: RoleAssistant, Content: w})})
	}
	return rows
}

func TestTrainTeachesRows(t *testing.T) {
	m, path := openLocalTest(t, testmodel.Spec{Arch: "qwen3", Type: gguf.Q8_0})
	adapter := filepath.Join(t.TempDir(), "adapter.gguf")
	r, err := Train(context.Background(), parrots(40), TrainOptions{Model: path, Adapter: adapter, LoRA: lora.Config{
		Rank: 8, Epochs: 30, LearningRate: 1e-2, Window: 512,
	}})
	require.NoError(t, err)
	require.Equal(t, 36, r.Rows)
	require.Equal(t, 4, r.HeldOutRows)
	require.Less(t, r.HeldOutLoss, 0.2*r.BaseLoss)
	tuned, err := m.Adapted(adapter, 1)
	require.NoError(t, err)
	answers, err := tuned.Chat(context.Background(), []ChatRequest{{Messages: closedChat("Say salt."), MaxTokens: 8}, {Messages: closedChat("Say rope."), MaxTokens: 8}})
	require.NoError(t, err)
	require.Equal(t, "salt", answers[0].Samples[0].Text, "answer and end must both be learnt")
	require.Equal(t, "rope", answers[1].Samples[0].Text)

	other, _ := openLocalTest(t, testmodel.Spec{Arch: "qwen3", Type: gguf.Q8_0, Seed: 9})
	_, err = other.Adapted(adapter, 1)
	require.ErrorIs(t, err, llama.ErrAdapterMismatch, "the same shape, but another base")

	f, err := gguf.Open(adapter)
	require.NoError(t, err)
	defer f.Close()
	base, _ := f.Text("ragft.base.sha256")
	require.Equal(t, m.Hash(), base)
	data, _ := f.Text("ragft.data.sha256")
	require.Len(t, data, 64)
}

func TestTrainLeavesOutLongRows(t *testing.T) {
	path := testmodel.New(t, testmodel.Spec{Context: 256})
	long := Row{ID: "long", Messages: append(closedChat(strings.Repeat("long ", 300)), Message{Role: RoleAssistant, Content: "no"})}
	adapter := filepath.Join(t.TempDir(), "adapter.gguf")
	o := TrainOptions{Model: path, Adapter: adapter, HeldOut: -1, LoRA: lora.Config{Rank: 2}}
	r, err := Train(context.Background(), append(parrots(8), long), o)
	require.NoError(t, err)
	require.Equal(t, 1, r.TooLong)
	require.Equal(t, 8, r.Rows)
	_, err = Train(context.Background(), []Row{long}, o)
	require.ErrorContains(t, err, "longer than the model's context")
	_, err = Train(context.Background(), nil, o)
	require.ErrorIs(t, err, lora.ErrNoExamples)
}

func TestRowsOfAQuestionStayTogether(t *testing.T) {
	var rows []rowExamples
	for i := range 40 {
		rows = append(rows, rowExamples{id: fmt.Sprint(i), question: strings.Repeat("q", 1+i/2)})
	}
	train, held := splitRows(rows, 0.25, 3, nil)
	require.Len(t, held, 10)
	require.Len(t, train, 30)
	seen := map[string]bool{}
	for _, row := range held {
		seen[row.question] = true
	}
	for _, row := range train {
		require.False(t, seen[row.question])
	}
}

func TestSplitKeepsWhatIsLearntFromBeingMeasured(t *testing.T) {
	row := func(source string, token llama.Token, heldOut bool) rowExamples {
		return rowExamples{examples: []lora.Example{{Tokens: []llama.Token{token}, Source: source}}, heldOut: heldOut}
	}
	var rows []rowExamples
	for i := range 60 { // 20 texts, each three times
		rows = append(rows, row("domain", llama.Token(i%20), false))
	}
	train, held := splitRows(rows, 0.25, 3, nil)
	require.Len(t, held, 15)
	require.Len(t, train, 45)
	learnt := map[llama.Token]bool{}
	for _, r := range train {
		learnt[r.examples[0].Tokens[0]] = true
	}
	for _, r := range held {
		require.False(t, learnt[r.examples[0].Tokens[0]])
	}

	// A small source has a loss of its own, and rows that say that they are held out are what is held out of theirs.
	rows = append(rows, row("small", 100, false), row("small", 101, false), row("single", 102, false),
		row("general", 103, true), row("general", 104, false), row("general", 105, false))
	train, held = splitRows(rows, 0, 3, nil)
	measured := map[string]int{}
	for _, r := range held {
		measured[r.source()]++
	}
	require.Equal(t, map[string]int{"domain": 6, "small": 1, "general": 1}, measured)
	require.Len(t, train, 54+1+1+2)
}

func TestLocalModelScores(t *testing.T) {
	m, _ := openLocalTest(t, testmodel.Spec{})
	ctx := context.Background()
	responses, err := m.Chat(ctx, []ChatRequest{{Messages: closedChat("Who keeps the inn?"), MaxTokens: 400}})
	require.NoError(t, err)
	said := responses[0].Samples[0]
	pairs := []PromptResponse{{closedChat("Who keeps the inn?"), said.Text}, {closedChat("Where?"), "Ann"}, {closedChat("Who keeps the inn?"), "Ann"}}
	scores, err := m.ScoreResponses(ctx, pairs)
	require.NoError(t, err)
	require.Len(t, scores, 3)
	for _, s := range scores {
		require.NotEmpty(t, s)
		for _, p := range s {
			require.LessOrEqual(t, p, 0.0)
		}
	}
	alone, err := m.ScoreResponses(ctx, pairs[2:])
	require.NoError(t, err)
	require.InDeltaSlice(t, alone[0], scores[2], 1e-2, "a shared prompt changes nothing but the last bits of 16-bit attention")

	// A response that ends at once is the token that ends it.
	ended, err := m.ScoreResponses(ctx, []PromptResponse{{closedChat("Where?"), ""}})
	require.NoError(t, err)
	require.Len(t, ended[0], 1)

	// A text longer than the context is taken in pieces, each token once.
	long := strings.Repeat("the mill and the inn ", 600)
	texts, err := m.ScoreTexts(ctx, []string{"the mill", long, ""})
	require.NoError(t, err)
	tokens, err := m.Llama().Tokenize(long, llama.TokenizeOptions{})
	require.NoError(t, err)
	require.Greater(t, len(tokens), m.ContextTokens())
	begun := 0
	if m.Llama().BOS() == llama.NoToken {
		begun = (len(tokens) + m.ContextTokens() - 1) / m.ContextTokens()
	}
	require.Len(t, texts[1], len(tokens)-begun)
	require.Empty(t, texts[2])
	_, err = scorerOf(&scripted{name: "server"})
	require.ErrorIs(t, err, ErrNoScores)
}

// TestLocalModelServe has callers of a model and an adapted one at once in one memory.
func TestLocalModelServe(t *testing.T) {
	path := testmodel.New(t, testmodel.Spec{})
	m, err := OpenLocal(t.Context(), path, LocalOptions{Sequences: 4, ContextTokens: 1024, Threads: 1, GPULayers: opt.Of(0), Serve: true})
	require.NoError(t, err)
	defer m.Close()
	tuned, err := m.Adapted(testmodel.NewAdapter(t, path, testmodel.AdapterSpec{Seed: 2}), 0)
	require.NoError(t, err)
	require.Same(t, m.Batcher(), tuned.Batcher())
	alone, _ := openLocalTest(t, testmodel.Spec{})
	aloneTuned, err := alone.Adapted(testmodel.NewAdapter(t, path, testmodel.AdapterSpec{Seed: 2}), 0)
	require.NoError(t, err)
	answer := func(m *LocalModel) (string, error) {
		r, err := m.Chat(context.Background(), []ChatRequest{{Messages: closedChat("Who keeps the inn?"), MaxTokens: 8}})
		if err != nil {
			return "", err
		}
		return r[0].Samples[0].Text, nil
	}
	var wg sync.WaitGroup
	texts, errs := make([]string, 12), make([]error, 12)
	models := []*LocalModel{m, tuned}
	for i := range texts {
		wg.Go(func() { texts[i], errs[i] = answer(models[i%2]) })
	}
	wg.Wait()
	want := []string{}
	for _, m := range []*LocalModel{alone, aloneTuned} {
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
	m, _ := openLocalTest(t, testmodel.Spec{})
	schema := json.RawMessage(`{"type": "object", "properties": {
		"sure": {"type": "boolean"}, "kind": {"enum": ["person", "place"]}, "n": {"type": "integer"},
		"names": {"type": "array", "items": {"type": "string", "maxLength": 4}, "minItems": 1, "maxItems": 2}}, "required": ["sure", "kind", "n", "names"]}`)
	responses, err := m.Chat(context.Background(), []ChatRequest{
		{Messages: closedChat("Who keeps the inn?"), Schema: schema, Samples: 6, Temperature: 1, MaxTokens: 250, Seed: 3}})
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
	_, err = m.Chat(context.Background(), []ChatRequest{{Messages: closedChat("Who?"), Schema: json.RawMessage(`{"type": "string", "format": "date"}`)}})
	require.ErrorIs(t, err, ErrRequest)
}
