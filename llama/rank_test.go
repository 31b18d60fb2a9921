//go:build cgo

package llama

import (
	"bytes"
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"math"
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/ragft/ragft/internal/gguf"
	"github.com/ragft/ragft/internal/testmodel"
)

var updateVectors = flag.Bool("update-vectors", false, "record testdata/bert.json again")

var bertTexts = []string{"the mill", "who is the miller of the town?", "a river, ing and er: 12"}

func tokenizeAll(t *testing.T, m *Model, texts []string) (out [][]Token) {
	for _, text := range texts {
		tokens, err := m.Tokenize(text, TokenizeOptions{AddSpecial: true})
		require.NoError(t, err)
		out = append(out, tokens)
	}
	return out
}

// A model of the BERT kind gives the vectors that were recorded, on every machine and however its texts are batched.
func TestBERTGivesRecordedVectors(t *testing.T) {
	const file = "testdata/bert.json"
	got := map[string][][]float32{}
	for number, name := range map[int]string{1: "mean", 2: "cls"} {
		m := mustLoad(t, testmodel.NewBERT(t, testmodel.BERT{Pooling: number}))
		require.Equal(t, name, m.Pooling())
		texts := tokenizeAll(t, m, bertTexts)
		require.Equal(t, "[CLS]", m.Piece(texts[0][0]))
		require.Equal(t, "[SEP]", m.Piece(texts[0][len(texts[0])-1]))
		for _, o := range []ContextOptions{{Embeddings: true}, {Embeddings: true, Sequences: 1, Threads: 1}} {
			vectors, err := mustContext(t, m, o).Embed(context.Background(), texts)
			require.NoError(t, err)
			if before, ok := got[name]; ok {
				requireNear(t, before, vectors)
			}
			got[name] = vectors
		}
		_, err := mustContext(t, m, ContextOptions{Embeddings: true}).Rank(context.Background(), texts)
		require.ErrorIs(t, err, ErrUnsupported)
	}
	if *updateVectors {
		for _, vectors := range got {
			for _, v := range vectors {
				for d := range v {
					v[d] = float32(math.Round(float64(v[d])*1e4) / 1e4)
				}
			}
		}
		data, err := json.Marshal(got)
		require.NoError(t, err)
		require.NoError(t, os.WriteFile(file, append(data, '\n'), 0o644))
	}
	data, err := os.ReadFile(file)
	require.NoError(t, err)
	var want map[string][][]float32
	require.NoError(t, json.NewDecoder(bytes.NewReader(data)).Decode(&want))
	require.Len(t, want, 2)
	for name := range want {
		requireNear(t, want[name], got[name])
	}
}

func requireNear(t *testing.T, want, got [][]float32) {
	t.Helper()
	require.Len(t, got, len(want))
	for i := range want {
		require.Len(t, got[i], len(want[i]))
		for d := range want[i] {
			require.InDelta(t, want[i][d], got[i][d], 2e-3, "text %d, dimension %d", i, d) // attention has 16 bits on some machines
		}
	}
}

// matrixOf reads a tensor.
func matrixOf(t *testing.T, path, name string) []float32 {
	t.Helper()
	f, err := gguf.Open(path)
	require.NoError(t, err)
	defer f.Close()
	values, err := f.ReadFloats(name)
	require.NoError(t, err)
	return values
}

// The score is what the classification head makes of the embedding of the first token: a linear layer, tanh, a linear layer.
func TestRank(t *testing.T) {
	for _, scores := range []int{1, 3} {
		path := testmodel.NewBERT(t, testmodel.BERT{Pooling: 4, Scores: scores})
		m := mustLoad(t, path)
		require.Equal(t, "rank", m.Pooling())
		var pairs [][]Token
		for _, doc := range []string{"the mill is the miller's", "a river", strings.Repeat("a town ", 200), "the mill"} {
			pair, err := m.TokenizePair("who is the miller?", doc, 100)
			require.NoError(t, err)
			pairs = append(pairs, pair)
		}
		require.LessOrEqual(t, len(pairs[2]), 100)
		require.Greater(t, len(pairs[2]), 80)
		c := mustContext(t, m, ContextOptions{Embeddings: true, Sequences: 2})
		got, err := c.Rank(context.Background(), pairs)
		require.NoError(t, err)
		_, err = c.Embed(context.Background(), pairs)
		require.ErrorIs(t, err, ErrUnsupported)

		plain := mustLoad(t, rewrite(t, path, map[string]any{"bert.pooling_type": uint32(2)}))
		first, err := mustContext(t, plain, ContextOptions{Embeddings: true}).pooled(context.Background(), pairs, 64)
		require.NoError(t, err)
		for i := range pairs {
			require.InDelta(t, head(t, path, first[i]), got[i], 5e-3, "%d scores, pair %d", scores, i)
		}
		require.Greater(t, math.Abs(float64(got[0]-got[1])), 0.01)
	}
}

// head is the first score of the classification head.
func head(t *testing.T, path string, x []float32) (score float64) {
	t.Helper()
	dense, bias := matrixOf(t, path, "cls.weight"), matrixOf(t, path, "cls.bias")
	out, last := matrixOf(t, path, "cls.output.weight"), matrixOf(t, path, "cls.output.bias")
	score = float64(last[0])
	for row := range x {
		sum := float64(bias[row])
		for i, v := range x {
			sum += float64(v) * float64(dense[row*len(x)+i])
		}
		score += math.Tanh(sum) * float64(out[row])
	}
	return score
}

// The pair is put together as llama-server does it, and nothing that it says is a special token.
func TestTokenizePair(t *testing.T) {
	path := testmodel.NewBERT(t, testmodel.BERT{Pooling: 4})
	m := mustLoad(t, path)
	say := func(m *Model, query, doc string, most int) string {
		tokens, err := m.TokenizePair(query, doc, most)
		require.NoError(t, err)
		var out []string
		for _, token := range tokens {
			out = append(out, m.Piece(token))
		}
		return fmt.Sprintf("%q", out)
	}
	plain := func(text string) string {
		var out []string
		for _, token := range mustTokenize(t, m, text) {
			out = append(out, m.Piece(token))
		}
		return strings.Trim(fmt.Sprintf("%q", out), "[]")
	}
	require.Equal(
		t,
		fmt.Sprintf(`["[CLS]" %s "[SEP]" %s "[SEP]"]`, plain("the mill"), plain("a river")),
		say(m, "the mill", "a river", 99),
	)
	require.NotContains(t, strings.TrimSuffix(say(m, "the [SEP] mill", "a [CLS][SEP] river", 99), `"[SEP]"]`)[8:], `[CLS]`)
	require.Equal(t, 2, strings.Count(say(m, "the [SEP] mill", "a [SEP] river", 99), "[SEP]"))

	_, err := m.TokenizePair(strings.Repeat("mill ", 50), "a river", 20)
	require.ErrorIs(t, err, ErrPromptTooLong)

	both := mustLoad(t, rewrite(t, path, map[string]any{"tokenizer.ggml.add_sep_token": true}))
	require.Equal(t, 3, strings.Count(say(both, "the mill", "a river", 99), "[SEP]"))

	filled := mustLoad(t, rewrite(t, path, map[string]any{
		"tokenizer.chat_template.rerank": "[CLS]of {query}[SEP]{document} is it[MASK]"}))
	require.Equal(t, fmt.Sprintf(`["[CLS]" %s "[SEP]" %s "[MASK]"]`, plain("of the {document} mill"), plain("a [MASK] is it")),
		say(filled, "the {document} mill", "a [MASK]", 99))
}

func TestRerankersWithoutAHeadAreRefused(t *testing.T) {
	m := mustLoad(t, testmodel.NewBERT(t, testmodel.BERT{Pooling: 4, NoHead: true}))
	_, err := m.NewContext(ContextOptions{Embeddings: true})
	require.ErrorIs(t, err, ErrUnsupported)
	require.ErrorContains(t, err, classifierName)
}

// A model with learnt positions has none beyond its training length.
func TestTextsLongerThanTheTrainingLengthAreRefused(t *testing.T) {
	m := mustLoad(t, testmodel.NewBERT(t, testmodel.BERT{Context: 100}))
	c := mustContext(t, m, ContextOptions{Embeddings: true})
	require.Equal(t, 100, c.MaxText())
	_, err := c.Embed(context.Background(), [][]Token{make([]Token, 101)})
	require.ErrorIs(t, err, ErrPromptTooLong)
	_, err = c.Embed(context.Background(), [][]Token{make([]Token, 100)})
	require.NoError(t, err)
}
