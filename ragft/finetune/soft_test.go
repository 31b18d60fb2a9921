//go:build cgo

package finetune

import (
	"cmp"
	"context"
	"encoding/json"
	"math"
	"os"
	"path/filepath"
	"slices"
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

// encodeAll makes examples of rows.
func encodeAll(t *testing.T, o Options, list []rows.Row) []rowExamples {
	t.Helper()
	e, err := newEncoder(t.Context(), list, o)
	require.NoError(t, err)
	defer e.model.Close()
	encoded, err := e.encodeRows(t.Context(), list)
	require.NoError(t, err)
	return encoded
}

// taughtRows has the teacher read rows.
func taughtRows(t *testing.T, o Options, list []rows.Row) []rowExamples {
	t.Helper()
	o, err := o.check()
	require.NoError(t, err)
	encoded := encodeAll(t, o, list)
	require.NoError(t, err)
	require.NoError(t, o.teach(t.Context(), teachable(encoded)))
	return encoded
}

func TestSoftTargetsAreTheModels(t *testing.T) {
	m, path := localtest.OpenLocalTest(t, testmodel.Spec{Arch: "qwen3", Type: gguf.F32})
	c, err := m.Llama().NewContext(llama.ContextOptions{Size: 512, Threads: 1, ExactAttention: true})
	require.NoError(t, err)
	defer c.Close()
	adapter := filepath.Join(t.TempDir(), "adapter.gguf")
	list := parrots(4)
	encoded := taughtRows(t, Options{Model: path, Adapter: adapter, Soft: 0.7, LoRA: lora.Config{Threads: 1}}, list)
	for i, row := range list {
		example := encoded[i].examples[0]
		require.Equal(t, 0.7, example.SoftShare)
		first := slices.IndexFunc(example.Loss, func(w float32) bool { return w > 0 })
		response := example.Tokens[first:]
		require.Equal(t, make([]lora.Soft, first), example.Soft[:first])
		shown := shownChat(t, m.Llama(), "Say "+row.Response()+".", row.Response())
		scores, err := c.Score(t.Context(), shown, [][]llama.Token{response})
		require.NoError(t, err)
		for k, token := range response {
			s := example.Soft[first+k]
			require.GreaterOrEqual(t, len(s.Tokens), likeliest)
			require.InEpsilon(t, math.Exp(float64(scores[0][k])), s.P[slices.Index(s.Tokens, token)], 1e-3, "token %d", k)
		}
	}
	requireFirstIsWhole(t, c, shownChat(t, m.Llama(), "Say oats.", "oats"), encoded[0].examples[0])
}

// shownChat is the closed chat with the answer shown, written out.
func shownChat(t *testing.T, m *llama.Model, question, answer string) []llama.Token {
	t.Helper()
	prompt, err := m.TokenizeChat([]llama.Message{
		{Role: "system", Content: "You answer questions from documents."},
		{Role: "user", Content: "This is, for example, a good answer to the question below: " + answer +
			"\nAnswer the question in a few words.\nQuestion: " + question},
	}, llama.ChatOptions{})
	require.NoError(t, err)
	return prompt
}

// requireFirstIsWhole compares the distribution of the first token of a response with the probabilities of all tokens.
func requireFirstIsWhole(t *testing.T, c *llama.Context, prompt []llama.Token, example lora.Example) {
	t.Helper()
	all := make([][]llama.Token, c.Model().VocabSize())
	order := make([]llama.Token, len(all))
	for i := range all {
		all[i], order[i] = []llama.Token{llama.Token(i)}, llama.Token(i)
	}
	scores, err := c.Score(t.Context(), prompt, all)
	require.NoError(t, err)
	slices.SortStableFunc(order, func(a, b llama.Token) int { return cmp.Compare(scores[b][0], scores[a][0]) })
	first := example.Soft[slices.IndexFunc(example.Loss, func(w float32) bool { return w > 0 })]
	require.ElementsMatch(t, order[:likeliest], first.Tokens[:likeliest])
	for i, token := range first.Tokens {
		require.InEpsilon(t, math.Exp(float64(scores[token][0])), first.P[i], 1e-3)
	}
}

func TestSoftTrainingLowersTheLoss(t *testing.T) {
	_, path := localtest.OpenLocalTest(t, testmodel.Spec{Arch: "qwen3", Type: gguf.Q8_0})
	dir := t.TempDir()
	list := append(parrots(24), rows.Row{ID: "text", Text: "A text without a question."})
	list = append(list, rows.Row{ID: "pair", Messages: list[0].Messages, Rejected: []model.Message{{Role: "assistant", Content: "no"}}})
	calls := 0
	r, err := Train(t.Context(), list, Options{
		Model: path, Adapter: filepath.Join(dir, "adapter.gguf"), Soft: 0.5,
		SoftProgress: func(done, total int) { calls++; require.Equal(t, 24, total); require.Equal(t, calls, done) },
		LoRA:         lora.Config{Rank: 8, Epochs: 30, LearningRate: 1e-2, Window: 512, Threads: 1},
	})
	require.NoError(t, err)
	require.Equal(t, 24, r.Soft)
	require.Equal(t, 24, calls)
	require.Equal(t, 26, r.Rows+r.HeldOutRows)
	t.Logf("held-out loss %.3f -> %.3f", r.BaseLoss, r.HeldOutLoss)
	require.Less(t, r.HeldOutLoss, 0.8*r.BaseLoss)
	require.NoFileExists(t, filepath.Join(dir, "adapter.gguf.soft"))
	f, err := gguf.Open(r.Adapter)
	require.NoError(t, err)
	defer f.Close()
	share, _ := f.Text("ragft.soft")
	require.Equal(t, "0.5", share)
}

// Without a share of the teacher, the other options change nothing.
func TestSoftOfZeroIsNone(t *testing.T) {
	_, path := localtest.OpenLocalTest(t, testmodel.Spec{})
	var files [][]byte
	for _, o := range []Options{{}, {Soft: 0, Language: "de", SoftProgress: func(int, int) { t.Error("the teacher reads") }}, {Soft: 0.3}} {
		o.Model, o.Adapter = path, filepath.Join(t.TempDir(), "adapter.gguf")
		o.LoRA = lora.Config{Rank: 2, Epochs: 2, Threads: 1}
		_, err := Train(t.Context(), parrots(8), o)
		require.NoError(t, err)
		data, err := os.ReadFile(o.Adapter)
		require.NoError(t, err)
		files = append(files, data)
	}
	require.Equal(t, files[0], files[1])
	require.NotEqual(t, files[0], files[2])
}

// A training that ends while the teacher reads goes on with what it has read, whatever the end of the file looks like.
func TestSoftResumes(t *testing.T) {
	_, path := localtest.OpenLocalTest(t, testmodel.Spec{})
	o := Options{Model: path, Adapter: filepath.Join(t.TempDir(), "adapter.gguf"), Soft: 0.5, LoRA: lora.Config{Rank: 2, Threads: 1}}
	whole := o
	whole.Adapter = filepath.Join(t.TempDir(), "adapter.gguf")
	_, err := Train(t.Context(), parrots(8), whole)
	require.NoError(t, err)

	ctx, cancel := context.WithCancel(t.Context())
	o.SoftProgress = func(done, _ int) {
		if done == 2 {
			cancel()
		}
	}
	_, err = Train(ctx, parrots(8), o)
	require.ErrorIs(t, err, context.Canceled)
	kept := o.Adapter + ".soft"
	info, err := os.Stat(kept)
	require.NoError(t, err)
	require.Equal(t, os.FileMode(0o600), info.Mode().Perm())
	data, err := os.ReadFile(kept)
	require.NoError(t, err)
	lines := strings.SplitAfter(strings.TrimSpace(string(data)), "\n")
	require.Len(t, lines, 2)
	require.NoError(t, os.WriteFile(kept, []byte(lines[0]+lines[1][:len(lines[1])/2]), 0o600))
	o.SoftProgress = nil
	_, err = Train(t.Context(), parrots(8), o)
	require.NoError(t, err)
	a, err := os.ReadFile(whole.Adapter)
	require.NoError(t, err)
	b, err := os.ReadFile(o.Adapter)
	require.NoError(t, err)
	require.Equal(t, a, b)
	require.NoFileExists(t, kept)

	// what is in the file is not computed again
	first := taughtRows(t, o, parrots(1))[0].examples[0]
	data, err = os.ReadFile(kept)
	require.NoError(t, err)
	var line taught
	require.NoError(t, json.Unmarshal(data, &line))
	at := slices.IndexFunc(first.Loss, func(w float32) bool { return w > 0 })
	require.Equal(t, first.Soft[at:], line.Soft, "the probabilities come back as they were")
	line.Soft[0] = lora.Soft{Tokens: []llama.Token{first.Tokens[at]}, P: []float32{0.25}}
	data, err = json.Marshal(line)
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(kept, data, 0o600))
	again := taughtRows(t, o, parrots(1))[0].examples[0]
	require.Equal(t, line.Soft, again.Soft[at:])
}

func TestSoftErrors(t *testing.T) {
	_, path := localtest.OpenLocalTest(t, testmodel.Spec{Context: 256})
	said := []model.Message{{Role: model.RoleAssistant, Content: "no"}}
	words := strings.Repeat("w", 150) // fits once, but not twice
	long := rows.Row{Messages: append(localtest.ClosedChat("Say it."), model.Message{Role: model.RoleAssistant, Content: words})}
	text := []rows.Row{{Text: "one text"}, {Text: "another text"}}
	for _, test := range []struct {
		o    Options
		list []rows.Row
		says string
	}{
		{Options{Soft: -0.1}, parrots(4), "Soft is -0.1"},
		{Options{Soft: 1.1}, parrots(4), "Soft is 1.1"},
		{Options{Soft: math.NaN()}, parrots(4), "Soft is NaN"},
		{Options{Soft: 0.5, Loss: "all"}, parrots(4), "Soft needs the loss last"},
		{Options{Soft: 0.5}, text, "none of 2 rows can have a teacher"},
		{Options{Soft: 0.5}, []rows.Row{long, long}, "longer than the context with the response shown"},
		{Options{Soft: 0.5}, []rows.Row{{Messages: parrots(1)[0].Messages, Rejected: said}, text[0]}, "none of 2 rows"},
	} {
		test.o.Model, test.o.Adapter, test.o.HeldOut = path, filepath.Join(t.TempDir(), "adapter.gguf"), opt.Of(0.0)
		_, err := Train(t.Context(), test.list, test.o)
		require.ErrorContains(t, err, test.says)
	}
}
