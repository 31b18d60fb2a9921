//go:build cgo

package service

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/ragft/ragft/llama"
)

// options are the fields that all requests for text have.
type options struct {
	Model            string                  `json:"model"`
	Stream           bool                    `json:"stream"`
	StreamOptions    *streamOptions          `json:"stream_options"`
	Temperature      *float64                `json:"temperature"`
	TopP             *float64                `json:"top_p"`
	TopK             int                     `json:"top_k"`
	MinP             float64                 `json:"min_p"`
	RepeatPenalty    float64                 `json:"repeat_penalty"`
	FrequencyPenalty float64                 `json:"frequency_penalty"`
	PresencePenalty  float64                 `json:"presence_penalty"`
	MaxTokens        *int                    `json:"max_tokens"`
	N                *int                    `json:"n"`
	Seed             *int64                  `json:"seed"`
	Stop             oneOrMore               `json:"stop"`
	LogitBias        map[llama.Token]float32 `json:"logit_bias"`
}

type streamOptions struct {
	IncludeUsage       bool `json:"include_usage"`
	IncludeObfuscation bool `json:"include_obfuscation"`
}

type chatRequest struct {
	options
	Messages            []chatMessage   `json:"messages"`
	MaxCompletionTokens *int            `json:"max_completion_tokens"`
	LogProbs            bool            `json:"logprobs"`
	TopLogProbs         int             `json:"top_logprobs"`
	Tools               []chatTool      `json:"tools"`
	ToolChoice          json.RawMessage `json:"tool_choice"`
	ParallelToolCalls   *bool           `json:"parallel_tool_calls"`
	ResponseFormat      *responseFormat `json:"response_format"`
	Ragft               ragftRequest    `json:"ragft"`
}

type ragftRequest struct {
	Retrieval     *bool    `json:"retrieval"`
	Passages      *int     `json:"passages"`
	Careful       *bool    `json:"careful"`
	MinConfidence *float64 `json:"min_confidence"`
}

type chatMessage struct {
	Role       string         `json:"role"`
	Content    content        `json:"content"`
	Name       string         `json:"name"`
	ToolCalls  []chatToolCall `json:"tool_calls"`
	ToolCallID string         `json:"tool_call_id"`
	Refusal    *string        `json:"refusal"`
}

type chatTool struct {
	Type     string `json:"type"`
	Function struct {
		Name        string          `json:"name"`
		Description string          `json:"description"`
		Parameters  json.RawMessage `json:"parameters"`
		Strict      *bool           `json:"strict"`
	} `json:"function"`
}

type chatToolCall struct {
	Index    *int   `json:"index,omitempty"` // in a stream
	ID       string `json:"id"`
	Type     string `json:"type"`
	Function struct {
		Name      string `json:"name"`
		Arguments string `json:"arguments"`
	} `json:"function"`
}

type responseFormat struct {
	Type       string `json:"type"`
	JSONSchema struct {
		Name   string          `json:"name"`
		Schema json.RawMessage `json:"schema"`
	} `json:"json_schema"`
}

type completionRequest struct {
	options
	Prompt   prompts `json:"prompt"`
	LogProbs *int    `json:"logprobs"`
	Echo     bool    `json:"echo"`
	Suffix   string  `json:"suffix"`
	BestOf   *int    `json:"best_of"`
}

type embeddingRequest struct {
	Model          string  `json:"model"`
	Input          prompts `json:"input"`
	EncodingFormat string  `json:"encoding_format"`
	Dimensions     *int    `json:"dimensions"`
}

// ignored are fields of OpenAI's API that do not affect the answer.
var ignored = []string{"user", "metadata", "store", "service_tier", "safety_identifier", "prompt_cache_key", "prompt_cache_retention"}

// read decodes a request's body into v. Fields that v does not have are errors, except ignored ones, as clients must know that
// a field has no effect.
func read(r *http.Request, v any) error {
	if kind := r.Header.Get("Content-Type"); !strings.HasPrefix(kind, "application/json") {
		return &apiError{status: http.StatusUnsupportedMediaType, Code: "invalid_content_type",
			Message: "the Content-Type must be application/json"}
	}
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return readError(err)
	}
	if !utf8.Valid(body) {
		return bad("", "the body is not UTF-8")
	}
	var fields map[string]json.RawMessage
	if err := json.Unmarshal(body, &fields); err != nil {
		return bad("", "the body is not a JSON object: %v", err)
	}
	for _, name := range ignored {
		delete(fields, name)
	}
	for name, value := range fields {
		if string(value) == "null" {
			delete(fields, name)
		}
	}
	rest, err := json.Marshal(fields)
	if err != nil {
		return err
	}
	d := json.NewDecoder(bytes.NewReader(rest))
	d.DisallowUnknownFields()
	if err := d.Decode(v); err != nil {
		var typed *json.UnmarshalTypeError
		if errors.As(err, &typed) {
			return bad(typed.Field, "%s cannot be a JSON %s", typed.Field, typed.Value)
		}
		return bad("", "%s", strings.TrimPrefix(err.Error(), "json: "))
	}
	return nil
}

// readError distinguishes a body that is too large from a client that disconnected or was too slow.
func readError(err error) error {
	var tooLarge *http.MaxBytesError
	if errors.As(err, &tooLarge) {
		return err
	}
	return &apiError{status: http.StatusRequestTimeout, Code: "body_incomplete", Message: "the body was not received completely"}
}

// content is a message's text: a string or a list of text parts.
type content string

func (c *content) UnmarshalJSON(b []byte) error {
	if len(b) == 0 || b[0] != '[' {
		return json.Unmarshal(b, (*string)(c))
	}
	var parts []struct {
		Type    string `json:"type"`
		Text    string `json:"text"`
		Refusal string `json:"refusal"`
	}
	if err := json.Unmarshal(b, &parts); err != nil {
		return err
	}
	for _, p := range parts {
		if p.Type != "text" && p.Type != "refusal" {
			return fmt.Errorf("content of type %q is not understood: only text is", p.Type)
		}
		*c += content(p.Text + p.Refusal)
	}
	return nil
}

// oneOrMore is a string or a list of strings.
type oneOrMore []string

func (o *oneOrMore) UnmarshalJSON(b []byte) error {
	if len(b) > 0 && b[0] == '"' {
		*o = make([]string, 1)
		return json.Unmarshal(b, &(*o)[0])
	}
	return json.Unmarshal(b, (*[]string)(o))
}

// prompts are texts or lists of tokens, one or more.
type prompts struct {
	texts  []string
	tokens [][]int32
}

func (p *prompts) UnmarshalJSON(b []byte) error {
	var list []json.RawMessage
	if len(b) == 0 || b[0] != '[' {
		list = []json.RawMessage{b}
	} else if err := json.Unmarshal(b, &list); err != nil {
		return err
	}
	number := func(b json.RawMessage) bool { return len(b) > 0 && (b[0] == '-' || b[0] >= '0' && b[0] <= '9') }
	if len(list) > 0 && !slices.ContainsFunc(list, func(b json.RawMessage) bool { return !number(b) }) && b[0] == '[' {
		list = []json.RawMessage{b}
	}
	for _, one := range list {
		switch {
		case len(one) > 0 && one[0] == '"':
			var text string
			if err := json.Unmarshal(one, &text); err != nil {
				return err
			}
			p.texts = append(p.texts, text)
		default:
			var tokens []int32
			if err := json.Unmarshal(one, &tokens); err != nil {
				return fmt.Errorf("neither a text nor a list of tokens: %w", err)
			}
			p.tokens = append(p.tokens, tokens)
		}
	}
	if len(p.texts) > 0 && len(p.tokens) > 0 {
		return fmt.Errorf("texts and lists of tokens cannot be mixed")
	}
	return nil
}

type usage struct {
	PromptTokens        int           `json:"prompt_tokens"`
	CompletionTokens    int           `json:"completion_tokens"`
	TotalTokens         int           `json:"total_tokens"`
	PromptTokensDetails *usageDetails `json:"prompt_tokens_details,omitempty"`
}

type usageDetails struct {
	CachedTokens int `json:"cached_tokens"`
}

// answer is the response to a chat or completion request or, in a stream, a piece of it.
type answer struct {
	ID      string       `json:"id"`
	Object  string       `json:"object"`
	Created int64        `json:"created"`
	Model   string       `json:"model"`
	Choices []choice     `json:"choices"`
	Usage   *usage       `json:"usage,omitempty"`
	Ragft   *ragftAnswer `json:"ragft,omitempty"`
}

type choice struct {
	Index        int         `json:"index"`
	Message      *chatAnswer `json:"message,omitempty"`
	Delta        *chatAnswer `json:"delta,omitempty"`
	Text         *string     `json:"text,omitempty"`
	LogProbs     any         `json:"logprobs"`
	FinishReason *string     `json:"finish_reason"`
}

type chatAnswer struct {
	Role      string         `json:"role,omitempty"`
	Content   *string        `json:"content,omitempty"`
	Refusal   *string        `json:"refusal,omitempty"`
	ToolCalls []chatToolCall `json:"tool_calls,omitempty"`
}

type tokenLogProb struct {
	Token       string         `json:"token"`
	LogProb     float64        `json:"logprob"`
	Bytes       []int          `json:"bytes"`
	TopLogProbs []tokenLogProb `json:"top_logprobs,omitzero"`
}

type chatLogProbs struct {
	Content []tokenLogProb `json:"content"`
	Refusal []tokenLogProb `json:"refusal"`
}

// completionLogProbs is the older format, of /v1/completions.
type completionLogProbs struct {
	Tokens        []string             `json:"tokens"`
	TokenLogProbs []float64            `json:"token_logprobs"`
	TopLogProbs   []map[string]float64 `json:"top_logprobs"`
	TextOffset    []int                `json:"text_offset"`
}

type ragftAnswer struct {
	Abstained  bool       `json:"abstained"`
	Reason     string     `json:"reason,omitempty"`
	Confidence *float64   `json:"confidence"`
	Chance     *float64   `json:"chance,omitempty"` // that the passages hold the answer, by the rule
	Citations  []citation `json:"citations"`
	Passages   []passage  `json:"passages"`
}

type citation struct {
	Source  string  `json:"source"`
	Title   string  `json:"title,omitempty"`
	Place   string  `json:"place,omitempty"`
	Span    [2]int  `json:"span"`
	Text    string  `json:"text"`
	Chunk   string  `json:"chunk"`
	Support float64 `json:"support"`
}

type passage struct {
	Chunk  string  `json:"chunk"`
	Source string  `json:"source"`
	Title  string  `json:"title,omitempty"`
	Place  string  `json:"place,omitempty"`
	Span   [2]int  `json:"span"`
	Text   string  `json:"text"`
	Score  float64 `json:"score,omitempty"`
}
