//go:build cgo

package service

import (
	"encoding/json"
)

// options are the fields that all requests for text have.
type options struct {
	Model            string         `json:"model"`
	Stream           bool           `json:"stream"`
	StreamOptions    *streamOptions `json:"stream_options"`
	Temperature      *float64       `json:"temperature"`
	TopP             *float64       `json:"top_p"`
	TopK             *int           `json:"top_k"`
	MinP             float64        `json:"min_p"`
	RepeatPenalty    *float64       `json:"repeat_penalty"`
	FrequencyPenalty float64        `json:"frequency_penalty"`
	PresencePenalty  float64        `json:"presence_penalty"`
	MaxTokens        *int           `json:"max_tokens"`
	N                *int           `json:"n"`
	Seed             *int64         `json:"seed"`
	Stop             oneOrMore      `json:"stop"`
	LogitBias        biases         `json:"logit_bias"`
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
	ToolChoice          toolChoice      `json:"tool_choice"`
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

// chatMessage is a message of a request.
type chatMessage struct {
	Role             string          `json:"role"`
	Content          content         `json:"content"`
	Name             string          `json:"name"`
	ToolCalls        []chatToolCall  `json:"tool_calls"`
	ToolCallID       string          `json:"tool_call_id"`
	Refusal          *string         `json:"refusal"`
	ReasoningContent string          `json:"reasoning_content"`
	Reasoning        string          `json:"reasoning"` // another name of it
	Annotations      json.RawMessage `json:"annotations"`
	Parsed           json.RawMessage `json:"parsed"` // what OpenAI's clients make of Content
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
		Name      string          `json:"name"`
		Arguments string          `json:"arguments"`
		Parsed    json.RawMessage `json:"parsed_arguments,omitempty"` // what OpenAI's clients make of Arguments
	} `json:"function"`
}

type responseFormat struct {
	Type       string `json:"type"`
	JSONSchema struct {
		Name        string          `json:"name"`
		Description string          `json:"description"`
		Schema      json.RawMessage `json:"schema"`
		Strict      *bool           `json:"strict"` // answers always meet the schema
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
	Index        int          `json:"index"`
	Message      *wholeAnswer `json:"message,omitempty"`
	Delta        *chatAnswer  `json:"delta,omitempty"`
	Text         *string      `json:"text,omitempty"`
	LogProbs     any          `json:"logprobs"`
	FinishReason *string      `json:"finish_reason"`
}

// wholeAnswer is a [chatAnswer] that is not in pieces: clients read null in it where there is no text.
type wholeAnswer struct {
	Role      string         `json:"role"`
	Content   *string        `json:"content"`
	Refusal   *string        `json:"refusal"`
	ToolCalls []chatToolCall `json:"tool_calls,omitempty"`

	ReasoningContent string `json:"reasoning_content,omitempty"`
}

// chatAnswer is what a model says or, in a stream, a piece of it.
type chatAnswer struct {
	Role      string         `json:"role,omitempty"`
	Content   *string        `json:"content,omitempty"`
	Refusal   *string        `json:"refusal,omitempty"`
	ToolCalls []chatToolCall `json:"tool_calls,omitempty"`

	ReasoningContent string `json:"reasoning_content,omitempty"` // the chain of thought
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
	Marker  int     `json:"marker,omitempty"` // the number that the model wrote for it
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
