//go:build cgo

package local

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"strings"

	"github.com/ragft/ragft/llama"
	"github.com/ragft/ragft/ragft/opt"
)

// EmbedOptions are the options of [OpenEmbedder] and [OpenReranker].
type EmbedOptions struct {
	// Options are those for loading and computing; only Threads, GPULayers, Servers and OnProgress are used.
	Options
	// QueryPrefix and PassagePrefix are put before questions and passages. Unset = what the model was trained with, by its
	// name: E5, BGE, Nomic, mxbai, Arctic, EmbeddingGemma and Qwen3 are known, and others have no prefix.
	QueryPrefix, PassagePrefix opt.Value[string]
}

// The numbers of tokens and of texts in a batch. Attention is computed among all texts of a batch, which is wasted, so larger
// batches cost more.
const (
	embedTokens = 512
	embedTexts  = 31 // and one of llama.cpp's
)

// pooler is a model that makes vectors or scores of texts.
type pooler struct {
	model   *llama.Model
	context *llama.Context
	hash    string
	name    string
}

func openPooler(ctx context.Context, path string, o Options) (*pooler, error) {
	m, err := llama.Load(ctx, path, llama.ModelOptions{GPULayers: o.GPULayers, Servers: o.Servers, OnProgress: o.OnProgress})
	if err != nil {
		return nil, err
	}
	p := &pooler{model: m, name: baseName(path)}
	if p.hash, err = m.Hash(ctx); err == nil {
		batch := embedTokens
		if n := m.ContextLength(); n > batch {
			batch = min(n, 4*embedTokens)
		}
		p.context, err = m.NewContext(llama.ContextOptions{
			Size: batch, BatchSize: batch, Sequences: embedTexts, Threads: o.Threads, Embeddings: true,
		})
	}
	if err != nil {
		return nil, errors.Join(err, m.Close())
	}
	return p, nil
}

// Name returns the file's name without ".gguf".
func (p *pooler) Name() string { return p.name }

// Llama returns the underlying model, for what this type does not offer.
func (p *pooler) Llama() *llama.Model { return p.model }

// MaxText returns the number of tokens of a text that are used; see [llama.Context.MaxText].
func (p *pooler) MaxText() int { return p.context.MaxText() }

// Close frees the model. It may be called more than once.
func (p *pooler) Close() error { return p.model.Close() }

// Embedder is a GGUF model that makes vectors of texts. It implements
// [github.com/ragft/ragft/retriever/dense.Embedder]. It is safe for concurrent use; calls queue. It owns native memory: close it.
type Embedder struct {
	pooler
	query, passage string
}

// OpenEmbedder opens the embedding model at path. Errors are those of [llama.Load]; a model that makes no embeddings is
// [llama.ErrUnsupported].
func OpenEmbedder(ctx context.Context, path string, o EmbedOptions) (*Embedder, error) {
	p, err := openPooler(ctx, path, o.Options)
	if err != nil {
		return nil, fmt.Errorf("ragft: %w", err)
	}
	if p.model.Pooling() == "rank" {
		return nil, errors.Join(
			fmt.Errorf("ragft: %w: %s is a reranker, which makes no embeddings", llama.ErrUnsupported, path),
			p.Close(),
		)
	}
	meta := p.model.Metadata()
	e := &Embedder{pooler: *p}
	e.query, e.passage = prefixesOf(strings.Join([]string{meta["general.name"], meta["general.basename"], baseName(path)}, " "))
	e.query, e.passage = o.QueryPrefix.Or(e.query), o.PassagePrefix.Or(e.passage)
	return e, nil
}

// prefixes are the prefixes of questions and passages that models were trained with, as their authors publish them, by a part of
// the model's name in lower case. The first match is used.
var prefixes = []struct{ name, query, passage string }{
	{"nomic-embed", "search_query: ", "search_document: "},
	{"embeddinggemma", "task: search result | query: ", "title: none | text: "},
	{"qwen3-embedding", "Instruct: Given a web search query, retrieve relevant passages that answer the query\nQuery:", ""},
	{"bge-m3", "", ""},
	{"bge-", "Represent this sentence for searching relevant passages: ", ""},
	{"mxbai-embed", "Represent this sentence for searching relevant passages: ", ""},
	{"arctic-embed", "Represent this sentence for searching relevant passages: ", ""},
	{"e5-", "query: ", "passage: "},
}

// prefixesOf returns the prefixes of questions and passages for a model with this name.
func prefixesOf(name string) (query, passage string) {
	name = strings.NewReplacer(" ", "-", "_", "-").Replace(strings.ToLower(name))
	for _, p := range prefixes {
		if strings.Contains(name, p.name) {
			return p.query, p.passage
		}
	}
	return "", ""
}

// ID is a hash of the model's file and the prefixes.
func (e *Embedder) ID() string {
	return fmt.Sprintf("%x", sha256.Sum256(fmt.Appendf(nil, "%s %q %q", e.hash, e.query, e.passage)))
}

// Query returns the vector of a question, of Euclidean length 1. Text beyond MaxText is ignored.
func (e *Embedder) Query(ctx context.Context, text string) ([]float32, error) {
	v, err := e.embed(ctx, e.query, []string{text})
	if err != nil {
		return nil, err
	}
	return v[0], nil
}

// Passages returns the vector of each text, as Query does.
func (e *Embedder) Passages(ctx context.Context, texts []string) ([][]float32, error) {
	return e.embed(ctx, e.passage, texts)
}

func (e *Embedder) embed(ctx context.Context, prefix string, texts []string) ([][]float32, error) {
	all := make([][]llama.Token, len(texts))
	for i, text := range texts {
		tokens, err := e.Tokens(prefix + text)
		if err != nil {
			return nil, err
		}
		if all[i], err = e.cut(tokens); err != nil {
			return nil, err
		}
	}
	return e.EmbedTokens(ctx, all)
}

// cut removes the end of a text that is too long, except the special token after it.
func (e *Embedder) cut(tokens []llama.Token) ([]llama.Token, error) {
	most := e.MaxText()
	if len(tokens) <= most {
		return tokens, nil
	}
	around, err := e.Tokens("")
	if err != nil {
		return nil, err
	}
	last := tokens[len(tokens)-1]
	tokens = tokens[:most]
	if len(around) > 0 && last == around[len(around)-1] || e.model.Pooling() == "last" {
		tokens[most-1] = last
	}
	return tokens, nil
}

// Tokens returns the tokens of a text as it stands, without a prefix, with the special tokens around it.
func (e *Embedder) Tokens(text string) ([]llama.Token, error) {
	tokens, err := e.model.Tokenize(text, llama.TokenizeOptions{AddSpecial: true})
	if err != nil {
		return nil, fmt.Errorf("ragft: %w", err)
	}
	return tokens, nil
}

// EmbedTokens returns the vectors of texts that have at most MaxText tokens.
func (e *Embedder) EmbedTokens(ctx context.Context, texts [][]llama.Token) ([][]float32, error) {
	vectors, err := e.context.Embed(ctx, texts)
	if err != nil {
		return nil, fmt.Errorf("ragft: %w", err)
	}
	return vectors, nil
}

// Reranker is a GGUF model that scores passages for a question. It implements
// [github.com/ragft/ragft/retriever/dense.Reranker]. It is safe for concurrent use; calls queue. It owns native memory: close it.
type Reranker struct{ pooler }

// OpenReranker opens the reranker at path. Errors are those of [llama.Load]; a model that is not a reranker is
// [llama.ErrUnsupported]. The prefixes have no effect.
func OpenReranker(ctx context.Context, path string, o EmbedOptions) (*Reranker, error) {
	p, err := openPooler(ctx, path, o.Options)
	if err != nil {
		return nil, fmt.Errorf("ragft: %w", err)
	}
	if p.model.Pooling() != "rank" {
		return nil, errors.Join(
			fmt.Errorf("ragft: %w: %s is not a reranker: its pooling is not rank", llama.ErrUnsupported, path),
			p.Close(),
		)
	}
	return &Reranker{*p}, nil
}

// ID is a hash of the model's file.
func (r *Reranker) ID() string { return r.hash }

// Rank returns a score for each passage: see [llama.Context.Rank]. The end of a passage that is too long is ignored.
func (r *Reranker) Rank(ctx context.Context, query string, passages []string) ([]float64, error) {
	scores, _, err := r.Scores(ctx, query, passages)
	return scores, err
}

// Scores is like Rank, and also returns the number of tokens that were read.
func (r *Reranker) Scores(ctx context.Context, query string, passages []string) (scores []float64, tokens int, err error) {
	pairs := make([][]llama.Token, len(passages))
	for i, p := range passages {
		if pairs[i], err = r.model.TokenizePair(query, p, r.MaxText()); err != nil {
			return nil, 0, fmt.Errorf("ragft: %w", err)
		}
		tokens += len(pairs[i])
	}
	ranked, err := r.context.Rank(ctx, pairs)
	if err != nil {
		return nil, 0, fmt.Errorf("ragft: %w", err)
	}
	for _, s := range ranked {
		scores = append(scores, float64(s))
	}
	return scores, tokens, nil
}
