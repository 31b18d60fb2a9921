//go:build cgo

package llama

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/ragft/ragft/internal/jsonschema"
)

// largeSchemas are among the largest that are allowed, by what they have much of.
func largeSchemas() map[string]string {
	list := func(n int, of func(i int) string) string {
		all := make([]string, n)
		for i := range all {
			all[i] = of(i)
		}
		return strings.Join(all, ",")
	}
	value := func(i int) string { return fmt.Sprintf(`"value %d"`, i) }
	return map[string]string{
		"values": `{"enum":[` + list(2000, value) + `]}`,
		"repetitions": `{"properties":{` + list(7, func(i int) string {
			return value(i) + `:{"type":"array","items":{"type":"string"},"maxItems":1000}`
		}) + `}}`,
		"properties":   `{"properties":{` + list(290, func(i int) string { return value(i) + `:{"type":"string"}` }) + `}}`,
		"alternatives": `{"anyOf":[` + list(300, func(int) string { return `{"type":"array","maxItems":0}` }) + `]}`,
	}
}

// A request with one of the largest grammars that a schema may have hardly holds up the tokens of another one.
func TestLargeGrammarHoldsUpNobody(t *testing.T) {
	m := mustLoad(t, tinyModel(t))
	b := mustBatcher(t, m, BatcherOptions{Context: ContextOptions{Size: 8192, Sequences: 8}})
	prompt := mustTokenize(t, m, "The ship")
	for what, schema := range largeSchemas() {
		grammar, err := jsonschema.Grammar([]byte(schema))
		require.NoError(t, err, what)
		var at []time.Time
		running := make(chan struct{})
		ctx, cancel := context.WithCancel(t.Context())
		var group sync.WaitGroup
		group.Go(func() {
			_, err := b.Generate(ctx, []Request{{Prompt: prompt, MaxTokens: 6000, OnToken: func(int, ChosenToken) {
				if at = append(at, time.Now()); len(at) == 20 {
					close(running)
				}
			}}})
			if ctx.Err() == nil {
				t.Error("it ended before the other one: ", err)
			}
		})
		<-running
		begin := time.Now()
		_, err = b.Generate(t.Context(), []Request{{Prompt: prompt, Samples: 7, MaxTokens: 1, Sampling: Sampling{Grammar: grammar}}})
		took := time.Since(begin)
		cancel()
		group.Wait()
		require.NoError(t, err, what)
		var gaps []time.Duration
		for i, token := range at[1:] {
			gaps = append(gaps, token.Sub(at[i]))
		}
		slices.Sort(gaps)
		longest := gaps[len(gaps)-1]
		t.Logf("%s: the request took %v, the longest wait of the other one was %v, its usual one %v", what, took, longest,
			gaps[len(gaps)/2])
		// If the seven were read between batches, the wait would be nearly as long as the request.
		require.Less(t, longest, max(100*time.Millisecond, took/2), what)
	}
}
