//go:build cgo

package finetune_test

import (
	"context"
	"fmt"
	"math"
	"path/filepath"
	"testing"

	"github.com/ragft/ragft/internal/localtest"
	"github.com/ragft/ragft/internal/reading"
	"github.com/ragft/ragft/internal/testmodel"
	"github.com/ragft/ragft/internal/trainlog"
	"github.com/ragft/ragft/lora"
	"github.com/ragft/ragft/ragft/eval/forget"
	"github.com/ragft/ragft/ragft/finetune"
	"github.com/ragft/ragft/ragft/model"
	"github.com/ragft/ragft/ragft/opt"
	"github.com/ragft/ragft/ragft/recipe"
	"github.com/ragft/ragft/ragft/report"
	"github.com/ragft/ragft/ragft/rows"
	"github.com/ragft/ragft/retriever"
	"github.com/stretchr/testify/require"
)

// From documents to a task: the corpus is learnt, general text watched, and the
// task's adapter starts from the result or is trained on the merged model.
func TestPretrainThenTune(t *testing.T) {
	m, path := localtest.OpenLocalTest(t, testmodel.Spec{})
	dir, ctx := t.TempDir(), context.Background()
	var corpus []retriever.Chunk
	var general []string
	for i := range 24 {
		corpus = append(corpus, retriever.Chunk{ID: fmt.Sprint(i), Source: fmt.Sprint(i),
			Text: fmt.Sprintf("Inn %d of the town has %d rooms and a red door.", i, i%7)})
		general = append(general, fmt.Sprintf("On day %d the sky was as blue as %d seas.", i, i))
	}
	made, err := recipe.Pretrain{General: general, Replay: opt.Of(0.3), Similarity: 1}.Rows(ctx, recipe.Input{Corpus: corpus})
	require.NoError(t, err)
	before, err := forget.Perplexity(ctx, m, []string{corpus[0].Text, corpus[1].Text}, 1)
	require.NoError(t, err)

	adapter := filepath.Join(dir, "domain.gguf")
	o := finetune.Options{Model: path, Adapter: adapter, MaxRise: opt.Of(5.0),
		LoRA: lora.Config{Rank: 4, LearningRate: 1e-2, Epochs: 8, EvaluateEvery: 4}}
	r, err := finetune.Train(ctx, made.Rows, o)
	require.NoError(t, err)
	require.Empty(t, r.Rose)
	require.Contains(t, r.HeldOut.BySource, trainlog.General)
	tuned, err := m.Adapted(adapter, 1)
	require.NoError(t, err)
	after, err := forget.Perplexity(ctx, tuned, []string{corpus[0].Text, corpus[1].Text}, 1)
	require.NoError(t, err)
	require.Less(t, after.Value, before.Value/2)
	require.NoError(t, tuned.Close())

	var task []rows.Row
	for i := range 6 {
		task = append(task, rows.Row{ID: fmt.Sprint(i), Messages: append(localtest.ClosedChat(fmt.Sprintf("How many rooms has inn %d?", i)),
			model.Message{Role: model.RoleAssistant, Content: fmt.Sprint(i)})})
	}
	stacked := finetune.Options{Model: path, Adapter: filepath.Join(dir, "stacked.gguf"), HeldOut: opt.Of(0.0),
		LoRA: lora.Config{Start: adapter}}
	_, err = finetune.Train(ctx, task, stacked)
	require.NoError(t, err)
	merged := filepath.Join(dir, "merged.gguf")
	_, err = lora.Merge(ctx, lora.MergeOptions{Base: path, Adapter: adapter, Output: merged, SkipCheck: true})
	require.NoError(t, err)
	_, err = finetune.Train(ctx, task, finetune.Options{Model: merged, Adapter: filepath.Join(dir, "task.gguf"), HeldOut: opt.Of(0.0),
		LoRA: lora.Config{Rank: 4}})
	require.NoError(t, err)

	// The replay share is of the model's own tokens.
	made, err = recipe.Pretrain{General: general, Replay: opt.Of(0.3), Similarity: 1}.Rows(ctx, recipe.Input{Corpus: corpus, Model: m})
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
	require.InDelta(t, 0.3, float64(tokens[trainlog.General])/float64(tokens[trainlog.General]+tokens[trainlog.Domain]), 0.02)

	// What a report shows of the training comes with its result.
	var info report.Info
	info.AddTraining(r.Training())
	require.Len(t, info.Loss, r.Steps+1) // and before the first
	require.Contains(t, info.LossBySource, trainlog.General)
	require.Contains(t, info.LossBySource, trainlog.Domain)
	require.Contains(t, info.BaseLossBySource, trainlog.General)
	require.Less(t, info.LossBySource[trainlog.Domain], info.BaseLossBySource[trainlog.Domain])
	require.Equal(t, r.BaseLoss, info.Loss[0].HeldOut)
	require.True(t, math.IsNaN(info.Loss[1].HeldOut), "not evaluated at the first step")
	require.Equal(t, r.HeldOut.Loss, info.Loss[len(info.Loss)-1].HeldOut)

	_, err = finetune.Train(ctx, made.Rows[:1], o)
	require.ErrorIs(t, err, reading.ErrTooLittleText)
}

// General text of which nothing is held out has no loss to go by, so there is no rule unless one is asked for.
func TestNoStopRuleWithoutHeldOutText(t *testing.T) {
	_, path := localtest.OpenLocalTest(t, testmodel.Spec{})
	text := func(i int) rows.Row {
		return rows.Row{ID: fmt.Sprint(i), Kind: rows.KindText, Source: trainlog.General, Text: fmt.Sprintf("On day %d the sky was blue.", i)}
	}
	list := []rows.Row{text(1), text(2), text(3)}
	o := finetune.Options{Model: path, Adapter: filepath.Join(t.TempDir(), "a.gguf"), HeldOut: opt.Of(0.0), LoRA: lora.Config{Rank: 2}}
	r, err := finetune.Train(context.Background(), list, o)
	require.NoError(t, err)
	require.Equal(t, 3, r.Rows)
	unset := finetune.Options{Model: path, Adapter: o.Adapter, LoRA: o.LoRA}
	_, err = finetune.Train(context.Background(), []rows.Row{text(1), text(1)}, unset)
	require.NoError(t, err, "copies are not divided")
	o.MaxRise = opt.Of(0.1)
	_, err = finetune.EstimateMemory(context.Background(), list, o)
	require.ErrorIs(t, err, reading.ErrTooLittleText)
	require.ErrorContains(t, err, "HeldOut")
	list[2].HeldOut = true
	r, err = finetune.Train(context.Background(), list, o)
	require.NoError(t, err)
	require.Contains(t, r.HeldOut.BySource, trainlog.General)
}
