// Package assistant answers questions from documents, with citations, and abstains if the
// documents do not hold the answer or the model is not certain enough.
//
// It needs a model and a search, and compiles neither training nor evaluation nor the clients
// of other servers than that of the model.
package assistant

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"math"
	"strings"
	"sync"

	"github.com/ragft/ragft/internal/followup"
	"github.com/ragft/ragft/internal/layout"
	"github.com/ragft/ragft/internal/reading"
	"github.com/ragft/ragft/internal/signals"
	"github.com/ragft/ragft/internal/stats"
	"github.com/ragft/ragft/internal/wordings"
	"github.com/ragft/ragft/internal/words"
	"github.com/ragft/ragft/ragft/abstain"
	"github.com/ragft/ragft/ragft/answer"
	"github.com/ragft/ragft/ragft/confidence"
	"github.com/ragft/ragft/ragft/model"
	"github.com/ragft/ragft/retriever"
)

// Assistant answers questions from the passages that a search finds, with the prompt of the
// training rows. It is safe for concurrent use.
type Assistant struct {
	model  model.Model
	search retriever.Searcher
	opts   Options
}

// ErrQuestion means that a question cannot be answered because it is empty or longer than
// [Options.MaxQuestion]. Such errors are of the type [QuestionError].
var ErrQuestion = errors.New("invalid question")

// QuestionError is an [ErrQuestion].
type QuestionError struct {
	Reason string // what "it", the question, is or has, such as "it is empty"
}

// Error implements error.
func (e *QuestionError) Error() string { return ErrQuestion.Error() + ": " + e.Reason }

// Unwrap returns [ErrQuestion].
func (e *QuestionError) Unwrap() error { return ErrQuestion }

// Reason says why an answer abstains.
type Reason string

// The reasons; "" = the answer does not abstain.
const (
	ReasonNoPassages    Reason = "no-passages"    // the search found nothing; the model was not asked
	ReasonDeclined      Reason = "declined"       // the rule decided not to answer; nothing was generated
	ReasonRefused       Reason = "refused"        // the model declined
	ReasonEmpty         Reason = "empty"          // the model said nothing
	ReasonLowConfidence Reason = "low-confidence" // below [Options.MinConfidence] or the threshold of the calibration
)

// Answer is the reply of an [Assistant].
type Answer struct {
	Text      string // the answer, or the refusal if it abstains
	Draft     string // what the model wrote, also if Text declines in its place
	Citations []answer.Citation
	Abstained bool
	Reason    Reason
	// Confidence, in [0, 1], is the probability that the answer is right, by the calibration.
	// Without one it is the geometric mean of the token probabilities, or the answer's share of
	// the vote of an [answer.Ensemble]. NaN = unknown.
	Confidence float64
	// Chance is the probability that the passages hold the answer, by [Options.Rule]; NaN without a rule or passages.
	Chance    float64
	Signals   confidence.Signals // that the calibration combined; nil without one
	Truncated bool               // cut off at MaxTokens
	Hits      []retriever.Hit    // the passages shown
}

// Query is a question with what was said before it. Only Question is required.
type Query struct {
	Question string

	// History holds the earlier turns. Passages are part of the last message. If the
	// question can be understood alone, the search uses it alone; a follow-up such as "And
	// when was it built?" is searched for together with the question before it, see
	// [Options.LastTurn]. System messages are appended to that of the prompt.
	History []model.Message

	// OnText is called with pieces of the text as it is generated, as in [Assistant.Stream];
	// nil = not at all.
	OnText func(piece string)
}

// New returns an assistant that answers with a model from the passages of a search.
func New(m model.Model, search retriever.Searcher, opts Options) *Assistant {
	return &Assistant{model: m, search: search, opts: opts.withDefaults()}
}

// Answer answers a question. It abstains if the search finds nothing, if the rule or the model
// declines, if the model says nothing, and if the confidence is too low. The error wraps [ErrQuestion] if the
// question is empty or too long. If the passages do not fit the context of the model, beside
// an answer of MaxTokens for a [model.TokenCounter], the last ones are left out; if none fits,
// the error wraps [model.ErrPromptTooLong].
func (a *Assistant) Answer(ctx context.Context, question string) (*Answer, error) {
	return a.Stream(ctx, question, nil)
}

// Stream is [Assistant.Answer], and calls onText with pieces of the text as it is generated.
// Together they are Answer.Text, except for surrounding white space. If the assistant may
// abstain by confidence, or by a rule that needs the answer, the text is held back until
// that is known, so that nothing that was shown is taken back.
func (a *Assistant) Stream(ctx context.Context, question string, onText func(piece string)) (*Answer, error) {
	return a.Ask(ctx, Query{Question: question, OnText: onText})
}

// Ask is [Assistant.Answer] for a question within a conversation.
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
	if err := a.opts.check(a.model, a.search, ""); err != nil {
		return nil, err
	}
	switch {
	case question == "":
		return nil, &QuestionError{"it is empty"}
	case len(question) > a.opts.MaxQuestion:
		return nil, &QuestionError{fmt.Sprintf("it has %d bytes, at most %d are allowed", len(question), a.opts.MaxQuestion)}
	}
	hits, err := a.find(ctx, q)
	if err != nil {
		return nil, fmt.Errorf("search: %w", err)
	}
	show := onText
	if show == nil {
		show = func(string) {}
	}
	if len(hits) == 0 {
		show(a.opts.Decline)
		return &Answer{Text: a.opts.Decline, Abstained: true, Reason: ReasonNoPassages, Confidence: math.NaN(), Chance: math.NaN()}, nil
	}
	live := a.stream(onText)
	shown, err := a.shown(ctx, hits)
	if err != nil {
		return nil, err
	}
	asked, req, samples, err := a.ask(ctx, q, shown, live)
	if err != nil {
		return nil, err
	}
	given := reading.Chosen(samples)
	answer := &Answer{
		Hits: asked.Hits, Truncated: given.Truncated, Confidence: math.Exp(given.MeanLogProb), Draft: strings.TrimSpace(given.Text),
		Chance: math.NaN(),
	}
	if declined, err := a.decide(answer, question, asked.From, samples[0], live.shown() != ""); err != nil || declined {
		if err == nil {
			show(answer.Text)
		}
		return answer, err
	}
	if answer.Text = answer.Draft; a.opts.Extract != nil {
		answer.Text = a.opts.Extract(answer.Draft)
	}
	if err := a.calibrate(ctx, answer, req); err != nil {
		return nil, fmt.Errorf("confidence: %w", err)
	}
	a.judge(answer, question, asked.From)
	shown.name(answer.Citations)
	if strings.TrimSpace(live.shown()) == "" {
		show(answer.Text)
	}
	return answer, nil
}

// find returns the passages for a question.
func (a *Assistant) find(ctx context.Context, q Query) ([]retriever.Hit, error) {
	query := q.Question
	if !a.opts.LastTurn {
		query = followup.Query(q.History, q.Question)
	}
	hits, err := a.search.Search(ctx, query, a.opts.Passages)
	if err != nil {
		return nil, err
	}
	hits = hits[:min(len(hits), a.opts.Passages)]
	relevant := reading.Relevant(hits, a.opts.MinShare.Or(reading.MinShare))
	if len(relevant) == 0 || !a.measured() {
		return relevant, nil
	}
	return hits, nil
}

// measured reports whether what decides on an answer was fitted on passages as the search returns them.
func (a *Assistant) measured() bool { return a.opts.Rule != nil || a.opts.Calibration != nil }

// threshold returns the confidence below which the assistant abstains; 0 = never.
func (a *Assistant) threshold() float64 {
	if a.opts.Calibration != nil {
		return max(a.opts.MinConfidence, a.opts.Calibration.Guarantee.Threshold)
	}
	return a.opts.MinConfidence
}

// ask lets the model answer, from fewer passages if not all fit.
func (a *Assistant) ask(
	ctx context.Context,
	q Query,
	shown *shown,
	live *stream,
) (*reading.Asking, model.Request, []model.Sample, error) {
	ask := &reading.Asking{Hits: shown.hits, Messages: func(hits []retriever.Hit) []model.Message {
		hits = shown.arrange(hits) // here, so that fewer are joined where not all fit
		if a.opts.Careful {
			return layout.WithHistory(a.opts.Prompts.CarefulMessages(q.Question, hits), q.History)
		}
		return layout.WithHistory(a.opts.Prompts.ReadMessages(q.Question, hits), q.History)
	}}
	r := reading.Reader{Model: a.model, Ensemble: a.opts.Ensemble, Extract: a.opts.Extract, Least: 1, Drafts: a.opts.drafts()}
	r.Like = model.Request{
		MaxTokens: a.opts.MaxTokens, Temperature: a.opts.Temperature,
		TopP: a.opts.TopP, TopK: a.opts.TopK, Seed: a.opts.Seed, Stop: a.opts.Stop, OnText: live.piece(),
	}
	if rule := a.opts.Rule; rule != nil {
		r.Like.Exclude = wordings.With(rule.Refusal)
		answers := func(s model.Sample) bool {
			known, err := abstain.Of(a.model, q.Question, ask.Hits, s)
			return err == nil && rule.Answers(known)
		}
		goesOn := sync.OnceValue(func() bool { return answers(model.Sample{Excluded: live.excluded, Tokens: 1}) }) // at its most certain
		live.decided = func() bool { return answers(model.Sample{Excluded: live.excluded}) }                       // a long answer has none
		r.Like.OnFirst = func(excluded float64) bool {
			if live.excluded == 0 { // that of a draft is the same but for rounding
				live.excluded = excluded
			}
			return goesOn()
		}
	}
	responses, err := r.Answer(ctx, []*reading.Asking{ask})
	if err != nil {
		return nil, model.Request{}, nil, err
	}
	req := ask.Request(r.Like)
	ask.Hits, ask.From = shown.arrange(ask.Hits), shown.arrange(ask.From)
	return ask, req, responses[0].Samples, nil
}

// decide sets what the rule, if there is one, makes of an answer, and reports whether it declines. What is shown already is not
// declined by a difference in rounding.
func (a *Assistant) decide(ans *Answer, question string, from []retriever.Hit, s model.Sample, shown bool) (declined bool, err error) {
	rule := a.opts.Rule
	if rule == nil {
		return false, nil
	}
	signals, err := abstain.Of(a.model, question, from, s)
	if err != nil {
		return false, fmt.Errorf("rule: %w", err)
	}
	ans.Chance = rule.Probability(signals)
	if rule.Answers(signals) || shown {
		return false, nil
	}
	ans.Text, ans.Draft, ans.Abstained, ans.Reason = a.opts.Decline, "", true, ReasonDeclined
	ans.Confidence, ans.Truncated = math.NaN(), false
	return true, nil
}

// calibrate replaces the confidence by that of the calibration, if there is one and the text
// is an answer.
func (a *Assistant) calibrate(ctx context.Context, ans *Answer, req model.Request) error {
	c, text := a.opts.Calibration, ans.Text
	if c == nil || words.IsBlank(text) || answer.IsRefusal(text) {
		return nil
	}
	ans.Signals = signals.Free(stats.Finite(ans.Confidence), ans.Hits)
	asked, err := signals.Ask(ctx, a.model, c.Conditions.Signals, []signals.Answer{{Request: req, Text: text}}, a.opts.Extract, a.opts.Seed)
	if err != nil {
		return err
	}
	maps.Copy(ans.Signals, asked[0])
	ans.Confidence = c.Probability(ans.Signals)
	return nil
}

// judge decides whether to give the answer that the model wrote from the passages.
func (a *Assistant) judge(ans *Answer, question string, from []retriever.Hit) {
	text := ans.Text
	switch {
	case words.IsBlank(text):
		ans.Text, ans.Abstained, ans.Reason = a.opts.Decline, true, ReasonEmpty
	case answer.IsRefusal(text):
		ans.Abstained, ans.Reason = true, ReasonRefused
	case a.threshold() > 0 && !(ans.Confidence >= a.threshold()): // an unknown confidence is below any threshold
		ans.Text, ans.Abstained, ans.Reason = a.opts.Decline, true, ReasonLowConfidence
	default:
		ans.Citations, _ = answer.Cite(question, ans.Draft, from)
	}
}
