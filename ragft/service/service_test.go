//go:build cgo

package service

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"math"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/openai/openai-go/v3"
	"github.com/openai/openai-go/v3/option"
	"github.com/stretchr/testify/require"

	"github.com/ragft/ragft/internal/gguf"
	"github.com/ragft/ragft/internal/testmodel"
	"github.com/ragft/ragft/llama"
	"github.com/ragft/ragft/ragft/assistant"
	"github.com/ragft/ragft/ragft/confidence"
	"github.com/ragft/ragft/ragft/eval"
	"github.com/ragft/ragft/ragft/model/local"
	"github.com/ragft/ragft/ragft/opt"
	"github.com/ragft/ragft/ragft/prompt"
	"github.com/ragft/ragft/retriever"
)

// baseModel is the small model that the repository ships.
var baseModel = filepath.Join("..", "..", "examples", "basemodel", "ragft-base-f16.gguf")

// openModel opens a model for serving and closes it with the test.
func openModel(t testing.TB, path string, o local.Options) *local.Server {
	t.Helper()
	o.GPULayers = opt.Of(0)
	if o.Threads == 0 {
		o.Threads = 1 // two that wait for each other are slow where other packages' tests run
	}
	m, err := local.OpenServer(context.Background(), path, o)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, m.Close()) })
	return m
}

var docs = map[string]string{
	"inn.txt":  "The Gorton Inn stands in Velmar. The Gorton Inn was founded by Anna Pell in 1912. It has nine rooms.",
	"mill.txt": "The Harrow Mill lies on the river Ost. The owner of the Harrow Mill is Peter Lund.",
}

// newIndex indexes docs in memory.
func newIndex(t testing.TB) *retriever.Index {
	t.Helper()
	x, err := retriever.NewMemory(retriever.IndexOptions{})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, x.Close()) })
	for name, text := range docs {
		chunks, err := retriever.Split(retriever.Document{Source: name, Title: strings.TrimSuffix(name, ".txt"), Text: text},
			retriever.SplitOptions{})
		require.NoError(t, err)
		require.NoError(t, x.Add(context.Background(), chunks))
	}
	return x
}

// serve starts a service and returns its address and a client.
func serve(t testing.TB, config Config) (*Service, string, openai.Client) {
	t.Helper()
	if config.Logger == nil {
		config.Logger = slog.New(slog.NewTextHandler(t.Output(), nil))
	}
	s, err := New(config)
	require.NoError(t, err)
	server := httptest.NewServer(s)
	t.Cleanup(func() {
		server.CloseClientConnections()
		require.NoError(t, s.Close())
		server.Close()
	})
	return s, server.URL, openai.NewClient(option.WithBaseURL(server.URL+"/v1"), option.WithAPIKey("none"), option.WithMaxRetries(0))
}

func ask(question string) openai.ChatCompletionNewParams {
	return openai.ChatCompletionNewParams{
		Model:    "base",
		Messages: []openai.ChatCompletionMessageParamUnion{openai.UserMessage(question)},
	}
}

// extra reads the ragft object of an answer.
func extra(t testing.TB, c interface{ RawJSON() string }) *ragftAnswer {
	t.Helper()
	var a answer
	require.NoError(t, json.Unmarshal([]byte(c.RawJSON()), &a))
	return a.Ragft
}

// apiErr is the error of the official client.
func apiErr(t testing.TB, err error, status int, code string) {
	t.Helper()
	var e *openai.Error
	require.ErrorAs(t, err, &e)
	require.Equal(t, status, e.StatusCode, e.Message)
	require.Equal(t, code, e.Code, e.Message)
	require.NotEmpty(t, e.Message)
}

// pooled copies a model and names a pooling in the copy, and the length of its vectors if there is one.
func pooled(t *testing.T, path string, length ...uint32) string {
	t.Helper()
	in, err := gguf.Open(path)
	require.NoError(t, err)
	defer in.Close()
	name := filepath.Join(t.TempDir(), "pooled.gguf")
	out, err := gguf.Create(name)
	require.NoError(t, err)
	defer out.Close()
	for _, kv := range in.Metadata() {
		require.NoError(t, out.SetMeta(kv.Key, kv.Value))
	}
	require.NoError(t, out.SetMeta("llama.pooling_type", uint32(1)))
	for _, n := range length {
		require.NoError(t, out.SetMeta("llama.embedding_length_out", n))
	}
	for _, info := range in.Tensors() {
		data, err := in.ReadTensor(info.Name)
		require.NoError(t, err)
		require.NoError(t, out.AddTensor(info.Name, info.Type, info.Dims, data))
	}
	require.NoError(t, out.Commit())
	return name
}

// TestEmbeddings serves a model whose file names a pooling.
func TestEmbeddings(t *testing.T) {
	local := openModel(t, pooled(t, testmodel.New(t, testmodel.Spec{})), local.Options{ContextTokens: 512})
	_, _, client := serve(t, Config{Models: []Model{{Name: "base", Local: local}}})
	p := openai.EmbeddingNewParams{Model: "base", Input: openai.EmbeddingNewParamsInputUnion{OfArrayOfStrings: []string{"the inn",
		"a mill", "the inn"}}}
	got, err := client.Embeddings.New(t.Context(), p)
	require.NoError(t, err)
	require.Len(t, got.Data, 3)
	sum := 0.0
	for i, x := range got.Data[0].Embedding {
		sum += x * x
		require.InDelta(t, x, got.Data[2].Embedding[i], 1e-2)
	}
	require.InDelta(t, 1, math.Sqrt(sum), 1e-3)
	require.NotEqual(t, got.Data[0].Embedding, got.Data[1].Embedding)
	require.Positive(t, got.Usage.PromptTokens)
}

// Some models make vectors of another length than that of their hidden state, 64 here. A request can only ask for the former.
func TestDimensions(t *testing.T) {
	for length, path := range map[int]string{
		64: pooled(t, testmodel.New(t, testmodel.Spec{})), 16: pooled(t, testmodel.New(t, testmodel.Spec{}), 16),
	} {
		s, err := New(Config{Models: []Model{{Name: "base", Local: openModel(t, path, local.Options{ContextTokens: 256})}}})
		require.NoError(t, err)
		defer s.Close()
		for _, asked := range []int{16, 64} {
			code, got := postTo(t, s, "/v1/embeddings", fmt.Sprintf(`{"input":"the inn","dimensions":%d}`, asked))
			if asked != length {
				require.Equal(t, 400, code, got)
				require.Contains(t, errorOf(t, got).Message, fmt.Sprint(length))
				continue
			}
			require.Equal(t, 200, code, got)
			require.Len(t, got["data"].([]any)[0].(map[string]any)["embedding"], length)
		}
	}
}

// TestAdaptersByName asks two adapters and their base by name, all at once.
func TestAdaptersByName(t *testing.T) {
	path := testmodel.New(t, testmodel.Spec{})
	base := openModel(t, path, local.Options{ContextTokens: 1024})
	models := []Model{{Name: "base", Local: base}}
	for i := range 2 {
		tuned, err := base.Adapted(testmodel.NewAdapter(t, path, testmodel.AdapterSpec{Seed: uint64(i)}), 1)
		require.NoError(t, err)
		t.Cleanup(func() { require.NoError(t, tuned.Close()) })
		models = append(models, Model{Name: fmt.Sprintf("tuned-%d", i), Local: tuned})
	}
	_, _, client := serve(t, Config{Models: models})
	texts := make([]string, 12)
	errs := make([]error, len(texts))
	var wg sync.WaitGroup
	for i := range texts {
		wg.Go(func() {
			p := ask("Who keeps the inn?")
			p.Model, p.MaxCompletionTokens = models[i%3].Name, openai.Int(12)
			got, err := client.Chat.Completions.New(context.Background(), p)
			if errs[i] = err; err == nil {
				texts[i] = got.Choices[0].Message.Content
			}
		})
	}
	wg.Wait()
	require.NoError(t, errors.Join(errs...))
	for i := range texts {
		require.Equal(t, texts[i%3], texts[i])
	}
	require.NotEqual(t, texts[0], texts[1])
	require.NotEqual(t, texts[1], texts[2])
}

func TestMetrics(t *testing.T) {
	local := openModel(t, baseModel, local.Options{ContextTokens: 2048})
	_, address, client := serve(t, Config{Models: []Model{{Name: "base", Local: local}}, Index: newIndex(t)})
	used := 0.0
	for range 3 {
		got, err := client.Chat.Completions.New(t.Context(), ask("Who founded the Gorton Inn?"))
		require.NoError(t, err)
		used += float64(got.Usage.CompletionTokens)
	}
	_, err := client.Chat.Completions.New(t.Context(), ask("Zzyx qqpr?"))
	require.NoError(t, err)
	m := metricsOf(t, address)
	require.EqualValues(t, 4, m[`ragft_requests_total{route="POST /v1/chat/completions",code="200"}`])
	require.EqualValues(t, used, m[`ragft_generated_tokens_total{model="base"}`])
	require.EqualValues(t, 3, m["ragft_time_to_first_token_seconds_count"])
	require.EqualValues(t, 4, m["ragft_retrieval_seconds_count"])
	require.EqualValues(t, 1, m[`ragft_answers_total{abstained="no-passages"}`])
	reused := m[`ragft_reused_prompt_tokens_total{base="ragft-base-f16.gguf",batcher="0"}`]
	require.Greater(t, reused, m[`ragft_prompt_tokens_total{model="base"}`]/2, "the same prompt three times")
	require.Zero(t, m[`ragft_running_requests{base="ragft-base-f16.gguf",batcher="0"}`])
}

func TestBadConfig(t *testing.T) {
	_, err := New(Config{})
	require.Error(t, err)
	_, err = New(Config{Models: []Model{{Name: "base"}}})
	require.ErrorContains(t, err, "an empty Name or Local")
	served := openModel(t, testmodel.New(t, testmodel.Spec{}), local.Options{ContextTokens: 256, Threads: 1})
	_, err = New(Config{Models: []Model{{Name: "a", Local: served}, {Name: "a", Local: served}}})
	require.ErrorContains(t, err, "two models")
	_, err = New(Config{Models: []Model{{Name: "a", Local: served}}, Folders: []string{"/no/such/folder"}})
	require.Error(t, err)
	_, err = New(Config{Models: []Model{{Name: "a", Local: served}}, Limits: Limits{Output: -1}})
	require.Error(t, err)

	// A calibration that does not hold is an error at the start: this one needs scores, which a served model does not return.
	layout := confidence.Conditions{Model: served.Name(), Signals: confidence.SignalOptions{True: true},
		Setting:  string(eval.SettingRetrieval),
		Passages: 4, Prompt: prompt.Default().Read, ScoresTrue: true}
	o := assistant.Options{Calibration: &confidence.Calibration{Conditions: layout}}
	_, err = New(Config{Models: []Model{{Name: "a", Local: served, Assistant: o}}})
	require.ErrorIs(t, err, confidence.ErrConditions)
	require.ErrorContains(t, err, `model "a"`)
	require.ErrorContains(t, err, "p_true from scores, which servers do not return")
}

func TestToolCallForms(t *testing.T) {
	tools := []llama.Tool{{Name: "look"}, {Name: "go"}}
	for name, c := range map[string]struct {
		said, content string
		calls         []string // name, arguments, ...
	}{
		"hermes": {"Let me see.\n<tool_call>\n{\"name\": \"look\", \"arguments\": {\"at\": \"inn\"}}\n</tool_call>",
			"Let me see.", []string{"look", `{"at": "inn"}`}},
		"hermes twice": {"<tool_call>{\"name\":\"look\"}</tool_call>\n<tool_call>{\"name\":\"go\",\"arguments\":\"{\\\"n\\\":1}" +
			"\"}</tool_call>", "", []string{"look", "{}", "go", `{"n":1}`}},
		"mistral": {`[TOOL_CALLS] [{"name": "go", "arguments": {"n": 2}}, {"name": "look", "arguments": {}}]`, "",
			[]string{"go", `{"n": 2}`, "look", "{}"}},
		"mistral later": {`[TOOL_CALLS]go[ARGS]{"n": 2}[TOOL_CALLS]look[ARGS]{}`, "", []string{"go", `{"n": 2}`, "look", "{}"}},
		"llama":         {` {"name": "go", "parameters": {"n": 3}}`, "", []string{"go", `{"n": 3}`}},
		"llama tag":     {`<|python_tag|>{"name": "go", "parameters": {}}; {"name": "look"}`, "", []string{"go", "{}", "look", "{}"}},
		"text":          {"The inn was founded in 1912.", "", nil},
		"unknown tool":  {`<tool_call>{"name": "rm", "arguments": {}}</tool_call>`, "", nil},
		"cut":           {`<tool_call>{"name": "look", "arguments": {"a`, "", nil},
		"no object":     {`{"name": "look", "parameters": [1]}`, "", nil},
		"JSON answer":   {`{"answer": 1}`, "", nil},
		"empty":         {"", "", nil},
	} {
		content, calls := parseToolCalls(c.said, tools)
		var got []string
		for _, call := range calls {
			require.True(t, strings.HasPrefix(call.ID, "call_"))
			got = append(got, call.Function.Name, call.Function.Arguments)
		}
		require.Equal(t, c.calls, got, name)
		if got != nil {
			require.Equal(t, c.content, content, name)
		}
	}
}

// A rule that was fitted with the index holds for the search of a request, which is that of the index.
func TestTimedIndexTellsItsRanking(t *testing.T) {
	x := newIndex(t)
	require.Equal(t, x.Ranking(), timedIndex{Index: x}.Ranking())
}
