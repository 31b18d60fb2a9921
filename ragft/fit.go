package ragft

import (
	"context"
	"errors"
	"sort"
	"strings"

	"github.com/ragft/ragft/retriever"
)

// fit returns as many of the passages, from the first, as the model's context
// has room for beside an answer of maxTokens (0 = [DefaultMaxTokens]). A first
// passage whose prompt fits may take of that room; where it does not fit, there
// is none. A model that cannot count tokens is shown all, until it says that
// they are too many: see [reader]. Evaluations, assistants and demonstrations
// go by it alike.
func fit(m Model, maxTokens int, messages func([]retriever.Hit) []Message, hits []retriever.Hit) ([]retriever.Hit, error) {
	counter, ok := As[TokenCounter](m)
	if !ok || len(hits) == 0 {
		return hits, nil
	}
	if maxTokens <= 0 {
		maxTokens = DefaultMaxTokens
	}
	var failed error
	fits := func(n, answer int) bool {
		tokens, err := counter.CountTokens(messages(hits[:n]))
		if err != nil {
			failed = err
		}
		return err != nil || tokens+answer <= counter.ContextTokens()
	}
	// From few to more, so that what is counted does not grow with the corpus.
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

// asking is a question with its passages, on the way to an answer.
type asking struct {
	messages func(hits []retriever.Hit) []Message
	hits     []retriever.Hit // those that do not fit are taken out
	from     []retriever.Hit // what the answer was written from, once there is one
}

// request is the prompt that the answer was given to.
func (a *asking) request(like ChatRequest) ChatRequest {
	like.Messages = a.messages(a.from)
	return like
}

// reader has a model answer from passages: from all together, of which the last
// are left out until they fit, or, with an ensemble, from each that fits alone.
type reader struct {
	model    Model
	ensemble *Ensemble                // nil = all together
	extract  func(text string) string // of the ensemble's answers; nil = all of the text
	like     ChatRequest              // all but the messages
	least    int                      // passages that have to fit, or else the error is [ErrPromptTooLong]
}

// answer returns an answer to each question.
func (r reader) answer(ctx context.Context, asks []*asking) ([]ChatResponse, error) {
	var reqs []ChatRequest
	for _, a := range asks {
		if err := r.fit(a); err != nil {
			return nil, err
		}
		reqs = append(reqs, r.requests(a)...)
	}
	responses, err := chatAll(ctx, r.model, reqs)
	if errors.Is(err, ErrPromptTooLong) {
		responses, err = r.oneByOne(ctx, asks)
	}
	if err != nil {
		return nil, err
	}
	out := make([]ChatResponse, len(asks))
	for i, a := range asks {
		if a.from = a.hits; r.ensemble == nil || len(a.hits) == 0 {
			out[i], responses = responses[0], responses[1:]
			continue
		}
		won := 0
		out[i], won = r.ensemble.vote(a.hits, responses[:len(a.hits)], r.extract)
		a.from, responses = a.hits[won:won+1], responses[len(a.hits):]
		out[i].Samples[0].Text = strings.TrimSpace(out[i].Samples[0].Text)
	}
	return out, nil
}

// fit takes out the passages that are known not to fit.
func (r reader) fit(a *asking) (err error) {
	least := min(r.least, len(a.hits))
	if r.ensemble == nil {
		a.hits, err = fit(r.model, r.like.MaxTokens, a.messages, a.hits)
	} else {
		var kept []retriever.Hit
		for i := range a.hits {
			one, failed := fit(r.model, r.like.MaxTokens, a.messages, a.hits[i:i+1])
			kept, err = append(kept, one...), errors.Join(err, failed)
		}
		a.hits = kept
	}
	if err == nil && len(a.hits) < least {
		err = ErrPromptTooLong
	}
	return err
}

// requests are those of a question: one, or one for each passage.
func (r reader) requests(a *asking) []ChatRequest {
	like := r.like
	if r.ensemble == nil || len(a.hits) == 0 {
		like.Messages = a.messages(a.hits)
		return []ChatRequest{like}
	}
	like.OnText = nil // before the vote there is nothing to show
	reqs := make([]ChatRequest, len(a.hits))
	for i := range a.hits {
		reqs[i] = like
		reqs[i].Messages = a.messages(a.hits[i : i+1])
	}
	return reqs
}

// oneByOne finds out by asking which passages are too many.
func (r reader) oneByOne(ctx context.Context, asks []*asking) (all []ChatResponse, err error) {
	for _, a := range asks {
		shorten := r.shorten
		if r.ensemble != nil {
			shorten = r.alone
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
func (r reader) shorten(ctx context.Context, a *asking) ([]ChatResponse, error) {
	for least := min(r.least, len(a.hits)); ; a.hits = a.hits[:len(a.hits)-1] {
		responses, err := chatAll(ctx, r.model, r.requests(a))
		if !errors.Is(err, ErrPromptTooLong) || len(a.hits) <= least {
			return responses, err
		}
	}
}

// alone leaves out the passages that do not even fit alone.
func (r reader) alone(ctx context.Context, a *asking) (all []ChatResponse, err error) {
	var kept []retriever.Hit
	for i, hit := range a.hits {
		one := &asking{messages: a.messages, hits: a.hits[i : i+1]}
		responses, err := chatAll(ctx, r.model, r.requests(one))
		if err == nil {
			kept, all = append(kept, hit), append(all, responses...)
		} else if !errors.Is(err, ErrPromptTooLong) {
			return nil, err
		}
	}
	if len(kept) == 0 && r.least > 0 {
		return nil, ErrPromptTooLong
	}
	if a.hits = kept; len(kept) == 0 {
		return chatAll(ctx, r.model, r.requests(a))
	}
	return all, nil
}
