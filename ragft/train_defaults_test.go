package ragft

import (
	"fmt"
	"os"
	"slices"
	"testing"

	"github.com/ragft/ragft/ragft/model"
	"github.com/ragft/ragft/ragft/opt"
	"github.com/ragft/ragft/ragft/question"
	"github.com/ragft/ragft/ragft/rows"
	"github.com/stretchr/testify/require"
)

// Other trainers see the rows as often as training here does.
func TestEpochsOfAnExport(t *testing.T) {
	c := Config{Dir: t.TempDir(), Export: ExportConfig{Base: "someone/base"}}
	row := rows.Row{Messages: []model.Message{{Role: model.RoleUser, Content: "Who?"}, {Role: model.RoleAssistant, Content: "Osk."}}}
	for _, want := range []struct {
		model        string
		rows, epochs int
	}{{"", 149, 3}, {"", 399, 2}, {"", 400, 1}, {"../examples/basemodel/ragft-base-f16.gguf", 400, 2}, {"nowhere.gguf", 400, 1}} {
		c.Model = want.model
		p, err := Open(t.Context(), c)
		require.NoError(t, err)
		require.NoError(t, rows.WriteFile(p.rowsFile(), slices.Repeat([]rows.Row{row}, want.rows)))
		r, err := p.Export(t.Context(), "axolotl")
		require.NoError(t, err)
		text, err := os.ReadFile(r.Start[0])
		require.NoError(t, err)
		require.Regexp(t, fmt.Sprintf(`"?num_epochs"?: %d\b`, want.epochs), string(text), want)
		require.NoError(t, p.Close())
	}
}

func TestDefaultsOfTraining(t *testing.T) {
	architecture, weights, err := sizeOf("../examples/basemodel/ragft-base-f16.gguf")
	require.NoError(t, err)
	require.Equal(t, "llama", architecture)
	require.InDelta(t, 3.3e6, weights, 1e5)
	for _, c := range []struct {
		architecture string
		weights      int64
		rows         int
		rate         float64
		epochs       int
	}{
		{architecture, weights, 149, 1e-3, 3},
		{architecture, weights, 150, 1e-3, 2},
		{"llama", 135e6, 149, 5e-4, 3},
		{"llama", 135e6, 399, 5e-4, 2},
		{"llama", 135e6, 400, 1e-3, 2},
		{"llama", 135e6, 1499, 1e-3, 2},
		{"llama", 135e6, 1500, 1e-3, 1},
		{"qwen2", 500e6, 399, 5e-4, 2},
		{"qwen2", 500e6, 400, 5e-4, 1},
		{"gemma3", 270e6, 399, 2e-4, 2},
		{"gemma3", 270e6, 400, 2e-4, 1},
		{"qwen3", 3e9, 400, 2e-4, 1},
	} {
		rate, epochs := trainDefaults(c.architecture, c.weights, c.rows)
		require.Equal(t, c.rate, rate, c)
		require.Equal(t, c.epochs, epochs, c)
	}
	_, _, err = sizeOf("train_defaults_test.go")
	require.Error(t, err)
}

// Rows are made of so many questions at most, drawn by the seed from those with an answer and those without alike.
func TestQuestionsAreDrawn(t *testing.T) {
	var all []question.Question
	for i := range 300 {
		all = append(all, question.Question{ID: fmt.Sprint(i), Question: fmt.Sprintf("Who built mill %d?", i), Unanswerable: i%3 == 0})
	}
	p := &Project{config: Config{Seed: opt.Of[uint64](1)}}
	p.config.Demonstrate.Questions = 90
	drawn := p.drawn(all)
	require.InDelta(t, 90, len(drawn), 1)
	unanswerable := 0
	for _, q := range drawn {
		if q.Unanswerable {
			unanswerable++
		}
	}
	require.InDelta(t, 30, unanswerable, 1)
	require.Equal(t, drawn, p.drawn(all))
	p.config.Demonstrate.Questions = 300
	require.Len(t, p.drawn(all), 300)
}
