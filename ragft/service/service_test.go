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
	"github.com/openai/openai-go/v3/shared"
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
		chunks, err := retriever.Split(retriever.Document{Source: name, Title: strings.TrimSuffix(name, ".txt"), Text: text}, retriever.SplitOptions{})
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

func TestOfficialClient(t *testing.T) {
	local := openModel(t, baseModel, local.Options{ContextTokens: 2048})
	s, _, client := serve(t, Config{Models: []Model{{Name: "base", Local: local}}, Index: newIndex(t)})
	ctx := t.Context()
	plain := option.WithJSONSet("ragft", map[string]any{"retrieval": false})

	t.Run("answer from passages", func(t *testing.T) {
		got, err := client.Chat.Completions.New(ctx, ask("Who founded the Gorton Inn?"))
		require.NoError(t, err)
		require.Equal(t, "base", got.Model)
		require.EqualValues(t, "chat.completion", got.Object)
		require.Len(t, got.Choices, 1)
		require.Contains(t, got.Choices[0].Message.Content, "Anna Pell")
		require.Equal(t, "stop", got.Choices[0].FinishReason)
		require.Positive(t, got.Usage.PromptTokens)
		require.Equal(t, got.Usage.PromptTokens+got.Usage.CompletionTokens, got.Usage.TotalTokens)
		a := extra(t, got)
		require.False(t, a.Abstained)
		require.NotEmpty(t, a.Passages)
		require.NotEmpty(t, a.Citations)
		c := a.Citations[0]
		require.Equal(t, "inn.txt", c.Source)
		require.Equal(t, docs["inn.txt"][c.Span[0]:c.Span[1]], c.Text)
		var p passage
		require.NoError(t, client.Get(ctx, "passages/"+c.Chunk, nil, &p))
		require.Contains(t, p.Text, c.Text)
	})
	t.Run("abstention", func(t *testing.T) {
		for name, body := range map[string]map[string]any{
			"no passages":    nil,
			"low confidence": {"min_confidence": 1},
		} {
			question := "Who founded the Gorton Inn?"
			if body == nil {
				question = "Zzyx qqpr?"
			}
			options := []option.RequestOption{}
			if body != nil {
				options = append(options, option.WithJSONSet("ragft", body))
			}
			got, err := client.Chat.Completions.New(ctx, ask(question), options...)
			require.NoError(t, err, name)
			a := extra(t, got)
			require.True(t, a.Abstained, name)
			require.Equal(t, strings.ReplaceAll(name, " ", "-"), a.Reason)
			require.Empty(t, a.Citations)
			require.NotEmpty(t, got.Choices[0].Message.Content)
		}
	})
	t.Run("stream", func(t *testing.T) {
		for _, options := range [][]option.RequestOption{nil, {plain}} {
			p := ask("Who founded the Gorton Inn?")
			whole, err := client.Chat.Completions.New(ctx, p, options...)
			require.NoError(t, err)
			p.StreamOptions = openai.ChatCompletionStreamOptionsParam{IncludeUsage: openai.Bool(true)}
			stream := client.Chat.Completions.NewStreaming(ctx, p, options...)
			acc := openai.ChatCompletionAccumulator{}
			var last *ragftAnswer
			for stream.Next() {
				require.True(t, acc.AddChunk(stream.Current()))
				if a := extra(t, stream.Current()); a != nil {
					require.Nil(t, last)
					last = a
				}
			}
			require.NoError(t, stream.Err())
			require.Equal(t, strings.TrimSpace(whole.Choices[0].Message.Content), strings.TrimSpace(acc.Choices[0].Message.Content))
			require.Equal(t, whole.Choices[0].FinishReason, acc.Choices[0].FinishReason)
			require.EqualValues(t, "assistant", acc.Choices[0].Message.Role)
			require.Equal(t, whole.Usage.CompletionTokens, acc.Usage.CompletionTokens)
			if options == nil {
				require.NotEmpty(t, last.Citations)
				require.NotEmpty(t, last.Passages)
			} else {
				require.Nil(t, last)
			}
		}
	})
	t.Run("logprobs", func(t *testing.T) {
		p := ask("Who founded the Gorton Inn?")
		p.Logprobs, p.TopLogprobs = openai.Bool(true), openai.Int(3)
		for _, options := range [][]option.RequestOption{nil, {plain}} {
			got, err := client.Chat.Completions.New(ctx, p, options...)
			require.NoError(t, err)
			text := ""
			for _, token := range got.Choices[0].Logprobs.Content {
				text += token.Token
				require.LessOrEqual(t, token.Logprob, 0.0)
				require.Len(t, token.TopLogprobs, 3)
				require.Equal(t, token.Logprob, token.TopLogprobs[0].Logprob, "greedy")
			}
			require.Equal(t, strings.TrimSpace(got.Choices[0].Message.Content), strings.TrimSpace(text))
			stream := client.Chat.Completions.NewStreaming(ctx, p, options...)
			n := 0
			for stream.Next() {
				for _, c := range stream.Current().Choices {
					n += len(c.Logprobs.Content)
				}
			}
			require.NoError(t, stream.Err())
			require.Equal(t, len(got.Choices[0].Logprobs.Content), n)
		}
	})
	t.Run("conversation", func(t *testing.T) {
		p := ask("Who founded the Gorton Inn?")
		p.Messages = append([]openai.ChatCompletionMessageParamUnion{
			openai.SystemMessage("Be brief."), openai.UserMessage("Hello."), openai.AssistantMessage("Hello."),
		}, p.Messages...)
		got, err := client.Chat.Completions.New(ctx, p)
		require.NoError(t, err)
		require.NotNil(t, extra(t, got))
	})
	t.Run("choices and seeds", func(t *testing.T) {
		p := ask("Tell me of the inn.")
		p.N, p.Temperature, p.Seed, p.MaxCompletionTokens = openai.Int(3), openai.Float(1.5), openai.Int(7), openai.Int(12)
		a, err := client.Chat.Completions.New(ctx, p)
		require.NoError(t, err)
		require.Len(t, a.Choices, 3)
		b, err := client.Chat.Completions.New(ctx, p)
		require.NoError(t, err)
		texts := map[string]bool{}
		for i, c := range a.Choices {
			require.EqualValues(t, i, c.Index)
			require.Equal(t, c.Message.Content, b.Choices[i].Message.Content)
			texts[c.Message.Content] = true
		}
		require.Greater(t, len(texts), 1)
	})
	t.Run("stop", func(t *testing.T) {
		p := ask("Who founded the Gorton Inn?")
		p.Stop = openai.ChatCompletionNewParamsStopUnion{OfString: openai.String(" Pell")}
		got, err := client.Chat.Completions.New(ctx, p)
		require.NoError(t, err)
		require.NotContains(t, got.Choices[0].Message.Content, "Pell")
	})
	t.Run("response format", func(t *testing.T) {
		p := ask("Who founded the Gorton Inn?")
		p.Temperature, p.MaxCompletionTokens = openai.Float(1), openai.Int(120)
		schema := map[string]any{
			"type": "object", "required": []string{"name", "year"},
			"properties": map[string]any{"name": map[string]any{"enum": []string{"Anna", "Peter"}}, "year": map[string]any{"type": "integer"}},
		}
		p.ResponseFormat.OfJSONSchema = &shared.ResponseFormatJSONSchemaParam{
			JSONSchema: shared.ResponseFormatJSONSchemaJSONSchemaParam{Name: "answer", Schema: schema},
		}
		got, err := client.Chat.Completions.New(ctx, p)
		require.NoError(t, err)
		require.Equal(t, "stop", got.Choices[0].FinishReason)
		var value struct {
			Name string
			Year float64
		}
		require.NoError(t, json.Unmarshal([]byte(got.Choices[0].Message.Content), &value), got.Choices[0].Message.Content)
		require.Contains(t, []string{"Anna", "Peter"}, value.Name)
		schema["patternProperties"] = map[string]any{}
		_, err = client.Chat.Completions.New(ctx, p)
		apiErr(t, err, 400, "invalid_value")
	})
	t.Run("completions", func(t *testing.T) {
		p := openai.CompletionNewParams{
			Model: "base", Prompt: openai.CompletionNewParamsPromptUnion{OfArrayOfStrings: []string{"The inn", "The mill stands"}},
			MaxTokens: openai.Int(8), Logprobs: openai.Int(2),
		}
		got, err := client.Completions.New(ctx, p)
		require.NoError(t, err)
		require.Len(t, got.Choices, 2)
		for _, c := range got.Choices {
			require.Equal(t, len(c.Logprobs.Tokens), len(c.Logprobs.TokenLogprobs))
			require.NotEmpty(t, c.Logprobs.Tokens)
		}
		p.Logprobs = openai.CompletionNewParams{}.Logprobs
		stream := client.Completions.NewStreaming(ctx, p)
		texts := make([]string, 2)
		for stream.Next() {
			for _, c := range stream.Current().Choices {
				texts[c.Index] += c.Text
			}
		}
		require.NoError(t, stream.Err())
		for i, c := range got.Choices {
			require.Equal(t, c.Text, texts[i])
		}
	})
	t.Run("models", func(t *testing.T) {
		list, err := client.Models.List(ctx)
		require.NoError(t, err)
		require.Len(t, list.Data, 1)
		one, err := client.Models.Get(ctx, "base")
		require.NoError(t, err)
		require.Equal(t, list.Data[0].ID, one.ID)
		_, err = client.Models.Get(ctx, "other")
		apiErr(t, err, 404, "model_not_found")
	})
	t.Run("penalties and bias", func(t *testing.T) {
		m := local.Llama()
		word, err := m.Tokenize("Velmar", llama.TokenizeOptions{})
		require.NoError(t, err)
		says := func(bias, penalty float64) string {
			p := ask("Where is the Gorton Inn?")
			p.MaxTokens, p.FrequencyPenalty = openai.Int(24), openai.Float(penalty)
			p.LogitBias = map[string]int64{fmt.Sprint(word[0]): int64(bias)}
			got, err := client.Chat.Completions.New(ctx, p, plain)
			require.NoError(t, err)
			return got.Choices[0].Message.Content
		}
		forced := strings.Repeat(m.Piece(word[0]), 24)
		require.Equal(t, forced, says(100, 0))
		require.NotEqual(t, forced, says(20, 2), "what was said 20 times has lost 40")
		work, err := s.newRun(&s.config.Models[0], &options{PresencePenalty: 1, FrequencyPenalty: -1}, nil)
		require.NoError(t, err)
		require.Equal(t, []float32{1, -1}, []float32{work.sampling.PresencePenalty, work.sampling.FrequencyPenalty})
	})
	t.Run("errors", func(t *testing.T) {
		for _, bias := range []any{map[string]any{"1000000": 1}, map[string]any{"x": 1}, map[string]any{"-1": 1}} {
			_, err := client.Chat.Completions.New(ctx, ask("Who?"), option.WithJSONSet("logit_bias", bias))
			apiErr(t, err, 400, "invalid_value")
		}
		p := ask("Who?")
		p.Model = "other"
		_, err := client.Chat.Completions.New(ctx, p)
		apiErr(t, err, 404, "model_not_found")
		p = ask("Who?")
		p.Tools = []openai.ChatCompletionToolUnionParam{openai.ChatCompletionFunctionTool(shared.FunctionDefinitionParam{Name: "look"})}
		_, err = client.Chat.Completions.New(ctx, p)
		apiErr(t, err, 400, "invalid_value") // the template knows no tools
		_, err = client.Chat.Completions.New(ctx, ask(strings.Repeat("word ", 2000)), plain)
		apiErr(t, err, 400, "context_length_exceeded")
		for field, value := range map[string]any{
			"n": 9, "temperature": -1, "presence_penalty": 3, "frequency_penalty": -2.1, "logit_bias": map[string]any{"1": 101}, "max_tokens": 0, "top_p": 2,
			"top_logprobs": 2, "modalities": []string{"audio"}, "messages": []any{}, "stop": []int{1}, "tool_choice": "required",
			"ragft": map[string]any{"passages": 100}, "model": 3, "response_format": map[string]any{"type": "xml"},
		} {
			_, err = client.Chat.Completions.New(ctx, ask("Who?"), option.WithJSONSet(field, value))
			apiErr(t, err, 400, "invalid_value")
		}
		_, err = client.Embeddings.New(ctx, openai.EmbeddingNewParams{Model: "base", Input: openai.EmbeddingNewParamsInputUnion{OfString: openai.String("x")}})
		apiErr(t, err, 400, "unsupported")
	})
}

// pooled copies a model and names a pooling in the copy.
func pooled(t *testing.T, path string) string {
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
	p := openai.EmbeddingNewParams{Model: "base", Input: openai.EmbeddingNewParamsInputUnion{OfArrayOfStrings: []string{"the inn", "a mill", "the inn"}}}
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
	require.ErrorContains(t, err, "no model")
	served := openModel(t, testmodel.New(t, testmodel.Spec{}), local.Options{ContextTokens: 256, Threads: 1})
	_, err = New(Config{Models: []Model{{Name: "a", Local: served}, {Name: "a", Local: served}}})
	require.ErrorContains(t, err, "two models")
	_, err = New(Config{Models: []Model{{Name: "a", Local: served}}, Folders: []string{"/no/such/folder"}})
	require.Error(t, err)
	_, err = New(Config{Models: []Model{{Name: "a", Local: served}}, Limits: Limits{Output: -1}})
	require.Error(t, err)

	// A calibration that does not hold is told of at the start: by scores, which a server does not give.
	layout := confidence.Conditions{Setting: string(eval.SettingRetrieval), Passages: 4, Prompt: prompt.DefaultRead, ScoresTrue: true}
	o := assistant.Options{Calibration: &confidence.Calibration{Model: served.Name(), Signals: confidence.SignalOptions{True: true}, Conditions: layout}}
	_, err = New(Config{Models: []Model{{Name: "a", Local: served, Assistant: o}}})
	require.ErrorIs(t, err, confidence.ErrConditions)
	require.ErrorContains(t, err, `model "a"`)
	require.ErrorContains(t, err, "P(True) by scores, which servers do not give")
}

func TestToolCallForms(t *testing.T) {
	tools := []llama.Tool{{Name: "look"}, {Name: "go"}}
	for name, c := range map[string]struct {
		said, content string
		calls         []string // name, arguments, ...
	}{
		"hermes":        {"Let me see.\n<tool_call>\n{\"name\": \"look\", \"arguments\": {\"at\": \"inn\"}}\n</tool_call>", "Let me see.", []string{"look", `{"at": "inn"}`}},
		"hermes twice":  {"<tool_call>{\"name\":\"look\"}</tool_call>\n<tool_call>{\"name\":\"go\",\"arguments\":\"{\\\"n\\\":1}\"}</tool_call>", "", []string{"look", "{}", "go", `{"n":1}`}},
		"mistral":       {`[TOOL_CALLS] [{"name": "go", "arguments": {"n": 2}}, {"name": "look", "arguments": {}}]`, "", []string{"go", `{"n": 2}`, "look", "{}"}},
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
