//go:build cgo

package lora

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"runtime/debug"
	"strconv"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/ragft/ragft/internal/gguf"
	"github.com/ragft/ragft/internal/testmodel"
)

// TestRounds opens trainers, takes a step and closes them again and again, in a process of its own, which must not grow.
// RAGFT_ROUNDS=1000 asks for a thousand rounds in place of 200.
func TestRounds(t *testing.T) {
	const child = "RAGFT_ROUNDS_CHILD"
	if _, err := os.Stat("/proc/self/status"); err != nil {
		t.Skip("the size of a process is read from /proc/self/status, which is not here")
	}
	if os.Getenv(child) == "" {
		c := exec.Command(os.Args[0], "-test.run=^TestRounds$", "-test.v")
		c.Env = append(os.Environ(), child+"=1")
		out, err := c.CombinedOutput()
		require.NoError(t, err, "%s", out)
		t.Logf("%s", out)
		return
	}
	rounds := 200
	if s := os.Getenv("RAGFT_ROUNDS"); s != "" {
		var err error
		rounds, err = strconv.Atoi(s)
		require.NoError(t, err)
	}
	base := testmodel.New(t, testSpec("llama", gguf.F32))
	examples := testExamples(random(1), 200, 4)
	round := func() {
		tr, err := NewTrainer(context.Background(), base, Config{Rank: 4, Window: testWindow})
		require.NoError(t, err)
		defer tr.Close()
		_, err = tr.Step(context.Background(), examples, 1e-3)
		require.NoError(t, err)
	}
	for range 20 { // until the pools of threads and of the collector are as large as they get
		round()
	}
	debug.FreeOSMemory()
	before := int(residentSet(t, "VmRSS:"))
	grown := 0
	for i := range rounds {
		round()
		if (i+1)%(rounds/5) == 0 {
			debug.FreeOSMemory()
			now := int(residentSet(t, "VmRSS:"))
			grown = now - before
			fmt.Printf("%d rounds: %.1f MiB, at first %.1f\n", i+1, float64(now)/(1<<20), float64(before)/(1<<20))
		}
	}
	require.Less(t, grown, 16<<20)
}
