//go:build cgo

// Package llamachat translates between the messages and responses of package
// model and those of package llama.
package llamachat

import (
	"math"
	"strconv"
	"strings"

	"github.com/ragft/ragft/llama"
	"github.com/ragft/ragft/ragft/model"
)

// Messages returns messages in the form of package llama.
func Messages(messages []model.Message) []llama.Message {
	out := make([]llama.Message, len(messages))
	for i, m := range messages {
		out[i] = llama.Message{Role: m.Role, Content: m.Content, Thinking: m.Thinking, ToolCallID: m.ToolCallID, Name: m.Name}
		for _, call := range m.ToolCalls {
			out[i].ToolCalls = append(out[i].ToolCalls, llama.ToolCall(call))
		}
	}
	return out
}

// Tools returns tools in the form of package llama.
func Tools(tools []model.Tool) []llama.Tool {
	var out []llama.Tool
	for _, tool := range tools {
		out = append(out, llama.Tool(tool))
	}
	return out
}

// Response returns the result of a prompt in the form of package model: its texts without the white space around them, and
// without the chain of thought in front of them.
func Response(m *llama.Model, prompt []llama.Token, r llama.Result) model.Response {
	out := model.Response{PromptTokens: r.PromptTokens, ReusedTokens: r.ReusedTokens}
	begun := OpensThoughts(m, prompt)
	for _, s := range r.Samples {
		thinking, text, first := Split(m, s, begun)
		sum, probs := 0.0, s.LogProbs[min(first, len(s.LogProbs)):]
		for _, p := range probs {
			sum += float64(p)
		}
		mean := math.NaN()
		if len(probs) > 0 {
			mean = sum / float64(len(probs))
		}
		out.Samples = append(out.Samples, model.Sample{
			Text: strings.TrimSpace(text), Thinking: thinking, Tokens: len(s.Tokens), MeanLogProb: mean,
			Truncated: s.Stop == llama.StopLength, Excluded: LogSum(s.First),
		})
	}
	return out
}

// Float32 returns x as package llama takes it. What is too small for a float32 does not become 0, which is a default there.
func Float32(x float64) float32 {
	if narrow := float32(x); narrow != 0 || x == 0 {
		return narrow
	}
	return math.Float32frombits(math.Float32bits(float32(math.Copysign(0, x))) | 1)
}

// Float64 returns the number of the fewest digits that package llama takes as x: 0.7 and not 0.699999988.
func Float64(x float32) float64 {
	wide, err := strconv.ParseFloat(strconv.FormatFloat(float64(x), 'g', -1, 32), 64)
	if err != nil { // does not happen
		return float64(x)
	}
	return wide
}

// LogSum returns the natural log of the sum of the probabilities of which the logs are given; 0 without any, and with some always
// less, though they may add up to 1.
func LogSum(logs []float32) float64 {
	if len(logs) == 0 {
		return 0
	}
	sum := 0.0
	for _, l := range logs {
		sum += math.Exp(float64(l))
	}
	const least, most = -100, -1e-9 // a number that JSON can hold; 0 would say that nothing is known
	return min(max(math.Log(sum), least), most)
}
