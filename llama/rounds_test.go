//go:build cgo

package llama

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"runtime/debug"
	"strconv"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/ragft/ragft/internal/testmodel"
)

// TestRounds loads, uses and closes two models at once again and again, from many goroutines on each, in a process of
// its own. RAGFT_ROUNDS=1000 asks for a thousand rounds in place of 100.
func TestRounds(t *testing.T) {
	const child = "RAGFT_ROUNDS_CHILD"
	limit, err := strconv.Atoi(os.Getenv(child))
	if err != nil {
		// How much is kept varies with malloc's pools (16 on two cores), from 12 to 35 MiB more in 100 to 3,000 rounds, and
		// 100 MiB more if Close did not give back. With one pool a small leak shows. The race detector's own records grow by
		// 10 KiB a round.
		small := "=4"
		if raceDetector {
			small = "=16"
		}
		for name, env := range map[string][]string{"all pools": {child + "=48"}, "one pool": {child + small, "MALLOC_ARENA_MAX=1"}} {
			t.Run(name, func(t *testing.T) {
				c := exec.Command(os.Args[0], "-test.run=^TestRounds$", "-test.v")
				c.Env = append(os.Environ(), env...)
				out, err := c.CombinedOutput()
				require.NoError(t, err, "%s", out)
				t.Logf("%s", out)
			})
		}
		return
	}
	rounds := 100
	if s := os.Getenv("RAGFT_ROUNDS"); s != "" {
		var err error
		rounds, err = strconv.Atoi(s)
		require.NoError(t, err)
	}
	paths := []string{
		testmodel.New(t, testmodel.Spec{}),
		testmodel.New(t, testmodel.Spec{Arch: "qwen3", Width: 128, FeedForward: 384}),
	}
	use := func(path string, options ModelOptions) error {
		m, err := Load(context.Background(), path, options)
		if err != nil {
			return err
		}
		defer m.Close()
		var callers sync.WaitGroup
		errs := make([]error, 4)
		for i := range errs {
			callers.Go(func() { errs[i] = answer(m) })
		}
		callers.Wait()
		for _, err := range errs {
			if err != nil {
				return err
			}
		}
		return m.Close()
	}
	round := func(i int) {
		var models sync.WaitGroup
		errs := make([]error, len(paths))
		for k, path := range paths {
			models.Go(func() { errs[k] = use(path, ModelOptions{NoMmap: i%2 == 0}) })
		}
		models.Wait()
		for _, err := range errs {
			require.NoError(t, err)
		}
	}
	for i := range 20 { // until the pools of threads and of the collector are as large as they get
		round(i)
	}
	debug.FreeOSMemory()
	before := resident(t)
	grown := 0
	for i := range rounds {
		round(i)
		if (i+1)%(rounds/5) == 0 {
			debug.FreeOSMemory()
			now := resident(t)
			grown = now - before
			fmt.Printf("%d rounds: %.1f MiB, at first %.1f\n", i+1, float64(now)/(1<<20), float64(before)/(1<<20))
		}
	}
	require.Less(t, grown, limit<<20)
}

// answer generates with a context of its own.
func answer(m *Model) error {
	c, err := m.NewContext(ContextOptions{Size: 512, Threads: 1})
	if err != nil {
		return err
	}
	prompt, err := m.TokenizeChat(conversation, ChatOptions{})
	if err == nil {
		_, err = c.Generate(context.Background(), []Request{{Prompt: prompt, MaxTokens: 4}})
	}
	if err != nil {
		_ = c.Close()
		return err
	}
	return c.Close()
}
