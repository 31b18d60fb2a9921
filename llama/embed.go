//go:build cgo

package llama

// #include "shim.h"
import "C"

import (
	"context"
	"fmt"
	"math"
	"unsafe"
)

// Pooling returns how the model pools the embeddings of a text's tokens into one: "mean", "cls" or "last"; or "rank" for a
// reranker, which turns them into a score: see [Context.Rank]. It is "" for a model that was made for neither, such as most
// models that generate text.
func (m *Model) Pooling() string {
	switch m.metadata[m.Architecture()+".pooling_type"] {
	case "1":
		return "mean"
	case "2":
		return "cls"
	case "3":
		return "last"
	case "4":
		return "rank"
	}
	return ""
}

// Embed returns the embedding of each text, as a vector of Euclidean length 1. The context must have been created with
// [ContextOptions.Embeddings]. A text has at most [Context.MaxText] tokens, including the special ones that the model needs
// (see [TokenizeOptions.AddSpecial]).
//
// If ctx ends, Embed stops as [Context.Generate] does. Other calls on the context have their turns between its batches.
func (c *Context) Embed(ctx context.Context, texts [][]Token) ([][]float32, error) {
	if !c.options.Embeddings {
		return nil, fmt.Errorf("llama: %w: the context was not created for embeddings", ErrUnsupported)
	}
	if c.model.Pooling() == "rank" {
		return nil, fmt.Errorf("llama: %w: the model is a reranker, which has no embeddings", ErrUnsupported)
	}
	out, err := c.pooled(ctx, texts, int(c.model.info.n_embd_out))
	if err != nil {
		return nil, err
	}
	for _, v := range out {
		if err := normalize(v); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// pooled returns what is pooled of the tokens of each text, width numbers.
func (c *Context) pooled(ctx context.Context, texts [][]Token, width int) ([][]float32, error) {
	for i, text := range texts {
		if len(text) == 0 {
			return nil, fmt.Errorf("llama: text %d: %w", i, ErrEmptyPrompt)
		}
		if len(text) > c.MaxText() {
			return nil, &PromptTooLongError{Request: i, Tokens: len(text), Size: c.MaxText()}
		}
		if err := c.model.vocab.check(text); err != nil {
			return nil, fmt.Errorf("llama: text %d: %w", i, err)
		}
	}
	out := make([][]float32, 0, len(texts))
	for {
		end, err := c.begin(ctx, c.whole) // for each batch, so that a call with many texts lets others in between
		if err != nil {
			return nil, err
		}
		if len(out) < len(texts) {
			out, err = c.poolSome(texts, width, out)
		}
		if err := end(err); err != nil {
			return nil, err
		}
		if len(out) == len(texts) {
			return out, nil
		}
	}
}

// MaxText returns the number of tokens that a text for [Context.Embed] or [Context.Rank] may have: BatchSize, or the context
// length that the model was trained with if that is less, because some models have no positions beyond it.
func (c *Context) MaxText() int {
	if n := c.model.ContextLength(); n > 0 {
		return min(c.options.BatchSize, n)
	}
	return c.options.BatchSize
}

// poolSome appends what is pooled of the next texts that fit into one batch.
func (c *Context) poolSome(texts [][]Token, width int, out [][]float32) ([][]float32, error) {
	b := &c.batch
	b.reset()
	n := 0
	for _, text := range texts[len(out):] {
		if n == c.options.Sequences || len(b.tokens)+len(text) > c.options.BatchSize {
			break
		}
		for at, t := range text {
			b.add(t, at, n)
		}
		n++
	}
	values := make([]float32, n*width)
	var cerr C.ragft_error
	done := c.planned()
	code := C.ragft_embed(c.ptr, (*C.int32_t)(unsafe.SliceData(b.tokens)), (*C.int32_t)(unsafe.SliceData(b.positions)),
		(*C.int32_t)(unsafe.SliceData(b.sequences)), C.int32_t(len(b.tokens)), C.int32_t(n), C.int32_t(width),
		(*C.float)(unsafe.SliceData(values)), &cerr)
	done()
	if err := c.model.devices.Err(); err != nil {
		return nil, fmt.Errorf("llama: embedding: %w", err)
	}
	switch code {
	case C.RAGFT_OK:
	case C.RAGFT_ABORTED:
		return nil, errAborted
	default:
		return nil, fmt.Errorf("llama: embedding: %s", errorText(&cerr))
	}
	for i := range n {
		out = append(out, values[i*width:(i+1)*width:(i+1)*width])
	}
	return out, nil
}

func normalize(v []float32) error {
	sum := 0.0
	for _, x := range v {
		sum += float64(x) * float64(x)
	}
	if math.IsNaN(sum) || math.IsInf(sum, 0) {
		return ErrNotANumber
	}
	if sum > 0 {
		for i := range v {
			v[i] = float32(float64(v[i]) / math.Sqrt(sum))
		}
	}
	return nil
}
