package ragft

import (
	"fmt"
	"testing"

	"github.com/ragft/ragft/ragft/opt"
	"github.com/ragft/ragft/ragft/question"
	"github.com/stretchr/testify/require"
)

func TestDefaultsOfTraining(t *testing.T) {
	architecture, weights, err := sizeOf("../examples/basemodel/ragft-base-f16.gguf")
	require.NoError(t, err)
	require.Equal(t, "llama", architecture)
	require.InDelta(t, 3.3e6, weights, 1e5)
	rates := []float64{
		defaultRate(architecture, weights), defaultRate("llama", 135e6), defaultRate("gemma3", 270e6), defaultRate("qwen3", 3e9),
	}
	require.Equal(t, []float64{1e-3, 5e-4, 2e-4, 2e-4}, rates)
	require.Equal(t, []int{3, 2, 1}, []int{defaultEpochs(149), defaultEpochs(150), defaultEpochs(400)})
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
