package ragft

import (
	"context"
	"errors"
	"fmt"
	"math"
	"strings"

	"github.com/ragft/ragft/retriever"
)

// Assistant answers questions from the passages that a search finds, with the
// prompt on which demonstrations are trained. It is safe for concurrent use.
type Assistant struct {
	model  Model
	search Searcher
	opts   AssistantOptions
}

// AssistantOptions controls an [Assistant]. The zero value answers greedily
// from four passages.
type AssistantOptions struct {
	Prompts     Prompts
	Careful     bool    // use [Prompts.Careful], for a model that was not tuned to abstain
	Passages    int     // passages shown; 0 = 4
	MaxTokens   int     // limit for an answer; 0 = [DefaultMaxTokens]
	Temperature float64 // 0 = greedy
	TopP        float64 // 0 = off
	TopK        int     // 0 = off
	Seed        uint64
	Stop        []string

	// MinConfidence, in [0, 1], is the confidence below which the assistant
	// abstains; 0 = never. A model that gives no probabilities is not held to
	// it. Calibrate it on held-out questions: it gates answers that read well
	// and are not sure, where tuning alone leaves some.
	MinConfidence float64

	// Decline is what the assistant says where it abstains without words of
	// the model; "" = "I cannot find that in the documents."
	Decline string

	MaxQuestion int // longest question, in bytes; 0 = 4000
}

func (o AssistantOptions) withDefaults() AssistantOptions {
	o.Prompts = o.Prompts.WithDefaults()
	if o.Passages <= 0 {
		o.Passages = 4
	}
	if o.Decline == "" {
		o.Decline = "I cannot find that in the documents."
	}
	if o.MaxQuestion <= 0 {
		o.MaxQuestion = 4000
	}
	return o
}

// Errors for questions that cannot be asked.
var (
	ErrEmptyQuestion   = errors.New("the question is empty")
	ErrQuestionTooLong = errors.New("the question is too long")
)

// Reason says why an answer abstains.
type Reason string

// The reasons; "" where the answer does not abstain.
const (
	ReasonNoPassages    Reason = "no-passages"    // the search found nothing; the model was not asked
	ReasonRefused       Reason = "refused"        // the model declined
	ReasonEmpty         Reason = "empty"          // the model said nothing
	ReasonLowConfidence Reason = "low-confidence" // below [AssistantOptions.MinConfidence]
)

// Answer is what an [Assistant] says.
type Answer struct {
	Text       string // the answer; where it abstains, the refusal
	Draft      string // what the model wrote, also where Text declines in its place
	Citations  []Citation
	Abstained  bool
	Reason     Reason
	Confidence float64 // exp of the mean log probability of the tokens, in (0, 1]; NaN where unknown
	Truncated  bool    // cut by MaxTokens
	Hits       []retriever.Hit
}

// NewAssistant makes an assistant of a model and an index.
func NewAssistant(model Model, search Searcher, opts AssistantOptions) *Assistant {
	return &Assistant{model: model, search: search, opts: opts.withDefaults()}
}

// Answer answers a question. It abstains where the search finds nothing, where
// the model declines or says nothing, and where it is not confident enough. A
// question that is empty or longer than [AssistantOptions.MaxQuestion] is an
// error. Where the passages do not fit into the model's context the last ones
// are left out; if not even one fits, the error is [ErrPromptTooLong].
func (a *Assistant) Answer(ctx context.Context, question string) (*Answer, error) {
	return a.Stream(ctx, question, nil)
}

// Stream is [Assistant.Answer], with onText called with the text as it
// appears. The pieces make up Answer.Text, but for blank space around it. With
// a MinConfidence the text is held back until its confidence is known, so that
// nothing is shown that is then taken back.
func (a *Assistant) Stream(ctx context.Context, question string, onText func(piece string)) (*Answer, error) {
	answer, err := a.answer(ctx, strings.TrimSpace(question), onText)
	if err != nil {
		return nil, fmt.Errorf("ragft: answer: %w", err)
	}
	return answer, nil
}

func (a *Assistant) answer(ctx context.Context, question string, onText func(string)) (*Answer, error) {
	switch {
	case question == "":
		return nil, ErrEmptyQuestion
	case len(question) > a.opts.MaxQuestion:
		return nil, fmt.Errorf("%w: %d bytes, at most %d", ErrQuestionTooLong, len(question), a.opts.MaxQuestion)
	}
	hits, err := a.search.Search(ctx, question, a.opts.Passages)
	if err != nil {
		return nil, fmt.Errorf("search: %w", err)
	}
	hits = hits[:min(len(hits), a.opts.Passages)]
	show := onText
	if show == nil {
		show = func(string) {}
	}
	if len(hits) == 0 {
		show(a.opts.Decline)
		return &Answer{Text: a.opts.Decline, Abstained: true, Reason: ReasonNoPassages, Confidence: math.NaN()}, nil
	}
	// The model streams by itself only where nothing can be taken back.
	streamed := &strings.Builder{}
	var live func(string)
	if onText != nil && a.opts.MinConfidence <= 0 {
		live = func(piece string) {
			streamed.WriteString(piece)
			onText(piece)
		}
	}
	sample, hits, err := a.ask(ctx, question, hits, live)
	if err != nil {
		return nil, err
	}
	answer := a.judge(question, sample, hits)
	if strings.TrimSpace(streamed.String()) == "" {
		show(answer.Text)
	}
	return answer, nil
}

// ask lets the model answer, from fewer passages if they do not all fit.
func (a *Assistant) ask(ctx context.Context, question string, hits []retriever.Hit, onText func(string)) (ChatSample, []retriever.Hit, error) {
	for {
		messages := a.opts.Prompts.ReadMessages(question, hits)
		if a.opts.Careful {
			messages = a.opts.Prompts.CarefulMessages(question, hits)
		}
		responses, err := chatAll(ctx, a.model, []ChatRequest{{
			Messages: messages, MaxTokens: a.opts.MaxTokens, Temperature: a.opts.Temperature,
			TopP: a.opts.TopP, TopK: a.opts.TopK, Seed: a.opts.Seed, Stop: a.opts.Stop, OnText: onText,
		}})
		if err == nil {
			return responses[0].Samples[0], hits, nil
		}
		if !errors.Is(err, ErrPromptTooLong) || len(hits) == 1 {
			return ChatSample{}, nil, err
		}
		hits = hits[:len(hits)-1]
	}
}

// judge decides whether the assistant stands by what the model wrote.
func (a *Assistant) judge(question string, sample ChatSample, hits []retriever.Hit) *Answer {
	text := strings.TrimSpace(sample.Text)
	answer := &Answer{
		Text: text, Draft: text, Hits: hits, Truncated: sample.Truncated, Confidence: math.Exp(sample.MeanLogProb),
	}
	switch {
	case text == "":
		answer.Text, answer.Abstained, answer.Reason = a.opts.Decline, true, ReasonEmpty
	case IsRefusal(text):
		answer.Abstained, answer.Reason = true, ReasonRefused
	case answer.Confidence < a.opts.MinConfidence:
		answer.Text, answer.Abstained, answer.Reason = a.opts.Decline, true, ReasonLowConfidence
	default:
		answer.Citations = cite(question, text, hits)
	}
	return answer
}
