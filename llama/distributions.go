//go:build cgo

package llama

import (
	"context"
	"fmt"
	"slices"
)

// Distributions returns what the model expects at places of a text: out[k] has the most likely tokens at tokens[at[k]], given
// all tokens before it, with their natural log probabilities, most likely first; tokens[at[k]] itself comes last if it is not
// among them. The text is computed once. at is ascending, its first place at least 1, and most from 1 to 64. A text that does not fit
// into the context is a *PromptTooLongError.
//
// If ctx ends, Distributions stops as [Context.Generate] does.
func (c *Context) Distributions(ctx context.Context, tokens []Token, at []int, most int) ([][]TokenLogProb, error) {
	switch {
	case c.options.Embeddings:
		return nil, errEmbeddings
	case len(at) == 0:
		return nil, nil
	case most < 1 || most > maxTop:
		return nil, fmt.Errorf("llama: Distributions of the %d likeliest tokens: it must be from 1 to %d", most, maxTop)
	case at[0] < 1 || at[len(at)-1] >= len(tokens) || !slices.IsSorted(at) || len(slices.Compact(slices.Clone(at))) < len(at):
		return nil, fmt.Errorf("llama: Distributions at %v of %d tokens: places are ascending, from 1 on, each once", at, len(tokens))
	}
	if err := c.model.vocab.check(tokens); err != nil {
		return nil, fmt.Errorf("llama: %w", err)
	}
	last := at[len(at)-1]
	if last > c.size {
		return nil, &PromptTooLongError{Tokens: last, Size: c.size}
	}
	var out [][]TokenLogProb
	err := c.within(ctx, c.whole, func() (err error) {
		out, err = c.distributions(ctx, tokens, at, min(most, c.model.VocabSize()))
		return err
	})
	if err != nil {
		return nil, err
	}
	return out, nil
}

func (c *Context) distributions(ctx context.Context, tokens []Token, at []int, most int) ([][]TokenLogProb, error) {
	var out [][]TokenLogProb
	for from := 0; from < at[len(at)-1]; {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		c.batch.reset()
		first := len(out)
		for ; from < at[len(at)-1] && len(c.batch.tokens) < c.options.BatchSize && len(c.batch.picks) < c.outputs; from++ {
			c.batch.add(tokens[from], from, c.options.Sequences) // the sequence of prompts that are scored
			if next := first + len(c.batch.picks); at[next] == from+1 {
				c.batch.score(tokens[from+1])
				c.batch.withTop(most)
			}
		}
		if err := c.batch.decode(c); err != nil {
			return nil, err
		}
		for i, pick := range c.batch.picks {
			likely, token := c.batch.likeliest(i), Token(pick.target)
			if !slices.ContainsFunc(likely, func(t TokenLogProb) bool { return t.Token == token }) {
				likely = append(likely, TokenLogProb{token, float32(c.batch.picked[i].logprob)})
			}
			out = append(out, likely)
		}
	}
	return out, nil
}
