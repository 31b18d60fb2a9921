//go:build cgo

package llama

import (
	"bytes"
	"context"
	"io/fs"
	"log/slog"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"runtime/debug"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/ragft/ragft/internal/gguf"
	"github.com/ragft/ragft/internal/testmodel"
)

func load(path string) (*Model, error) {
	return Load(context.Background(), path, ModelOptions{})
}

func writeFile(t testing.TB, data []byte) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "file.gguf")
	require.NoError(t, os.WriteFile(path, data, 0o600))
	return path
}

func TestLoadErrors(t *testing.T) {
	good := tinyModel(t)
	adapter := testmodel.NewAdapter(t, good, testmodel.AdapterSpec{})
	with := func(key string, value any) string { return rewrite(t, good, map[string]any{key: value}) }
	tests := []struct {
		name, path string
		want       error
	}{
		{"missing", filepath.Join(t.TempDir(), "none.gguf"), fs.ErrNotExist},
		{"a folder", t.TempDir(), ErrNotGGUF},
		{"empty", writeFile(t, nil), ErrNotGGUF},
		{"text", writeFile(t, []byte("this is a text file, not a model")), ErrNotGGUF},
		{"an adapter", adapter, ErrUnsupported},
		{"unknown architecture", with("general.architecture", "martian"), ErrCorrupt},
		{"no architecture", with("general.architecture", nil), ErrCorrupt},
		{"no layers", with("llama.block_count", uint32(0)), ErrCorrupt},
		{"too many layers", with("llama.block_count", uint32(4e9)), ErrCorrupt},
		{"more layers than tensors", with("llama.block_count", uint32(5)), ErrUnsupported},
		{"width without tensors for it", with("llama.embedding_length", uint32(128)), ErrUnsupported},
		{"heads", with("llama.attention.head_count", uint32(0)), nil},
		{"odd groups", with("llama.attention.head_count_kv", uint32(3)), ErrCorrupt},
		{"rotary positions", with("llama.rope.dimension_count", uint32(7)), ErrCorrupt},
		{"epsilon", with("llama.attention.layer_norm_rms_epsilon", float32(-1)), ErrCorrupt},
		{"no epsilon", with("llama.attention.layer_norm_rms_epsilon", nil), ErrUnsupported},
		{"wrong type", with("llama.block_count", "two"), ErrCorrupt},
		{"no tokens", with("tokenizer.ggml.tokens", nil), ErrCorrupt},
		{"fewer tokens than embeddings", with("tokenizer.ggml.tokens", []string{"a", "b"}), nil},
		{"no merges", with("tokenizer.ggml.merges", nil), ErrUnsupported},
		{"few types", with("tokenizer.ggml.token_type", []int32{1}), ErrUnsupported},
		{"eos beyond the vocabulary", with("tokenizer.ggml.eos_token_id", uint32(100000)), ErrCorrupt},
		{"unknown tokenizer", with("tokenizer.ggml.model", "runes"), ErrUnsupported},
		{"experts", with("llama.expert_count", uint32(7)), ErrUnsupported},
		{"more parts than there are", with("split.count", uint16(3)), ErrUnsupported},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			m, err := load(test.path)
			require.Error(t, err)
			require.Nil(t, m)
			if test.want != nil {
				require.ErrorIs(t, err, test.want)
			}
			require.ErrorContains(t, err, test.path)
		})
	}
}

// TestTruncated cuts a model off everywhere in the header and at some places in the data.
func TestTruncated(t *testing.T) {
	path := testmodel.New(t, testmodel.Spec{Layers: 1, Width: 8, Heads: 2, FeedForward: 8, Vocab: []string{"ab"}})
	data, err := os.ReadFile(path)
	require.NoError(t, err)
	f, err := gguf.Open(path)
	require.NoError(t, err)
	header := int(f.DataOffset())
	require.NoError(t, f.Close())
	cut := filepath.Join(t.TempDir(), "cut.gguf")
	for n := 0; n < len(data); n += 1 + n/20 {
		if n > header {
			n += (len(data) - header) / 30
		}
		if n >= len(data) {
			break
		}
		require.NoError(t, os.WriteFile(cut, data[:n], 0o600))
		_, err := load(cut)
		require.Error(t, err, "cut after %d bytes", n)
		if n < 4 {
			require.ErrorIs(t, err, ErrNotGGUF)
		} else {
			require.ErrorIs(t, err, ErrCorrupt)
		}
	}
	require.NoError(t, os.WriteFile(cut, data[:len(data)-1], 0o600))
	_, err = load(cut)
	require.ErrorIs(t, err, ErrCorrupt, "one byte is missing")
}

// TestParts loads a model in two files.
func TestParts(t *testing.T) {
	path := tinyModel(t)
	in, err := gguf.Open(path)
	require.NoError(t, err)
	defer func() { _ = in.Close() }()
	tensors := in.Tensors()
	dir := t.TempDir()
	names := []string{filepath.Join(dir, "m-00001-of-00002.gguf"), filepath.Join(dir, "m-00002-of-00002.gguf")}
	for i, half := range [][]gguf.TensorInfo{tensors[:5], tensors[5:]} {
		out, err := gguf.Create(names[i])
		require.NoError(t, err)
		if i == 0 {
			for _, kv := range in.Metadata() {
				require.NoError(t, out.SetMeta(kv.Key, kv.Value))
			}
		}
		require.NoError(t, out.SetMeta("split.no", uint16(i)))
		require.NoError(t, out.SetMeta("split.count", uint16(2)))
		require.NoError(t, out.SetMeta("split.tensors.count", int32(len(tensors))))
		for _, info := range half {
			data, err := in.ReadTensor(info.Name)
			require.NoError(t, err)
			require.NoError(t, out.AddTensor(info.Name, info.Type, info.Dims, data))
		}
		require.NoError(t, out.Commit())
	}
	whole, parts := mustLoad(t, path), mustLoad(t, names[0])
	want := mustGenerate(t, mustContext(t, whole, ContextOptions{Size: 256}), Request{Prompt: []Token{50}, MaxTokens: 5})
	got := mustGenerate(t, mustContext(t, parts, ContextOptions{Size: 256}), Request{Prompt: []Token{50}, MaxTokens: 5})
	require.Equal(t, want, got)
	h1, err := whole.Hash(t.Context())
	require.NoError(t, err)
	h2, err := parts.Hash(t.Context())
	require.NoError(t, err)
	require.NotEqual(t, h1, h2)
	_, err = load(names[1])
	require.ErrorIs(t, err, ErrCorrupt, "the second part has no metadata")
	data, err := os.ReadFile(names[1])
	require.NoError(t, err)
	require.NoError(t, os.Remove(names[1])) // and not over it: it is mapped
	require.NoError(t, os.WriteFile(names[1], data[:len(data)/2], 0o600))
	_, err = load(names[0])
	require.ErrorIs(t, err, ErrCorrupt)
	require.NoError(t, os.Remove(names[1]))
	_, err = load(names[0])
	require.ErrorIs(t, err, fs.ErrNotExist)
}

// TestNotANumber has weights that are not numbers.
func TestNotANumber(t *testing.T) {
	path := tinyModel(t)
	f, err := gguf.Open(path)
	require.NoError(t, err)
	info, ok := f.Tensor("blk.0.ffn_down.weight")
	require.True(t, ok)
	require.NoError(t, f.Close())
	data, err := os.ReadFile(path)
	require.NoError(t, err)
	copy(data[info.Offset:], []byte{0, 0, 0xc0, 0x7f})
	bad := writeFile(t, data)
	_, err = Load(context.Background(), bad, ModelOptions{CheckTensors: true})
	require.ErrorIs(t, err, ErrUnsupported)
	m := mustLoad(t, bad)
	c := mustContext(t, m, ContextOptions{Size: 256})
	for _, temperature := range []float32{0, 1} {
		_, err = c.Generate(context.Background(), []Request{{Prompt: []Token{50}, Sampling: Sampling{Temperature: temperature}}})
		require.ErrorIs(t, err, ErrNotANumber)
	}
}

func TestLoadCancelled(t *testing.T) {
	path := tinyModel(t)
	ctx, cancel := context.WithCancel(context.Background())
	_, err := Load(ctx, path, ModelOptions{OnProgress: func(float64) { cancel() }})
	require.ErrorIs(t, err, context.Canceled)
	_, err = Load(ctx, path, ModelOptions{})
	require.ErrorIs(t, err, context.Canceled)
	require.PanicsWithValue(t, "progress", func() {
		_, _ = Load(context.Background(), path, ModelOptions{OnProgress: func(float64) { panic("progress") }})
	})
}

func TestClose(t *testing.T) {
	path := tinyModel(t)
	m, err := load(path)
	require.NoError(t, err)
	c, err := m.NewContext(ContextOptions{Size: 256, Threads: 2})
	require.NoError(t, err)
	closed, err := m.NewContext(ContextOptions{Size: 256, Threads: 2})
	require.NoError(t, err)
	a, err := m.LoadAdapter(testmodel.NewAdapter(t, path, testmodel.AdapterSpec{}))
	require.NoError(t, err)
	require.NoError(t, c.SetAdapters(AdapterScale{a, 1}))
	for range 2 {
		require.NoError(t, closed.Close())
	}
	_, err = closed.Generate(context.Background(), []Request{{Prompt: []Token{1}}})
	require.ErrorIs(t, err, ErrClosed)
	for range 2 {
		require.NoError(t, m.Close())
	}
	require.NoError(t, c.Close())
	require.NoError(t, a.Close())
	for name, use := range map[string]func() error{
		"Tokenize":     func() error { _, err := m.Tokenize("a", TokenizeOptions{}); return err },
		"Detokenize":   func() error { _, err := m.Detokenize([]Token{1}); return err },
		"TokenizeChat": func() error { _, err := m.TokenizeChat(conversation, ChatOptions{}); return err },
		"TokenizeTurn": func() error {
			_, _, err := m.TokenizeTurn(conversation[:3], ChatOptions{})
			return err
		},
		"TokenizeTurns": func() error { _, err := m.TokenizeTurns(conversation, ChatOptions{}); return err },
		"NewContext":    func() error { _, err := m.NewContext(ContextOptions{}); return err },
		"LoadAdapter":   func() error { _, err := m.LoadAdapter("x"); return err },
		"Generate": func() error {
			_, err := c.Generate(context.Background(), []Request{{Prompt: []Token{1}}})
			return err
		},
		"Score":       func() error { _, err := c.Score(context.Background(), []Token{1}, nil); return err },
		"SetAdapters": func() error { return c.SetAdapters(AdapterScale{a, 1}) },
	} {
		require.ErrorIs(t, use(), ErrClosed, name)
	}
	require.Equal(t, "a", m.Piece(mustPiece(t, m, "a")), "what was read at loading stays")
}

func mustPiece(t *testing.T, m *Model, text string) Token {
	for i := range m.VocabSize() {
		if m.Piece(Token(i)) == text {
			return Token(i)
		}
	}
	t.Fatalf("no token %q", text)
	return NoToken
}

// TestCloseWhileGenerating closes the model under a running call.
func TestCloseWhileGenerating(t *testing.T) {
	m, err := load(tinyModel(t))
	require.NoError(t, err)
	c, err := m.NewContext(ContextOptions{Size: 8192, Threads: 1})
	require.NoError(t, err)
	started := make(chan struct{})
	failed := make(chan error)
	go func() {
		once := false
		_, err := c.Generate(context.Background(), []Request{{Prompt: []Token{50}, MaxTokens: 8000, OnText: func(int, string) {
			if !once {
				once = true
				close(started)
			}
		}}})
		failed <- err
	}()
	<-started
	require.NoError(t, m.Close())
	require.ErrorIs(t, <-failed, ErrClosed)
}

func TestLogger(t *testing.T) {
	var out bytes.Buffer
	SetLogger(slog.New(slog.NewTextHandler(&out, &slog.HandlerOptions{Level: slog.LevelDebug})))
	defer SetLogger(slog.New(slog.DiscardHandler))
	m := mustLoad(t, tinyModel(t))
	require.Contains(t, out.String(), "source=llama.cpp")
	require.Contains(t, out.String(), m.Path())
	require.NotContains(t, out.String(), "level=ERROR")
}

func TestLeakIsNoticed(t *testing.T) {
	found := make(chan *leak, 1)
	old := onLeak.Load()
	onLeak.Store(func(l *leak) { found <- l })
	defer onLeak.Store(old)
	c := func() (c *Context) {
		m, err := load(tinyModel(t))
		require.NoError(t, err)
		c, err = m.NewContext(ContextOptions{Size: 256, Threads: 1})
		require.NoError(t, err)
		return c
	}()
	model := c.model
	lost := &Model{}
	lost.leak = watch(lost, "Model")
	lost = nil
	var l *leak
	require.Eventually(t, func() bool {
		runtime.GC()
		select {
		case l = <-found:
			return true
		default:
			return false
		}
	}, time.Minute, time.Millisecond)
	require.Equal(t, "Model", l.kind)
	require.NoError(t, model.Close())
	runtime.KeepAlive(lost)
}

// resident returns the process's memory in bytes.
func resident(t *testing.T) int {
	status, err := os.ReadFile("/proc/self/status")
	if err != nil {
		t.Skip("the size of the process is read from /proc, which this system does not have")
	}
	for line := range strings.Lines(string(status)) {
		if kb, ok := strings.CutPrefix(line, "VmRSS:"); ok {
			n, err := strconv.Atoi(strings.Fields(kb)[0])
			require.NoError(t, err)
			return n << 10
		}
	}
	t.Fatal("no VmRSS")
	return 0
}

// TestNoLeak opens and closes everything often. It runs in a process of its own in which malloc gives free memory back:
// by default glibc keeps some for each thread, and more the larger the blocks were, which looks like a leak.
func TestNoLeak(t *testing.T) {
	const arenas = "MALLOC_ARENA_MAX"
	if os.Getenv(arenas) == "" {
		child := exec.Command(os.Args[0], "-test.run=^TestNoLeak$")
		child.Env = append(os.Environ(), arenas+"=1", "MALLOC_MMAP_THRESHOLD_=65536")
		out, err := child.CombinedOutput()
		require.NoError(t, err, "%s", out)
		return
	}
	path := testmodel.New(t, testmodel.Spec{Width: 256, FeedForward: 1024, Context: 2048}) // 9 MB
	adapter := testmodel.NewAdapter(t, path, testmodel.AdapterSpec{Rank: 32})
	round := func() {
		m, err := Load(context.Background(), path, ModelOptions{NoMmap: true})
		require.NoError(t, err)
		c, err := m.NewContext(ContextOptions{Size: 2048, Threads: 1})
		require.NoError(t, err)
		a, err := m.LoadAdapter(adapter)
		require.NoError(t, err)
		require.NoError(t, c.SetAdapters(AdapterScale{a, 1}))
		_, err = m.TokenizeChat(conversation, ChatOptions{})
		require.NoError(t, err)
		mustGenerate(t, c, Request{Prompt: []Token{50}, Samples: 4, MaxTokens: 4, Sampling: Sampling{Temperature: 1}})
		_, err = load(adapter)
		require.Error(t, err)
		require.NoError(t, m.Close())
	}
	for range 5 {
		round()
	}
	debug.FreeOSMemory()
	before := resident(t)
	for range 50 {
		round()
	}
	debug.FreeOSMemory()
	require.Less(t, resident(t)-before, 8<<20, "50 rounds that hold some 20 MB each")
}
