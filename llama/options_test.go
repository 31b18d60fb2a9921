//go:build cgo

package llama

import (
	"context"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/ragft/ragft/internal/gguf"
	"github.com/ragft/ragft/internal/testmodel"
	"github.com/ragft/ragft/ragft/opt"
)

func TestLoadOptions(t *testing.T) {
	path := testmodel.New(t, testmodel.Spec{Type: gguf.Q4_0})
	var want []Token
	for _, options := range []ModelOptions{{}, {NoMmap: true}, {NoRepack: true}, {CheckTensors: true}, {GPULayers: opt.Of(0)},
		{GPULayers: opt.Of(1)}} {
		var progress []float64
		options.OnProgress = func(done float64) { progress = append(progress, done) }
		m, err := Load(context.Background(), path, options)
		require.NoError(t, err)
		require.NotEmpty(t, progress)
		require.IsIncreasing(t, append([]float64{-1}, progress...))
		require.Equal(t, 1.0, progress[len(progress)-1])
		c := mustContext(t, m, ContextOptions{Size: 256})
		got := mustGenerate(t, c, Request{Prompt: []Token{40, 41}, MaxTokens: 1})[0].Samples[0].Tokens
		if want == nil {
			want = got
		}
		require.Equal(t, want, got)
		require.NoError(t, m.Close())
	}
}

func TestContextOptions(t *testing.T) {
	m := mustLoad(t, testmodel.New(t, testmodel.Spec{Context: 300}))
	c := mustContext(t, m, ContextOptions{})
	require.Equal(t, 512, c.Size(), "the training length, rounded up")
	require.Same(t, m, c.Model())
	for _, options := range []ContextOptions{{Size: -1}, {Sequences: 256}, {BatchSize: -2}, {Threads: 10000}, {Size: 1 << 30}} {
		_, err := m.NewContext(options)
		require.Error(t, err, "%+v", options)
	}
	for _, options := range []ContextOptions{{Size: 1}, {Size: 256, BatchSize: 1}, {Size: 256, Sequences: 255}, {Size: 256, Threads: 1}} {
		c := mustContext(t, m, options)
		mustGenerate(t, c, Request{Prompt: []Token{50, 51, 52}, MaxTokens: 4, Samples: 3})
	}
}

func TestOptionsThatMakeNoSense(t *testing.T) {
	path := tinyModel(t)
	for want, options := range map[string]ModelOptions{
		"ModelOptions.GPULayers is -1; it must be 0 or more": {GPULayers: opt.Of(-1)},
		"leaves no layer for the Servers":                    {GPULayers: opt.Of(0), Servers: []string{"localhost:1"}},
	} {
		_, err := Load(context.Background(), path, options)
		require.ErrorContains(t, err, want)
	}
	m := mustLoad(t, path)
	for want, options := range map[string]BatcherOptions{
		"BatcherOptions.Queue is -1; it must be 0 or more": {Queue: -1},
		"BatcherOptions.Kept is -2; it must be 0 or more":  {Kept: opt.Of(-2)},
		"ContextOptions.Size is -4":                        {Context: ContextOptions{Size: -4}},
	} {
		_, err := m.NewBatcher(options)
		require.ErrorContains(t, err, want)
	}
	b := mustBatcher(t, m, BatcherOptions{Kept: opt.Of(0), Context: ContextOptions{Size: 512, Sequences: 2}})
	require.Zero(t, b.options.kept())
	b = mustBatcher(t, m, BatcherOptions{Context: ContextOptions{Size: 512, Sequences: 2}})
	require.Equal(t, 2, b.options.kept())
}
