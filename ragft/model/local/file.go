//go:build cgo

package local

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strings"

	"github.com/ragft/ragft/internal/gguf"
	"github.com/ragft/ragft/internal/jsonschema"
	"github.com/ragft/ragft/internal/llamachat"
	"github.com/ragft/ragft/llama"
	"github.com/ragft/ragft/ragft/model"
)

// file is what a [Model] and a [Server] have in common: a GGUF file in memory,
// perhaps with an adapter.
type file struct {
	model   *llama.Model
	engine  engine
	adapter *llama.Adapter // nil: none
	options Options
	name    string
	hash    string

	attention Attention
}

// An engine is a [llama.Context] or a [llama.Batcher].
type engine interface {
	Generate(ctx context.Context, requests []llama.Request) ([]llama.Result, error)
	Size() int
}

// load loads the file at path. The engine is still to be set.
func load(ctx context.Context, path string, o Options) (*file, error) {
	m, err := llama.Load(ctx, path, llama.ModelOptions{
		GPULayers: o.GPULayers, Servers: o.Servers, VerifyHash: o.Verify, OnProgress: o.OnProgress,
	})
	if err != nil {
		return nil, err
	}
	hash, err := m.Hash(ctx)
	if err != nil {
		return nil, errors.Join(err, m.Close())
	}
	attention, err := o.attention(ctx, m, hash)
	if err != nil {
		return nil, errors.Join(err, m.Close())
	}
	return &file{model: m, options: o, name: baseName(path) + "@" + hash[:16], hash: hash, attention: attention}, nil
}

// adapt loads an adapter. The engine is still to be set.
func (f *file) adapt(path string, scale float64) (*file, error) {
	hash, err := f.checkOrigin(path)
	if err != nil {
		return nil, fmt.Errorf("ragft: %w", err)
	}
	adapter, err := f.model.LoadAdapter(path)
	if err != nil {
		return nil, fmt.Errorf("ragft: %w", err)
	}
	name := fmt.Sprintf("%s+%s@%s*%g", f.name, baseName(path), hash[:16], scale)
	return &file{model: f.model, adapter: adapter, options: f.options, name: name, hash: f.hash, attention: f.attention}, nil
}

// checkOrigin compares the base that [finetune.Train] wrote into the adapter with this one, and returns the hash of what
// the adapter does: how it is to be asked does not count.
func (f *file) checkOrigin(adapter string) (string, error) {
	g, err := gguf.Open(adapter)
	if err != nil {
		return "", fmt.Errorf("adapter %s: %w", adapter, err)
	}
	defer g.Close()
	if base, ok := g.Text("ragft.base.sha256"); ok && base != f.hash {
		return "", fmt.Errorf("%w: %s was trained for the model file with the SHA-256 %s, not %s; train it again for this one",
			llama.ErrAdapterMismatch, adapter, base, f.hash)
	}
	hash, err := g.Digest(gguf.KeyAssistant)
	if err != nil {
		return "", fmt.Errorf("adapter %s: %w", adapter, err)
	}
	return hash, nil
}

// Name returns the file's name without ".gguf", with the start of its SHA-256, and the name of the adapter's file with the
// start of the SHA-256 of its weights and metadata, without those of [github.com/ragft/ragft/ragft/assistant.Settings], and
// its scale.
func (f *file) Name() string { return f.name }

// Hash returns the hex SHA-256 of the model's file.
func (f *file) Hash() string { return f.hash }

// Attention returns how the model computes attention.
func (f *file) Attention() Attention { return f.attention }

// Llama returns the model under it, for what this type does not offer.
func (f *file) Llama() *llama.Model { return f.model }

// Generate runs requests with the model's adapter, for what Chat does not offer.
func (f *file) Generate(ctx context.Context, requests []llama.Request) ([]llama.Result, error) {
	return f.engine.Generate(ctx, requests)
}

// Chat answers the requests in one batch, as far as they fit. A prompt that
// leaves no room for an answer is [model.ErrPromptTooLong].
func (f *file) Chat(ctx context.Context, reqs []model.Request) ([]model.Response, error) {
	requests := make([]llama.Request, len(reqs))
	for i, r := range reqs {
		var err error
		if requests[i], err = f.Request(r); err != nil {
			return nil, err
		}
	}
	results, err := f.Generate(ctx, requests)
	if errors.Is(err, llama.ErrPromptTooLong) {
		return nil, fmt.Errorf("%w: %w", model.ErrPromptTooLong, err)
	}
	if err != nil {
		return nil, fmt.Errorf("ragft: %w", err)
	}
	responses := make([]model.Response, len(results))
	for i, r := range results {
		responses[i] = llamachat.Response(f.model, requests[i].Prompt, r)
	}
	return responses, nil
}

// Request returns the request that Chat makes of r. A prompt that leaves no
// room for an answer is [model.ErrPromptTooLong].
func (f *file) Request(r model.Request) (llama.Request, error) {
	r, err := r.WithDefaults()
	if err != nil {
		return llama.Request{}, err
	}
	prompt, err := f.begun(r)
	if err != nil {
		return llama.Request{}, fmt.Errorf("ragft: %w", err)
	}
	if limit := f.ContextTokens(); len(prompt) >= limit {
		return llama.Request{}, fmt.Errorf("%w: %d tokens, and the model takes %d", model.ErrPromptTooLong, len(prompt), limit)
	}
	grammar := ""
	if len(r.Schema) > 0 {
		if grammar, err = jsonschema.Grammar(r.Schema); err != nil {
			return llama.Request{}, fmt.Errorf("ragft: %w: %w", model.ErrRequest, err)
		}
	}
	if limit := f.model.ContextLength(); limit > 0 {
		r.MaxTokens = min(r.MaxTokens, limit-len(prompt))
	}
	if f.model.Plain() && grammar == "" { // what follows a schema ends by itself, and may have line breaks
		r.Stop = append(slices.Clone(r.Stop), plainStop)
	}
	first, notFirst, err := f.excluded(r)
	if err != nil {
		return llama.Request{}, err
	}
	request := llama.Request{
		Prompt: prompt, Samples: r.Samples, MaxTokens: r.MaxTokens, Stop: r.Stop,
		Sampling: llama.Sampling{
			Temperature: llamachat.Float32(r.Temperature), TopK: r.TopK, TopP: llamachat.Float32(r.TopP), MinP: llamachat.Float32(r.MinP),
			Seed: uint32(r.Seed ^ r.Seed>>32), Grammar: grammar, NotFirst: notFirst,
		},
		First: first, OnFirst: onFirst(r.OnFirst), OnDone: r.OnDone,
	}
	f.stream(&request, r.OnText)
	return request, nil
}

// begun returns the prompt with the beginning of the answer, if there is one.
func (f *file) begun(r model.Request) ([]llama.Token, error) {
	messages := llamachat.Messages(r.Messages)
	if r.Begin == "" {
		return f.model.TokenizeChat(messages, llama.ChatOptions{})
	}
	turn := append(messages, llama.Message{Role: model.RoleAssistant, Content: r.Begin})
	prompt, answer, err := f.model.TokenizeTurn(turn, llama.ChatOptions{})
	if err != nil {
		return nil, err
	}
	ends := f.model.EndOfGeneration()
	for len(answer) > 0 && slices.Contains(ends, answer[len(answer)-1]) {
		answer = answer[:len(answer)-1]
	}
	return slices.Concat(prompt, answer), nil
}

// plainStop ends the answers of a model without a chat template, which would go on with a question of its own.
const plainStop = "\n"

// excluded returns the first tokens of the texts in r.Exclude, and all tokens that a completion must not begin with for
// their sake: these, those that end it at once, and line breaks.
func (f *file) excluded(r model.Request) (first, all []llama.Token, err error) {
	if len(r.Exclude) == 0 {
		return nil, nil, nil
	}
	for _, text := range r.Exclude {
		turn := append(llamachat.Messages(r.Messages), llama.Message{Role: model.RoleAssistant, Content: text})
		_, answer, err := f.model.TokenizeTurn(turn, llama.ChatOptions{})
		if err != nil {
			return nil, nil, fmt.Errorf("ragft: %w", err)
		}
		first = append(first, answer[0])
	}
	slices.Sort(first)
	first = slices.Compact(first)
	all = append(slices.Clone(first), f.model.EndOfGeneration()...)
	for _, blank := range []string{"\n", "\n\n"} {
		t, err := f.model.Tokenize(blank, llama.TokenizeOptions{})
		if err != nil {
			return nil, nil, fmt.Errorf("ragft: %w", err)
		}
		if len(t) == 1 {
			all = append(all, t[0])
		}
	}
	slices.Sort(all)
	return first, slices.Compact(all), nil
}

// onFirst calls a function with the logarithm of what the probabilities of first tokens add up to.
func onFirst(call func(excluded float64) bool) func(int, []float32) bool {
	if call == nil {
		return nil
	}
	return func(_ int, first []float32) bool { return len(first) == 0 || call(llamachat.LogSum(first)) }
}

// CountTokens returns the length of the prompt that the messages make, in tokens.
func (f *file) CountTokens(messages []model.Message) (int, error) {
	prompt, err := f.model.TokenizeChat(llamachat.Messages(messages), llama.ChatOptions{})
	if err != nil {
		return 0, fmt.Errorf("ragft: %w", err)
	}
	return len(prompt), nil
}

// CountText returns the number of tokens of a plain text.
func (f *file) CountText(text string) (int, error) {
	tokens, err := f.model.Tokenize(text, llama.TokenizeOptions{})
	if err != nil {
		return 0, fmt.Errorf("ragft: %w", err)
	}
	return len(tokens), nil
}

// ContextTokens returns the number of tokens that prompt and answer may have together.
func (f *file) ContextTokens() int {
	if limit := f.model.ContextLength(); limit > 0 {
		return min(limit, f.engine.Size())
	}
	return f.engine.Size()
}

func baseName(path string) string { return strings.TrimSuffix(filepath.Base(path), ".gguf") }
