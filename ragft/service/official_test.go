//go:build cgo

package service

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/openai/openai-go/v3"
	"github.com/openai/openai-go/v3/option"
	"github.com/openai/openai-go/v3/shared"
	"github.com/stretchr/testify/require"

	"github.com/ragft/ragft/llama"
	"github.com/ragft/ragft/ragft/model/local"
)

// official is a server with passages and OpenAI's own client for it.
type official struct {
	local  *local.Server
	s      *Service
	client openai.Client
}

// plain asks for an answer without passages.
var plain = option.WithJSONSet("ragft", map[string]any{"retrieval": false})

func TestOfficialClient(t *testing.T) {
	local := openModel(t, baseModel, local.Options{ContextTokens: 2048})
	s, _, client := serve(t, Config{Models: []Model{{Name: "base", Local: local}}, Index: newIndex(t)})
	o := official{local: local, s: s, client: client}
	t.Run("answer from passages", o.testAnswerFromPassages)
	t.Run("abstention", o.testAbstention)
	t.Run("stream", o.testStream)
	t.Run("logprobs", o.testLogprobs)
	t.Run("conversation", o.testConversation)
	t.Run("choices and seeds", o.testChoicesAndSeeds)
	t.Run("stop", o.testStop)
	t.Run("response format", o.testResponseFormat)
	t.Run("completions", o.testCompletions)
	t.Run("models", o.testModels)
	t.Run("penalties and bias", o.testPenaltiesAndBias)
	t.Run("errors", o.testErrors)
}

func (o official) testAnswerFromPassages(t *testing.T) {
	got, err := o.client.Chat.Completions.New(t.Context(), ask("Who founded the Gorton Inn?"))
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
	require.NoError(t, o.client.Get(t.Context(), "passages/"+c.Chunk, nil, &p))
	require.Contains(t, p.Text, c.Text)
}

func (o official) testAbstention(t *testing.T) {
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
		got, err := o.client.Chat.Completions.New(t.Context(), ask(question), options...)
		require.NoError(t, err, name)
		a := extra(t, got)
		require.True(t, a.Abstained, name)
		require.Equal(t, strings.ReplaceAll(name, " ", "-"), a.Reason)
		require.Empty(t, a.Citations)
		require.NotEmpty(t, got.Choices[0].Message.Content)
	}
}

func (o official) testStream(t *testing.T) {
	for _, options := range [][]option.RequestOption{nil, {plain}} {
		p := ask("Who founded the Gorton Inn?")
		whole, err := o.client.Chat.Completions.New(t.Context(), p, options...)
		require.NoError(t, err)
		p.StreamOptions = openai.ChatCompletionStreamOptionsParam{IncludeUsage: openai.Bool(true)}
		stream := o.client.Chat.Completions.NewStreaming(t.Context(), p, options...)
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
}

func (o official) testLogprobs(t *testing.T) {
	p := ask("Who founded the Gorton Inn?")
	p.Logprobs, p.TopLogprobs = openai.Bool(true), openai.Int(3)
	for _, options := range [][]option.RequestOption{nil, {plain}} {
		got, err := o.client.Chat.Completions.New(t.Context(), p, options...)
		require.NoError(t, err)
		text := ""
		for _, token := range got.Choices[0].Logprobs.Content {
			text += token.Token
			require.LessOrEqual(t, token.Logprob, 0.0)
			require.Len(t, token.TopLogprobs, 3)
			require.Equal(t, token.Logprob, token.TopLogprobs[0].Logprob, "greedy")
		}
		require.Equal(t, strings.TrimSpace(got.Choices[0].Message.Content), strings.TrimSpace(text))
		stream := o.client.Chat.Completions.NewStreaming(t.Context(), p, options...)
		n := 0
		for stream.Next() {
			for _, c := range stream.Current().Choices {
				n += len(c.Logprobs.Content)
			}
		}
		require.NoError(t, stream.Err())
		require.Equal(t, len(got.Choices[0].Logprobs.Content), n)
	}
}

func (o official) testConversation(t *testing.T) {
	p := ask("Who founded the Gorton Inn?")
	p.Messages = append([]openai.ChatCompletionMessageParamUnion{
		openai.SystemMessage("Be brief."), openai.UserMessage("Hello."), openai.AssistantMessage("Hello."),
	}, p.Messages...)
	got, err := o.client.Chat.Completions.New(t.Context(), p)
	require.NoError(t, err)
	require.NotNil(t, extra(t, got))
}

func (o official) testChoicesAndSeeds(t *testing.T) {
	p := ask("Tell me of the inn.")
	p.N, p.Temperature, p.Seed, p.MaxCompletionTokens = openai.Int(3), openai.Float(1.5), openai.Int(7), openai.Int(12)
	a, err := o.client.Chat.Completions.New(t.Context(), p)
	require.NoError(t, err)
	require.Len(t, a.Choices, 3)
	b, err := o.client.Chat.Completions.New(t.Context(), p)
	require.NoError(t, err)
	texts := map[string]bool{}
	for i, c := range a.Choices {
		require.EqualValues(t, i, c.Index)
		require.Equal(t, c.Message.Content, b.Choices[i].Message.Content)
		texts[c.Message.Content] = true
	}
	require.Greater(t, len(texts), 1)
}

func (o official) testStop(t *testing.T) {
	p := ask("Who founded the Gorton Inn?")
	p.Stop = openai.ChatCompletionNewParamsStopUnion{OfString: openai.String(" Pell")}
	got, err := o.client.Chat.Completions.New(t.Context(), p)
	require.NoError(t, err)
	require.NotContains(t, got.Choices[0].Message.Content, "Pell")
}

func (o official) testResponseFormat(t *testing.T) {
	p := ask("Who founded the Gorton Inn?")
	p.Temperature, p.MaxCompletionTokens = openai.Float(1), openai.Int(120)
	schema := map[string]any{
		"type": "object", "required": []string{"name", "year"},
		"properties": map[string]any{"name": map[string]any{"enum": []string{"Anna", "Peter"}},
			"year": map[string]any{"type": "integer"}},
	}
	p.ResponseFormat.OfJSONSchema = &shared.ResponseFormatJSONSchemaParam{
		JSONSchema: shared.ResponseFormatJSONSchemaJSONSchemaParam{Name: "answer", Schema: schema},
	}
	got, err := o.client.Chat.Completions.New(t.Context(), p)
	require.NoError(t, err)
	require.Equal(t, "stop", got.Choices[0].FinishReason)
	var value struct {
		Name string
		Year float64
	}
	require.NoError(t, json.Unmarshal([]byte(got.Choices[0].Message.Content), &value), got.Choices[0].Message.Content)
	require.Contains(t, []string{"Anna", "Peter"}, value.Name)
	schema["patternProperties"] = map[string]any{}
	_, err = o.client.Chat.Completions.New(t.Context(), p)
	apiErr(t, err, 400, "invalid_value")
}

func (o official) testCompletions(t *testing.T) {
	p := openai.CompletionNewParams{
		Model: "base", Prompt: openai.CompletionNewParamsPromptUnion{OfArrayOfStrings: []string{"The inn", "The mill stands"}},
		MaxTokens: openai.Int(8), Logprobs: openai.Int(2),
	}
	got, err := o.client.Completions.New(t.Context(), p)
	require.NoError(t, err)
	require.Len(t, got.Choices, 2)
	for _, c := range got.Choices {
		require.Equal(t, len(c.Logprobs.Tokens), len(c.Logprobs.TokenLogprobs))
		require.NotEmpty(t, c.Logprobs.Tokens)
	}
	p.Logprobs = openai.CompletionNewParams{}.Logprobs
	stream := o.client.Completions.NewStreaming(t.Context(), p)
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
}

func (o official) testModels(t *testing.T) {
	list, err := o.client.Models.List(t.Context())
	require.NoError(t, err)
	require.Len(t, list.Data, 1)
	one, err := o.client.Models.Get(t.Context(), "base")
	require.NoError(t, err)
	require.Equal(t, list.Data[0].ID, one.ID)
	_, err = o.client.Models.Get(t.Context(), "other")
	apiErr(t, err, 404, "model_not_found")
}

func (o official) testPenaltiesAndBias(t *testing.T) {
	m := o.local.Llama()
	word, err := m.Tokenize("Velmar", llama.TokenizeOptions{})
	require.NoError(t, err)
	says := func(bias, penalty float64) string {
		p := ask("Where is the Gorton Inn?")
		p.MaxTokens, p.FrequencyPenalty = openai.Int(24), openai.Float(penalty)
		p.LogitBias = map[string]int64{fmt.Sprint(word[0]): int64(bias)}
		got, err := o.client.Chat.Completions.New(t.Context(), p, plain)
		require.NoError(t, err)
		return got.Choices[0].Message.Content
	}
	forced := strings.Repeat(m.Piece(word[0]), 24)
	require.Equal(t, forced, says(100, 0))
	require.NotEqual(t, forced, says(20, 2), "what was said 20 times has lost 40")
	work, err := o.s.newRun(&o.s.config.Models[0], &options{PresencePenalty: 1, FrequencyPenalty: -1}, nil)
	require.NoError(t, err)
	require.Equal(t, []float32{1, -1}, []float32{work.sampling.PresencePenalty, work.sampling.FrequencyPenalty})
}

func (o official) testErrors(t *testing.T) {
	for _, bias := range []any{map[string]any{"1000000": 1}, map[string]any{"x": 1}, map[string]any{"-1": 1}} {
		_, err := o.client.Chat.Completions.New(t.Context(), ask("Who?"), option.WithJSONSet("logit_bias", bias))
		apiErr(t, err, 400, "invalid_value")
	}
	p := ask("Who?")
	p.Model = "other"
	_, err := o.client.Chat.Completions.New(t.Context(), p)
	apiErr(t, err, 404, "model_not_found")
	p = ask("Who?")
	p.Tools = []openai.ChatCompletionToolUnionParam{openai.ChatCompletionFunctionTool(shared.FunctionDefinitionParam{Name: "look"})}
	_, err = o.client.Chat.Completions.New(t.Context(), p)
	apiErr(t, err, 400, "invalid_value") // the template knows no tools
	_, err = o.client.Chat.Completions.New(t.Context(), ask(strings.Repeat("word ", 2000)), plain)
	apiErr(t, err, 400, "context_length_exceeded")
	for field, value := range map[string]any{
		"n": 9, "temperature": -1, "presence_penalty": 3, "frequency_penalty": -2.1, "logit_bias": map[string]any{"1": 101},
		"max_tokens": 0, "top_p": 2,
		"top_logprobs": 2, "modalities": []string{"audio"}, "messages": []any{}, "stop": []int{1}, "tool_choice": "required",
		"ragft": map[string]any{"passages": 100}, "model": 3, "response_format": map[string]any{"type": "xml"},
	} {
		_, err = o.client.Chat.Completions.New(t.Context(), ask("Who?"), option.WithJSONSet(field, value))
		apiErr(t, err, 400, "invalid_value")
	}
	_, err = o.client.Embeddings.New(t.Context(), openai.EmbeddingNewParams{Model: "base",
		Input: openai.EmbeddingNewParamsInputUnion{OfString: openai.String("x")}})
	apiErr(t, err, 400, "unsupported")
}
