//go:build cgo

package llama

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"runtime"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/ragft/ragft/internal/gguf"
	"github.com/ragft/ragft/internal/rpctest"
	"github.com/ragft/ragft/internal/testmodel"
)

// TestMain ends the run with the place where something was opened that no test closed.
func TestMain(m *testing.M) {
	rpctest.Main()
	onLeak.Store(func(l *leak) { panic(fmt.Sprintf("%s opened at %s was never closed", l.kind, l.where)) })
	SetLogger(slog.New(slog.NewTextHandler(io.Discard, nil)))
	code := m.Run()
	for range 3 { // let the collector find what is left
		runtime.GC()
		time.Sleep(10 * time.Millisecond)
	}
	os.Exit(code)
}

// mustLoad loads a model and closes it with the test.
func mustLoad(t testing.TB, path string) *Model {
	t.Helper()
	m, err := Load(context.Background(), path, ModelOptions{})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, m.Close()) })
	return m
}

// mustContext makes a context and closes it with the test.
func mustContext(t testing.TB, m *Model, options ContextOptions) *Context {
	t.Helper()
	if options.Threads == 0 {
		options.Threads = 1 // two that wait for each other are slow where other packages' tests run
	}
	c, err := m.NewContext(options)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, c.Close()) })
	return c
}

// mustTokenize splits plain text.
func mustTokenize(t testing.TB, m *Model, text string) []Token {
	t.Helper()
	tokens, err := m.Tokenize(text, TokenizeOptions{})
	require.NoError(t, err)
	return tokens
}

// mustGenerate runs the requests.
func mustGenerate(t testing.TB, c *Context, requests ...Request) []Result {
	t.Helper()
	results, err := c.Generate(context.Background(), requests)
	require.NoError(t, err)
	require.Len(t, results, len(requests))
	return results
}

// tinyModel writes a model with random weights.
func tinyModel(t testing.TB) string {
	return testmodel.New(t, testmodel.Spec{Pre: "qwen2", Context: 8192})
}

// A tinyCase is a model and how far its log-probabilities may differ from batch to batch.
type tinyCase struct {
	name, path string
	tolerance  float64
}

// tinyModels writes models of several shapes. Against quantised weights llama.cpp rounds activations too, so
// that a difference in the last bit grows.
func tinyModels(t testing.TB) []tinyCase {
	cases := []struct {
		name      string
		spec      testmodel.Spec
		tolerance float64
	}{
		{"llama F32", testmodel.Spec{}, 1e-3},
		{"llama F16", testmodel.Spec{Type: gguf.F16}, 5e-3},
		{"llama Q8_0 tied", testmodel.Spec{Type: gguf.Q8_0, Tied: true}, 0.1},
		{"qwen3 Q4_0", testmodel.Spec{Arch: "qwen3", Type: gguf.Q4_0}, 0.2},
		{"qwen3 wide heads", testmodel.Spec{Arch: "qwen3", HeadDim: 32, Layers: 3}, 1e-3},
	}
	out := make([]tinyCase, len(cases))
	for i, c := range cases {
		c.spec.Pre = "qwen2"
		out[i] = tinyCase{c.name, testmodel.New(t, c.spec), c.tolerance}
	}
	return out
}

// rewrite copies a GGUF file with some metadata replaced, or left out where the new value is nil.
func rewrite(t testing.TB, path string, change map[string]any) string {
	t.Helper()
	in, err := gguf.Open(path)
	require.NoError(t, err)
	defer func() { _ = in.Close() }()
	name := filepath.Join(t.TempDir(), "rewritten.gguf")
	out, err := gguf.Create(name)
	require.NoError(t, err)
	defer func() { _ = out.Close() }()
	seen := map[string]bool{}
	for _, kv := range in.Metadata() {
		value, replaced := change[kv.Key]
		seen[kv.Key] = true
		if !replaced {
			value = kv.Value
		}
		if value != nil {
			require.NoError(t, out.SetMeta(kv.Key, value))
		}
	}
	for key, value := range change {
		if !seen[key] && value != nil {
			require.NoError(t, out.SetMeta(key, value))
		}
	}
	for _, info := range in.Tensors() {
		data, err := in.ReadTensor(info.Name)
		require.NoError(t, err)
		require.NoError(t, out.AddTensor(info.Name, info.Type, info.Dims, data))
	}
	require.NoError(t, out.Commit())
	return name
}
