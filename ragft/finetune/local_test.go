//go:build cgo

package finetune

import (
	"context"
	"fmt"
	"path/filepath"
	"strings"
	"testing"

	"github.com/ragft/ragft/internal/gguf"
	"github.com/ragft/ragft/internal/localtest"
	"github.com/ragft/ragft/internal/testmodel"
	"github.com/ragft/ragft/llama"
	"github.com/ragft/ragft/lora"
	"github.com/ragft/ragft/ragft/model"
	"github.com/ragft/ragft/ragft/opt"
	"github.com/ragft/ragft/ragft/rows"
	"github.com/stretchr/testify/require"
)

// parrots are rows whose answer depends on the question in a way that can be learnt.
func parrots(n int) []rows.Row {
	words := []string{"oats", "salt", "rope", "wool"}
	var r []rows.Row
	for i := range n {
		w := words[i%len(words)]
		r = append(r, rows.Row{ID: w, QuestionID: fmt.Sprint(i),
			Messages: append(localtest.ClosedChat("Say "+w+"."), model.Message{Role: model.RoleAssistant, Content: w})})
	}
	return r
}

func TestTrainTeachesRows(t *testing.T) {
	m, path := localtest.OpenLocalTest(t, testmodel.Spec{Arch: "qwen3", Type: gguf.Q8_0})
	adapter := filepath.Join(t.TempDir(), "adapter.gguf")
	r, err := Train(context.Background(), parrots(40), Options{Model: path, Adapter: adapter, LoRA: lora.Config{
		Rank: 8, Epochs: 90, LearningRate: 1e-2, Window: 512,
	}})
	require.NoError(t, err)
	require.Equal(t, 36, r.Rows)
	require.Equal(t, 4, r.HeldOutRows)
	require.Less(t, r.HeldOutLoss, 0.2*r.BaseLoss)
	tuned, err := m.Adapted(adapter, 1)
	require.NoError(t, err)
	answers, err := tuned.Chat(context.Background(), []model.Request{{Messages: localtest.ClosedChat("Say salt."), MaxTokens: 8},
		{Messages: localtest.ClosedChat("Say rope."), MaxTokens: 8}})
	require.NoError(t, err)
	require.Equal(t, "salt", answers[0].Samples[0].Text, "answer and end must both be learnt")
	require.Equal(t, "rope", answers[1].Samples[0].Text)

	other, _ := localtest.OpenLocalTest(t, testmodel.Spec{Arch: "qwen3", Type: gguf.Q8_0, Seed: 9})
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
	long := rows.Row{ID: "long", Messages: append(localtest.ClosedChat(strings.Repeat("long ", 300)),
		model.Message{Role: model.RoleAssistant, Content: "no"})}
	adapter := filepath.Join(t.TempDir(), "adapter.gguf")
	o := Options{Model: path, Adapter: adapter, HeldOut: opt.Of(0.0), LoRA: lora.Config{Rank: 2}}
	r, err := Train(context.Background(), append(parrots(8), long), o)
	require.NoError(t, err)
	require.Equal(t, 1, r.TooLong)
	require.Equal(t, 8, r.Rows)
	_, err = Train(context.Background(), []rows.Row{long}, o)
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
	train, held = splitRows(rows, 0.1, 3, nil)
	measured := map[string]int{}
	for _, r := range held {
		measured[r.source()]++
	}
	require.Equal(t, map[string]int{"domain": 6, "small": 1, "general": 1}, measured)
	require.Len(t, train, 54+1+1+2)
}
