package cache

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"math"

	"github.com/ragft/ragft/ragft/model"
)

// hash returns the key of an entry: the hash of all that the entry depends on.
func hash(dependsOn any) string {
	h := sha256.New()
	// The only values that JSON cannot express are numbers such as NaN.
	if err := json.NewEncoder(h).Encode(dependsOn); err != nil {
		fmt.Fprintf(h, "%#v", dependsOn)
	}
	return hex.EncodeToString(h.Sum(nil))
}

// requestKey returns the key of a request, whose defaults are filled in. The
// seed and the limits of sampling are left out for greedy requests, which do
// not depend on them.
func requestKey(name string, req model.Request) string {
	if req.Temperature == 0 {
		req.TopP, req.TopK, req.MinP, req.Seed = 0, 0, 0, 0
	}
	if len(req.Stop) == 0 {
		req.Stop = nil
	}
	return hash(struct {
		Model       string
		Messages    []model.Message
		Samples     int
		MaxTokens   int
		Temperature float64
		TopP        float64
		TopK        int
		Seed        uint64
		Stop        []string
		Schema      json.RawMessage `json:",omitempty"`
		MinP        float64         `json:",omitempty"`
		Exclude     []string        `json:",omitempty"`
		Begin       string          `json:",omitempty"`
	}{name, req.Messages, req.Samples, req.MaxTokens, req.Temperature, req.TopP, req.TopK, req.Seed, req.Stop, req.Schema,
		req.MinP, req.Exclude, req.Begin})
}

// completionKey returns the key of the score of a response.
func completionKey(name string, c model.Completion) string {
	return hash(struct {
		Score    string
		Messages []model.Message
		Response string
	}{name, c.Messages, c.Response})
}

// textKey returns the key of the score of a text. It depends on the size of the context, as a longer text is scored in pieces of it.
func textKey(context int) func(name, text string) string {
	return func(name, text string) string {
		return hash(struct {
			ScoreText, Text string
			Context         int
		}{name, text, context})
	}
}

// storedEntry is an entry as it is written: a response, or a score.
type storedEntry struct {
	Samples      []storedSample `json:"samples,omitempty"`
	PromptTokens int            `json:"prompt_tokens,omitempty"`
	Seconds      float64        `json:"seconds,omitempty"`

	Score *storedScore `json:"score,omitempty"`
}

type storedSample struct {
	Text        []byte   `json:"text"` // base64, since a text may end within a character
	Thinking    []byte   `json:"thinking,omitempty"`
	Tokens      int      `json:"tokens"`
	MeanLogProb *float64 `json:"mean_logprob,omitempty"` // JSON has no NaN
	Truncated   bool     `json:"truncated,omitempty"`
	Excluded    float64  `json:"excluded,omitempty"`
}

// storedScore is a score as it is written. JSON has no infinity: null stands
// for the logarithm of zero.
type storedScore struct {
	Sum    *float64 `json:"sum"`
	Last   *float64 `json:"last"`
	Tokens int      `json:"tokens"`
}

func encodeResponse(response model.Response) (json.RawMessage, error) {
	stored := storedEntry{PromptTokens: response.PromptTokens, Seconds: response.Seconds}
	for _, sample := range response.Samples {
		s := storedSample{Text: []byte(sample.Text), Thinking: []byte(sample.Thinking), Tokens: sample.Tokens,
			Truncated: sample.Truncated, Excluded: sample.Excluded}
		if !math.IsNaN(sample.MeanLogProb) && !math.IsInf(sample.MeanLogProb, 0) {
			s.MeanLogProb = &sample.MeanLogProb
		}
		stored.Samples = append(stored.Samples, s)
	}
	return json.Marshal(stored)
}

func decodeResponse(raw json.RawMessage) (model.Response, error) {
	var stored storedEntry
	if err := json.Unmarshal(raw, &stored); err != nil {
		return model.Response{}, err
	}
	if len(stored.Samples) == 0 {
		return model.Response{}, errors.New("a response without samples")
	}
	response := model.Response{PromptTokens: stored.PromptTokens, Seconds: stored.Seconds}
	for _, s := range stored.Samples {
		sample := model.Sample{Text: string(s.Text), Thinking: string(s.Thinking), Tokens: s.Tokens, MeanLogProb: math.NaN(),
			Truncated: s.Truncated, Excluded: s.Excluded}
		if s.MeanLogProb != nil {
			sample.MeanLogProb = *s.MeanLogProb
		}
		response.Samples = append(response.Samples, sample)
	}
	return response, nil
}

func encodeScore(s model.Score) (json.RawMessage, error) {
	stored := storedScore{Tokens: s.Tokens}
	for _, v := range []struct {
		from float64
		to   **float64
	}{{s.Sum, &stored.Sum}, {s.Last, &stored.Last}} {
		switch {
		case math.IsNaN(v.from) || math.IsInf(v.from, 1):
			return nil, fmt.Errorf("%v is not a log probability", v.from)
		case !math.IsInf(v.from, -1):
			*v.to = &v.from
		}
	}
	return json.Marshal(storedEntry{Score: &stored})
}

func decodeScore(raw json.RawMessage) (model.Score, error) {
	var entry storedEntry
	if err := json.Unmarshal(raw, &entry); err != nil {
		return model.Score{}, err
	}
	if entry.Score == nil {
		return model.Score{}, errors.New("an entry without a score")
	}
	value := func(p *float64) float64 {
		if p == nil {
			return math.Inf(-1)
		}
		return *p
	}
	return model.Score{Sum: value(entry.Score.Sum), Last: value(entry.Score.Last), Tokens: entry.Score.Tokens}, nil
}
