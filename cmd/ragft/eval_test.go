//go:build cgo

package main

import (
	"encoding/json"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/ragft/ragft/internal/metric"
	"github.com/ragft/ragft/internal/pairwise"
	"github.com/ragft/ragft/ragft"
	"github.com/ragft/ragft/ragft/model"
	"github.com/ragft/ragft/ragft/prompt"
	"github.com/ragft/ragft/ragft/question"
	"github.com/ragft/ragft/ragft/report"
)

const plainTasks = `{"prompt": "Name a colour.", "response": "Blue."}
{"prompt": "Say good morning.", "response": "Good morning!"}
`

// tuned is a workplace with a small adapter and what forgetting is measured on.
func tuned(t *testing.T) (dir string) {
	t.Helper()
	dir = workplace(t)
	must(t, "index")
	must(t, "demonstrate")
	must(t, "train", "--rank", "2")
	require.NoError(t, os.WriteFile("texts.txt", []byte(general), 0o600))
	require.NoError(t, os.WriteFile("tasks.jsonl", []byte(plainTasks), 0o600))
	require.NoError(t, os.WriteFile("closed.jsonl", []byte(`{"question": "What is made of flour?", "answer": "bread"}`+"\n"), 0o600))
	return dir
}

// writtenBytes is the size of all files of a folder.
func writtenBytes(t *testing.T, dir string) (size int64) {
	t.Helper()
	require.NoError(t, filepath.WalkDir(dir, func(_ string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		info, err := d.Info()
		size += info.Size()
		return err
	}))
	return size
}

// A budget without what it is measured on would be kept whatever was forgotten.
func TestBudgetsNeedTheirInput(t *testing.T) {
	workplace(t)
	must(t, "index")
	require.NoError(t, os.WriteFile("texts.txt", []byte(general), 0o600))
	for _, c := range []struct {
		message string
		args    []string
	}{
		{"evaluate.forgetting.instructions", []string{"--set", "evaluate.forgetting.budget-kl=0.05"}},
		{"evaluate.forgetting.instructions", []string{"--set", "evaluate.forgetting.budget-kl=0.05", "--set",
			"evaluate.forgetting.texts=texts.txt"}},
		{"evaluate.forgetting.texts", []string{"--set", "evaluate.forgetting.budget-texts=0.05"}},
		{"evaluate.forgetting.closed-questions", []string{"--set", "evaluate.forgetting.budget-closed=0.05"}},
		{"evaluate.forgetting.instructions", []string{"--set", "evaluate.forgetting.budget-instructions=0.05"}},
		{"is negative", []string{"--set", "evaluate.forgetting.budget-texts=-1", "--set", "evaluate.forgetting.texts=texts.txt"}},
		{"compares an adapter with the base", []string{"--set", "evaluate.forgetting.budget-texts=0.05", "--set",
			"evaluate.forgetting.texts=texts.txt"}},
		{"needs an adapter", []string{"--set", "evaluate.sweep=true"}},
	} {
		code, _, stderr := ragftRun(t, "", append([]string{"evaluate"}, c.args...)...)
		require.Equal(t, exitUsage, code, "%v: %s", c.args, stderr)
		require.Contains(t, stderr, c.message, "%v", c.args)
		require.NoFileExists(t, ".ragft/evaluation.json", "said before anything is generated")
	}
}

// Held-out questions that those learnt from give away are not measured, unless asked for.
func TestLeakGate(t *testing.T) {
	workplace(t)
	must(t, "index")
	all, err := question.ReadFile("questions.jsonl")
	require.NoError(t, err)
	train, held := question.Split(all, 0.5, 1)
	asked := held[0]
	asked.ID, asked.Question = "asked", "Do you know: "+train[0].Question
	require.NoError(t, question.WriteFile("other.jsonl", []question.Question{asked, held[1], train[1]}))
	eval := []string{"evaluate", "--evidence", "retrieval,closed,retrieval", "--questions", "other.jsonl"} // each is measured once
	gated := object[evaluateResult](t, eval...)
	require.Len(t, gated.Systems, 2)
	require.True(t, gated.Leakage.LeftOut)
	require.Equal(t, []int{3, 1, len(all)}, []int{gated.Leakage.Evaluation, gated.Questions, gated.Leakage.Training})
	kept := object[evaluateResult](t, append(eval, "--set", "evaluate.keep-leaks=true")...)
	require.Equal(t, 3, kept.Questions)
	require.False(t, kept.Leakage.LeftOut)
	require.Len(t, kept.Leakage.Leaks, 2)
	require.Contains(t, must(t, "report"), "They are included in all figures.")

	// Of one file, learnt from by halves, too.
	for i, q := range train {
		q.ID, q.Question = fmt.Sprint("copy", i), "Do you know: "+q.Question
		all = append(all, q)
	}
	require.NoError(t, question.WriteFile("questions.jsonl", all))
	code, _, stderr := ragftRun(t, "", "evaluate", "--evidence", "retrieval")
	require.Equal(t, exitOK, code, stderr)
	require.Regexp(t, `\d+ of \d+ questions are left out`, stderr)
	require.NoError(t, question.WriteFile("other.jsonl", train))
	code, _, stderr = ragftRun(t, "", eval...)
	require.Equal(t, exitEmpty, code, stderr)
	require.Contains(t, stderr, "evaluate.keep-leaks")
}

// Whatever a model said once is in the cache, of --forgetting and of each scale of the dial too.
func TestEvalGeneratesNothingTwice(t *testing.T) {
	tuned(t)
	eval := []string{"evaluate", "--evidence", "retrieval"}
	must(t, eval...)
	cache := writtenBytes(t, ".ragft/cache")
	for _, more := range [][]string{
		{"--set", "evaluate.forgetting.texts=texts.txt", "--set", "evaluate.forgetting.instructions=tasks.jsonl", "--set",
			"evaluate.forgetting.closed-questions=closed.jsonl"},
		{"--set", "evaluate.sweep=true", "--scales", "0,0.5,1"},
	} {
		eval = append(eval, more...)
		must(t, eval...)
		grown := writtenBytes(t, ".ragft/cache")
		require.Greater(t, grown, cache, "%s", more[0])
		cache = grown
	}
	first, err := report.ReadFile(".ragft/evaluation.json")
	require.NoError(t, err)
	require.Len(t, first.Forgetting.Losses, 4)
	require.Len(t, first.Sweep.Points, 3)
	again := object[evaluateResult](t, eval...)
	require.Equal(t, cache, writtenBytes(t, ".ragft/cache"))
	require.Equal(t, first.Forgetting, again.Forgetting)
}

// What a data set says beside questions and answers arrives in the prompts: its evidence, and the turns before a question.
func TestEvalShowsWhatCameWithTheSet(t *testing.T) {
	workplace(t)
	must(t, "index")
	require.NoError(
		t,
		os.WriteFile(
			"mtrag.jsonl",
			[]byte(
				`{"task_id": "a", "Answerability": ["ANSWERABLE"], "contexts": [{"title": "Cards", "text": "They play in London, by the river."}], `+
					`"input": [{"speaker": "user", "text": "Do they play?"}, {"speaker": "agent", "text": "Yes."}, {"speaker": "user", "text": `+
					`"Where?"}], "targets": [{"speaker": "agent", "text": "In London."}]}`,
			),
			0o600,
		),
	)
	imported := object[ragft.QuestionsResult](t, "questions", "--import", "mtrag.jsonl", "--set", "questions=set.jsonl")
	require.Equal(t, 1, imported.Questions)
	var prompts [][]model.Message
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		var body struct{ Messages []model.Message }
		if json.NewDecoder(r.Body).Decode(&body) == nil && len(body.Messages) > 0 {
			prompts = append(prompts, body.Messages)
		}
		fmt.Fprint(
			w,
			`{"choices":[{"message":{"role":"assistant","content":"In `+
				`London."},"finish_reason":"stop"}],"usage":{"prompt_tokens":9,"completion_tokens":3}}`,
		)
	}))
	defer server.Close()
	done := object[evaluateResult](
		t,
		"evaluate",
		"-m",
		"openai:teacher@"+server.URL+"/v1",
		"--set",
		"requests=1",
		"--set",
		"questions=set.jsonl",
		"--set",
		"test-share=1",
		"--evidence",
		"gold,closed",
	)
	require.Nil(t, done.Leakage, "nothing was learnt from")
	require.Len(t, prompts, 2)
	for _, p := range prompts {
		require.Equal(t, []model.Message{{Role: "user", Content: "Do they play?"}, {Role: "assistant", Content: "Yes."}}, p[1:3])
	}
	given, closed := prompts[0], prompts[1] // in whatever order
	if !strings.Contains(given[3].Content, "London") {
		given, closed = closed, given
	}
	require.Contains(t, given[3].Content, "They play in London, by the river.")
	require.NotContains(t, closed[3].Content, "London")
}

// Everything that eval can measure, in one run, and again from what it wrote.
func TestEvalEverything(t *testing.T) {
	all, err := question.ReadFile("../../examples/quickstart/questions.jsonl")
	require.NoError(t, err)
	tuned(t)
	held := all[24:48] // the workplace learns from those before
	require.NoError(t, question.WriteFile("other.jsonl", held))
	require.NoError(t, question.WriteFile("probes.jsonl", held[:2]))
	require.NoError(t, question.WriteFile("global.jsonl", held[2:3]))
	var judged atomic.Int64
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		say := []string{"yes", "no"}[judged.Add(1)%2]
		if body, _ := io.ReadAll(r.Body); strings.Contains(string(body), "Second answer: ") {
			say = "first" // whichever stands there: no preference in both orders
		}
		fmt.Fprintf(
			w,
			`{"choices":[{"message":{"role":"assistant","content":%q},"finish_reason":"stop"}],"usage":{"prompt_tokens":9,"completion_tokens":3}}`,
			say,
		)
	}))
	defer server.Close()
	code, stdout, stderr := ragftRun(
		t,
		"",
		"evaluate",
		"--questions",
		"other.jsonl",
		"--evidence",
		"retrieval,closed",
		"--judge",
		"openai:judge@"+server.URL+"/v1",
		"--decline-prompt",
		"--set",
		"evaluate.ensemble=true",
		"--set",
		"evaluate.ensemble-temperature=2",
		"--set",
		"evaluate.final-answer=true",
		"--set",
		"evaluate.consistency=2",
		"--set",
		"evaluate.self-check=true",
		"--max-wrong",
		"0.001",
		"--robustness",
		"--set",
		"evaluate.robustness-distractors=1",
		"--set",
		"evaluate.sweep=true",
		"--scales",
		"0,1",
		"--set",
		"evaluate.forgetting.texts=texts.txt",
		"--set",
		"evaluate.forgetting.budget-texts=1e6",
		"--set",
		"evaluate.fact-questions=probes.jsonl",
		"--set",
		"evaluate.overview-questions=global.jsonl",
		"--set",
		"evaluate.criteria=shorter",
	)
	require.Equal(t, exitBudget, code, "so few questions guarantee no risk of 0.1 %%: %s", stderr)
	require.Contains(t, stderr, "no threshold keeps the risk")
	require.Positive(t, judged.Load())

	found, err := report.ReadFile(".ragft/evaluation.json")
	require.NoError(t, err)
	var names []string
	for _, s := range found.Systems {
		names = append(names, s.Name)
	}
	require.Equal(
		t,
		[]string{"base", "tuned", "base, told to decline", "tuned, told to decline", "base, passages vote", "tuned, passages vote",
			"base, no documents", "tuned, no documents"},
		names,
	)
	require.Len(t, found.Comparisons, 4+6, "tuned against base in each arm, and each arm against retrieval")
	require.Equal(t, prompt.Default().Careful, found.Systems[2].Prompt)
	require.Less(t, len(found.Questions), len(held), "a part of them calibrates")
	require.Equal(t, []any{2, true}, []any{found.Signals.Consistency, found.Signals.True})
	require.NotNil(t, found.Leakage)
	require.Len(t, found.Robustness, 2)
	require.Equal(t, "1 distractors", found.Robustness[0].Changes[len(found.Robustness[0].Changes)-1].Name)
	require.Equal(t, []string{"", "base"}, []string{found.Robustness[0].Base, found.Robustness[1].Base})
	require.Equal(
		t,
		found.Robustness[1].Changes[2].N,
		found.Robustness[1].Differences[2].Flipped.Estimate.N,
		"order reversed, of the same questions",
	)
	require.Len(t, found.Sweep.Points, 2)
	require.Equal(t, "texts", found.Sweep.Points[1].Forgetting.Losses[0].Key)
	require.Equal(t, 1e6, found.Forgetting.Losses[0].Budget, "a budget asks for --forgetting")
	require.Len(t, found.Memory.Local.Evaluation.Systems, 4)
	require.Len(t, found.Memory.Local.Evaluation.Questions, 2)
	require.Positive(t, found.Memory.Local.Rows, "held against what was learnt")
	require.Empty(t, found.Memory.Local.Leaked)
	require.Len(t, found.Memory.Global.Verdicts, 3)
	require.Equal(t, "shorter", found.Memory.Global.Verdicts[0].Criterion)
	require.Equal(t, pairwise.PrefersTie, found.Memory.Global.Verdicts[0].Outcomes[0])

	for _, part := range []string{"Robustness of tuned to changes of its passages", "tuned minus base, over the questions", "Forgetting",
		"The adapter at several scales", "Closed-book and retrieval, 2 local questions", "Leakage.", "Settings and prompts of one model"} {
		require.Contains(t, stdout, part)
	}
	page, err := os.ReadFile(".ragft/report.html")
	require.NoError(t, err)
	for _, part := range []string{"Robustness to changed passages", "Adapter scales", "Closed-book and retrieval", "Answers and refusals",
		"Leakage"} {
		require.Contains(t, string(page), part)
	}
	reported := object[evaluateResult](t, "report", "--evaluation", ".ragft/answers.jsonl")
	require.Len(t, reported.Memory["local"].Systems, 4)
	require.Equal(t, found.Systems[0].Estimate(metric.Correct), reported.Systems[0].Metrics[metric.Correct])
	require.Equal(t, found.Robustness[1].Changes[0].Flips, reported.Robustness[1].Changes[0].Flips)
	kept, err := json.Marshal(found.Robustness)
	require.NoError(t, err)
	again, err := json.Marshal(reported.Robustness)
	require.NoError(t, err)
	require.JSONEq(t, string(kept), string(again), "shares and differences are computed again, by the same seed")

	code, _, stderr = ragftRun(t, "", "evaluate", "--adapter", "none", "--set", "evaluate.fact-questions=probes.jsonl")
	require.Equal(t, exitUsage, code, stderr)
	require.Contains(t, stderr, "there is none")
}
