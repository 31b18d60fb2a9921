package assistant

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"math"
	"strings"

	"github.com/ragft/ragft/internal/layout"
	"github.com/ragft/ragft/internal/reading"
	"github.com/ragft/ragft/internal/stats"
	"github.com/ragft/ragft/ragft/answer"
	"github.com/ragft/ragft/ragft/confidence"
	"github.com/ragft/ragft/ragft/model"
	"github.com/ragft/ragft/ragft/prompt"
	"github.com/ragft/ragft/retriever"
)

// Assistant answers questions from the passages that a search finds, with the
// prompt on which demonstrations are trained. It is safe for concurrent use.
type Assistant struct {
	model  model.Model
	search retriever.Searcher
	opts   Options
}

// AssistantOptions controls an [Assistant]. The zero value answers greedily
// from four passages.
type Options struct {
	Prompts     prompt.Set
	Careful     bool    // use [prompt.Set.Careful] and no template, for a model that was not tuned to abstain
	Passages    int     // passages shown; 0 = [DefaultPassages]
	MaxTokens   int     // limit for an answer; 0 = 256
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

	// Ensemble, where set, answers from each passage alone and lets the answers
	// vote. Nothing is streamed before the vote.
	Ensemble *answer.Ensemble

	// Calibration, where set, joins several signals into the confidence, and
	// its threshold is what the assistant abstains below, so that the risk that
	// was asked for is kept. MinConfidence applies to that confidence too. See
	// [confidence.Calibrate]. It may cost further calls of the model for each answer. It has
	// to have been made under the conditions of these options, or no question is
	// answered and the error wraps [confidence.ErrConditions]. One that guarantees
	// nothing needs a MinConfidence, or the error wraps [confidence.ErrNoGuarantee].
	// [Options.Check] says both before the first question, and looks at
	// the index, too. The guarantee is one for questions that stand alone, not for
	// those after a history.
	Calibration *confidence.Calibration

	// Extract takes the answer out of what the model wrote, as [answer.Final]
	// does, for a model that was tuned to reason first; nil = all of it.
	// Citations are looked for in the whole text, which [Answer.Draft] keeps.
	// Nothing is streamed before the end.
	Extract func(text string) string

	// Decline is what the assistant says where it abstains without words of
	// the model; "" = "I cannot find that in the documents."
	Decline string

	MaxQuestion int // longest question, in bytes; 0 = 4000
}

func (o Options) withDefaults() Options {
	o.Prompts = o.Prompts.WithDefaults()
	if o.Passages <= 0 {
		o.Passages = DefaultPassages
	}
	if o.Decline == "" {
		o.Decline = "I cannot find that in the documents."
	}
	if o.MaxQuestion <= 0 {
		o.MaxQuestion = 4000
	}
	return o
}

// Conditions are those under which an assistant with these options answers,
// without the index.
func (o Options) Conditions() confidence.Conditions {
	o = o.withDefaults()
	c := confidence.Conditions{
		Setting: "retrieval", Passages: o.Passages, Prompt: o.Prompts.Read, Layout: layout.Fingerprint(o.Prompts.ReadMessages),
		Ensemble: o.Ensemble, Temperature: o.Temperature, Extracted: o.Extract != nil,
	}
	if o.Careful {
		c.Prompt, c.Layout = o.Prompts.Careful, layout.Fingerprint(o.Prompts.CarefulMessages)
	}
	return c
}

// Check tells whether the calibration of the options, if there is one, holds for
// an assistant of this model and search. The error is that of
// [confidence.Calibration.Holds], or wraps [confidence.ErrNoGuarantee] where the calibration has no
// threshold and MinConfidence is not set. It reads the whole index, where its
// digest is known; an [Assistant] checks all but the index by itself.
func (o Options) Check(ctx context.Context, model model.Model, search retriever.Searcher) error {
	if o.Calibration == nil {
		return nil
	}
	digest, err := reading.DigestOf(ctx, search)
	if err != nil {
		return fmt.Errorf("ragft: calibration: %w", err)
	}
	if err := o.holds(model, digest); err != nil {
		return fmt.Errorf("ragft: %w", err)
	}
	return nil
}

// holds is Check, of an index whose digest is known or "".
func (o Options) holds(model model.Model, digest string) error {
	c := o.Conditions()
	c.Index = digest
	if err := o.Calibration.Holds(model, c); err != nil {
		return err
	}
	if o.Calibration != nil && o.Calibration.Guarantee.Answered == 0 && o.MinConfidence <= 0 {
		return fmt.Errorf("the calibration has no threshold, and MinConfidence is not set: %w", confidence.ErrNoGuarantee)
	}
	return nil
}

// Errors for questions that cannot be asked.
var (
	ErrEmpty   = errors.New("the question is empty")
	ErrTooLong = errors.New("the question is too long")
)

// Reason says why an answer abstains.
type Reason string

// The reasons; "" where the answer does not abstain.
const (
	ReasonNoPassages    Reason = "no-passages"    // the search found nothing; the model was not asked
	ReasonRefused       Reason = "refused"        // the model declined
	ReasonEmpty         Reason = "empty"          // the model said nothing
	ReasonLowConfidence Reason = "low-confidence" // below [Options.MinConfidence]
)

// Answer is what an [Assistant] says.
type Answer struct {
	Text      string // the answer; where it abstains, the refusal
	Draft     string // what the model wrote, also where Text declines in its place
	Citations []answer.Citation
	Abstained bool
	Reason    Reason
	// Confidence is the probability that the answer is right, by the
	// calibration; without one, exp of the mean log probability of the tokens, or
	// the answer's share of the vote of an [answer.Ensemble].
	// In [0, 1]; NaN where unknown.
	Confidence float64
	Signals    confidence.Signals // that the calibration joined; nil without one
	Truncated  bool               // cut by MaxTokens
	Hits       []retriever.Hit
}

// A Query is a question with what was said before it. The zero value of every
// field but Question is usable.
type Query struct {
	Question string

	// History are the earlier turns. Passages are searched for the question
	// alone and stand in the last message. System messages go behind the
	// instruction of the assistant's [prompt.Set].
	History []model.Message

	// OnText is called with the text as it appears, as in [Assistant.Stream].
	OnText func(piece string)
}

// NewAssistant makes an assistant of a model and an index.
func New(model model.Model, search retriever.Searcher, opts Options) *Assistant {
	return &Assistant{model: model, search: search, opts: opts.withDefaults()}
}

// Answer answers a question. It abstains where the search finds nothing, where
// the model declines or says nothing, and where it is not confident enough. A
// question that is empty or longer than [Options.MaxQuestion] is an
// error. Where the passages do not fit into the model's context, beside an answer
// of MaxTokens as far as the model is a [model.TokenCounter], the last ones are left
// out; if not even one fits, the error is [model.ErrPromptTooLong].
func (a *Assistant) Answer(ctx context.Context, question string) (*Answer, error) {
	return a.Stream(ctx, question, nil)
}

// Stream is [Assistant.Answer], with onText called with the text as it
// appears. The pieces make up Answer.Text, but for blank space around it. With
// a MinConfidence the text is held back until its confidence is known, so that
// nothing is shown that is then taken back.
func (a *Assistant) Stream(ctx context.Context, question string, onText func(piece string)) (*Answer, error) {
	return a.Ask(ctx, Query{Question: question, OnText: onText})
}

// Ask answers a question within a conversation, as [Assistant.Answer] does one
// that stands alone.
func (a *Assistant) Ask(ctx context.Context, q Query) (*Answer, error) {
	q.Question = strings.TrimSpace(q.Question)
	answer, err := a.answer(ctx, q)
	if err != nil {
		return nil, fmt.Errorf("ragft: answer: %w", err)
	}
	return answer, nil
}

func (a *Assistant) answer(ctx context.Context, q Query) (*Answer, error) {
	question, onText := q.Question, q.OnText
	switch {
	case question == "":
		return nil, ErrEmpty
	case len(question) > a.opts.MaxQuestion:
		return nil, fmt.Errorf("%w: %d bytes, at most %d", ErrTooLong, len(question), a.opts.MaxQuestion)
	}
	if err := a.opts.holds(a.model, ""); err != nil {
		return nil, err
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
	if onText != nil && a.threshold() <= 0 && a.opts.Extract == nil {
		live = func(piece string) {
			streamed.WriteString(piece)
			onText(piece)
		}
	}
	asked, req, sample, err := a.ask(ctx, q, hits, live)
	if err != nil {
		return nil, err
	}
	answer := &Answer{
		Hits: asked.Hits, Truncated: sample.Truncated, Confidence: math.Exp(sample.MeanLogProb), Draft: strings.TrimSpace(sample.Text),
	}
	if answer.Text = answer.Draft; a.opts.Extract != nil {
		answer.Text = a.opts.Extract(answer.Draft)
	}
	if err := a.calibrate(ctx, answer, req); err != nil {
		return nil, fmt.Errorf("confidence: %w", err)
	}
	a.judge(answer, question, asked.From)
	if strings.TrimSpace(streamed.String()) == "" {
		show(answer.Text)
	}
	return answer, nil
}

// threshold is the confidence below which the assistant abstains; 0 = never.
func (a *Assistant) threshold() float64 {
	if a.opts.Calibration != nil {
		return max(a.opts.MinConfidence, a.opts.Calibration.Guarantee.Threshold)
	}
	return a.opts.MinConfidence
}

// ask lets the model answer, from fewer passages if they do not all fit.
func (a *Assistant) ask(ctx context.Context, q Query, hits []retriever.Hit, onText func(string)) (*reading.Asking, model.Request, model.Sample, error) {
	ask := &reading.Asking{Hits: hits, Messages: func(hits []retriever.Hit) []model.Message {
		if a.opts.Careful {
			return layout.WithHistory(a.opts.Prompts.CarefulMessages(q.Question, hits), q.History)
		}
		return layout.WithHistory(a.opts.Prompts.ReadMessages(q.Question, hits), q.History)
	}}
	r := reading.Reader{Model: a.model, Ensemble: a.opts.Ensemble, Extract: a.opts.Extract, Least: 1, Like: model.Request{
		MaxTokens: a.opts.MaxTokens, Temperature: a.opts.Temperature,
		TopP: a.opts.TopP, TopK: a.opts.TopK, Seed: a.opts.Seed, Stop: a.opts.Stop, OnText: onText,
	}}
	responses, err := r.Answer(ctx, []*reading.Asking{ask})
	if err != nil {
		return nil, model.Request{}, model.Sample{}, err
	}
	return ask, ask.Request(r.Like), responses[0].Samples[0], nil
}

// calibrate replaces the confidence by that of the calibration, if there is one
// and there is something to be confident of.
func (a *Assistant) calibrate(ctx context.Context, ans *Answer, req model.Request) error {
	c, text := a.opts.Calibration, ans.Text
	if c == nil || answer.IsBlank(text) || answer.IsRefusal(text) {
		return nil
	}
	ans.Signals = confidence.FreeSignals(stats.Finite(ans.Confidence), ans.Hits)
	asked, err := c.Signals.WithDefaults().Ask(ctx, a.model, a.opts.Seed, []model.Request{req}, []string{text}, a.opts.Extract)
	if err != nil {
		return err
	}
	maps.Copy(ans.Signals, asked[0])
	ans.Confidence = c.Calibrator.Probability(ans.Signals)
	return nil
}

// judge decides whether the assistant stands by what the model wrote from the
// passages.
func (a *Assistant) judge(ans *Answer, question string, from []retriever.Hit) {
	text := ans.Text
	switch {
	case answer.IsBlank(text):
		ans.Text, ans.Abstained, ans.Reason = a.opts.Decline, true, ReasonEmpty
	case answer.IsRefusal(text):
		ans.Abstained, ans.Reason = true, ReasonRefused
	case ans.Confidence < a.threshold():
		ans.Text, ans.Abstained, ans.Reason = a.opts.Decline, true, ReasonLowConfidence
	default:
		ans.Citations = answer.Cite(question, ans.Draft, from)
	}
}
