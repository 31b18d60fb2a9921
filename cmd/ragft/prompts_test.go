//go:build cgo

package main

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/ragft/ragft/internal/fake"
	"github.com/ragft/ragft/ragft"
	"github.com/ragft/ragft/ragft/model"
	"github.com/ragft/ragft/ragft/prompt"
	"github.com/ragft/ragft/ragft/question"
	"github.com/ragft/ragft/ragft/recipe/selfdemo"
	"github.com/ragft/ragft/ragft/rows"
)

// copyist proposes one instruction, and answers right only to another or the same; it counts what it is asked.
func copyist(t *testing.T, proposal, heeded string) (url string, asked *atomic.Int32) {
	t.Helper()
	questions, err := question.ReadFile("questions.jsonl")
	require.NoError(t, err)
	asked = &atomic.Int32{}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		var body struct{ Messages []model.Message }
		if err := json.NewDecoder(r.Body).Decode(&body); err != nil {
			w.WriteHeader(http.StatusBadRequest)
			return
		}
		asked.Add(1)
		instruction, user, say := fake.Instruction(body.Messages), body.Messages[1].Content, "zebras"
		switch {
		case strings.HasPrefix(user, "Below is an instruction"):
			say = proposal
		case instruction == prompt.Default().Judge:
			say = "yes"
		case strings.HasPrefix(instruction, "Which prediction answers"):
			say = "Best: Prediction 1"
		case instruction == prompt.Default().Refuse:
			say = "I cannot say."
		case instruction == heeded:
			for _, q := range questions {
				if strings.HasSuffix(user, "Question: "+q.Question) && !q.Unanswerable {
					say = q.Answer
				}
			}
		}
		fmt.Fprintf(
			w,
			`{"choices":[{"message":{"role":"assistant","content":%q},"finish_reason":"stop"}],"usage":{"prompt_tokens":9,"completion_tokens":3}}`,
			say,
		)
	}))
	t.Cleanup(server.Close)
	return server.URL + "/v1", asked
}

func TestSearchPrompts(t *testing.T) {
	workplace(t)
	must(t, "index")
	const proposal = "Copy what is asked for, word for word, and do not say anything else beside it, please."
	url, asked := copyist(t, proposal, proposal)
	demos := []string{
		"demonstrate",
		"-m",
		"openai:copyist@" + url,
		"--recipe",
		"self-demo",
		"--set",
		"demonstrate.search-prompts.on=true",
		"--set",
		"demonstrate.search-prompts.questions=8",
		"--set",
		"demonstrate.search-prompts.beam=2",
		"--set",
		"demonstrate.search-prompts.rounds=1",
	}
	estimate := object[ragft.DemonstrateResult](t, append(demos, "--estimate")...)
	require.Zero(t, asked.Load())
	require.Nil(t, estimate.Prompts.Found)
	require.Contains(t, must(t, append(demos, "--estimate")...), "prompt search: at most ")

	code, stdout, stderr := ragftRun(t, "", append(demos, "--json")...)
	require.Equal(t, exitOK, code, stderr)
	require.Contains(t, stderr, "  100.0 %  100.0 %  "+proposal)
	require.Contains(t, stderr, "the search for prompts took ")
	var made ragft.DemonstrateResult
	require.NoError(t, json.Unmarshal([]byte(stdout), &made))
	for _, arm := range []struct {
		start string
		best  []selfdemo.ScoredPrompt
	}{{prompt.Default().Closed, made.Prompts.Closed}, {prompt.Default().Read, made.Prompts.Read}} {
		require.Equal(t, []selfdemo.ScoredPrompt{{Text: proposal, Train: 1, Eval: 1, F1: 1}, {Text: arm.start}}, arm.best)
	}
	require.LessOrEqual(t, made.Prompts.Cost.Calls, estimate.Prompts.Estimate.Calls)
	require.LessOrEqual(t, made.Cost.Calls, estimate.Estimate.Calls)
	r, err := rows.ReadFile(made.File)
	require.NoError(t, err)
	answers := 0
	for _, row := range r {
		require.Equal(t, prompt.Default().Read, fake.Instruction(row.Prompt()), "asked as the tuned model will be")
		var options struct{ ClosedPrompts, ReadPrompts []string }
		require.NoError(t, json.Unmarshal(row.Provenance.Options, &options))
		require.Equal(t, []string{proposal, prompt.Default().Closed}, options.ClosedPrompts)
		require.Equal(t, []string{proposal, prompt.Default().Read}, options.ReadPrompts)
		if row.Kind == rows.KindAnswer {
			answers++
			require.Equal(t, row.Golds[0], row.Response())
		}
	}
	require.Positive(t, answers)

	before := asked.Load()
	require.True(t, object[ragft.DemonstrateResult](t, demos...).UpToDate)
	again := object[ragft.DemonstrateResult](t, append(demos, "--force")...)
	require.Equal(t, before, asked.Load(), "a second run generates nothing")
	require.Equal(t, again.Prompts.Cost.Calls, again.Prompts.Cost.Cached)
	require.Equal(t, made.Prompts.Read, again.Prompts.Read)

	for message, args := range map[string][]string{
		"self-demo": {"demonstrate", "--recipe", "gold,raft", "--set", "demonstrate.search-prompts.on=true"},
		"leave it out, or them": {"demonstrate", "--recipe", "self-demo", "--set", "demonstrate.search-prompts.on=true", "--set",
			"demonstrate.self-demo.candidate-prompts-read=Find it."},
		"ra-dit": append(demos, "--set", "prompts.template=ra-dit"),
		"both are 0": append(demos, "--set", "demonstrate.self-demo.candidates-closed=0", "--set",
			"demonstrate.self-demo.candidates-read=0"),
		"at least 2": append(demos, "--set", "demonstrate.search-prompts.questions=1"),
	} {
		code, _, stderr := ragftRun(t, "", args...)
		require.Equal(t, exitUsage, code, stderr)
		require.Contains(t, stderr, message)
	}
}

// Prompts are searched for where candidates are generated with them, and a template stands only in those with documents.
func TestSearchPromptsOfOneArm(t *testing.T) {
	workplace(t)
	must(t, "index")
	url, asked := copyist(t, "Speak.", prompt.Default().Read)
	demos := []string{
		"demonstrate",
		"-m",
		"openai:copyist@" + url,
		"--recipe",
		"self-demo",
		"--set",
		"demonstrate.search-prompts.on=true",
		"--set",
		"demonstrate.self-demo.max-refusals=1",
	}
	both := object[ragft.DemonstrateResult](t, append(demos, "--estimate")...)
	closed := object[ragft.DemonstrateResult](
		t,
		append(demos, "--estimate", "--set", "demonstrate.self-demo.candidates-read=0", "--set", "prompts.template=ra-dit")...)
	require.Equal(t, both.Prompts.Estimate.Calls, 2*closed.Prompts.Estimate.Calls)
	require.Zero(t, asked.Load())

	made := object[ragft.DemonstrateResult](t, append(demos, "--set", "demonstrate.self-demo.candidates-closed=0")...)
	require.Empty(t, made.Prompts.Closed)
	require.Equal(t, prompt.Default().Read, made.Prompts.Read[0].Text)
	require.LessOrEqual(t, made.Prompts.Cost.Calls, closed.Prompts.Estimate.Calls)
}

// The judge of a knock-out that goes by the place alone is found out.
func TestAuditOfAKnockout(t *testing.T) {
	workplace(t)
	must(t, "index")
	url, _ := copyist(t, "", prompt.Default().Read)
	r := object[ragft.DemonstrateResult](
		t,
		"demonstrate",
		"-m",
		"openai:copyist@"+url,
		"--recipe",
		"self-demo",
		"--set",
		"demonstrate.self-demo.tournament=true",
		"--set",
		"demonstrate.audit=true",
		"--set",
		"demonstrate.self-demo.max-refusals=1",
	)
	k := r.Audit.Knockout
	require.Positive(t, k.N)
	require.Equal(t, []float64{0, 1}, []float64{k.Consistent.Value, k.FirstShown.Value})
	require.Equal(t, k.N, k.Ties)
}

// The shipped model says yes or no, and chooses nothing: the error of the library is told in flags.
func TestMuteJudge(t *testing.T) {
	workplace(t)
	must(t, "index")
	code, _, stderr := ragftRun(t, "", "demonstrate", "--recipe", "self-demo", "--set", "demonstrate.self-demo.tournament=true")
	require.Equal(t, exitError, code, stderr)
	require.Contains(t, stderr, "no reply of the judge could be parsed")
	require.Contains(t, stderr, "tournament of demonstrate.self-demo")
}

// Where nothing that is proposed does better it is said, and the candidates are as without a search.
func TestSearchPromptsThatFindsNothing(t *testing.T) {
	workplace(t)
	must(t, "index")
	url, _ := copyist(t, "Speak.", prompt.Default().Read)
	code, stdout, stderr := ragftRun(
		t,
		"",
		"demonstrate",
		"-m",
		"openai:copyist@"+url,
		"--recipe",
		"gold,self-demo",
		"--set",
		"demonstrate.search-prompts.on=true",
		"--set",
		"demonstrate.self-demo.max-refusals=1",
		"--json",
	)
	require.Equal(t, exitOK, code, stderr)
	require.Equal(t, 2, strings.Count(stderr, "no proposal is better"), stderr)
	var made ragft.DemonstrateResult
	require.NoError(t, json.Unmarshal([]byte(stdout), &made))
	require.Equal(t, []selfdemo.ScoredPrompt{{Text: prompt.Default().Read, Train: 1, Eval: 1, F1: 1}, {Text: "Speak."}}, made.Prompts.Read)
	require.Positive(t, made.Sources["self-demo"])
	rows, err := rows.ReadFile(made.File)
	require.NoError(t, err)
	for _, row := range rows {
		require.NotContains(t, string(row.Provenance.Options), "Speak.", "a message that does no better is not used")
	}
}
