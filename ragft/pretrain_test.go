//go:build cgo

package ragft

import (
	"context"
	"fmt"
	"math"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/ragft/ragft/internal/testmodel"
	"github.com/ragft/ragft/lora"
	"github.com/ragft/ragft/retriever"
)

// From documents to a task: the corpus is learnt, general text watched, and the
// task's adapter starts from the result or is trained on the merged model.
func TestPretrainThenTune(t *testing.T) {
	m, path := openLocalTest(t, testmodel.Spec{})
	dir, ctx := t.TempDir(), context.Background()
	var corpus []retriever.Chunk
	var general []string
	for i := range 24 {
		corpus = append(corpus, retriever.Chunk{ID: fmt.Sprint(i), Source: fmt.Sprint(i), Text: fmt.Sprintf("Inn %d of the town has %d rooms and a red door.", i, i%7)})
		general = append(general, fmt.Sprintf("On day %d the sky was as blue as %d seas.", i, i))
	}
	made, err := Pretraining{General: general, Replay: 0.3, Duplicates: DuplicateOptions{Similarity: 1}}.Rows(ctx, RecipeInput{Corpus: corpus})
	require.NoError(t, err)
	before, err := MeasurePerplexity(ctx, m, []string{corpus[0].Text, corpus[1].Text}, 1)
	require.NoError(t, err)

	adapter := filepath.Join(dir, "domain.gguf")
	o := PretrainOptions{MaxRise: 5, Train: TrainOptions{Model: path, Adapter: adapter, HeldOut: 0.1, LoRA: lora.Config{Rank: 4, LearningRate: 1e-2, Epochs: 8, EvaluateEvery: 4}}}
	r, err := Pretrain(ctx, made.Rows, o)
	require.NoError(t, err)
	require.False(t, r.GeneralRose)
	require.Contains(t, r.HeldOut.BySource, SourceGeneral)
	tuned, err := m.Adapted(adapter, 0)
	require.NoError(t, err)
	after, err := MeasurePerplexity(ctx, tuned, []string{corpus[0].Text, corpus[1].Text}, 1)
	require.NoError(t, err)
	require.Less(t, after.Value, before.Value/2)
	require.NoError(t, tuned.Close())

	var task []Row
	for i := range 6 {
		task = append(task, Row{ID: fmt.Sprint(i), Messages: append(closedChat(fmt.Sprintf("How many rooms has inn %d?", i)), Message{Role: RoleAssistant, Content: fmt.Sprint(i)})})
	}
	stacked := TrainOptions{Model: path, Adapter: filepath.Join(dir, "stacked.gguf"), HeldOut: -1, LoRA: lora.Config{Start: adapter}}
	_, err = Train(ctx, task, stacked)
	require.NoError(t, err)
	merged := filepath.Join(dir, "merged.gguf")
	_, err = lora.Merge(ctx, lora.MergeOptions{Base: path, Adapter: adapter, Output: merged, SkipCheck: true})
	require.NoError(t, err)
	_, err = Train(ctx, task, TrainOptions{Model: merged, Adapter: filepath.Join(dir, "task.gguf"), HeldOut: -1, LoRA: lora.Config{Rank: 4}})
	require.NoError(t, err)

	// The replay share is of the model's own tokens.
	made, err = Pretraining{General: general, Replay: 0.3, Duplicates: DuplicateOptions{Similarity: 1}}.Rows(ctx, RecipeInput{Corpus: corpus, Model: m})
	require.NoError(t, err)
	tokens := map[string]int{}
	for _, row := range made.Rows {
		if row.HeldOut {
			continue
		}
		n, err := m.CountText(row.Text)
		require.NoError(t, err)
		tokens[row.Source] += n
	}
	require.InDelta(t, 0.3, float64(tokens[SourceGeneral])/float64(tokens[SourceGeneral]+tokens[SourceDomain]), 0.02)

	// What a report shows of the training comes with its result.
	var info ReportInfo
	info.AddTraining(r.Training())
	require.Len(t, info.Loss, r.Steps+1) // and before the first
	require.Contains(t, info.LossBySource, SourceGeneral)
	require.Contains(t, info.LossBySource, SourceDomain)
	require.Contains(t, info.BaseLossBySource, SourceGeneral)
	require.Less(t, info.LossBySource[SourceDomain], info.BaseLossBySource[SourceDomain])
	require.Equal(t, r.BaseLoss, info.Loss[0].HeldOut)
	require.True(t, math.IsNaN(info.Loss[1].HeldOut), "not evaluated at the first step")
	require.Equal(t, r.HeldOut.Loss, info.Loss[len(info.Loss)-1].HeldOut)

	_, err = Pretrain(ctx, made.Rows[:1], o)
	require.ErrorIs(t, err, ErrTooLittleText)
}
