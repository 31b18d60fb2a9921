package question

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"regexp"
	"strings"
	"time"

	"github.com/ragft/ragft/internal/layout"
	"github.com/ragft/ragft/internal/meter"
	"github.com/ragft/ragft/internal/seed"
	"github.com/ragft/ragft/ragft/answer"
	"github.com/ragft/ragft/ragft/model"
	"github.com/ragft/ragft/retriever"
)

// DefaultComposePrompt is the system message with which a model writes
// questions.
const DefaultComposePrompt = `Write one question that the document answers, and its answer. ` +
	`The question must be clear without the document. The answer must be a few words copied from the document. ` +
	`Reply with two lines:
Question: ...
Answer: ...`

// ComposeOptions controls [Compose]. The zero value asks for one
// question for each chunk.
type ComposeOptions struct {
	Prompt      string  // system message; "" = [DefaultComposePrompt]
	PerChunk    int     // questions asked for in each chunk; 0 = 1
	Limit       int     // stop when so many questions were accepted; 0 = no limit
	Temperature float64 // 0 = 0.7, negative = greedy
	MaxTokens   int     // 0 = 96
	MaxWords    int     // longest answer, in words; 0 = 12
	MinChunk    int     // shortest chunk worth asking about, in bytes; 0 = 80, negative = any
	Seed        uint64
	Batch       int // chunks at a time; 0 = 16

	Progress func(ComposeProgress) // called after each batch, from the caller's goroutine; nil = none
}

func (o ComposeOptions) withDefaults() ComposeOptions {
	fill := func(n *int, value int) {
		if *n <= 0 {
			*n = value
		}
	}
	if o.Prompt == "" {
		o.Prompt = DefaultComposePrompt
	}
	if o.Temperature == 0 {
		o.Temperature = 0.7
	}
	o.Temperature = max(o.Temperature, 0)
	if o.MinChunk == 0 {
		o.MinChunk = 80
	}
	fill(&o.PerChunk, 1)
	fill(&o.MaxTokens, 96)
	fill(&o.MaxWords, 12)
	fill(&o.Batch, 16)
	return o
}

// ComposeProgress is the state of [Compose] after a batch.
type ComposeProgress struct {
	Done, Total int // chunks
	Accepted    int // questions
	Calls       int // requests made, those that a cache answered included
	Cached      int // requests that a [cache.Model] answered
	Tokens      int // generated
	Elapsed     time.Duration
	Remaining   time.Duration // estimate from the rate so far
}

// Rejection says why a written question was not accepted.
type Rejection string

// The reasons, in the order in which they are checked.
const (
	RejectUnparsed    Rejection = "unparsed"    // no question and answer could be read
	RejectTruncated   Rejection = "truncated"   // cut by the length limit
	RejectNoQuestion  Rejection = "no-question" // too short, or no question mark at its end
	RejectLongAnswer  Rejection = "long-answer" // longer than [ComposeOptions.MaxWords]
	RejectUnsupported Rejection = "unsupported" // the answer does not stand in the chunk
	RejectGivenAway   Rejection = "given-away"  // the question holds its answer
	RejectContextual  Rejection = "contextual"  // the question speaks of "the document"
	RejectDuplicate   Rejection = "duplicate"   // the same question was accepted before
)

// Composed is the result of [Compose].
type Composed struct {
	Questions []Question // ids are the chunk's id, "/" and the number of the sample
	Rejected  map[Rejection]int
	Chunks    int // chunks that were asked about
	Tokens    int
	Cost      model.Cost
}

// Estimate is the most that [Compose] costs: a call for each chunk that
// is long enough. A Limit may end it earlier.
func (o ComposeOptions) Estimate(chunks []retriever.Chunk) model.Cost {
	o = o.withDefaults()
	c := model.Cost{}
	for _, chunk := range chunks {
		if len(chunk.Text) >= o.MinChunk {
			c.Calls++
		}
	}
	c.Tokens = c.Calls * o.PerChunk * o.MaxTokens
	return c
}

// ComposeQuestions lets the model write questions about chunks and keeps those
// that can be verified: question and answer can be read, the answer stands in
// the chunk (after [answer.Normalize]) and not in the question, the question can be
// understood without the chunk, and no accepted question has the same wording.
// Whether the questions are good is not verified; look at some.
//
// When ctx ends, it returns its error. With a [cache.Model] nothing that was
// generated is lost.
func Compose(ctx context.Context, model model.Model, chunks []retriever.Chunk, opts ComposeOptions) (*Composed, error) {
	o := opts.withDefaults()
	result := &Composed{Rejected: map[Rejection]int{}}
	seen := map[string]bool{}
	m := meter.New(nil, slog.Default())
	for done := 0; done < len(chunks) && (o.Limit <= 0 || len(result.Questions) < o.Limit); {
		batch := chunks[done:min(done+o.Batch, len(chunks))]
		if err := composeBatch(ctx, m, model, batch, o, seen, result); err != nil {
			return nil, fmt.Errorf("ragft: compose questions: %w", err)
		}
		done += len(batch)
		if o.Progress != nil {
			spent := m.Cost(0)
			o.Progress(ComposeProgress{
				Done: done, Total: len(chunks), Accepted: len(result.Questions), Calls: spent.Calls, Cached: spent.Cached, Tokens: result.Tokens, Elapsed: spent.Elapsed,
				Remaining: time.Duration(float64(spent.Elapsed) / float64(done) * float64(len(chunks)-done)),
			})
		}
	}
	result.Cost = m.Cost(0)
	return result, nil
}

func composeBatch(ctx context.Context, m *meter.Meter, lm model.Model, chunks []retriever.Chunk, o ComposeOptions, seen map[string]bool, result *Composed) error {
	var reqs []model.Request
	var asked []retriever.Chunk
	for _, chunk := range chunks {
		if len(chunk.Text) < o.MinChunk {
			continue
		}
		asked = append(asked, chunk)
		reqs = append(reqs, model.Request{
			Messages: layout.Chat(o.Prompt, passageMessage(chunk)), Samples: o.PerChunk, MaxTokens: o.MaxTokens,
			Temperature: o.Temperature, Seed: seed.Derive(o.Seed, "compose", chunk.ID),
		})
	}
	responses, err := m.Chat(ctx, lm, reqs)
	if err != nil {
		return err
	}
	for i, response := range responses {
		result.Chunks++
		for j, sample := range response.Samples {
			result.Tokens += sample.Tokens
			if o.Limit > 0 && len(result.Questions) >= o.Limit {
				continue
			}
			q, rejection := verifyWritten(sample, asked[i], o.MaxWords, seen)
			if rejection != "" {
				result.Rejected[rejection]++
				continue
			}
			q.ID = fmt.Sprintf("%s/%d", asked[i].ID, j+1)
			result.Questions = append(result.Questions, q)
		}
	}
	return nil
}

// passageMessage shows one chunk in the layout of the other prompts.
func passageMessage(chunk retriever.Chunk) string {
	message := layout.Documents("", []retriever.Hit{{Chunk: chunk}})
	return strings.TrimSpace(strings.TrimSuffix(message, "Question: "))
}

// verifyWritten checks one reply and takes note of an accepted question.
func verifyWritten(sample model.Sample, chunk retriever.Chunk, maxWords int, seen map[string]bool) (Question, Rejection) {
	q, err := parseWritten(sample.Text)
	if err != nil {
		if sample.Truncated {
			return Question{}, RejectTruncated
		}
		return Question{}, RejectUnparsed
	}
	key := answer.Normalize(q.Question)
	switch {
	case sample.Truncated:
		return Question{}, RejectTruncated
	case len(strings.Fields(q.Question)) < 3 || !strings.HasSuffix(q.Question, "?"):
		return Question{}, RejectNoQuestion
	case len(strings.Fields(q.Answer)) > maxWords:
		return Question{}, RejectLongAnswer
	case answer.IsRefusal(q.Answer), !answer.Contains(chunk.Text, []string{q.Answer}):
		return Question{}, RejectUnsupported
	case answer.Contains(q.Question, []string{q.Answer}):
		return Question{}, RejectGivenAway
	case Contextual.MatchString(q.Question):
		return Question{}, RejectContextual
	case seen[key]:
		return Question{}, RejectDuplicate
	}
	seen[key] = true
	return q, ""
}

// contextual finds questions that mean nothing without the chunk in view.
var Contextual = regexp.MustCompile(`(?i)\b(?:the|this|that|above|given) (?:document|passage|text|article|excerpt|paragraph|section)\b`)

var (
	writtenQuestion = regexp.MustCompile(`(?im)^[\s*_#>-]*(?:question|q)[\s*_]*:[\s*_]*(.+?)[\s*_]*$`)
	writtenAnswer   = regexp.MustCompile(`(?im)^[\s*_#>-]*(?:answer|a)[\s*_]*:[\s*_]*(.+?)[\s*_]*$`)
)

// parseWritten reads "Question: ..." and "Answer: ..." lines, with or without
// markup, the first of each, the answer after the question.
func parseWritten(text string) (Question, error) {
	question := writtenQuestion.FindStringSubmatchIndex(text)
	if question == nil {
		return Question{}, errors.New("no question")
	}
	rest := text[question[1]:]
	answer := writtenAnswer.FindStringSubmatch(rest)
	if answer == nil {
		return Question{}, errors.New("no answer")
	}
	q := Question{
		Question: strings.TrimSpace(text[question[2]:question[3]]),
		Answer:   strings.Trim(strings.TrimSpace(answer[1]), `"“”`),
	}
	// A full stop after a few words is the model's, not the document's.
	q.Answer = strings.TrimSpace(strings.TrimSuffix(q.Answer, "."))
	if q.Question == "" || q.Answer == "" {
		return Question{}, errors.New("an empty question or answer")
	}
	return q, nil
}
