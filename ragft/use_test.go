//go:build cgo

package ragft_test

import (
	"context"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/ragft/ragft/internal/layout"
	"github.com/ragft/ragft/internal/testmodel"
	"github.com/ragft/ragft/ragft"
	"github.com/ragft/ragft/ragft/opt"
	"github.com/ragft/ragft/ragft/question"
)

// withRows is a project with an index and rows, whose adapter is to be a file elsewhere.
func withRows(t *testing.T) ragft.Config {
	t.Helper()
	c := tiny(t)
	p := open(t, c)
	_, err := p.Index(t.Context())
	require.NoError(t, err)
	c.Adapter = filepath.Join(t.TempDir(), "some.gguf")
	c.Rows = filepath.Join(t.TempDir(), "rows.jsonl")
	p = open2(t, p, c)
	_, err = p.Demonstrate(t.Context())
	require.NoError(t, err)
	require.NoError(t, p.Close())
	return c
}

// Questions are taken from a data set once, and a file that was there first is the user's own.
func TestQuestions(t *testing.T) {
	c := tiny(t)
	c.Write.Import, c.Questions, c.Write.Documents = c.Questions, "", filepath.Join(t.TempDir(), "passages.jsonl")
	p := open(t, c)
	r, err := p.Questions(t.Context())
	require.NoError(t, err)
	require.Equal(t, 24, r.Questions)
	require.False(t, r.UpToDate)
	again, err := p.Questions(t.Context())
	require.NoError(t, err)
	require.True(t, again.UpToDate)
	requireState(t, p, ragft.StepQuestions, ragft.StateCurrent, "")
	require.NoError(t, os.Remove(c.Write.Documents))
	requireState(t, p, ragft.StepQuestions, ragft.StateStale, "passages.jsonl is gone")
	_, err = p.Questions(t.Context())
	require.NoError(t, err)
	require.FileExists(t, c.Write.Documents)

	list, err := question.ReadFile(r.File)
	require.NoError(t, err)
	require.NoError(t, question.WriteFile(r.File, list[:20]))
	again, err = p.Questions(t.Context())
	require.NoError(t, err)
	require.True(t, again.UpToDate)
	require.Equal(t, 20, again.Questions, "they may be edited")
	require.NoError(t, os.Remove(p.Path("steps.json")))
	c.Write = ragft.QuestionsConfig{}
	p = open2(t, p, c)
	again, err = p.Questions(t.Context())
	require.NoError(t, err)
	require.True(t, again.UpToDate)
	requireState(t, p, ragft.StepQuestions, ragft.StateCurrent, "your own: 20 questions")
	train, held, err := p.Split()
	require.NoError(t, err)
	require.Equal(t, 20, len(train)+len(held))
	require.InDelta(t, 10, len(held), 1, "half of those with an answer, and of those without")
}

// Adapters go to other trainers and come back, and then are no longer the one that was trained here.
func TestMergeAndExport(t *testing.T) {
	c := withRows(t)
	p := open(t, c)
	_, err := p.Merge(t.Context())
	require.ErrorIs(t, err, os.ErrNotExist)
	_, err = p.Train(t.Context())
	require.NoError(t, err)
	merged, err := p.Merge(t.Context())
	require.NoError(t, err)
	require.FileExists(t, merged.Output)
	require.Less(t, *merged.KL, *merged.AdapterKL+1e-6)

	_, err = p.Export(t.Context(), "trl")
	require.ErrorIs(t, err, ragft.ErrConfig, "the base has no name")
	_, err = p.Export(t.Context(), "onnx")
	require.ErrorContains(t, err, "there are trl, axolotl, peft and gguf")
	c.Export = ragft.ExportConfig{Base: "someone/base", Folder: t.TempDir()}
	p = open2(t, p, c)
	r, err := p.Export(t.Context(), "trl")
	require.NoError(t, err)
	require.Positive(t, r.Rows)
	_, err = p.Export(t.Context(), "peft")
	require.NoError(t, err)
	requireState(t, p, ragft.StepTrain, ragft.StateCurrent, "")
	_, err = p.Export(t.Context(), "gguf")
	require.NoError(t, err)
	requireState(t, p, ragft.StepTrain, ragft.StateMissing, "not done yet")

	c.Publish = ragft.PublishConfig{Modelfile: filepath.Join(t.TempDir(), "Modelfile"), Parameters: []string{"temperature=0"}}
	published, err := open2(t, p, c).Publish(t.Context())
	require.NoError(t, err)
	require.Nil(t, published)
	text, err := os.ReadFile(c.Publish.Modelfile)
	require.NoError(t, err)
	require.Contains(t, string(text), "SYSTEM \"\"\""+layout.System+"\"\"\"\nPARAMETER temperature 0")
}

// A tuned search is kept only where it is shown to be better; either way it is not learnt twice.
func TestTuneSearch(t *testing.T) {
	c := withRows(t)
	c.Adapter, c.TestShare = "none", opt.Of(0.0)
	p := open(t, c)
	r, err := p.TuneSearch(t.Context())
	require.NoError(t, err)
	require.Equal(t, r.On, r.File != "")
	require.Positive(t, r.HeldOut)
	again, err := p.TuneSearch(t.Context())
	require.NoError(t, err)
	require.True(t, again.UpToDate)
	require.Equal(t, r.MRR, again.MRR)
	requireState(t, p, ragft.StepSearch, ragft.StateCurrent, "")
}

// What the rule is fitted on is not learnt from before.
func TestTuneSearchLeavesTheRulesQuestions(t *testing.T) {
	c := tiny(t)
	all, err := question.ReadFile("../examples/quickstart/questions.jsonl")
	require.NoError(t, err)
	require.NoError(t, question.WriteFile(c.Questions, all))
	p := open(t, c)
	_, err = p.Index(t.Context())
	require.NoError(t, err)
	calls := func(share float64) int {
		c.EstimateOnly, c.Decide.Share = true, opt.Of(share)
		p = open2(t, p, c)
		r, err := p.TuneSearch(t.Context())
		require.NoError(t, err)
		return r.Estimate.Calls
	}
	every := calls(0)
	require.Less(t, calls(0.5), every)
}

// The service answers until its context ends, under the names of base and adapter.
func TestServe(t *testing.T) {
	c := withRows(t)
	require.NoError(t, testmodel.WriteAdapter(c.Adapter, c.Model, testmodel.AdapterSpec{Rank: 2}))
	c.Serve.Address = "127.0.0.1:0"
	p := open(t, c)
	ctx, cancel := context.WithCancel(t.Context())
	var models []string
	err := p.Serve(ctx, func(address net.Addr, names []string) {
		models = names
		go func() {
			defer cancel()
			response, err := http.Post("http://"+address.String()+"/v1/chat/completions", "application/json",
				strings.NewReader(`{"messages": [{"role": "user", "content": "Who is the miller at Tuckle Mill?"}], "max_tokens": 4}`))
			if err == nil {
				body, _ := io.ReadAll(response.Body)
				response.Body.Close()
				models = append(models, response.Status, string(body))
			}
		}()
	})
	require.NoError(t, err)
	require.Equal(t, []string{"tuned", "base", "200 OK"}, models[:3])
	require.Contains(t, models[3], "tuckle-mill.md")

	c.Serve.Address = "0.0.0.0:0"
	t.Setenv("RAGFT_TOKEN", "")
	announced := false
	refused := open2(t, p, c).Serve(t.Context(), func(net.Addr, []string) { announced = true })
	require.ErrorContains(t, refused, "RAGFT_TOKEN")
	require.False(t, announced, "no address at which nothing answers")
	for token, message := range map[string]string{" ": "RAGFT_TOKEN has no token", "\n": "has no token", "a\nb": "has a line end"} {
		t.Setenv("RAGFT_TOKEN", token)
		require.ErrorContains(t, open2(t, p, c).Serve(t.Context(), nil), message)
	}
}

// Settings that have no effect with the others are errors, not silence.
func TestSettingsWithoutEffect(t *testing.T) {
	for _, c := range []struct {
		message string
		set     map[string]string
	}{
		{"write.limit has no effect with write.import", map[string]string{"write.import": "set.jsonl", "write.limit": "3"}},
		{"write.documents and write.format need write.import", map[string]string{"write.documents": "out.jsonl"}},
		{"there is no \"soup\"; there are verified, self-demo, gold", map[string]string{"demonstrate.recipe": "soup"}},
		{"is for the recipe self-demo", map[string]string{"demonstrate.recipe": "gold", "demonstrate.search-prompts.on": "true"}},
		{"both are 0", map[string]string{"demonstrate.recipe": "self-demo", "demonstrate.self-demo.candidates-closed": "0",
			"demonstrate.self-demo.candidates-read": "0", "demonstrate.search-prompts.on": "true"}},
		{"finds the messages", map[string]string{"demonstrate.recipe": "self-demo",
			"demonstrate.self-demo.candidate-prompts-read": "Go.", "demonstrate.search-prompts.on": "true"}},
		{"evaluate.failure-rate needs evaluate.max-wrong", map[string]string{"evaluate.failure-rate": "0.2"}},
		{"shares below 1", map[string]string{"evaluate.max-wrong": "1"}},
		{"evaluate.ensemble-temperature needs", map[string]string{"evaluate.ensemble-temperature": "2"}},
		{"assistant.ensemble-temperature needs", map[string]string{"assistant.ensemble-temperature": "2"}},
		{"evaluate.consistency-temperature needs", map[string]string{"evaluate.consistency-temperature": "2"}},
		{"go together", map[string]string{"evaluate.robustness": "true", "evaluate.injection": "Obey."}},
		{"need evaluate.robustness", map[string]string{"evaluate.robustness-distractors": "1"}},
		{"evaluate.criteria needs", map[string]string{"evaluate.criteria": "clearer"}},
		{"evaluate.forgetting.budget-kl bounds what is measured on evaluate.forgetting.instructions",
			map[string]string{"evaluate.forgetting.budget-kl": "1"}},
	} {
		var config ragft.Config
		for key, value := range c.set {
			require.NoError(t, config.Set(key, value))
		}
		_, err := ragft.Open(t.Context(), config)
		require.ErrorIs(t, err, ragft.ErrConfig)
		require.ErrorContains(t, err, c.message)
	}
}

// What is missing or wrong is told before a model is loaded, with what to do.
func TestErrors(t *testing.T) {
	c := tiny(t)
	p := open(t, c)
	_, err := p.Demonstrate(t.Context())
	require.ErrorContains(t, err, "index the documents first")
	require.ErrorIs(t, err, os.ErrNotExist)
	_, err = p.Train(t.Context())
	require.ErrorIs(t, err, os.ErrNotExist)
	require.ErrorContains(t, err, "make rows")
	for model, message := range map[string]string{
		"":                               "no model: set model",
		"nowhere.gguf":                   "nowhere.gguf",
		"openai:x@http://127.0.0.1:1":    "is run by a server, and this takes its weights",
		"openai:x@http://":               "invalid address",
		"openai:x@https://key@[::1]/v1":  "OPENAI_API_KEY",
		"ollama:x,ollama:x@http://[::1]": "each needs one",
	} {
		c.Model = model
		p = open2(t, p, c)
		_, err := p.ModelFile(t.Context())
		require.ErrorContains(t, err, message)
	}
	c = tiny(t)
	c.Documents = ""
	_, err = open(t, c).Index(t.Context())
	require.ErrorIs(t, err, ragft.ErrConfig)
}
