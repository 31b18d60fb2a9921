//go:build cgo

package llama

import (
	"context"
	"math"
	"net"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/ragft/ragft/internal/gguf"
	"github.com/ragft/ragft/internal/rpctest"
	"github.com/ragft/ragft/internal/testmodel"
)

func loadOn(t *testing.T, path string, servers ...string) *Model {
	m, err := Load(context.Background(), path, ModelOptions{Servers: servers})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, m.Close()) })
	return m
}

// A model spread over two servers must say what it says on this machine.
func TestServersHoldTheModel(t *testing.T) {
	path := testmodel.New(t, testmodel.Spec{Pre: "qwen2", Arch: "qwen3", Layers: 4, Type: gguf.Q8_0})
	a, b := rpctest.Start(t), rpctest.Start(t)
	here, there := mustLoad(t, path), loadOn(t, path, a.Addr, b.Addr)
	prompt := mustTokenize(t, here, "The quick brown fox jumps over the lazy dog")
	rest := mustTokenize(t, here, " and runs")
	score := func(m *Model) []float32 {
		c := mustContext(t, m, ContextOptions{Size: 256, ExactAttention: true})
		out, err := c.Score(context.Background(), prompt, [][]Token{rest})
		require.NoError(t, err)
		return out[0]
	}
	require.InDeltaSlice(t, score(here), score(there), 0.05)
	c := mustContext(t, there, ContextOptions{Size: 256})
	require.NotZero(t, mustGenerate(t, c, Request{Prompt: prompt, MaxTokens: 8})[0])
	// two models on one server at once share its connection
	require.InDeltaSlice(t, score(here), score(loadOn(t, path, a.Addr)), 0.05)
	// and the second one did hold some of it
	b.Kill()
	_, err := c.Score(context.Background(), prompt, [][]Token{rest})
	require.ErrorContains(t, err, b.Addr)
}

// The death of a server must be an error of the call, and not the end of the process.
func TestServerDies(t *testing.T) {
	path := tinyModel(t)
	server := rpctest.Start(t)
	m := loadOn(t, path, server.Addr)
	prompt := mustTokenize(t, m, "Once upon a time there was")
	c := mustContext(t, m, ContextOptions{Size: 1024})
	n := 0
	_, err := c.Generate(context.Background(), []Request{{Prompt: prompt, MaxTokens: 1000, Sampling: Sampling{Temperature: 1},
		OnText: func(int, string) {
			if n++; n == 3 {
				server.Kill()
			}
		}}})
	require.ErrorIs(t, err, ErrServer)
	require.ErrorContains(t, err, server.Addr)
	require.Less(t, n, 10, "text that was made of nothing must not be handed out")
	_, err = c.Score(context.Background(), prompt, [][]Token{prompt})
	require.ErrorIs(t, err, ErrServer)
	_, err = m.NewContext(ContextOptions{})
	require.ErrorIs(t, err, ErrServer)

	rpctest.StartAt(t, server.Addr) // it comes back
	again := mustContext(t, loadOn(t, path, server.Addr), ContextOptions{Size: 256})
	out, err := again.Score(context.Background(), prompt, [][]Token{prompt})
	require.NoError(t, err)
	require.False(t, math.IsNaN(float64(out[0][0])))
}

func TestServerThatCannotBeUsed(t *testing.T) {
	path := tinyModel(t)
	silent, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer silent.Close()
	down, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	down.Close()
	server := rpctest.Start(t)
	for name, c := range map[string]struct {
		servers []string
		says    string
	}{
		"down":    {[]string{down.Addr().String()}, "connection refused"},
		"no port": {[]string{"localhost"}, "host:port"},
		"twice":   {[]string{server.Addr, server.Addr}, "named twice"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := Load(context.Background(), path, ModelOptions{Servers: c.servers})
			require.ErrorIs(t, err, ErrServer)
			require.ErrorContains(t, err, c.says)
		})
	}
	ctx, cancel := context.WithTimeout(context.Background(), 50*time.Millisecond)
	defer cancel()
	_, err = Load(ctx, path, ModelOptions{Servers: []string{silent.Addr().String()}})
	require.ErrorIs(t, err, context.DeadlineExceeded)
}
