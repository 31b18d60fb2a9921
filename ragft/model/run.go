package model

import (
	"context"
	"fmt"
)

// chatAll is Chat with a check of what came back.
func Chat(ctx context.Context, m Model, reqs []Request) ([]Response, error) {
	if err := ctx.Err(); err != nil || len(reqs) == 0 {
		return nil, err
	}
	responses, err := m.Chat(ctx, reqs)
	if err != nil {
		return nil, err
	}
	if len(responses) != len(reqs) {
		return nil, fmt.Errorf("model %s returned %d responses for %d requests", m.Name(), len(responses), len(reqs))
	}
	for i := range responses {
		if got, want := len(responses[i].Samples), max(1, reqs[i].Samples); got != want {
			return nil, fmt.Errorf("model %s returned %d samples where %d were asked for", m.Name(), got, want)
		}
	}
	return responses, nil
}
