//go:build cgo

package llama

// #include "shim.h"
import "C"

import (
	"context"
	"fmt"
	"math"
	"slices"
	"strings"
	"unicode/utf8"
)

// classifierName is the matrix that turns a reranker's pooled embedding into scores.
const classifierName = "cls.output.weight"

// checkRank returns an error for a reranker whose scores llama.cpp would read from something else.
func (m *Model) checkRank() error {
	if m.Pooling() != "rank" {
		return nil
	}
	if shape, ok := m.shapes[classifierName]; !ok || len(shape) > 1 && shape[1] != int64(m.info.n_cls_out) {
		return fmt.Errorf("llama: %w: the reranker has no %s with a row for each of its %d scores", ErrUnsupported, classifierName,
			int(m.info.n_cls_out))
	}
	return nil
}

// Rank returns a score for each pair of a question and a document, see [Model.TokenizePair]: higher is better. It is the first
// number of the model's classification head: for models of the BERT kind a logit, for Qwen3's rerankers the probability of yes.
// The context must have been created with [ContextOptions.Embeddings], of a model whose [Model.Pooling] is "rank".
//
// If ctx ends, Rank stops as [Context.Generate] does. Other calls on the context have their turns between its batches.
func (c *Context) Rank(ctx context.Context, pairs [][]Token) ([]float32, error) {
	if !c.options.Embeddings || c.model.Pooling() != "rank" {
		return nil, fmt.Errorf("llama: %w: the context is not for embeddings, or its model is not a reranker", ErrUnsupported)
	}
	heads, err := c.pooled(ctx, pairs, int(c.model.info.n_cls_out))
	if err != nil {
		return nil, err
	}
	scores := make([]float32, len(heads))
	for i, h := range heads {
		if scores[i] = h[0]; math.IsNaN(float64(h[0])) || math.IsInf(float64(h[0]), 0) {
			return nil, ErrNotANumber
		}
	}
	return scores, nil
}

// TokenizePair returns the tokens of a question and a document for a reranker, joined as llama-server does: with the template
// "rerank" of the file, or with the vocabulary's special tokens around and between the two. Only the template's own text can
// contain special tokens. If there are more than most tokens, the end of the document is left out; if the question alone has
// more, the error is [ErrPromptTooLong].
func (m *Model) TokenizePair(query, document string, most int) ([]Token, error) {
	release, err := m.use()
	if err != nil {
		return nil, err
	}
	defer release()
	for {
		tokens, err := m.tokenizePair(query, document)
		if err != nil || len(tokens) <= most {
			return tokens, err
		}
		if document == "" {
			return nil, &PromptTooLongError{Tokens: len(tokens), Size: most}
		}
		document = begin(document, len(document)*most/len(tokens))
	}
}

// begin returns at most n bytes of a text, whole characters.
func begin(text string, n int) string {
	for n = min(n, len(text)-1); n > 0 && !utf8.RuneStart(text[n]); n-- {
	}
	return text[:n]
}

func (m *Model) tokenizePair(query, document string) ([]Token, error) {
	if template := m.metadata["tokenizer.chat_template.rerank"]; template != "" {
		return m.fillRerank(template, query, document)
	}
	q, err := m.tokenize(query, TokenizeOptions{})
	if err != nil {
		return nil, err
	}
	d, err := m.tokenize(document, TokenizeOptions{})
	if err != nil {
		return nil, err
	}
	end := m.EOS()
	if end == NoToken {
		end = Token(m.info.sep)
	}
	optional := func(wanted bool, t Token) []Token {
		if !wanted || t == NoToken {
			return nil
		}
		return []Token{t}
	}
	last := optional(bool(m.info.add_eos), end)
	return slices.Concat(
		optional(bool(m.info.add_bos), m.BOS()),
		q,
		last,
		optional(bool(m.info.add_sep), Token(m.info.sep)),
		d,
		last,
	), nil
}

// fillRerank fills in a template with {query} and {document}.
func (m *Model) fillRerank(template, query, document string) (tokens []Token, err error) {
	var parts []part
	for template != "" {
		at, name, text := len(template), "", ""
		for field, value := range map[string]string{"{query}": query, "{document}": document} {
			if i := strings.Index(template, field); i >= 0 && i < at {
				at, name, text = i, field, value
			}
		}
		parts = append(parts, part{text: template[:at]}, part{text: text, untrusted: true})
		template = template[at+len(name):]
	}
	for _, run := range m.vocab.split(parts) {
		more := []Token{run.token}
		if !run.special {
			if more, err = m.tokenize(run.text, TokenizeOptions{}); err != nil {
				return nil, err
			}
		}
		tokens = append(tokens, more...)
	}
	return tokens, nil
}
