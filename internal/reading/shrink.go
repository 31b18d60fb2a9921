package reading

import (
	"context"
	"errors"

	"github.com/ragft/ragft/ragft/model"
)

// Shrink calls ask until the prompt fits. Whenever ask returns
// [model.ErrPromptTooLong] it calls shorter, which leaves something out of the
// prompt, or returns false if nothing can be left out; the error is then
// returned.
func Shrink(ask func() error, shorter func() bool) error {
	for {
		if err := ask(); !errors.Is(err, model.ErrPromptTooLong) || !shorter() {
			return err
		}
	}
}

// Chat is a call of a model.
type Chat func(ctx context.Context, reqs []model.Request) ([]model.Response, error)

// ChatThatFits asks n requests in one call. If one of them is too long, it asks
// them one by one, each of them shortened as by [Shrink]. A request that is too
// long even so has a response without samples.
func ChatThatFits(
	ctx context.Context, chat Chat, n int, request func(i int) model.Request, shorter func(i int) bool,
) ([]model.Response, error) {
	reqs := make([]model.Request, n)
	for i := range reqs {
		reqs[i] = request(i)
	}
	responses, err := chat(ctx, reqs)
	if !errors.Is(err, model.ErrPromptTooLong) {
		return responses, err
	}
	responses = make([]model.Response, n)
	for i := range responses {
		err := Shrink(func() error {
			one, err := chat(ctx, []model.Request{request(i)})
			if err == nil {
				responses[i] = one[0]
			}
			return err
		}, func() bool { return shorter(i) })
		if err != nil && !errors.Is(err, model.ErrPromptTooLong) {
			return nil, err
		}
	}
	return responses, nil
}
