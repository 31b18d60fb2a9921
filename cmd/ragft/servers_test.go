//go:build cgo

package main

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/ollama/ollama/api"
	"github.com/stretchr/testify/require"

	"github.com/ragft/ragft/internal/fake"
	"github.com/ragft/ragft/internal/ollamatest"
	"github.com/ragft/ragft/internal/rpctest"
	"github.com/ragft/ragft/ragft"
	"github.com/ragft/ragft/ragft/model"
	"github.com/ragft/ragft/ragft/prompt"
)

// openAIServer says the same to every question, unless it is to decline, and counts the requests.
func openAIServer(t *testing.T, key string) (url string, asked *atomic.Int32) {
	t.Helper()
	asked = &atomic.Int32{}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch {
		case r.Header.Get("Authorization") != "Bearer "+key:
			w.WriteHeader(http.StatusUnauthorized)
			fmt.Fprint(w, `{"error":{"message":"no such key"}}`)
		case r.URL.Path == "/v1/models":
			fmt.Fprint(w, `{"data":[{"id":"teacher"}]}`)
		case r.URL.Path == "/v1/chat/completions":
			var body struct {
				Stream   bool
				Messages []model.Message
			}
			if json.NewDecoder(r.Body).Decode(&body) != nil || body.Stream {
				w.WriteHeader(http.StatusNotImplemented)
				return
			}
			asked.Add(1)
			say := "Abel Hesk"
			if fake.Instruction(body.Messages) == prompt.Default().Refuse {
				say = "I cannot say."
			}
			fmt.Fprintf(
				w,
				`{"choices":[{"message":{"role":"assistant","content":%q},"finish_reason":"stop"}],"usage":{"prompt_tokens":9,"completion_tokens":3}}`,
				say,
			)
		default:
			http.NotFound(w, r)
		}
	}))
	t.Cleanup(server.Close)
	return server.URL + "/v1", asked
}

// Servers with OpenAI's API take the place of the file: as teacher, spread over two, and as judge.
func TestOpenAIServers(t *testing.T) {
	workplace(t)
	must(t, "index")
	t.Setenv("OPENAI_API_KEY", "secret")
	one, first := openAIServer(t, "secret")
	two, second := openAIServer(t, "secret")
	pool := "openai:teacher@" + one + ",openai:teacher@" + two
	rows := object[ragft.DemonstrateResult](
		t,
		"demonstrate",
		"-m",
		pool,
		"--recipe",
		"self-demo",
		"--set",
		"demonstrate.batch=12",
		"--set",
		"demonstrate.self-demo.max-refusals=1",
	)
	require.Positive(t, rows.Cost.Calls)
	require.Positive(t, first.Load(), "both have work")
	require.Positive(t, second.Load())
	data, err := os.ReadFile(rows.File)
	require.NoError(t, err)
	require.Contains(t, string(data), "openai/", "rows say whose words they are")
	other := strings.Split(pool, ",")
	again := object[ragft.DemonstrateResult](
		t,
		"demonstrate",
		"-m",
		other[1]+","+other[0],
		"--recipe",
		"self-demo",
		"--set",
		"demonstrate.batch=12",
		"--set",
		"demonstrate.self-demo.max-refusals=1",
	)
	require.Equal(t, again.Cost.Calls, again.Cost.Cached, "the same pool in another order")

	object[evaluateResult](t, "evaluate", "--judge", "openai:teacher@"+one)
	data, err = os.ReadFile(".ragft/evaluation.json")
	require.NoError(t, err)
	require.Contains(t, string(data), `"judge": "openai/`, "which has the last word")
	before := first.Load()
	answer := object[askResult](t, "ask", "-m", "openai:teacher@"+one, "Who is the miller at Tuckle Mill?")
	require.Equal(t, "Abel Hesk", answer.Answer)
	require.Equal(t, before+1, first.Load())

	var names []string
	for _, m := range object[modelsResult](t, "models", "--ollama", "http://127.0.0.1:1", "--openai", one).Models {
		names = append(names, m.Name)
	}
	require.Contains(t, names, "openai:teacher@"+one)
	status := func(args ...string) string {
		_, out, _ := ragftRun(t, "", append([]string{"doctor"}, args...)...)
		for _, line := range strings.Split(out, "\n") {
			if fields := strings.Fields(line); len(fields) > 1 && fields[1] == "model" {
				return fields[0]
			}
		}
		return ""
	}
	require.Equal(t, fine, status("-m", "openai:teacher@"+one))
	require.Equal(t, note, status("-m", "openai:other@"+one))
	require.Equal(t, missing, status("-m", "openai:teacher@http://127.0.0.1:1/v1"))
	t.Setenv("OPENAI_API_KEY", "wrong")
	require.Equal(t, missing, status("-m", "openai:teacher@"+one))
	code, _, stderr := ragftRun(t, "", "ask", "-m", "openai:teacher@"+one, "--json", "Who is the miller at Tuckle Mill?")
	require.Equal(t, exitMissing, code, stderr)
	require.Contains(t, stderr, "OPENAI_API_KEY")
}

// An adapter that was trained here is not for a model that a server runs; one that is named is refused.
func TestServersTakeNoAdapter(t *testing.T) {
	workplace(t)
	must(t, "index")
	must(t, "demonstrate")
	must(t, "train", "--rank", "2")
	url, _ := openAIServer(t, "")
	code, _, stderr := ragftRun(t, "", "ask", "-m", "openai:teacher@"+url, "--json", "Who?")
	require.Equal(t, exitOK, code, stderr)
	require.Contains(t, stderr, "a server runs the model")
	code, _, stderr = ragftRun(t, "", "ask", "-m", "openai:teacher@"+url, "--adapter", ".ragft/adapter.gguf", "Who?")
	require.Equal(t, exitUsage, code, stderr)
}

func TestPublish(t *testing.T) {
	workplace(t)
	must(t, "index")
	must(t, "demonstrate")
	must(t, "train", "--rank", "2")
	s, url := ollamatest.Start(t)
	s.Models["base:latest"] = api.CreateRequest{}
	require.NoError(t, os.WriteFile("template", []byte("<|user|>{{ .Prompt }}"), 0o600))
	publish := []string{
		"publish",
		"notes",
		"--ollama",
		url,
		"--set",
		"publish.template=template",
		"--set",
		"publish.stop=[<|end|>, a b]",
		"--set",
		"publish.parameters=num_ctx=1024,temperature=0",
		"--set",
		"publish.system=Be brief.",
	}
	require.Contains(t, must(t, publish...), "ollama:notes:latest: published as adapter")
	made := s.Models["notes:latest"]
	require.Len(t, made.Files, 1, "the base's file")
	require.Len(t, made.Adapters, 1)
	require.Equal(t, "Be brief.", made.System)
	require.Equal(t, map[string]any{"stop": []any{"<|end|>", "a b"}, "num_ctx": 1024.0, "temperature": 0.0}, made.Parameters)

	made = func() api.CreateRequest {
		must(t, "publish", "of-server", "-m", "ollama:base", "--ollama", url)
		return s.Models["of-server:latest"]
	}()
	require.Equal(t, "base", made.From)
	require.Len(t, made.Adapters, 1)

	s.RefuseChat = func(m api.CreateRequest) string {
		if len(m.Adapters) > 0 {
			return "loras are not yet implemented"
		}
		return ""
	}
	code, _, stderr := ragftRun(t, "", append(publish, "--as", "adapter")...)
	require.Equal(t, exitInput, code, stderr)
	code, stdout, stderr := ragftRun(t, "", append(publish, "--set", "publish.merged=merged.gguf")...)
	require.Equal(t, exitOK, code, stderr)
	require.Contains(t, stdout, "published as merged")
	require.Contains(t, stderr, "not yet implemented")
	require.FileExists(t, "merged.gguf")
	require.Empty(t, s.Models["notes:latest"].Adapters)
	asBase, err := os.Stat("merged.gguf")
	require.NoError(t, err)
	must(t, append(publish, "--as", "merged", "--set", "publish.merged=merged.gguf", "--set", "merge.type=F32")...)
	asked, err := os.Stat("merged.gguf")
	require.NoError(t, err)
	require.Greater(t, asked.Size(), asBase.Size(), "weights of the type that merge.type says")
	code, _, stderr = ragftRun(t, "", append(publish, "--set", "merge.output=other.gguf")...)
	require.Equal(t, exitUsage, code)
	require.Contains(t, stderr, "it is for 'ragft merge'")

	code, _, stderr = ragftRun(t, "", "publish", "notes", "-m", "ollama:base@"+url)
	require.Equal(t, exitUsage, code, stderr)
	require.Contains(t, stderr, "publish.ollama")
}

// Layers lie on two servers; what is computed is the same, and one that is gone is named.
func TestRPC(t *testing.T) {
	workplace(t)
	must(t, "index")
	must(t, "demonstrate")
	one, two := rpctest.Start(t), rpctest.Start(t)
	rpc := []string{"--set", "rpc=" + one.Addr + "," + two.Addr}
	const question = "Who is the miller at Tuckle Mill?"
	here := object[askResult](t, "ask", question)
	there := object[askResult](t, append(rpc, "ask", question)...)
	require.Equal(t, here.Answer, there.Answer)
	require.InDelta(t, *here.Confidence, *there.Confidence, 1e-3)
	trained := object[ragft.TrainResult](t, append(rpc, "train", "--rank", "2")...)
	require.FileExists(t, trained.Adapter)
	two.Kill()
	for _, args := range [][]string{{"ask", question}, {"train", "--rank", "3"}, {"doctor"}} {
		code, stdout, stderr := ragftRun(t, "", append(args, rpc...)...)
		require.Equal(t, exitMissing, code, "%v: %s", args, stderr)
		require.Contains(t, stdout+stderr, two.Addr)
	}
}
