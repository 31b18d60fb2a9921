package retry

import (
	"context"
	"sync"

	"github.com/ragft/ragft/internal/handback"
	"github.com/ragft/ragft/ragft/model"
)

// A sampler generates one sample of a request and returns the length of its
// prompt in tokens.
type sampler func(ctx context.Context, req model.Request, index int) (sample model.Sample, promptTokens int, err error)

// ChatBySample answers requests with a call for each of their samples, as many
// at a time as slots holds. The first error ends the others. Callbacks of requests
// run on this goroutine.
func ChatBySample(ctx context.Context, slots chan struct{}, reqs []model.Request, generate sampler) ([]model.Response, error) {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	responses := make([]model.Response, len(reqs))
	handback.Run(func(caller *handback.Caller) {
		chatBySample(ctx, cancel, caller, slots, reqs, responses, generate)
	})
	if ctx.Err() != nil {
		return nil, context.Cause(ctx)
	}
	return responses, nil
}

func chatBySample(ctx context.Context, cancel context.CancelCauseFunc, caller *handback.Caller, slots chan struct{},
	reqs []model.Request, responses []model.Response, generate sampler) {
	var wg sync.WaitGroup
	var mu sync.Mutex // guards PromptTokens, which the samples of a request share
	for i, req := range reqs {
		req, err := req.WithDefaults()
		if err != nil {
			cancel(err)
			break
		}
		req = caller.Request(req)
		responses[i].Samples = make([]model.Sample, req.Samples)
		for j := range responses[i].Samples {
			select {
			case slots <- struct{}{}:
			case <-ctx.Done():
				continue
			}
			wg.Go(func() {
				defer func() { <-slots }()
				sample, promptTokens, err := generate(ctx, req, j)
				if err != nil {
					cancel(err)
					return
				}
				mu.Lock()
				defer mu.Unlock()
				responses[i].Samples[j] = sample
				responses[i].PromptTokens = max(responses[i].PromptTokens, promptTokens)
			})
		}
	}
	wg.Wait()
}
