//go:build cgo

package ragft

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"path/filepath"
	"strings"

	"github.com/ragft/ragft/internal/gguf"
	"github.com/ragft/ragft/llama"
)

// LocalOptions says how [OpenLocal] opens a model. The zero value works.
type LocalOptions struct {
	// Sequences is the number of answers that are generated at a time; 0 = 8.
	Sequences int
	// ContextTokens is the number of tokens held for all of them together, a
	// prompt that several samples share counted once; 0 = 4096, but at least
	// what the model was trained on up to 8192. It decides about the memory.
	ContextTokens int
	// Threads that compute; 0 = the number of cores.
	Threads int
	// GPULayers is the number of layers on the GPU, where the build has one;
	// 0 = all, negative = none.
	GPULayers int
	// OnProgress is called while the model is loaded, with the part that is
	// done, from 0 to 1; nil = none.
	OnProgress func(done float64)
}

func (o LocalOptions) context(model *llama.Model) llama.ContextOptions {
	c := llama.ContextOptions{Size: o.ContextTokens, Sequences: o.Sequences, Threads: o.Threads}
	if c.Size == 0 {
		c.Size = max(4096, min(model.ContextLength(), 8192))
	}
	return c
}

// LocalModel is a [Model] on a GGUF file, run in this process by llama.cpp. It
// is safe for concurrent use; calls queue. It owns native memory: Close it.
type LocalModel struct {
	model   *llama.Model
	context *llama.Context
	adapter *llama.Adapter // nil: none
	options LocalOptions
	owner   bool // of model
	name    string
	hash    string
}

// OpenLocal opens the GGUF model at path. Errors are those of [llama.Load].
func OpenLocal(ctx context.Context, path string, o LocalOptions) (*LocalModel, error) {
	model, err := llama.Load(ctx, path, llama.ModelOptions{GPULayers: o.GPULayers, OnProgress: o.OnProgress})
	if err != nil {
		return nil, fmt.Errorf("ragft: %w", err)
	}
	hash, err := model.Hash()
	if err != nil {
		model.Close()
		return nil, fmt.Errorf("ragft: %w", err)
	}
	c, err := model.NewContext(o.context(model))
	if err != nil {
		model.Close()
		return nil, fmt.Errorf("ragft: %w", err)
	}
	name := strings.TrimSuffix(filepath.Base(path), ".gguf") + "@" + hash[:16]
	return &LocalModel{model: model, context: c, options: o, owner: true, name: name, hash: hash}, nil
}

// Adapted returns the same model with the LoRA adapter at path, at the given
// scale (1 = as trained; 0 stands for 1). It shares the weights with m and has
// a context of its own. Close it before m, or with m. An adapter that says
// that it was made for another file than m's, or that does not fit, is
// [llama.ErrAdapterMismatch].
func (m *LocalModel) Adapted(path string, scale float64) (*LocalModel, error) {
	if scale == 0 {
		scale = 1
	}
	hash, err := fileHash(path)
	if err != nil {
		return nil, fmt.Errorf("ragft: adapter: %w", err)
	}
	if err := m.checkOrigin(path); err != nil {
		return nil, fmt.Errorf("ragft: %w", err)
	}
	adapter, err := m.model.LoadAdapter(path)
	if err != nil {
		return nil, fmt.Errorf("ragft: %w", err)
	}
	c, err := m.model.NewContext(m.options.context(m.model))
	if err != nil {
		adapter.Close()
		return nil, fmt.Errorf("ragft: %w", err)
	}
	if err := c.SetAdapters(llama.AdapterScale{Adapter: adapter, Scale: float32(scale)}); err != nil {
		c.Close()
		adapter.Close()
		return nil, fmt.Errorf("ragft: %w", err)
	}
	return &LocalModel{
		model: m.model, context: c, adapter: adapter, options: m.options, hash: m.hash,
		name: fmt.Sprintf("%s+%s@%s*%g", m.name, strings.TrimSuffix(filepath.Base(path), ".gguf"), hash[:16], scale),
	}, nil
}

// checkOrigin compares the base that [Train] wrote into the adapter with this one.
func (m *LocalModel) checkOrigin(adapter string) error {
	f, err := gguf.Open(adapter)
	if err != nil {
		return fmt.Errorf("adapter %s: %w", adapter, err)
	}
	defer f.Close()
	if base, ok := f.Text("ragft.base.sha256"); ok && base != m.hash {
		return fmt.Errorf("%w: %s was trained for the model file with the SHA-256 %s, not %s; train it again for this one",
			llama.ErrAdapterMismatch, adapter, base, m.hash)
	}
	return nil
}

// Close frees the model. It may be called more than once.
func (m *LocalModel) Close() error {
	if m.owner {
		return m.model.Close()
	}
	return errors.Join(m.context.Close(), m.adapter.Close())
}

// Name is the file's name with the start of its SHA-256, and the same of the
// adapter with its scale.
func (m *LocalModel) Name() string { return m.name }

// Hash returns the hex SHA-256 of the model's file.
func (m *LocalModel) Hash() string { return m.hash }

// Llama returns the model under it, for what this type does not offer.
func (m *LocalModel) Llama() *llama.Model { return m.model }

// Chat answers the requests in one batch, as far as they fit. A prompt that
// leaves no room for an answer is [ErrPromptTooLong].
func (m *LocalModel) Chat(ctx context.Context, reqs []ChatRequest) ([]ChatResponse, error) {
	requests := make([]llama.Request, len(reqs))
	for i, r := range reqs {
		prompt, err := m.model.TokenizeChat(llamaMessages(r.Messages), true)
		if err != nil {
			return nil, fmt.Errorf("ragft: %w", err)
		}
		if limit := m.model.ContextLength(); limit > 0 && len(prompt) >= limit {
			return nil, fmt.Errorf("%w: %d tokens, and the model was trained on %d", ErrPromptTooLong, len(prompt), limit)
		}
		requests[i] = llama.Request{
			Prompt: prompt, Samples: r.Samples, MaxTokens: m.room(len(prompt), r.MaxTokens), Stop: r.Stop,
			Sampling: llama.Sampling{
				Temperature: float32(r.Temperature), TopK: r.TopK, TopP: float32(r.TopP), Seed: uint32(r.Seed ^ r.Seed>>32),
			},
			OnText: firstSample(r.OnText),
		}
	}
	results, err := m.context.Generate(ctx, requests)
	if errors.Is(err, llama.ErrPromptTooLong) {
		return nil, fmt.Errorf("%w: %w", ErrPromptTooLong, err)
	}
	if err != nil {
		return nil, fmt.Errorf("ragft: %w", err)
	}
	responses := make([]ChatResponse, len(results))
	for i, r := range results {
		responses[i].PromptTokens = r.PromptTokens
		for _, s := range r.Samples {
			responses[i].Samples = append(responses[i].Samples, chatSample(s))
		}
	}
	return responses, nil
}

// room is the number of tokens that may follow a prompt.
func (m *LocalModel) room(prompt, wanted int) int {
	if wanted == 0 {
		wanted = DefaultMaxTokens
	}
	if limit := m.model.ContextLength(); limit > 0 {
		wanted = min(wanted, limit-prompt)
	}
	return wanted
}

func chatSample(s llama.Sample) ChatSample {
	sum := 0.0
	for _, p := range s.LogProbs {
		sum += float64(p)
	}
	mean := math.NaN()
	if len(s.LogProbs) > 0 {
		mean = sum / float64(len(s.LogProbs))
	}
	return ChatSample{Text: strings.TrimSpace(s.Text), Tokens: len(s.Tokens), MeanLogProb: mean, Truncated: s.Stop == llama.StopLength}
}

// firstSample streams sample 0 without the blank space that it begins with.
func firstSample(onText func(string)) func(int, string) {
	if onText == nil {
		return nil
	}
	begun := false
	return func(sample int, text string) {
		if sample != 0 {
			return
		}
		if !begun {
			text = strings.TrimLeft(text, " \t\r\n")
		}
		if text != "" {
			begun = true
			onText(text)
		}
	}
}

func llamaMessages(messages []Message) []llama.Message {
	out := make([]llama.Message, len(messages))
	for i, m := range messages {
		out[i] = llama.Message(m)
	}
	return out
}

func fileHash(path string) (string, error) {
	f, err := os.Open(path)
	if err != nil {
		return "", err
	}
	defer f.Close()
	h := sha256.New()
	if _, err := io.Copy(h, f); err != nil {
		return "", err
	}
	return hex.EncodeToString(h.Sum(nil)), nil
}
