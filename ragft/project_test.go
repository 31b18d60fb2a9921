//go:build cgo

package ragft_test

import (
	"context"
	"encoding/json"
	"log/slog"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/ragft/ragft/ragft"
	"github.com/ragft/ragft/ragft/opt"
	"github.com/ragft/ragft/ragft/question"
	"github.com/ragft/ragft/ragft/rows"
)

const shipped = "../examples/basemodel/ragft-base-f16.gguf"

// tiny is a project on some of the quickstart's documents and questions, small enough to be trained in a test.
func tiny(t *testing.T) ragft.Config {
	t.Helper()
	dir := t.TempDir()
	docs := filepath.Join(dir, "notes")
	require.NoError(t, os.CopyFS(docs, os.DirFS("../examples/quickstart/docs")))
	questions, err := question.ReadFile("../examples/quickstart/questions.jsonl")
	require.NoError(t, err)
	file := filepath.Join(dir, "own.jsonl")
	require.NoError(t, question.WriteFile(file, questions[:24]))
	return ragft.Config{
		Dir: filepath.Join(dir, "project"), Documents: docs, Model: shipped, Questions: file, Passages: 2, Threads: 1,
		GPULayers: opt.Of(0), Logger: slog.New(slog.DiscardHandler),
		Index:       ragft.IndexConfig{Chunk: 60},
		Demonstrate: ragft.DemonstrateConfig{Recipe: []string{"gold"}},
		Train:       ragft.TrainConfig{Epochs: 1, Rank: 4, Rate: 1e-3},
		Evaluate:    ragft.EvaluateConfig{MaxTokens: 8, Resamples: 50},
		Assistant:   ragft.AssistantConfig{MaxTokens: 8},
	}
}

func open(t *testing.T, c ragft.Config) *ragft.Project {
	t.Helper()
	p, err := ragft.Open(t.Context(), c)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, p.Close()) })
	return p
}

// status is the state of each step.
func status(t *testing.T, p *ragft.Project) map[string]ragft.StepStatus {
	t.Helper()
	list, err := p.Status(t.Context())
	require.NoError(t, err)
	all := map[string]ragft.StepStatus{}
	for _, s := range list {
		all[s.Step] = s
	}
	return all
}

// requireState asserts that a step has a state, and why.
func requireState(t *testing.T, p *ragft.Project, step, state, reason string) {
	t.Helper()
	s := status(t, p)[step]
	require.Equal(t, state, s.State, "%s: %s", step, s.Reason)
	require.Contains(t, s.Reason, reason)
}

// TestRun goes through all steps, asks, and does nothing again.
func TestRun(t *testing.T) {
	c := tiny(t)
	var seen []ragft.Progress
	c.Progress = func(p ragft.Progress) { seen = append(seen, p) }
	p := open(t, c)
	requireState(t, p, ragft.StepIndex, ragft.StateMissing, "not done yet")
	requireState(t, p, ragft.StepQuestions, ragft.StateCurrent, "your own: 24 questions")
	requireState(t, p, ragft.StepDemonstrate, ragft.StateMissing, "there is no index")
	require.NoError(t, p.Run(t.Context()))
	steps := map[string]bool{}
	for _, s := range seen {
		steps[s.Step] = true
	}
	require.Equal(t, map[string]bool{"index": true, "demonstrate": true, "train": true, "evaluate": true}, steps)

	a, err := p.Assistant(t.Context())
	require.NoError(t, err)
	answer, err := a.Answer(t.Context(), "Who runs the button bakery?")
	require.NoError(t, err)
	require.Len(t, answer.Hits, 2)

	for _, step := range []string{ragft.StepIndex, ragft.StepQuestions, ragft.StepDemonstrate, ragft.StepTrain, ragft.StepEvaluate} {
		requireState(t, p, step, ragft.StateCurrent, "")
	}
	require.Equal(t, ragft.StateMissing, status(t, p)[ragft.StepSearch].State, "is not part of a run")
	require.Positive(t, status(t, p)[ragft.StepTrain].Memory)
	require.Positive(t, status(t, p)[ragft.StepTrain].Took)

	seen = nil
	again := open2(t, p, c)
	indexed, err := again.Index(t.Context())
	require.NoError(t, err)
	require.True(t, indexed.UpToDate)
	require.Equal(t, 60, indexed.Documents, "as it was kept")
	made, err := again.Demonstrate(t.Context())
	require.NoError(t, err)
	require.True(t, made.UpToDate)
	require.Positive(t, made.Rows)
	trained, err := again.Train(t.Context())
	require.NoError(t, err)
	require.True(t, trained.UpToDate)
	require.Positive(t, *trained.Loss)
	before, err := os.Stat(again.Path("evaluation.json"))
	require.NoError(t, err)
	found, err := again.Evaluate(t.Context())
	require.NoError(t, err)
	require.Len(t, found.Systems, 4, "base and tuned, with documents and without")
	require.NotNil(t, found.Info)
	after, err := os.Stat(again.Path("evaluation.json"))
	require.NoError(t, err)
	require.Equal(t, before.ModTime(), after.ModTime())
	for _, s := range seen {
		require.NotContains(t, s.Phase, "loading", "no model is opened where nothing is to be done")
	}
}

// open2 closes a project and opens it again.
func open2(t *testing.T, p *ragft.Project, c ragft.Config) *ragft.Project {
	t.Helper()
	require.NoError(t, p.Close())
	require.NoError(t, p.Close(), "a second time does nothing")
	return open(t, c)
}

// trained is a project whose model has been trained.
func trained(t *testing.T, c ragft.Config) *ragft.Project {
	t.Helper()
	p, _ := demonstrated(t, c)
	_, err := p.Train(t.Context())
	require.NoError(t, err)
	return p
}

// demonstrated is a project with an index and rows.
func demonstrated(t *testing.T, c ragft.Config) (*ragft.Project, *ragft.DemonstrateResult) {
	t.Helper()
	p := open(t, c)
	_, err := p.Index(t.Context())
	require.NoError(t, err)
	made, err := p.Demonstrate(t.Context())
	require.NoError(t, err)
	return p, made
}

// A change makes stale what follows from it, and says which it was.
func TestStale(t *testing.T) {
	c := tiny(t)
	p := trained(t, c)

	changed := c
	changed.Train.Epochs, changed.Seed = 2, opt.Of[uint64](7)
	p = open2(t, p, changed)
	requireState(t, p, ragft.StepTrain, ragft.StateStale, "seed was 1 and is 7, train.epochs was 1 and is 2")
	requireState(t, p, ragft.StepDemonstrate, ragft.StateStale, "seed was 1 and is 7")
	requireState(t, p, ragft.StepIndex, ragft.StateCurrent, "")
	changed = c
	changed.Train.CheckpointEvery, changed.Demonstrate.Batch = opt.Of(7), 2
	p = open2(t, p, changed)
	requireState(t, p, ragft.StepTrain, ragft.StateCurrent, "")
	requireState(t, p, ragft.StepDemonstrate, ragft.StateCurrent, "")

	require.NoError(t, os.WriteFile(filepath.Join(c.Documents, "new.md"), []byte("# Pip\n\nPip Marlow mends the clocks of Ansby.\n"), 0o644))
	requireState(t, p, ragft.StepIndex, ragft.StateStale, "documents changed")
	r, err := p.Index(t.Context())
	require.NoError(t, err)
	require.False(t, r.UpToDate)
	require.Equal(t, 61, r.Documents)
	requireState(t, p, ragft.StepDemonstrate, ragft.StateStale, "index changed")
	requireState(t, p, ragft.StepTrain, ragft.StateStale, "the rule is to be fitted: index changed")
	var steps map[string]struct{ Inputs, Notes map[string]string }
	data, err := os.ReadFile(p.Path("steps.json"))
	require.NoError(t, err)
	require.NoError(t, json.Unmarshal(data, &steps))
	require.Equal(t, steps["demonstrate"].Inputs["index"], steps["train"].Notes["index"], "the index that anchors were drawn from")

	require.NoError(t, os.Remove(filepath.Join(c.Documents, "bald-hill.md")))
	r, err = p.Index(t.Context())
	require.NoError(t, err)
	require.Positive(t, r.Removed)
	require.NoError(t, os.Remove(p.Path("adapter.gguf")))
	requireState(t, p, ragft.StepTrain, ragft.StateStale, "adapter.gguf is gone")
	require.NoError(t, os.WriteFile(p.Path("adapter.gguf"), []byte("x"), 0o644))
	requireState(t, p, ragft.StepTrain, ragft.StateStale, "adapter.gguf was replaced")
	require.NoError(t, os.Remove(p.Path("rows.jsonl")))
	requireState(t, p, ragft.StepDemonstrate, ragft.StateStale, "rows.jsonl is gone")
}

// Nothing that was made with other options, or in another place, is taken for what is asked for.
func TestOtherOptionsMakeOtherResults(t *testing.T) {
	c := tiny(t)
	p := trained(t, c)
	_, err := p.Evaluate(t.Context())
	require.NoError(t, err)

	other := c
	other.Context = 256
	p = open2(t, p, other)
	requireState(t, p, ragft.StepDemonstrate, ragft.StateStale, "context was 0 and is 256")
	requireState(t, p, ragft.StepEvaluate, ragft.StateStale, "context was 0 and is 256")
	requireState(t, p, ragft.StepTrain, ragft.StateStale, "the rule is to be fitted: context was 0 and is 256")

	other = c
	other.Rows, other.Adapter = filepath.Join(t.TempDir(), "rows.jsonl"), filepath.Join(t.TempDir(), "other.gguf")
	p = open2(t, p, other)
	made, err := p.Demonstrate(t.Context())
	require.NoError(t, err)
	require.False(t, made.UpToDate)
	require.FileExists(t, made.File)
	trained, err := p.Train(t.Context())
	require.NoError(t, err)
	require.False(t, trained.UpToDate)
	require.FileExists(t, trained.Adapter)
}

// Rows may be edited: they are learnt from as they are, and never lost.
func TestEditedRows(t *testing.T) {
	c := tiny(t)
	p, made := demonstrated(t, c)
	list, err := rows.ReadFile(made.File)
	require.NoError(t, err)
	require.NoError(t, rows.WriteFile(made.File, list[:len(list)-1]))
	again, err := p.Demonstrate(t.Context())
	require.NoError(t, err)
	require.True(t, again.UpToDate)
	kept, err := p.ReadRows()
	require.NoError(t, err)
	require.Len(t, kept, len(list)-1)

	c.Passages = 1
	p = open2(t, p, c)
	again, err = p.Demonstrate(t.Context())
	require.NoError(t, err)
	require.False(t, again.UpToDate)
	aside, err := rows.ReadFile(made.File + ".before")
	require.NoError(t, err)
	require.Len(t, aside, len(list)-1, "the edited rows are put aside")
}

// A training that is cancelled goes on from its checkpoint, also in another process.
func TestResumeTraining(t *testing.T) {
	c := tiny(t)
	c.Train.Epochs, c.Train.CheckpointEvery = 4, opt.Of(1)
	p, _ := demonstrated(t, c)

	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	c.Progress = func(s ragft.Progress) {
		if s.Phase == "training" && s.Done >= 2 {
			cancel()
		}
	}
	p = open2(t, p, c)
	_, err := p.Train(ctx)
	require.ErrorIs(t, err, context.Canceled)
	require.FileExists(t, p.Path("adapter.gguf.checkpoint"))
	requireState(t, p, ragft.StepTrain, ragft.StateMissing, "unfinished")

	c.Progress = nil
	p = open2(t, p, c)
	r, err := p.Train(t.Context())
	require.NoError(t, err)
	require.Positive(t, r.Resumed)
	require.Greater(t, r.Steps, r.Resumed)
	require.NoFileExists(t, p.Path("adapter.gguf.checkpoint"))
}

// What a model answered before a cancellation is not asked for again.
func TestResumeFromCache(t *testing.T) {
	c := tiny(t)
	c.Demonstrate = ragft.DemonstrateConfig{Batch: 2, SelfDemo: ragft.SelfDemoConfig{
		MaxTokens: 8, Closed: opt.Of(1), Read: opt.Of(1), Refuse: opt.Of(1), MinCorrectAbsent: 1,
	}}
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	c.Progress = func(s ragft.Progress) {
		if s.Phase == "generating" && s.Done >= 4 {
			cancel()
		}
	}
	p := open(t, c)
	_, err := p.Index(t.Context())
	require.NoError(t, err)
	_, err = p.Demonstrate(ctx)
	require.ErrorIs(t, err, context.Canceled)
	require.NoFileExists(t, p.Path("rows.jsonl"))

	c.Progress = nil
	p = open2(t, p, c)
	r, err := p.Demonstrate(t.Context())
	require.NoError(t, err)
	require.Positive(t, r.Cost.Cached)
	require.Less(t, r.Cost.Cached, r.Cost.Calls)
}

// With EstimateOnly, steps say what they would cost and leave no trace.
func TestEstimateOnly(t *testing.T) {
	c := tiny(t)
	p, _ := demonstrated(t, c)
	c.Demonstrate.Recipe, c.EstimateOnly, c.Questions = []string{"self-demo"}, true, ""
	own := p.Config().Questions
	p = open2(t, p, c)
	q, err := p.Questions(t.Context())
	require.NoError(t, err)
	require.Positive(t, q.Estimate.Calls)
	require.NoFileExists(t, p.Path("questions.jsonl"))
	trained, err := p.Train(t.Context())
	require.NoError(t, err)
	require.Positive(t, trained.Memory.Total)
	require.NoFileExists(t, p.Path("adapter.gguf"))
	c.Questions = own
	p = open2(t, p, c)
	made, err := p.Demonstrate(t.Context())
	require.NoError(t, err)
	require.Positive(t, made.Estimate.Calls)
	require.Empty(t, made.File)
}

// Steps that ask no model, or whose cost is not known, do nothing at all.
func TestEstimateOnlyDoesNothing(t *testing.T) {
	c := tiny(t)
	set := c.Questions
	c.EstimateOnly, c.Questions = true, ""
	c.Write.Import, c.Write.Documents = set, filepath.Join(filepath.Dir(c.Dir), "documents.jsonl")
	p := open(t, c)
	r, err := p.Questions(t.Context())
	require.NoError(t, err)
	require.Zero(t, r.Estimate)
	_, err = p.Index(t.Context())
	require.NoError(t, err)
	found, err := p.Evaluate(t.Context())
	require.NoError(t, err)
	require.Empty(t, found.Systems)
	require.NoError(t, p.Run(t.Context()))
	require.NoDirExists(t, c.Dir)
	require.NoFileExists(t, c.Write.Documents)
}

// The report is made again of the evaluation, without a model.
func TestReportAgain(t *testing.T) {
	c := tiny(t)
	p := open(t, c)
	_, err := p.Report(t.Context(), "")
	require.ErrorIs(t, err, os.ErrNotExist)
	_, err = p.Index(t.Context())
	require.NoError(t, err)
	c.Evaluate.Evidence = []string{"retrieval", "gold", "retrieval"}
	c.Evaluate.DeclinePrompt = true
	p = open2(t, p, c)
	found, err := p.Evaluate(t.Context())
	require.NoError(t, err)
	require.Len(t, found.Systems, 4, "the base in two settings with two prompts")
	require.NoError(t, os.Remove(p.ReportFile()))
	kept, err := p.Evaluate(t.Context())
	require.NoError(t, err)
	require.Equal(t, found.Headline(), kept.Headline())
	require.FileExists(t, p.ReportFile(), "is written again from what was kept")
	require.NoError(t, os.Remove(p.ReportFile()))
	c.Model, c.Report.Title = "", "What it knows"
	p = open2(t, p, c)
	for _, name := range []string{"", p.Path("answers.jsonl")} {
		again, err := p.Report(t.Context(), name)
		require.NoError(t, err)
		require.Equal(t, found.Headline(), again.Headline())
	}
	page, err := os.ReadFile(p.ReportFile())
	require.NoError(t, err)
	require.Contains(t, string(page), "What it knows")
}

func TestClosed(t *testing.T) {
	p := open(t, tiny(t))
	require.NoError(t, p.Close())
	_, err := p.Index(t.Context())
	require.ErrorContains(t, err, "closed")
}
