//go:build cgo

package ragft

import (
	"context"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/ragft/ragft/internal/gguf"
	"github.com/ragft/ragft/internal/testmodel"
	"github.com/ragft/ragft/llama"
	"github.com/ragft/ragft/lora"
)

func openLocalTest(t *testing.T, spec testmodel.Spec) (*LocalModel, string) {
	t.Helper()
	path := testmodel.New(t, spec)
	m, err := OpenLocal(context.Background(), path, LocalOptions{Sequences: 4, ContextTokens: 1024, GPULayers: -1})
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
		rows = append(rows, Row{ID: w, Messages: append(closedChat("Say "+w+"."), Message{RoleAssistant, w})})
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
	long := Row{ID: "long", Messages: append(closedChat(strings.Repeat("long ", 300)), Message{RoleAssistant, "no"})}
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
	var examples []rowExample
	for i := range 40 {
		examples = append(examples, rowExample{Example: lora.Text([]lora.Token{1, lora.Token(i / 2)}), question: strings.Repeat("q", 1+i/2)})
	}
	train, held := splitExamples(examples, 0.25, 3)
	require.Len(t, held, 10)
	require.Len(t, train, 30)
	seen := map[lora.Token]bool{}
	for _, e := range held {
		seen[e.Tokens[1]] = true
	}
	for _, e := range train {
		require.False(t, seen[e.Tokens[1]])
	}
}

func TestSplitChatTakesTheAnswerOnly(t *testing.T) {
	m, _ := openLocalTest(t, testmodel.Spec{})
	messages := append(closedChat("Say <|end|> twice."), Message{RoleAssistant, "twice"})
	prompt, response, err := splitChat(m.Llama(), messages)
	require.NoError(t, err)
	text, err := m.Llama().Detokenize(response)
	require.NoError(t, err)
	require.Equal(t, "twice", strings.TrimSpace(text))
	require.True(t, m.Llama().IsEndOfGeneration(response[len(response)-1]))
	ends := 0
	for _, token := range prompt {
		if m.Llama().IsEndOfGeneration(token) {
			ends++
		}
	}
	require.Equal(t, 2, ends, "a message that spells the end token does not end anything")
	_, _, err = splitChat(m.Llama(), messages[:2])
	require.Error(t, err)
}
