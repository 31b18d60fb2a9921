package question

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"regexp"
	"strings"

	"github.com/ragft/ragft/internal/layout"
	"github.com/ragft/ragft/internal/meter"
	"github.com/ragft/ragft/internal/seed"
	"github.com/ragft/ragft/ragft/answer"
	"github.com/ragft/ragft/ragft/model"
	"github.com/ragft/ragft/ragft/opt"
	"github.com/ragft/ragft/retriever"
)

const defaultComposePrompt = `Write one question that the document answers, and its answer. ` +
	`The question must be clear without the document. The answer must be a few words copied from the document. ` +
	`Reply with two lines:
Question: ...
Answer: ...`

// ComposeOptions controls [Compose]. The zero value asks for one question about
// each passage.
type ComposeOptions struct {
	// Prompt is the instruction. "" = `Write one question that the document
	// answers, and its answer. The question must be clear without the document.
	// The answer must be a few words copied from the document. Reply with two
	// lines:
	// Question: ...
	// Answer: ...`.
	Prompt      string
	PerChunk    int                // questions asked for about each passage; 0 = 1
	Limit       int                // stop after this many accepted questions; 0 = no limit
	Temperature opt.Value[float64] // unset = 0.7; opt.Of(0.0) is greedy
	MaxTokens   int                // limit for a question with its answer; 0 = 96
	MaxWords    int                // longest answer, in words; 0 = 12
	MinChunk    opt.Value[int]     // shortest passage worth asking about, in bytes; unset = 80; opt.Of(0) = any
	Seed        uint64             // of the draws
	Batch       int                // passages at a time; 0 = 16

	Progress func(model.Progress) // called after each batch, from the caller's goroutine; nil = none
}

// check reports options that cannot be used.
func (o ComposeOptions) check() error {
	for _, f := range []struct {
		name  string
		value int
	}{{"PerChunk", o.PerChunk}, {"Limit", o.Limit}, {"MaxTokens", o.MaxTokens}, {"MaxWords", o.MaxWords}, {"MinChunk", o.MinChunk.Or(0)},
		{"Batch", o.Batch}} {
		if f.value < 0 {
			return fmt.Errorf("%s is %d: it cannot be negative", f.name, f.value)
		}
	}
	if t := o.Temperature.Or(0); !(t >= 0) {
		return fmt.Errorf("the temperature is %v", t)
	}
	return nil
}

func (o ComposeOptions) withDefaults() ComposeOptions {
	o.Prompt, o.PerChunk, o.MaxTokens = cmp.Or(o.Prompt, defaultComposePrompt), cmp.Or(o.PerChunk, 1), cmp.Or(o.MaxTokens, 96)
	o.MaxWords, o.Batch = cmp.Or(o.MaxWords, 12), cmp.Or(o.Batch, 16)
	return o
}

// Composed is the result of [Compose].
type Composed struct {
	Questions []Question // ids are the passage's id, "/" and the number of the sample
	// Rejected counts what was not accepted by the reason, the first that
	// applies: "unparsed" (no question and answer could be read), "truncated"
	// (by MaxTokens), "no-question" (too short, or no question mark at the end),
	// "long-answer" (longer than MaxWords), "unsupported" (the answer is not in
	// the passage), "given-away" (the question holds its answer), "contextual"
	// (the question speaks of "the document") and "duplicate" (of an accepted
	// question).
	Rejected map[string]int
	Chunks   int // passages that were asked about
	Cost     model.Cost
}

// minChunk is the length of the shortest passage that is asked about, in bytes.
func (o ComposeOptions) minChunk() int { return o.MinChunk.Or(80) }

// Estimate is the most that [Compose] costs: a call for each passage that is
// long enough. Limit may end it earlier.
func (o ComposeOptions) Estimate(chunks []retriever.Chunk) model.Cost {
	o = o.withDefaults()
	c := model.Cost{}
	for _, chunk := range chunks {
		if len(chunk.Text) >= o.minChunk() {
			c.Calls++
		}
	}
	c.Tokens = c.Calls * o.PerChunk * o.MaxTokens
	return c
}

// Compose has the model write questions about passages, and keeps those that
// can be checked: question and answer can be read, the answer is in the passage
// (after [answer.Normalize]) and not in the question, the question can be
// understood without the passage, and no accepted question has the same
// wording. Whether the questions are good is not checked; read some of them.
//
// When ctx ends, Compose returns its error. With a cache (package model/cache)
// the next run continues where this one stopped.
func Compose(ctx context.Context, m model.Model, chunks []retriever.Chunk, o ComposeOptions) (*Composed, error) {
	if err := o.check(); err != nil {
		return nil, fmt.Errorf("question: compose: %w", err)
	}
	c := composer{ComposeOptions: o.withDefaults(), model: m, meter: meter.New(o.Progress, slog.Default()), seen: map[string]bool{},
		result: &Composed{Rejected: map[string]int{}}}
	for done := 0; done < len(chunks) && !c.full(); {
		batch := chunks[done:min(done+c.Batch, len(chunks))]
		if err := c.batch(ctx, batch); err != nil {
			return nil, fmt.Errorf("question: compose: %w", err)
		}
		done += len(batch)
		c.meter.Report("questions", done, len(chunks), len(c.result.Questions))
	}
	c.result.Cost = c.meter.Cost(0)
	return c.result, nil
}

// composer is one run of [Compose].
type composer struct {
	ComposeOptions
	model  model.Model
	meter  *meter.Meter
	seen   map[string]bool // accepted questions, normalised
	result *Composed
}

func (c *composer) full() bool { return c.Limit > 0 && len(c.result.Questions) >= c.Limit }

func (c *composer) batch(ctx context.Context, chunks []retriever.Chunk) error {
	var reqs []model.Request
	var asked []retriever.Chunk
	for _, chunk := range chunks {
		if len(chunk.Text) < c.minChunk() {
			continue
		}
		asked = append(asked, chunk)
		reqs = append(reqs, model.Request{
			Messages: layout.User(strings.TrimSpace(layout.Task(c.Prompt, []retriever.Hit{{Chunk: chunk}}))),
			Samples:  c.PerChunk, MaxTokens: c.MaxTokens,
			Temperature: c.Temperature.Or(0.7), Seed: seed.Derive(c.Seed, "compose", chunk.ID),
		})
	}
	responses, err := c.meter.Chat(ctx, c.model, reqs)
	if err != nil {
		return err
	}
	for i, response := range responses {
		c.result.Chunks++
		for j, sample := range response.Samples {
			if c.full() {
				continue
			}
			q, reason := c.verify(sample, asked[i])
			if reason != "" {
				c.result.Rejected[reason]++
				continue
			}
			q.ID = fmt.Sprintf("%s/%d", asked[i].ID, j+1)
			c.result.Questions = append(c.result.Questions, q)
		}
	}
	return nil
}

// verify reads one reply. The reason says why it is not accepted; it is "" for a
// question that is.
func (c *composer) verify(sample model.Sample, chunk retriever.Chunk) (q Question, reason string) {
	q, err := parseWritten(sample.Text)
	switch {
	case sample.Truncated:
		reason = "truncated"
	case err != nil:
		reason = "unparsed"
	default:
		reason = c.reject(q, chunk)
	}
	if reason != "" {
		return Question{}, reason
	}
	c.seen[answer.Normalize(q.Question)] = true
	return q, ""
}

// reject says why a question is not accepted, or "".
func (c *composer) reject(q Question, chunk retriever.Chunk) string {
	switch {
	case len(strings.Fields(q.Question)) < 3 || !strings.HasSuffix(q.Question, "?"):
		return "no-question"
	case len(strings.Fields(q.Answer)) > c.MaxWords:
		return "long-answer"
	case answer.IsRefusal(q.Answer), !answer.Contains(chunk.Text, []string{q.Answer}):
		return "unsupported"
	case answer.Contains(q.Question, []string{q.Answer}):
		return "given-away"
	case layout.Contextual.MatchString(q.Question):
		return "contextual"
	case c.seen[answer.Normalize(q.Question)]:
		return "duplicate"
	}
	return ""
}

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
