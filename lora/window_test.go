//go:build cgo

package lora

import (
	"context"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/ragft/ragft/internal/gguf"
	"github.com/ragft/ragft/internal/testmodel"
	"github.com/ragft/ragft/llama"
)

// withLong are three examples, the last one of n tokens.
func withLong(n int) []Example { return append(counting(2), Text(make([]Token, n))) }

// requireNoMemory has both Train and EstimateMemory refuse the examples, and name the window and what it is owed to.
func requireNoMemory(t *testing.T, model string, c Config, examples, heldOut []Example, says ...string) {
	t.Helper()
	_, trained := Train(context.Background(), model, filepath.Join(t.TempDir(), "adapter.gguf"), c, examples, heldOut)
	_, estimated := EstimateMemory(context.Background(), model, c, examples, heldOut)
	for _, err := range []error{trained, estimated} {
		require.ErrorIs(t, err, ErrMemory)
		for _, text := range says {
			require.ErrorContains(t, err, text)
		}
	}
}

// A single long example makes the window, and is named where that takes too much memory.
func TestLongExampleIsNamed(t *testing.T) {
	s := testSpec("llama", gguf.F32)
	s.Context = 1 << 20
	model := testmodel.New(t, s)
	small := Config{Rank: 2, MemoryBudget: 1 << 20}
	requireNoMemory(t, model, small, withLong(1000), nil, "window of 1024 tokens", "that of example 2", "the budget of 1 MiB")
	requireNoMemory(t, model, small, counting(3), withLong(1000), "window of 1024 tokens", "that of held-out example 2")
	middle := Config{Rank: 2, MemoryBudget: 9 << 20} // the mask fits, the activations do not
	requireNoMemory(t, model, middle, withLong(1000), nil, "more than the budget", "that of example 2")
	if _, known := availableMemory(); known {
		requireNoMemory(t, model, Config{Rank: 2}, withLong(1<<20), nil, "window of 1048576 tokens alone takes 8388608 MiB", "that of example 2")
	}
}

// The bound is a part of what is measured.
func TestMaskIsPartOfTheContext(t *testing.T) {
	model := testmodel.New(t, testSpec("llama", gguf.F32))
	m, err := EstimateMemory(context.Background(), model, Config{Rank: 2, Window: 1024}, counting(2), nil)
	require.NoError(t, err)
	require.Greater(t, m.Context, uint64(8*1024*1024))
}

// What llama.cpp reserves for attention grows with the heads.
func TestContextWithoutRoom(t *testing.T) {
	model := testmodel.New(t, testmodel.Spec{Layers: 1, Width: 1024, Heads: 1024, HeadsKV: 1, HeadDim: 2, Context: 8192})
	o := Config{Rank: 2, Targets: []string{"ffn_up"}}
	if tr, err := NewTrainer(context.Background(), model, Config{Rank: 2, Targets: o.Targets, Window: 8192}); err == nil {
		tr.Close()
		t.Skip("this machine reserves 256 GiB")
	}
	requireNoMemory(t, model, o, withLong(8100), nil, "window of 8192 tokens", "262144 MiB", "that of example 2")
}

// Lengths are looked at before the model is loaded, which this one cannot be.
func TestTooLongBeforeLoading(t *testing.T) {
	model := rewritten(t, testmodel.New(t, testSpec("llama", gguf.F32)), func(kv gguf.KV) gguf.KV {
		if kv.Key == "llama.attention.head_count" {
			kv.Value = uint32(0)
		}
		return kv
	})
	_, err := EstimateMemory(context.Background(), model, Config{}, counting(2), nil)
	require.ErrorIs(t, err, llama.ErrCorrupt)
	_, err = EstimateMemory(context.Background(), model, Config{}, withLong(1025), nil)
	require.ErrorIs(t, err, ErrTooLong)
	require.ErrorContains(t, err, "example 2")
	_, err = EstimateMemory(context.Background(), model, Config{Window: 256}, counting(2), withLong(300))
	require.ErrorIs(t, err, ErrTooLong)
	require.ErrorContains(t, err, "held-out examples: ")
}
