//go:build cgo

package finetune

import (
	"math"
	"path/filepath"
	"slices"
	"testing"

	"github.com/ragft/ragft/internal/gguf"
	"github.com/ragft/ragft/internal/localtest"
	"github.com/ragft/ragft/internal/testmodel"
	"github.com/ragft/ragft/llama"
	"github.com/ragft/ragft/lora"
	"github.com/ragft/ragft/ragft/model"
	"github.com/ragft/ragft/ragft/opt"
	"github.com/ragft/ragft/ragft/rows"
	"github.com/stretchr/testify/require"
)

// passages are texts to hold an adapter by.
var passages = []string{
	"The ferry to the island leaves from the north quay at half past six in the morning, and comes back at nine in the evening.",
	"Bread dough is folded four times in the first two hours, then left in a cold room until the next day, and baked on a hot stone.",
	"Before the bridge was built, carts crossed the river at the ford below the mill, where the water is seldom deeper than a knee.",
	"short",
}

// anchorsOf are the anchors of a training of rows.
func anchorsOf(t *testing.T, list []rows.Row, o Options) []lora.Example {
	t.Helper()
	e, err := newEncoder(t.Context(), list, o)
	require.NoError(t, err)
	defer e.model.Close()
	learnt, err := e.encodeRows(t.Context(), list)
	require.NoError(t, err)
	made, err := e.anchors(t.Context(), o, learnt)
	require.NoError(t, err)
	require.Equal(t, made, func() []rowExamples { again, _ := e.anchors(t.Context(), o, learnt); return again }(), "drawn by seed")
	return joinExamples(made)
}

func TestAnchorsWeighAsMuchAsTheResponses(t *testing.T) {
	_, path := localtest.OpenLocalTest(t, testmodel.Spec{})
	list := parrots(8)
	o := Options{Model: path, Anchors: passages, AnchorShare: opt.Of(0.2)}
	made := anchorsOf(t, list, o)
	require.NotEmpty(t, made)
	tokens, weight := 0, 0.0
	for _, e := range made {
		require.LessOrEqual(t, len(e.Tokens), anchorLength)
		require.Zero(t, e.Loss[0])
		places := 0
		for i, w := range e.Loss {
			require.Equal(t, w > 0, len(e.Soft[i].Tokens) > 0)
			if w > 0 {
				places++
			}
		}
		require.Equal(t, min(anchorPlaces, len(e.Tokens)-1), places)
		require.Equal(t, "anchor", e.Source)
		tokens, weight = tokens+len(e.Tokens), weight+lossOf(&e)
	}
	theirs, responses := 0, 0.0
	for _, row := range encodeAll(t, o, list) {
		theirs, responses = theirs+len(row.examples[0].Tokens), responses+lossOf(&row.examples[0])
	}
	require.InEpsilon(t, anchorWeight*responses, weight, 1e-6)
	last := made[len(made)-1]
	require.GreaterOrEqual(t, float64(tokens), 0.2*float64(tokens+theirs))
	require.Less(t, float64(tokens-len(last.Tokens)), 0.2*float64(tokens-len(last.Tokens)+theirs), "no more than it takes")

	// Preferences share the loss with responses by Weight.
	mixed := append(parrots(8), parrots(1)...)
	mixed[8].ID, mixed[8].Rejected = "preference", []model.Message{{Role: model.RoleAssistant, Content: "no"}}
	aside := anchorsOf(t, mixed, o)
	require.NotEmpty(t, aside)
	weight = 0
	for _, e := range aside {
		require.LessOrEqual(t, e.Weight, 0.001, "anchors take nothing of the part of preferences")
		weight += lossOf(&e)
	}
	require.InEpsilon(t, anchorWeight*responses, weight, 1e-6)

	o.AnchorShare = opt.Of(0.9)
	require.Len(t, anchorsOf(t, list, o), len(passages)-1, "all but the text of one word")
}

func TestNoAnchors(t *testing.T) {
	_, path := localtest.OpenLocalTest(t, testmodel.Spec{})
	list := parrots(4)
	require.Empty(t, anchorsOf(t, list, Options{Model: path}), "no texts")
	require.Empty(t, anchorsOf(t, list, Options{Model: path, Anchors: passages, AnchorShare: opt.Of(0.0)}))
	text := append(parrots(4), rows.Row{ID: "text", Text: "What the documents say is to be learnt."})
	require.Empty(t, anchorsOf(t, text, Options{Model: path, Anchors: passages}), "beside plain text")
	for i := range list {
		list[i].Rejected = []model.Message{{Role: model.RoleAssistant, Content: "no"}}
	}
	require.Empty(t, anchorsOf(t, list, Options{Model: path, Anchors: passages}), "preferences")
	_, err := Train(t.Context(), parrots(4), Options{Model: path, AnchorShare: opt.Of(1.0)})
	require.ErrorContains(t, err, "AnchorShare is 1: it is a share from 0 to below 1")
}

// With anchors, what the adapter expects of other text stays closer to what the model expects, and the rows are learnt too.
func TestAnchorsHoldTheModel(t *testing.T) {
	m, path := localtest.OpenLocalTest(t, testmodel.Spec{Arch: "qwen3", Type: gguf.Q8_0})
	other := "In the winter the lamps along the harbour were lit by hand, one after the other, by a man with a long pole."
	tokens, err := m.Llama().Tokenize(other, llama.TokenizeOptions{AddSpecial: true})
	require.NoError(t, err)
	divergence := map[bool]float64{}
	for _, anchored := range []bool{false, true} {
		o := Options{Model: path, Adapter: filepath.Join(t.TempDir(), "adapter.gguf"), AnchorShare: opt.Of(0.5), LoRA: lora.Config{
			Rank: 8, Epochs: 30, LearningRate: 1e-2, Window: 512, Threads: 1,
		}}
		if anchored {
			o.Anchors = passages
		}
		r, err := Train(t.Context(), parrots(24), o)
		require.NoError(t, err)
		require.Equal(t, map[bool]int{true: 3}[anchored], r.Anchors)
		require.Less(t, r.HeldOutLoss, 0.5*r.BaseLoss)
		divergence[anchored] = divergenceOf(t, m.Llama(), r.Adapter, tokens)
		t.Logf("anchored %v: held-out loss %.3f -> %.3f, divergence %.4f", anchored, r.BaseLoss, r.HeldOutLoss, divergence[anchored])
	}
	require.Less(t, divergence[true], 0.6*divergence[false])
}

// divergenceOf is the mean of KL(model || adapted) over the places of a text, over the model's likeliest tokens.
func divergenceOf(t *testing.T, m *llama.Model, adapter string, tokens []llama.Token) float64 {
	t.Helper()
	places := make([]int, len(tokens)-1)
	for i := range places {
		places[i] = i
	}
	c, err := m.NewContext(llama.ContextOptions{Size: 512, Sequences: 4, Threads: 1, ExactAttention: true})
	require.NoError(t, err)
	defer c.Close()
	base, err := distributions(t.Context(), c, tokens[:1], tokens[1:], places)
	require.NoError(t, err)
	a, err := m.LoadAdapter(adapter)
	require.NoError(t, err)
	defer a.Close()
	require.NoError(t, c.SetAdapters(llama.AdapterScale{Adapter: a, Scale: 1}))
	sum := 0.0
	for i, s := range base {
		each := make([][]llama.Token, len(s.Tokens))
		for k, token := range s.Tokens {
			each[k] = []llama.Token{token}
		}
		scores, err := c.Score(t.Context(), slices.Clone(tokens[:i+1]), each)
		require.NoError(t, err)
		for k, p := range s.P {
			sum += float64(p) * (math.Log(float64(p)) - float64(scores[k][0]))
		}
	}
	return sum / float64(len(base))
}

func TestLossOfRows(t *testing.T) {
	step := func(loss float64, by map[string]float64) lora.Losses { return lora.Losses{Loss: loss, BySource: by} }
	require.Equal(t, 2.0, lossOfRows(step(2, nil)))
	require.Equal(t, 2.0, lossOfRows(step(2, map[string]float64{"gold": 3, "ralt": 1})))
	require.Equal(t, 3.0, lossOfRows(step(2, map[string]float64{"gold": 3, "anchor": 1})))
	require.Equal(t, 2.0, lossOfRows(step(2, map[string]float64{"gold": 3, "ralt": 2, "anchor": 1})))
	require.True(t, math.IsNaN(lossOfRows(step(2, map[string]float64{"anchor": 2}))))
}
