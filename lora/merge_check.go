//go:build cgo

package lora

import (
	"cmp"
	"context"
	"fmt"
	"math"
	"runtime"

	"github.com/ragft/ragft/llama"
	"github.com/ragft/ragft/ragft/opt"
)

// MergeCheck compares what a merged model says with what base and adapter say, over all tokens of the prompts.
type MergeCheck struct {
	Tokens int // places compared
	// KL is the mean Kullback-Leibler divergence of the merged model's next-token distribution from that of base and
	// adapter, in nats.
	KL float64
	// AdapterKL is the same for the base alone: how far the adapter moves the model. A KL that is not small beside it means
	// that the merge has lost much of the adapter.
	AdapterKL float64
	// SameToken is the share of the places where both find the same token likeliest.
	SameToken float64
}

// verification computes short texts in English, and a conversation if the model has a chat template, with the base and its
// adapter and with the merged model, both on the CPU by llama.cpp, and compares the probabilities of all next tokens. The
// models are loaded one after the other. All that the first says is held in memory: 4 bytes times vocabulary times tokens.
type verification struct {
	adapter string
	scale   float64
	threads int
	prompts [][]Token
	adapted [][]float32 // log-probabilities by base and adapter, place by place
	check   MergeCheck
}

// newVerification computes what base and adapter say.
func newVerification(ctx context.Context, o MergeOptions) (*verification, error) {
	v := &verification{adapter: o.Adapter, scale: cmp.Or(o.Scale, 1), threads: cmp.Or(o.Threads, runtime.NumCPU())}
	return v, v.with(ctx, o.Base, v.computeAdapted)
}

// compare computes what the merged model says.
func (v *verification) compare(ctx context.Context, merged string) (*MergeCheck, error) {
	if err := v.with(ctx, merged, v.computeMerged); err != nil {
		return nil, err
	}
	n := float64(v.check.Tokens)
	v.check.KL /= n
	v.check.AdapterKL /= n
	v.check.SameToken /= n
	return &v.check, nil
}

// with loads a model, gives it to f and closes it.
func (v *verification) with(ctx context.Context, path string, f func(context.Context, *llama.Model, *llama.Context) error) error {
	// not repacked: the adapted model's products would be computed by other code than the merged one's
	m, err := llama.Load(ctx, path, llama.ModelOptions{GPULayers: opt.Of(0), NoRepack: true})
	if err != nil {
		return fmt.Errorf("lora: %w", err)
	}
	defer m.Close()
	if v.prompts == nil {
		if v.prompts, err = verificationPrompts(m); err != nil {
			return fmt.Errorf("lora: %w", err)
		}
	}
	size := 1
	for _, p := range v.prompts {
		size = max(size, len(p))
	}
	c, err := m.NewContext(llama.ContextOptions{Size: size, Sequences: 1, Threads: v.threads, ExactAttention: true})
	if err != nil {
		return fmt.Errorf("lora: %w", err)
	}
	defer c.Close()
	if err := f(ctx, m, c); err != nil {
		if ctx.Err() != nil {
			return ctx.Err()
		}
		return fmt.Errorf("lora: checking %s: %w", path, err)
	}
	return nil
}

// each calls f with the log-probabilities at every place of every prompt; f must not keep them.
func (v *verification) each(ctx context.Context, c *llama.Context, f func(place int, logp []float32)) error {
	place := 0
	for _, p := range v.prompts {
		err := c.Logits(ctx, p, func(_ int, logits []float32) {
			logSoftMax(logits)
			f(place, logits)
			place++
		})
		if err != nil {
			return err
		}
	}
	return nil
}

func (v *verification) computeAdapted(ctx context.Context, m *llama.Model, c *llama.Context) error {
	a, err := m.LoadAdapter(v.adapter)
	if err != nil {
		return err
	}
	defer a.Close()
	if err := c.SetAdapters(llama.AdapterScale{Adapter: a, Scale: float32(v.scale)}); err != nil {
		return err
	}
	err = v.each(ctx, c, func(_ int, logp []float32) { v.adapted = append(v.adapted, append([]float32(nil), logp...)) })
	if err != nil {
		return err
	}
	if err := c.SetAdapters(); err != nil {
		return err
	}
	return v.each(ctx, c, func(place int, logp []float32) { v.check.AdapterKL += divergence(v.adapted[place], logp) })
}

func (v *verification) computeMerged(ctx context.Context, m *llama.Model, c *llama.Context) error {
	if n := len(v.adapted[0]); m.VocabSize() != n {
		return fmt.Errorf("its vocabulary has %d tokens, the base's %d", m.VocabSize(), n)
	}
	return v.each(ctx, c, func(place int, logp []float32) {
		want := v.adapted[place]
		v.check.Tokens++
		v.check.KL += divergence(want, logp)
		if likeliest(want) == likeliest(logp) {
			v.check.SameToken++
		}
	})
}

// logSoftMax turns logits into log-probabilities.
func logSoftMax(x []float32) {
	top, sum := math.Inf(-1), 0.0
	for _, l := range x {
		top = max(top, float64(l))
	}
	for _, l := range x {
		sum += math.Exp(float64(l) - top)
	}
	norm := top + math.Log(sum)
	for i, l := range x {
		x[i] = float32(float64(l) - norm)
	}
}

// divergence is the Kullback-Leibler divergence of q from p, both log-probabilities. Since those are rounded, the sum of
// p * log(p / q) alone could be below zero where the two are close; the terms q - p, which sum to zero, mend that.
func divergence(p, q []float32) float64 {
	sum := 0.0
	for i := range p {
		lp, lq := float64(p[i]), float64(q[i])
		if e := math.Exp(lp); e > 0 && !math.IsInf(lq, -1) {
			sum += e*(lp-lq) + math.Exp(lq) - e
		}
	}
	return sum
}

func likeliest(x []float32) int {
	best := 0
	for i := range x {
		if x[i] > x[best] {
			best = i
		}
	}
	return best
}

var verificationTexts = []string{
	"The river was low that summer, and the miller had little to do but sit in the shade and mend what was broken. " +
		"When the first rain came in September he went out to look at the wheel.",
	"To boil an egg, put it into cold water and heat the water until it boils. Take it off the fire after four minutes " +
		"if the yolk is to stay soft, and after ten if it is to be firm.",
	"Question: In which year was the bridge across the Dalen opened?\nAnswer: The bridge was opened in 1872, " +
		"two years after the railway had reached the town [1].",
}

// verificationPrompts are the built-in prompts in the model's tokens.
func verificationPrompts(m *llama.Model) ([][]Token, error) {
	var prompts [][]Token
	for _, text := range verificationTexts {
		tokens, err := m.Tokenize(text, llama.TokenizeOptions{AddSpecial: true})
		if err != nil {
			return nil, err
		}
		prompts = append(prompts, tokens)
	}
	chat, err := m.TokenizeChat([]llama.Message{{Role: "user", Content: "Who built the old mill, and when was it given up?"}},
		llama.ChatOptions{})
	if err == nil { // some templates want more than a question, and none of it is needed
		prompts = append(prompts, chat)
	}
	for i, p := range prompts {
		if limit := m.ContextLength(); limit > 0 && len(p) > limit {
			prompts[i] = p[:limit]
		}
	}
	return prompts, nil
}
