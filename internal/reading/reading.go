// Package reading lets a model answer questions from as many passages as fit its context,
// together or each separately. Evaluations, assistants and recipes share it.
package reading

import (
	"context"
	"errors"
	"slices"
	"sort"
	"strings"

	"github.com/ragft/ragft/ragft/answer"
	"github.com/ragft/ragft/ragft/model"
	"github.com/ragft/ragft/retriever"
)

// Fit returns as many passages, from the first, as fit the context of the model beside an
// answer of maxTokens (0 = 256). If only the first one fits, it may
// take some of the room of the answer. All passages are returned for a model that cannot
// count tokens; [Reader] drops the last ones when such a model says that the prompt is too
// long.
func Fit(m model.Model, maxTokens int, messages func([]retriever.Hit) []model.Message, hits []retriever.Hit) ([]retriever.Hit, error) {
	counter, ok := model.As[model.TokenCounter](m)
	if !ok || len(hits) == 0 {
		return hits, nil
	}
	if maxTokens <= 0 {
		maxTokens = 256
	}
	var failed error
	fits := func(n, answer int) bool {
		tokens, err := counter.CountTokens(messages(hits[:n]))
		if err != nil {
			failed = err
		}
		return err != nil || tokens+answer <= counter.ContextTokens()
	}
	// Doubling first, so that the number of tokens counted does not grow with the corpus.
	few, many := 0, min(4, len(hits)) // few fit
	for fits(many, maxTokens) {
		if few = many; many == len(hits) {
			return hits, failed
		}
		many = min(2*many, len(hits))
	}
	few += sort.Search(many-few-1, func(n int) bool { return !fits(few+n+1, maxTokens) })
	if few == 0 && fits(1, 1) {
		few = 1
	}
	return hits[:few], failed
}

// Asking is a question with its passages.
type Asking struct {
	Messages func(hits []retriever.Hit) []model.Message
	Hits     []retriever.Hit // those that do not fit are removed
	From     []retriever.Hit // those that the answer was written from
}

// Request returns the request that the answer was given to.
func (a *Asking) Request(like model.Request) model.Request {
	like.Messages = a.Messages(a.From)
	return like
}

// Reader lets a model answer from passages: from all together, dropping the last ones
// until they fit, or with an ensemble from each that fits by itself.
type Reader struct {
	Model    model.Model
	Ensemble *answer.Ensemble         // nil = all together
	Extract  func(text string) string // takes the answers that vote out of the texts; nil = the whole text
	Like     model.Request            // everything but the messages
	Least    int                      // passages that must fit, or the error is [model.ErrPromptTooLong]
	Drafts   int                      // short answers drawn beside each from all passages together, for [Chosen]; 0 = none
}

// Answer returns an answer to each question.
func (r Reader) Answer(ctx context.Context, asks []*Asking) ([]model.Response, error) {
	all, err := AnswerAll(ctx, Part{r, asks})
	if err != nil {
		return nil, err
	}
	return all[0], nil
}

// Part is the questions of one [Reader] in a common call.
type Part struct {
	Reader
	Asks []*Asking
}

// AnswerAll is [Reader.Answer] for several readers of one model, in one call: what their prompts have in common is read once
// by a model of this process.
func AnswerAll(ctx context.Context, parts ...Part) ([][]model.Response, error) {
	var reqs []model.Request
	for _, p := range parts {
		for _, a := range p.Asks {
			if err := p.fit(a); err != nil {
				return nil, err
			}
			reqs = append(reqs, p.requests(a)...)
		}
	}
	if len(reqs) == 0 {
		return make([][]model.Response, len(parts)), nil
	}
	responses, err := model.Chat(ctx, parts[0].Model, reqs)
	tooLong := errors.Is(err, model.ErrPromptTooLong)
	if err != nil && !tooLong {
		return nil, err
	}
	out := make([][]model.Response, len(parts))
	for i, p := range parts {
		switch {
		case tooLong && len(parts) > 1: // it may be another part that is too long
			out[i], err = p.Answer(ctx, p.Asks)
			if err != nil {
				return nil, err
			}
			continue
		case tooLong:
			if responses, err = p.oneByOne(ctx, p.Asks); err != nil {
				return nil, err
			}
		}
		out[i], responses = p.take(responses)
	}
	return out, nil
}

// take makes the part's answers of its responses, and returns those of the parts after it.
func (p Part) take(responses []model.Response) (out, rest []model.Response) {
	out = make([]model.Response, len(p.Asks))
	for i, a := range p.Asks {
		if a.From = a.Hits; p.Ensemble == nil || len(a.Hits) == 0 {
			n := 1
			if p.draws(a) {
				n = 2
			}
			out[i], responses = together(responses[:n]), responses[n:]
			continue
		}
		won := 0
		out[i], won = vote(*p.Ensemble, a.Hits, responses[:len(a.Hits)], p.Extract)
		a.From, responses = a.Hits[won:won+1], responses[len(a.Hits):]
		out[i].Samples[0].Text = strings.TrimSpace(out[i].Samples[0].Text)
	}
	return out, responses
}

// together is the response to a question with the samples of all its requests.
func together(responses []model.Response) model.Response {
	out := responses[0]
	for _, r := range responses[1:] {
		out.Samples = append(slices.Clip(out.Samples), r.Samples...)
		out.Seconds += r.Seconds
		out.Cached = out.Cached && r.Cached
	}
	return out
}

// fit removes the passages that are known not to fit.
func (r Reader) fit(a *Asking) (err error) {
	least := min(r.Least, len(a.Hits))
	if r.Ensemble == nil {
		a.Hits, err = Fit(r.Model, r.Like.MaxTokens, a.Messages, a.Hits)
	} else {
		var kept []retriever.Hit
		for i := range a.Hits {
			one, failed := Fit(r.Model, r.Like.MaxTokens, a.Messages, a.Hits[i:i+1])
			kept, err = append(kept, one...), errors.Join(err, failed)
		}
		a.Hits = kept
	}
	if err == nil && len(a.Hits) < least {
		err = model.ErrPromptTooLong
	}
	return err
}

// requests returns the requests of a question: one, with one for its drafts if there are any, or one for each passage.
func (r Reader) requests(a *Asking) []model.Request {
	like := r.Like
	if r.Ensemble == nil || len(a.Hits) == 0 {
		like.Messages = a.Messages(a.Hits)
		if r.draws(a) {
			return []model.Request{like, r.drafts(like)}
		}
		return []model.Request{like}
	}
	like.OnText = nil // nothing can be streamed before the vote
	reqs := make([]model.Request, len(a.Hits))
	for i := range a.Hits {
		reqs[i] = like
		reqs[i].Messages = a.Messages(a.Hits[i : i+1])
	}
	return reqs
}

// oneByOne drops passages of each question until the model accepts the prompt.
func (r Reader) oneByOne(ctx context.Context, asks []*Asking) (all []model.Response, err error) {
	for _, a := range asks {
		shorten := r.shorten
		if r.Ensemble != nil {
			shorten = r.perPassage
		}
		responses, err := shorten(ctx, a)
		if err != nil {
			return nil, err
		}
		all = append(all, responses...)
	}
	return all, nil
}

// shorten leaves out the last passages until the others fit.
func (r Reader) shorten(ctx context.Context, a *Asking) (responses []model.Response, err error) {
	least := min(r.Least, len(a.Hits))
	err = Shrink(func() (err error) {
		responses, err = model.Chat(ctx, r.Model, r.requests(a))
		return err
	}, func() bool {
		if len(a.Hits) <= least {
			return false
		}
		a.Hits = a.Hits[:len(a.Hits)-1]
		return true
	})
	return responses, err
}

// perPassage leaves out the passages that do not fit even alone.
func (r Reader) perPassage(ctx context.Context, a *Asking) (all []model.Response, err error) {
	var kept []retriever.Hit
	for i, hit := range a.Hits {
		one := &Asking{Messages: a.Messages, Hits: a.Hits[i : i+1]}
		responses, err := model.Chat(ctx, r.Model, r.requests(one))
		if err == nil {
			kept, all = append(kept, hit), append(all, responses...)
		} else if !errors.Is(err, model.ErrPromptTooLong) {
			return nil, err
		}
	}
	if len(kept) == 0 && r.Least > 0 {
		return nil, model.ErrPromptTooLong
	}
	if a.Hits = kept; len(kept) == 0 {
		return model.Chat(ctx, r.Model, r.requests(a))
	}
	return all, nil
}
