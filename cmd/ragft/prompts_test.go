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

	"github.com/ragft/ragft/ragft/model"
	"github.com/ragft/ragft/ragft/prompt"
	"github.com/ragft/ragft/ragft/question"
	"github.com/ragft/ragft/ragft/recipe/selfdemo"
	"github.com/ragft/ragft/ragft/rows"
)

// copyist proposes one system message, and answers right only to another or the same; it counts what it is asked.
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
		system, user, say := body.Messages[0].Content, body.Messages[1].Content, "zebras"
		switch {
		case system == selfdemo.DefaultProposePrompt:
			say = proposal
		case system == prompt.DefaultJudge:
			say = "yes"
		case strings.HasSuffix(system, "Best: Prediction N"):
			say = "Best: Prediction 1"
		case system == prompt.DefaultRefuse:
			say = "I cannot say."
		case system == heeded:
			for _, q := range questions {
				if strings.HasSuffix(user, "Question: "+q.Question) && !q.Unanswerable {
					say = q.Answer
				}
			}
		}
		fmt.Fprintf(w, `{"choices":[{"message":{"role":"assistant","content":%q},"finish_reason":"stop"}],"usage":{"prompt_tokens":9,"completion_tokens":3}}`, say)
	}))
	t.Cleanup(server.Close)
	return server.URL + "/v1", asked
}

func TestSearchPrompts(t *testing.T) {
	workplace(t)
	must(t, "index")
	const proposal = "Copy what is asked for, word for word, and do not say anything else beside it, please."
	url, asked := copyist(t, proposal, proposal)
	demos := []string{"demos", "-m", "openai:copyist@" + url, "--recipe", "self-demo", "--search-prompts", "--search-questions", "8", "--search-beam", "2", "--search-rounds", "1"}
	estimate := object[demosResult](t, append(demos, "--estimate")...)
	require.Zero(t, asked.Load())
	require.Nil(t, estimate.Prompts.Found)
	require.Contains(t, must(t, append(demos, "--estimate")...), "the search for prompts: at most ")

	code, stdout, stderr := ragftRun(t, "", append(demos, "--json")...)
	require.Equal(t, exitOK, code, stderr)
	require.Contains(t, stderr, "  100.0 %  100.0 %  "+proposal)
	require.Contains(t, stderr, "the search for prompts took ")
	var made demosResult
	require.NoError(t, json.Unmarshal([]byte(stdout), &made))
	for _, arm := range []struct {
		start string
		best  []selfdemo.ScoredPrompt
	}{{prompt.DefaultClosed, made.Prompts.Closed}, {prompt.DefaultRead, made.Prompts.Read}} {
		require.Equal(t, []selfdemo.ScoredPrompt{{Text: proposal, Train: 1, Eval: 1, F1: 1}, {Text: arm.start}}, arm.best)
	}
	require.LessOrEqual(t, made.Prompts.Cost.Calls, estimate.Prompts.Estimate.Calls)
	require.LessOrEqual(t, made.Cost.Calls, estimate.Estimate.Calls)
	r, err := rows.ReadFile(made.File)
	require.NoError(t, err)
	answers := 0
	for _, row := range r {
		require.Equal(t, prompt.DefaultRead, row.Messages[0].Content, "asked as the tuned model will be")
		var options struct{ ClosedPrompts, ReadPrompts []string }
		require.NoError(t, json.Unmarshal(row.Provenance.Options, &options))
		require.Equal(t, []string{proposal, prompt.DefaultClosed}, options.ClosedPrompts)
		require.Equal(t, []string{proposal, prompt.DefaultRead}, options.ReadPrompts)
		if row.Kind == rows.KindAnswer {
			answers++
			require.Equal(t, row.Golds[0], row.Response())
		}
	}
	require.Positive(t, answers)

	before := asked.Load()
	again := object[demosResult](t, demos...)
	require.Equal(t, before, asked.Load(), "a second run generates nothing")
	require.Equal(t, again.Prompts.Cost.Calls, again.Prompts.Cost.Cached)
	require.Equal(t, made.Prompts.Read, again.Prompts.Read)

	for message, args := range map[string][]string{
		"is for --recipe self-demo":  {"demos", "--recipe", "gold,raft", "--search-prompts"},
		"leave it out, or them":      {"demos", "--recipe", "self-demo", "--search-prompts", "--candidate-prompt-read", "Find it."},
		"place of --template ra-dit": append(demos, "--template", "ra-dit"),
		"both are 0":                 append(demos, "--candidates-closed", "0", "--candidates-read", "0"),
		"2 or more":                  append(demos, "--search-questions", "1"),
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
	url, asked := copyist(t, "Speak.", prompt.DefaultRead)
	demos := []string{"demos", "-m", "openai:copyist@" + url, "--recipe", "self-demo", "--search-prompts", "--max-refusals", "1"}
	both := object[demosResult](t, append(demos, "--estimate")...)
	closed := object[demosResult](t, append(demos, "--estimate", "--candidates-read", "0", "--template", "ra-dit")...)
	require.Equal(t, both.Prompts.Estimate.Calls, 2*closed.Prompts.Estimate.Calls)
	require.Zero(t, asked.Load())

	made := object[demosResult](t, append(demos, "--candidates-closed", "0")...)
	require.Empty(t, made.Prompts.Closed)
	require.Equal(t, prompt.DefaultRead, made.Prompts.Read[0].Text)
	require.LessOrEqual(t, made.Prompts.Cost.Calls, closed.Prompts.Estimate.Calls)
}

// The judge of a knock-out that goes by the place alone is found out.
func TestAuditOfAKnockout(t *testing.T) {
	workplace(t)
	must(t, "index")
	url, _ := copyist(t, "", prompt.DefaultRead)
	r := object[demosResult](t, "demos", "-m", "openai:copyist@"+url, "--recipe", "self-demo", "--knock-out", "--audit", "--max-refusals", "1")
	k := r.Audit.Knockout
	require.Positive(t, k.N)
	require.Equal(t, []float64{0, 1}, []float64{k.Consistent.Value, k.FirstShown.Value})
	require.Equal(t, k.N, k.Ties)
}

// The shipped model says yes or no, and chooses nothing: the error of the library is told in flags.
func TestMuteJudge(t *testing.T) {
	workplace(t)
	must(t, "index")
	code, _, stderr := ragftRun(t, "", "demos", "--recipe", "self-demo", "--knock-out")
	require.Equal(t, exitError, code, stderr)
	require.Contains(t, stderr, "no verdict that can be read")
	require.Contains(t, stderr, "Here these options are flags: --judge, --judge-tokens, --votes, --knock-out.")
}

// Where nothing that is proposed does better it is said, and the candidates are as without a search.
func TestSearchPromptsThatFindsNothing(t *testing.T) {
	workplace(t)
	must(t, "index")
	url, _ := copyist(t, "Speak.", prompt.DefaultRead)
	code, stdout, stderr := ragftRun(t, "", "demos", "-m", "openai:copyist@"+url, "--recipe", "gold,self-demo", "--search-prompts", "--max-refusals", "1", "--json")
	require.Equal(t, exitOK, code, stderr)
	require.Equal(t, 2, strings.Count(stderr, "no proposal does better"), stderr)
	var made demosResult
	require.NoError(t, json.Unmarshal([]byte(stdout), &made))
	require.Equal(t, []selfdemo.ScoredPrompt{{Text: prompt.DefaultRead, Train: 1, Eval: 1, F1: 1}, {Text: "Speak."}}, made.Prompts.Read)
	require.Positive(t, made.Sources["self-demo"])
	rows, err := rows.ReadFile(made.File)
	require.NoError(t, err)
	for _, row := range rows {
		require.NotContains(t, string(row.Provenance.Options), "Speak.", "a message that does no better is not used")
	}
}
