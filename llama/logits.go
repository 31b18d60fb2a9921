//go:build cgo

package llama

// #include "shim.h"
import "C"

import (
	"context"
	"fmt"
	"unsafe"
)

// Logits computes the tokens, and calls each with the logits after every token, in order. logits has one number for each token
// of the vocabulary, before the softmax; it predicts the token after token i. The slice is reused after each has returned, and
// each must not use the context. The tokens must fit into the context.
//
// If ctx ends, Logits stops as [Context.Generate] does.
func (c *Context) Logits(ctx context.Context, tokens []Token, each func(i int, logits []float32)) error {
	if len(tokens) == 0 {
		return ErrEmptyPrompt
	}
	if err := c.model.vocab.check(tokens); err != nil {
		return fmt.Errorf("llama: %w", err)
	}
	if len(tokens) > c.size {
		return &PromptTooLongError{Tokens: len(tokens), Size: c.size}
	}
	return c.within(ctx, c.whole, func() error { return c.eachLogits(ctx, tokens, each) })
}

func (c *Context) eachLogits(ctx context.Context, tokens []Token, each func(int, []float32)) error {
	logits := make([]float32, c.model.VocabSize())
	for from := 0; from < len(tokens); from += c.outputs {
		if err := ctx.Err(); err != nil {
			return err
		}
		c.batch.reset()
		for i := from; i < min(from+c.outputs, len(tokens)); i++ {
			c.batch.add(tokens[i], i, 0)
			c.batch.wanted[i-from] = 1
		}
		if err := c.batch.decode(c); err != nil {
			return err
		}
		for row := range c.batch.tokens {
			var cerr C.ragft_error
			switch C.ragft_context_logits(c.ptr, C.int32_t(row), (*C.float)(unsafe.SliceData(logits)), &cerr) {
			case C.RAGFT_OK:
			case C.RAGFT_NAN:
				return ErrNotANumber
			default:
				return fmt.Errorf("llama: logits: %s", errorText(&cerr))
			}
			each(from+row, logits)
		}
	}
	return nil
}
