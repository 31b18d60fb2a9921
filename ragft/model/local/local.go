//go:build cgo

package local

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
	"slices"
	"strings"

	"github.com/ragft/ragft/internal/gguf"
	"github.com/ragft/ragft/internal/jsonschema"
	"github.com/ragft/ragft/internal/llamachat"
	"github.com/ragft/ragft/llama"
	"github.com/ragft/ragft/ragft/model"
	"github.com/ragft/ragft/ragft/opt"
)

// LocalOptions says how [Open] opens a model. The zero value works.
type Options struct {
	// Sequences is the number of answers that are generated at a time; 0 = 8.
	Sequences int
	// ContextTokens is the number of tokens held for all of them together, a
	// prompt that several samples share counted once; 0 = 4096, but at least
	// what the model was trained on up to 8192. It decides about the memory.
	ContextTokens int
	// Threads that compute; 0 = the number of cores.
	Threads int
	// GPULayers is the number of layers on the GPU, where the build has one;
	// unset = all, opt.Of(0) = none.
	GPULayers opt.Value[int]
	// Servers are ggml RPC servers, each host:port, that hold a part of the layers: see Servers of
	// [llama.ModelOptions], which also says whom to trust. GPULayers must not be 0 then.
	Servers []string
	// Serve is for programs that answer many callers at once: calls of Chat
	// share batches from the moment they come in, what was computed of a prompt
	// stays for the next one that begins alike, and adapted models work in the
	// same memory. By default each call has the model to itself, and equal calls
	// give equal answers; with Serve a near tie may fall either way.
	Serve bool
	// Queue is, with Serve, the number of requests that may wait before more
	// are refused with [llama.ErrBusy]; 0 = 64, [math.MaxInt] = no limit.
	Queue int
	// SeparateCaches gives each of Sequences, with Serve, memory for
	// ContextTokens tokens of its own: faster where requests have little in
	// common, for so many times the memory. See [llama.BatcherOptions].
	SeparateCaches bool
	// OnProgress is called while the model is loaded, with the part that is
	// done, from 0 to 1; nil = none.
	OnProgress func(done float64)
}

func (o Options) context(model *llama.Model) llama.ContextOptions {
	c := llama.ContextOptions{Size: o.ContextTokens, Sequences: o.Sequences, Threads: o.Threads}
	if c.Size == 0 {
		c.Size = max(4096, min(model.ContextLength(), 8192))
	}
	return c
}

// LocalModel is a [model.Model] on a GGUF file, run in this process by llama.cpp. It
// is safe for concurrent use; calls queue, or share batches with
// [Options.Serve]. It owns native memory: Close it.
type Model struct {
	model   *llama.Model
	work    engine
	batcher *llama.Batcher // work, with LocalOptions.Serve
	adapter *llama.Adapter // nil: none
	scale   float32        // of the adapter
	options Options
	owner   bool // of model
	name    string
	hash    string
}

// An engine is a [llama.Context] or a [llama.Batcher].
type engine interface {
	Generate(ctx context.Context, requests []llama.Request) ([]llama.Result, error)
	Size() int
	Close() error
}

// OpenLocal opens the GGUF model at path. For a model that Ollama has pulled,
// [ollama.Resolve] tells the path. Errors are those of [llama.Load].
func Open(ctx context.Context, path string, o Options) (*Model, error) {
	model, err := llama.Load(ctx, path, llama.ModelOptions{GPULayers: o.GPULayers, Servers: o.Servers, OnProgress: o.OnProgress})
	if err != nil {
		return nil, fmt.Errorf("ragft: %w", err)
	}
	hash, err := model.Hash()
	if err != nil {
		model.Close()
		return nil, fmt.Errorf("ragft: %w", err)
	}
	m := &Model{model: model, options: o, owner: true, hash: hash}
	if o.Serve {
		m.batcher, err = model.NewBatcher(llama.BatcherOptions{
			Context: o.context(model), Queue: o.Queue, SeparateCaches: o.SeparateCaches,
		})
		m.work = m.batcher
	} else {
		m.work, err = model.NewContext(o.context(model))
	}
	if err != nil {
		model.Close()
		return nil, fmt.Errorf("ragft: %w", err)
	}
	m.name = strings.TrimSuffix(filepath.Base(path), ".gguf") + "@" + hash[:16]
	return m, nil
}

// Adapted returns the same model with the LoRA adapter at path, at the given
// scale (1 = as trained; 0 stands for 1). It shares the weights with m and has
// a context of its own, but m's with [Options.Serve]. Close it before m, or with m. An adapter that says
// that it was made for another file than m's, or that does not fit, is
// [llama.ErrAdapterMismatch].
func (m *Model) Adapted(path string, scale float64) (*Model, error) {
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
	adapted := &Model{
		model: m.model, work: m.work, batcher: m.batcher, adapter: adapter, scale: float32(scale), options: m.options, hash: m.hash,
		name: fmt.Sprintf("%s+%s@%s*%g", m.name, strings.TrimSuffix(filepath.Base(path), ".gguf"), hash[:16], scale),
	}
	if m.batcher == nil {
		c, err := m.model.NewContext(m.options.context(m.model))
		if err != nil {
			adapter.Close()
			return nil, fmt.Errorf("ragft: %w", err)
		}
		adapted.work = c
		if err := c.SetAdapters(llama.AdapterScale{Adapter: adapter, Scale: float32(scale)}); err != nil {
			return nil, errors.Join(fmt.Errorf("ragft: %w", err), adapted.Close())
		}
	}
	return adapted, nil
}

// checkOrigin compares the base that [finetune.Train] wrote into the adapter with this one.
func (m *Model) checkOrigin(adapter string) error {
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
func (m *Model) Close() error {
	if m.owner {
		return m.model.Close()
	}
	if m.batcher != nil { // the owner's
		return m.adapter.Close()
	}
	return errors.Join(m.work.Close(), m.adapter.Close())
}

// Name is the file's name with the start of its SHA-256, and the same of the
// adapter with its scale.
func (m *Model) Name() string { return m.name }

// Hash returns the hex SHA-256 of the model's file.
func (m *Model) Hash() string { return m.hash }

// Llama returns the model under it, for what this type does not offer.
func (m *Model) Llama() *llama.Model { return m.model }

// Batcher returns what runs the requests with [Options.Serve], nil without.
func (m *Model) Batcher() *llama.Batcher { return m.batcher }

// Generate runs requests with the model's adapter, for what Chat does not offer.
func (m *Model) Generate(ctx context.Context, requests []llama.Request) ([]llama.Result, error) {
	if m.batcher != nil && m.adapter != nil {
		requests = slices.Clone(requests)
		for i := range requests {
			requests[i].Adapters = []llama.AdapterScale{{Adapter: m.adapter, Scale: m.scale}}
		}
	}
	return m.work.Generate(ctx, requests)
}

// Chat answers the requests in one batch, as far as they fit. A prompt that
// leaves no room for an answer is [model.ErrPromptTooLong].
func (m *Model) Chat(ctx context.Context, reqs []model.Request) ([]model.Response, error) {
	requests := make([]llama.Request, len(reqs))
	for i, r := range reqs {
		var err error
		if requests[i], err = m.Request(r); err != nil {
			return nil, err
		}
	}
	results, err := m.Generate(ctx, requests)
	if errors.Is(err, llama.ErrPromptTooLong) {
		return nil, fmt.Errorf("%w: %w", model.ErrPromptTooLong, err)
	}
	if err != nil {
		return nil, fmt.Errorf("ragft: %w", err)
	}
	responses := make([]model.Response, len(results))
	for i, r := range results {
		responses[i].PromptTokens = r.PromptTokens
		for _, s := range r.Samples {
			responses[i].Samples = append(responses[i].Samples, chatSample(s))
		}
	}
	return responses, nil
}

// Request returns what Chat gives to llama.cpp for r. A prompt that leaves no
// room for an answer is [model.ErrPromptTooLong].
func (m *Model) Request(r model.Request) (llama.Request, error) {
	prompt, err := m.model.TokenizeChat(llamachat.Messages(r.Messages), llama.ChatOptions{})
	if err != nil {
		return llama.Request{}, fmt.Errorf("ragft: %w", err)
	}
	if limit := m.ContextTokens(); len(prompt) >= limit {
		return llama.Request{}, fmt.Errorf("%w: %d tokens, and the model takes %d", model.ErrPromptTooLong, len(prompt), limit)
	}
	grammar := ""
	if len(r.Schema) > 0 {
		if grammar, err = jsonschema.Grammar(r.Schema); err != nil {
			return llama.Request{}, fmt.Errorf("ragft: %w: %w", model.ErrRequest, err)
		}
	}
	return llama.Request{
		Prompt: prompt, Samples: r.Samples, MaxTokens: m.room(len(prompt), r.MaxTokens), Stop: r.Stop,
		Sampling: llama.Sampling{
			Temperature: float32(r.Temperature), TopK: r.TopK, TopP: float32(r.TopP), Seed: uint32(r.Seed ^ r.Seed>>32),
			Grammar: grammar,
		},
		OnText: firstSample(r.OnText), OnDone: r.OnDone,
	}, nil
}

// CountTokens returns the length of the prompt that the messages make.
func (m *Model) CountTokens(messages []model.Message) (int, error) {
	prompt, err := m.model.TokenizeChat(llamachat.Messages(messages), llama.ChatOptions{})
	if err != nil {
		return 0, fmt.Errorf("ragft: %w", err)
	}
	return len(prompt), nil
}

// CountText returns the number of tokens of a plain text.
func (m *Model) CountText(text string) (int, error) {
	tokens, err := m.model.Tokenize(text, llama.TokenizeOptions{})
	if err != nil {
		return 0, fmt.Errorf("ragft: %w", err)
	}
	return len(tokens), nil
}

// ContextTokens is the length that prompt and answer may have together.
func (m *Model) ContextTokens() int {
	if limit := m.model.ContextLength(); limit > 0 {
		return min(limit, m.work.Size())
	}
	return m.work.Size()
}

// room is the number of tokens that may follow a prompt.
func (m *Model) room(prompt, wanted int) int {
	if wanted == 0 {
		wanted = model.DefaultMaxTokens
	}
	if limit := m.model.ContextLength(); limit > 0 {
		wanted = min(wanted, limit-prompt)
	}
	return wanted
}

func chatSample(s llama.Sample) model.Sample {
	sum := 0.0
	for _, p := range s.LogProbs {
		sum += float64(p)
	}
	mean := math.NaN()
	if len(s.LogProbs) > 0 {
		mean = sum / float64(len(s.LogProbs))
	}
	return model.Sample{Text: strings.TrimSpace(s.Text), Tokens: len(s.Tokens), MeanLogProb: mean, Truncated: s.Stop == llama.StopLength}
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
