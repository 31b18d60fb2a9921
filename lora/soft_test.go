//go:build cgo

package lora

import (
	"context"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/ragft/ragft/internal/gguf"
	"github.com/ragft/ragft/internal/testmodel"
	"github.com/ragft/ragft/lora/internal/engine"
	"github.com/ragft/ragft/lora/internal/engine/enginetest"
)

// softly gives every token of the example that has a loss a distribution over itself and four others, with a rest.
func softly(e Example, rng *rand.Rand, vocab int, share float64) Example {
	e.Soft, e.SoftShare = make([]Soft, len(e.Tokens)), share
	for i, token := range e.Tokens {
		if e.Loss[i] == 0 {
			continue
		}
		s := Soft{Tokens: []Token{token}, P: []float32{0.1}}
		for left := 0.7; len(s.Tokens) < 5; left /= 2 {
			if t := Token(rng.IntN(vocab)); !slices.Contains(s.Tokens, t) {
				s.Tokens, s.P = append(s.Tokens, t), append(s.P, float32(left/2))
			}
		}
		e.Soft[i] = s
	}
	return e
}

// softExamples are two examples with distributions that begin alike, of which one is as long as its loss allows, and one
// without that begins as they do.
func softExamples(vocab int) []Example {
	rng := random(8)
	prompt := make([]Token, 40)
	for i := range prompt {
		prompt[i] = Token(rng.IntN(vocab))
	}
	response := func(n int) (tokens []Token) {
		for range n {
			tokens = append(tokens, Token(rng.IntN(vocab)))
		}
		return tokens
	}
	first := response(6)
	return []Example{
		softly(Completion(prompt, first), rng, vocab, 0.7),
		softly(Completion(prompt, append(first[:2:2], response(5)...)), rng, vocab, 0),
		Completion(prompt, append(first[:3:3], response(4)...)),
	}
}

func TestSoftGradients(t *testing.T) {
	for _, arch := range []string{"llama", "qwen3"} {
		for _, composed := range []bool{false, true} {
			t.Run(fmt.Sprintf("%s/composed=%v", arch, composed), func(t *testing.T) {
				e := adapted(t, testSpec(arch, gguf.F32), composed)
				w := testWindowOf(e, append(softExamples(e.Vocab()), testExamples(random(2), e.Vocab(), 2)...))
				require.NotEmpty(t, w.RestWeights)
				requireGradients(t, e, w, 0.02)
			})
		}
	}
}

// The loss is what the definition says, worked out from the logits.
func TestSoftLossIsTheDivergence(t *testing.T) {
	e := adapted(t, testSpec("llama", gguf.F32), false)
	for k, x := range softExamples(e.Vocab())[:2] {
		w := testWindowOf(e, []Example{x})
		loss, err := e.Forward(context.Background(), &w.Batch)
		require.NoError(t, err)
		logits, err := enginetest.Logits(context.Background(), e, &w.Batch)
		require.NoError(t, err)
		want := 0.0
		for i := range x.Tokens {
			if x.Loss[i] == 0 {
				continue
			}
			row := slices.Index(w.Rows, int32(i-1))
			p := softmax(logits[row*e.Vocab() : (row+1)*e.Vocab()])
			want += (1 - x.softShare()) * -math.Log(p[x.Tokens[i]])
			q, rest := 1.0, 1.0
			for n, token := range x.Soft[i].Tokens {
				pn := float64(x.Soft[i].P[n])
				want += x.softShare() * pn * math.Log(pn/p[token])
				q, rest = q-pn, rest-p[token]
			}
			want += x.softShare() * q * math.Log(q/rest)
		}
		require.InEpsilon(t, want, loss-x.entropy(), 1e-5, "example %d", k)
	}
}

func softmax(logits []float32) []float64 {
	p, sum, most := make([]float64, len(logits)), 0.0, float64(slices.Max(logits))
	for i, x := range logits {
		p[i] = math.Exp(float64(x) - most)
		sum += p[i]
	}
	for i := range p {
		p[i] /= sum
	}
	return p
}

// A teacher that is certain of the token teaches what the token itself does.
func TestCertainTeacherIsCrossEntropy(t *testing.T) {
	e := adapted(t, testSpec("llama", gguf.F32), false)
	for _, share := range []float64{0, 0.3, 1} {
		plain := softExamples(e.Vocab())[2]
		certain := plain
		certain.Soft, certain.SoftShare = make([]Soft, len(plain.Tokens)), share
		for i, token := range plain.Tokens {
			certain.Soft[i] = Soft{Tokens: []Token{token}, P: []float32{1}}
		}
		w, of := testWindowOf(e, []Example{plain}), testWindowOf(e, []Example{certain})
		require.Empty(t, of.RestWeights)
		requireSameGradients(t, e, gradients(t, e, w), gradients(t, e, of), 1e-6)
		require.Zero(t, certain.entropy())
		a, err := e.Forward(context.Background(), &w.Batch)
		require.NoError(t, err)
		b, err := e.Forward(context.Background(), &of.Batch)
		require.NoError(t, err)
		require.InEpsilon(t, a, b, 1e-6)
	}
}

// Examples with distributions share their prompt, and nothing else, with each other and with plain ones.
func TestSoftSharedEqualsSeparate(t *testing.T) {
	e := adapted(t, testSpec("llama", gguf.F32), false)
	examples := softExamples(e.Vocab())
	var separate []*window
	for _, x := range examples {
		separate = append(separate, testWindowOf(e, []Example{x}))
	}
	want := gradients(t, e, separate...)
	for _, rows := range []int{0, 5, 64} {
		require.NoError(t, enginetest.SetLayout(e, engine.Layout{ChunkRows: rows}))
		w := testWindowOf(e, examples)
		requireSameGradients(t, e, want, gradients(t, e, w), 1e-4)
	}
	members := []int{0, 1, 2}
	require.Equal(t, 39+(1+6)+(1+7)+(1+7), windowTokens(examples, members))
	windows := pack(examples, 256, maxSequences, random(1))
	require.Len(t, windows, 1)
	b := &windowBuilder{size: 256, next: map[step]int32{}}
	for _, i := range members {
		b.add(i, &examples[i])
	}
	require.Len(t, b.w.Tokens, windowTokens(examples, members))
}

func TestSoftErrors(t *testing.T) {
	good := softExamples(300)[0]
	require.NoError(t, good.check(0, maxSequences, 300))
	at := len(good.Tokens) - 1
	tests := map[string]struct {
		change func(e *Example, s *Soft)
		says   string
	}{
		"share":         {func(e *Example, _ *Soft) { e.SoftShare = 1.5 }, "SoftShare"},
		"length":        {func(e *Example, _ *Soft) { e.Soft = e.Soft[1:] }, "distributions"},
		"branches":      {func(e *Example, _ *Soft) { e.Branches = []Branch{{Tokens: []Token{1}, Loss: []float32{1}}} }, "branches"},
		"probabilities": {func(_ *Example, s *Soft) { s.P = s.P[1:] }, "5 tokens and 4 probabilities"},
		"token itself":  {func(_ *Example, s *Soft) { s.Tokens = []Token{299, 298, 297, 296, 295} }, "itself"},
		"twice":         {func(_ *Example, s *Soft) { s.Tokens[4] = s.Tokens[3] }, "twice"},
		"vocabulary":    {func(_ *Example, s *Soft) { s.Tokens[4] = 300 }, "another model"},
		"negative":      {func(_ *Example, s *Soft) { s.P[4] = -0.1 }, "probability"},
		"sum":           {func(_ *Example, s *Soft) { s.P[4] = 0.9 }, "add up"},
		"not a number":  {func(_ *Example, s *Soft) { s.P[4] = float32(math.NaN()) }, "probability"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			e := good
			e.Soft = slices.Clone(good.Soft)
			e.Soft[at].Tokens, e.Soft[at].P = slices.Clone(good.Soft[at].Tokens), slices.Clone(good.Soft[at].P)
			test.change(&e, &e.Soft[min(at, len(e.Soft)-1)])
			require.ErrorContains(t, e.check(3, maxSequences, 300), test.says)
		})
	}
}

// Steps bring the model nearer to the teacher's distribution; the loss that they report is the divergence, which stays positive.
func TestSoftStepsReachTheTeacher(t *testing.T) {
	c := scoredConfig()
	tr, err := NewTrainer(context.Background(), testmodel.New(t, testSpec("llama", gguf.F32)), c)
	require.NoError(t, err)
	defer tr.Close()
	x := softExamples(300)[1:2]
	before, err := tr.Evaluate(context.Background(), x)
	require.NoError(t, err)
	for range 60 {
		_, err := tr.Step(context.Background(), x, 1e-2)
		require.NoError(t, err)
	}
	after, err := tr.Evaluate(context.Background(), x)
	require.NoError(t, err)
	require.Greater(t, before.Loss, 1.0)
	require.Less(t, after.Loss, 0.3*before.Loss)
	require.Greater(t, after.Loss, 0.0)
}
