//go:build cgo

package local_test

import (
	"context"
	"fmt"
	"sync"
	"testing"

	"github.com/ragft/ragft/internal/localtest"
	"github.com/ragft/ragft/internal/testmodel"
	"github.com/ragft/ragft/ragft/model"
	"github.com/ragft/ragft/ragft/model/local"
	"github.com/stretchr/testify/require"
)

// Two models at once, with many goroutines on each, must answer as they do when asked alone, and one must go on when the
// other is closed.
func TestLocalModelManyGoroutines(t *testing.T) {
	ctx := context.Background()
	request := func(i int) []model.Request {
		return []model.Request{{Messages: localtest.ClosedChat(fmt.Sprintf("Who keeps the inn number %d?", i)), MaxTokens: 8}}
	}
	const callers = 32
	var models []*local.Model
	var alone [][]string
	for _, spec := range []testmodel.Spec{{}, {Arch: "qwen3", Seed: 3}} {
		m, _ := localtest.OpenLocalTest(t, spec)
		var texts []string
		for i := range callers {
			r, err := m.Chat(ctx, request(i))
			require.NoError(t, err)
			texts = append(texts, r[0].Samples[0].Text)
		}
		models, alone = append(models, m), append(alone, texts)
	}
	require.NotEqual(t, alone[0], alone[1])

	together := [2][callers]string{}
	var errs [2][callers]error
	var all sync.WaitGroup
	for k, m := range models {
		for i := range callers {
			all.Go(func() {
				r, err := m.Chat(ctx, request(i))
				if errs[k][i] = err; err == nil {
					together[k][i] = r[0].Samples[0].Text
				}
			})
		}
	}
	all.Wait()
	for k := range models {
		for i := range callers {
			require.NoError(t, errs[k][i])
		}
		require.Equal(t, alone[k], together[k][:])
	}
	require.NoError(t, models[0].Close())
	r, err := models[1].Chat(ctx, request(0))
	require.NoError(t, err, "the other model is closed")
	require.Equal(t, alone[1][0], r[0].Samples[0].Text)
}
