//go:build cgo

package engine_test

import (
	"context"
	"os"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/ragft/ragft/internal/gguf"
	"github.com/ragft/ragft/internal/rpctest"
	"github.com/ragft/ragft/internal/testmodel"
	"github.com/ragft/ragft/lora/internal/engine"
	"github.com/ragft/ragft/lora/internal/engine/enginetest"
)

func TestMain(m *testing.M) {
	rpctest.Main()
	os.Exit(m.Run())
}

const layers = 3

func open(t *testing.T, arch string, change func(*engine.Options)) *engine.Engine {
	base := testmodel.New(t, testmodel.Spec{
		Arch: arch, Layers: layers, Width: 64, Heads: 4, HeadsKV: 2, FeedForward: 96, Type: gguf.F32, Seed: 7,
	})
	adapter := testmodel.NewAdapter(t, base, testmodel.AdapterSpec{Rank: 4, Seed: 3})
	o := engine.Options{Model: base, Adapter: adapter, Window: 256, MaxSequences: 2, Threads: 1}
	if change != nil {
		change(&o)
	}
	e, err := engine.Open(context.Background(), o)
	require.NoError(t, err)
	t.Cleanup(e.Close)
	return e
}

// The names and flags that the engine reads llama.cpp's graph by. If this fails after an update of llama.cpp, read
// assumptions.hpp and what it is used for.
func TestAssumptionsAboutGraphs(t *testing.T) {
	for _, arch := range []string{"llama", "gemma2", "olmo2/sliding"} { // the last two have two caches
		t.Run(arch, func(t *testing.T) {
			f, err := enginetest.FactsOf(open(t, arch, nil))
			require.NoError(t, err)
			const pairs = 7 * layers
			require.Equal(t, enginetest.Facts{
				Nodes: f.Nodes, Caches: 2 * layers, Writes: 2 * layers,
				LoraA: pairs, LoraB: pairs, OfAdapter: 2 * pairs, Layers: layers,
			}, f)
			require.Greater(t, f.Nodes, 20*layers)
		})
	}
}

// With a layer on the CPU, data crosses from a device to the CPU and back, in copies that must be recognised.
func TestAssumptionsAboutCopies(t *testing.T) {
	server := rpctest.Start(t)
	f, err := enginetest.FactsOf(open(t, "llama", func(o *engine.Options) { o.GPULayers, o.Servers = layers, []string{server.Addr} }))
	require.NoError(t, err)
	require.Positive(t, f.Copies)
	require.Positive(t, f.CopiedNodes)
	require.Less(t, f.CopiedNodes, f.Copies, "inputs are copied, too")
	require.Zero(t, f.Truncated)
	require.Equal(t, 2*layers, f.Caches)
	require.Equal(t, 7*layers, f.LoraA)
}

func TestAssumptionsAboutGGML(t *testing.T) {
	require.Empty(t, enginetest.CheckGGML())
}
