//go:build unix

package main

import (
	"context"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/ragft/ragft/internal/fake"
	"github.com/ragft/ragft/internal/gguf"
	"github.com/ragft/ragft/internal/layout"
	"github.com/ragft/ragft/ragft/confidence"
	"github.com/ragft/ragft/ragft/eval"
	"github.com/ragft/ragft/ragft/model"
	"github.com/ragft/ragft/ragft/model/cache"
	"github.com/ragft/ragft/ragft/question"
	"github.com/ragft/ragft/ragft/report"
	"github.com/ragft/ragft/ragft/rows"
	"github.com/ragft/ragft/retriever"
	"github.com/ragft/ragft/retriever/dense"
)

// What holds text of users is theirs alone, whatever the umask; models are as readable as any new file.
func TestModesOfFiles(t *testing.T) {
	foundFile(t, "")
	old := syscall.Umask(0)
	defer syscall.Umask(old)
	must(t, "index")
	require.NoError(t, question.WriteFile(".ragft/questions.jsonl", []question.Question{{Question: "Who?", Answer: "Osk"}}))
	require.NoError(t, rows.WriteFile(".ragft/rows.jsonl", nil))
	require.NoError(t, (&confidence.Calibration{}).WriteFile(".ragft/calibration.json"))
	results := &report.Results{Evaluation: &eval.Evaluation{}}
	require.NoError(t, results.WriteFile(".ragft/evaluation.json"))
	require.NoError(t, results.WriteAnswersFile(".ragft/answers.jsonl"))
	kept, err := cache.Open(fake.AlwaysSays("Osk"), ".ragft/cache")
	require.NoError(t, err)
	_, err = kept.Chat(t.Context(), []model.Request{{Messages: layout.Chat("s", "u")}})
	require.NoError(t, err)
	require.NoError(t, kept.Close())
	require.NoError(t, retriever.WriteTuningFile(".ragft/retrieval.json", retriever.Tuning{Weights: map[string]float64{"term:osk": 1}}))
	index, err := retriever.Open(".ragft/index")
	require.NoError(t, err)
	vectors, err := dense.Update(t.Context(), ".ragft/vectors", index, oneTopic{}, dense.UpdateOptions{})
	require.NoError(t, err)
	require.Positive(t, vectors.Embedded)
	require.NoError(t, index.Close())
	for umask, name := range map[int]string{0: "a.gguf", 0o022: "b.gguf", 0o077: "c.gguf"} {
		syscall.Umask(umask)
		w, err := gguf.Create(filepath.Join(".ragft", name))
		require.NoError(t, err)
		require.NoError(t, w.SetMeta("general.type", "adapter"))
		require.NoError(t, w.Commit())
	}

	models := map[string]fs.FileMode{"a.gguf": 0o666, "b.gguf": 0o644, "c.gguf": 0o600}
	texts := 0
	require.NoError(t, filepath.WalkDir(".ragft", func(path string, d fs.DirEntry, err error) error {
		require.NoError(t, err)
		info, err := d.Info()
		require.NoError(t, err)
		mode := info.Mode().Perm()
		switch want, isModel := models[d.Name()]; {
		case isModel:
			require.Equal(t, want, mode, path)
		case d.IsDir():
			require.Equal(t, fs.FileMode(0o700), mode, path)
		case d.Name() != "index_meta.json": // Bleve's own settings
			require.Equal(t, fs.FileMode(0o600), mode, path)
			texts++
		}
		return nil
	}))
	require.Greater(t, texts, 12)
}

// oneTopic embeds every text alike.
type oneTopic struct{}

func (oneTopic) Query(context.Context, string) ([]float32, error) { return []float32{1}, nil }

func (e oneTopic) Passages(ctx context.Context, texts []string) (all [][]float32, err error) {
	for range texts {
		v, _ := e.Query(ctx, "")
		all = append(all, v)
	}
	return all, nil
}

func (oneTopic) ID() string { return "one topic" }

func readText(t *testing.T, path string) string {
	t.Helper()
	data, err := os.ReadFile(path)
	require.NoError(t, err)
	return string(data)
}
