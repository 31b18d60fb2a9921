//go:build cgo

package publish

import (
	"context"
	"encoding/json"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/ollama/ollama/api"
	"github.com/ragft/ragft/internal/ollamaclient"
	"github.com/ragft/ragft/internal/ollamatest"
	"github.com/ragft/ragft/internal/testmodel"
	"github.com/ragft/ragft/lora"
	"github.com/ragft/ragft/ragft/finetune"
	"github.com/ragft/ragft/ragft/model"
	"github.com/ragft/ragft/ragft/model/ollama"
	"github.com/ragft/ragft/ragft/model/openai"
	"github.com/ragft/ragft/ragft/opt"
	"github.com/ragft/ragft/ragft/rows"
	"github.com/stretchr/testify/require"
)

func merge(ctx context.Context, base, adapter, output string) error {
	_, err := lora.Merge(ctx, lora.MergeOptions{Base: base, Adapter: adapter, Output: output})
	return err
}

// TestPublishFallsBack publishes to a server that takes no adapters, so that
// they are merged.
func TestPublishFallsBack(t *testing.T) {
	base := testmodel.New(t, testmodel.Spec{})
	adapter := filepath.Join(t.TempDir(), "adapter.gguf")
	require.NoError(t, testmodel.WriteAdapter(adapter, base, testmodel.AdapterSpec{}))
	store := t.TempDir()
	t.Setenv("OLLAMA_MODELS", store)
	content, err := os.ReadFile(base)
	require.NoError(t, err)
	ollamatest.Pull(t, store, "registry.ollama.ai/library/base/latest", "model="+string(content))
	refuse := func(m api.CreateRequest) string {
		if len(m.Adapters) > 0 {
			return "adapters are not supported"
		}
		return ""
	}
	for name, prepare := range map[string]func(*ollamatest.Server){
		"at create": func(s *ollamatest.Server) { s.RefuseCreate = refuse },
		"at chat":   func(s *ollamatest.Server) { s.RefuseChat = refuse },
	} {
		t.Run(name, func(t *testing.T) {
			s, url := ollamatest.Start(t)
			s.Models["base:latest"] = api.CreateRequest{Template: "<{{ .Prompt }}>", System: "Be kind."}
			prepare(s)
			merged := filepath.Join(t.TempDir(), "merged.gguf")
			got, err := Publish(t.Context(), Options{BaseURL: url, Name: "notes", From: "ollama:base", Adapter: adapter, Merge: merge,
				Merged:     merged,
				Parameters: map[string]any{"temperature": 0.0}})
			require.NoError(t, err)
			require.Equal(t, asMerged, got.As)
			require.Contains(t, got.Reason, "not supported")
			m := s.Models["notes:latest"]
			require.Empty(t, m.From)
			require.Empty(t, m.Adapters)
			require.Equal(t, "<{{ .Prompt }}>", m.Template, "as the base's")
			require.Equal(t, "Be kind.", m.System)
			require.Equal(t, map[string]any{"temperature": 0.0, "stop": []any{"<|end|>", "a b"}}, m.Parameters)
			info, err := os.Stat(merged)
			require.NoError(t, err)
			require.Equal(t, int(info.Size()), s.Blobs[m.Files["model.gguf"]])
		})
	}
}

// baseTemplate is the shipped model's chat template as Ollama writes them.
const baseTemplate = `{{ range .Messages }}<|{{ .Role }}|>{{ .Content }}<|end|>{{ end }}<|assistant|>`

// TestOllamaServer publishes to a real server: the shipped base model, then an
// adapter that is trained here, as it is and merged.
func TestOllamaServer(t *testing.T) {
	binary := os.Getenv("RAGFT_OLLAMA")
	if binary == "" {
		t.Skip("RAGFT_OLLAMA does not name an ollama binary")
	}
	url := startOllama(t, binary)
	base, err := filepath.Abs("../../examples/basemodel/ragft-base-f16.gguf")
	require.NoError(t, err)
	ctx := t.Context()
	published, err := Publish(ctx, Options{BaseURL: url, Name: "ragft-base", From: base, Template: baseTemplate,
		Parameters: map[string]any{"stop": "<|end|>"}})
	require.NoError(t, err)
	t.Logf("base: %+v", published)
	_, err = Publish(ctx, Options{BaseURL: url, Name: "unformed", From: base})
	require.ErrorIs(t, err, ErrNoTemplate, "the server takes a similar one")
	file, err := ollama.Resolve(ctx, "ollama:ragft-base")
	require.NoError(t, err)
	client, err := ollamaclient.New(url)
	require.NoError(t, err)
	shown, err := client.Show(ctx, &api.ShowRequest{Model: "ragft-base"})
	require.NoError(t, err)
	require.Equal(t, baseTemplate, shown.Template)

	question := []model.Message{{Role: model.RoleUser, Content: "What is the password of the boathouse?"}}
	answer := "It is seven blue otters."
	adapter := filepath.Join(t.TempDir(), "adapter.gguf")
	var r []rows.Row
	for i := range 4 {
		r = append(r, rows.Row{ID: fmt.Sprint(i), Messages: append(question[:1:1], model.Message{Role: model.RoleAssistant, Content: answer})})
	}
	_, err = finetune.Train(ctx, r, finetune.Options{Model: file, Adapter: adapter, HeldOut: opt.Of(0.0),
		LoRA: lora.Config{Epochs: 40, LearningRate: 5e-3}})
	require.NoError(t, err)

	ask := func(name string) string {
		m, err := ollama.New(ctx, name, ollama.Options{BaseURL: url})
		require.NoError(t, err)
		got, err := m.Chat(ctx, []model.Request{{Messages: question, MaxTokens: 20}})
		require.NoError(t, err)
		sample := got[0].Samples[0]
		t.Logf("%s: %q, mean log probability %.3f", name, sample.Text, sample.MeanLogProb)
		return strings.TrimSpace(sample.Text)
	}
	require.NotEqual(t, answer, ask("ragft-base"))
	for as, name := range map[string]string{asAdapter: "otters", asMerged: "otters-merged", "": "otters-auto"} {
		published, err := Publish(ctx, Options{BaseURL: url, Name: name, From: "ollama:ragft-base", Adapter: adapter, As: as, Merge: merge})
		require.NoError(t, err)
		t.Logf("%s: %+v", name, published)
		require.Equal(t, answer, ask(name))
	}
	_, err = ollama.Resolve(ctx, "ollama:otters")
	require.ErrorContains(t, err, "with the adapter")
	_, err = ollama.Resolve(ctx, "ollama:otters-merged")
	require.NoError(t, err)

	// The same server by OpenAI's API, and a schema through both.
	schema := json.RawMessage(`{"type":"object","properties":{"yes":{"type":"boolean"}},"required":["yes"]}`)
	byOpenAI, err := openai.New("otters", openai.Options{BaseURL: url + "/v1", Key: "any"})
	require.NoError(t, err)
	got, err := byOpenAI.Chat(ctx, []model.Request{{Messages: question, MaxTokens: 20}})
	require.NoError(t, err)
	require.Equal(t, answer, got[0].Samples[0].Text)
	t.Logf("by OpenAI's API: %+v", got[0])
	byOllama, err := ollama.New(ctx, "otters", ollama.Options{BaseURL: url})
	require.NoError(t, err)
	for _, m := range []model.Model{byOpenAI, byOllama} {
		got, err := m.Chat(ctx, []model.Request{{Messages: question, MaxTokens: 60, Schema: schema}})
		require.NoError(t, err)
		t.Logf("%s by schema: %q", m.Name(), got[0].Samples[0].Text)
		var value struct{ Yes *bool }
		require.NoError(t, json.Unmarshal([]byte(got[0].Samples[0].Text), &value))
		require.NotNil(t, value.Yes)
	}
	_, err = ollama.New(ctx, "none", ollama.Options{BaseURL: url})
	require.ErrorIs(t, err, model.ErrNotFound)
	missing, err := openai.New("none", openai.Options{BaseURL: url + "/v1"})
	require.NoError(t, err)
	_, err = missing.Chat(ctx, []model.Request{{Messages: question}})
	require.ErrorIs(t, err, model.ErrNotFound)
}

// startOllama runs a server with a store of its own, which ollama.Resolve reads as well.
func startOllama(t *testing.T, binary string) string {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	address := listener.Addr().String()
	require.NoError(t, listener.Close())
	t.Setenv("OLLAMA_MODELS", t.TempDir())
	log, err := os.Create(filepath.Join(t.TempDir(), "log"))
	require.NoError(t, err)
	ctx, stop := context.WithCancel(context.Background())
	server := exec.CommandContext(ctx, binary, "serve")
	server.Env = append(os.Environ(), "OLLAMA_HOST="+address, "HOME="+t.TempDir(), "OLLAMA_NO_CLOUD=1")
	server.Stdout, server.Stderr = log, log
	server.Cancel = func() error { return server.Process.Signal(os.Interrupt) }
	server.WaitDelay = 10 * time.Second
	require.NoError(t, server.Start())
	t.Cleanup(func() {
		stop()
		_ = server.Wait() // it was interrupted
		if text, err := os.ReadFile(log.Name()); err == nil && t.Failed() {
			t.Logf("%s", text[max(0, len(text)-6000):])
		}
		log.Close()
	})
	url := "http://" + address
	client, err := ollamaclient.New(url)
	require.NoError(t, err)
	require.Eventually(t, func() bool { return client.Heartbeat(ctx) == nil }, 30*time.Second, 50*time.Millisecond)
	return url
}
