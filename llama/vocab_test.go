//go:build cgo

package llama

import (
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/ragft/ragft/internal/gguf"
	"github.com/ragft/ragft/internal/testmodel"
)

var texts = []string{
	"", " ", "a", "The mill, of 1832.", "  two spaces\n\tand a tab ", "Ünïcödé €uro 日本語 🙂", "e\u0301", "x\x00y",
	"<|end|> is not special here <|user|>", strings.Repeat("the mill of the blue ", 500),
}

func TestTokenizeRoundTrip(t *testing.T) {
	m := mustLoad(t, tinyModel(t))
	for _, text := range texts {
		tokens := mustTokenize(t, m, text)
		got, err := m.Detokenize(tokens)
		require.NoError(t, err)
		require.Equal(t, text, got)
		pieces := ""
		for _, token := range tokens {
			require.False(t, m.IsEndOfGeneration(token))
			pieces += m.Piece(token)
		}
		require.Equal(t, text, pieces)
	}
	tokens := mustTokenize(t, m, "bad \xff\xf5\x9f bytes")
	got, err := m.Detokenize(tokens)
	require.NoError(t, err)
	require.Equal(t, "bad \uFFFD\uFFFD\uFFFD bytes", got)
}

func TestSpecialTokens(t *testing.T) {
	m := mustLoad(t, tinyModel(t))
	eos := m.EOS()
	require.True(t, m.IsEndOfGeneration(eos))
	require.False(t, m.IsEndOfGeneration(NoToken))
	require.Equal(t, testmodel.End, m.Piece(eos))
	require.Equal(t, testmodel.BOS, m.Piece(m.BOS()))
	require.Empty(t, m.Piece(-1))
	require.Empty(t, m.Piece(Token(m.VocabSize())))
	parsed, err := m.Tokenize("a<|end|>b", TokenizeOptions{ParseSpecial: true})
	require.NoError(t, err)
	require.Len(t, parsed, 3)
	require.Equal(t, eos, parsed[1])
	require.NotContains(t, mustTokenize(t, m, "a<|end|>b"), eos)
	text, err := m.Detokenize(parsed)
	require.NoError(t, err)
	require.Equal(t, "ab", text, "control tokens have no text")
	_, err = m.Detokenize([]Token{1, Token(m.VocabSize())})
	require.ErrorIs(t, err, ErrInvalidToken)
}

// TestNoSpecialTokens has files that name no special tokens, for which llama.cpp takes number 11: here a comma.
func TestNoSpecialTokens(t *testing.T) {
	path := tinyModel(t)
	f, err := gguf.Open(path)
	require.NoError(t, err)
	defer func() { _ = f.Close() }()
	tokens, _ := f.Texts("tokenizer.ggml.tokens")
	tokens = slices.Clone(tokens)
	tokens[11], tokens[','] = tokens[','], tokens[11]
	for _, value := range []any{nil, uint32(math.MaxUint32)} {
		m := mustLoad(t, rewrite(t, path, map[string]any{
			"tokenizer.ggml.tokens":       tokens,
			"tokenizer.ggml.bos_token_id": value, "tokenizer.ggml.eos_token_id": value, "tokenizer.chat_template": "{{ bos_token }}a,b",
		}))
		require.Equal(t, NoToken, m.BOS())
		require.Equal(t, NoToken, m.EOS())
		comma := mustTokenize(t, m, ",")
		require.Equal(t, []Token{11}, comma)
		require.False(t, m.IsEndOfGeneration(comma[0]))
		text, err := m.Detokenize(mustTokenize(t, m, ",x"))
		require.NoError(t, err)
		require.Equal(t, ",x", text)
		chat, err := m.TokenizeChat([]Message{{Role: "user", Content: "x"}}, ChatOptions{})
		require.NoError(t, err)
		require.Equal(t, mustTokenize(t, m, "a,b"), chat)
		require.False(t, m.vocab.special.in("a, b"))
	}
}

func TestAddSpecial(t *testing.T) {
	m := mustLoad(t, rewrite(t, tinyModel(t), map[string]any{"tokenizer.ggml.add_bos_token": true}))
	tokens, err := m.Tokenize("a", TokenizeOptions{AddSpecial: true})
	require.NoError(t, err)
	require.Equal(t, m.BOS(), tokens[0])
	require.Len(t, tokens, 2)
	text, err := m.Detokenize(tokens)
	require.NoError(t, err)
	require.Equal(t, "a", text)
}

func TestDescribe(t *testing.T) {
	m := mustLoad(t, testmodel.New(t, testmodel.Spec{Arch: "qwen3", Layers: 3, Width: 32, Context: 777}))
	require.Equal(t, "qwen3", m.Architecture())
	require.Equal(t, 3, m.Layers())
	require.Equal(t, 32, m.EmbeddingLength())
	require.Equal(t, 777, m.ContextLength())
	require.Equal(t, testmodel.ChatTemplate, m.ChatTemplate())
	require.Equal(t, "777", m.Metadata()["qwen3.context_length"])
	tokens, err := testmodel.Tokens(testmodel.Spec{})
	require.NoError(t, err)
	require.Equal(t, len(tokens), m.VocabSize())
	hash, err := m.Hash(t.Context())
	require.NoError(t, err)
	require.Len(t, hash, 64)
	again, err := mustLoad(t, m.Path()).Hash(t.Context())
	require.NoError(t, err)
	require.Equal(t, hash, again)
	other, err := mustLoad(t, tinyModel(t)).Hash(t.Context())
	require.NoError(t, err)
	require.NotEqual(t, hash, other)
	require.Positive(t, m.Parameters())
	require.Positive(t, m.Bytes())
}

func FuzzTokenize(f *testing.F) {
	m := mustLoad(f, tinyModel(f))
	for _, text := range texts {
		f.Add(text, true)
		f.Add(text, false)
	}
	f.Add("\xf5\x9f\x99\x82", false)
	f.Fuzz(func(t *testing.T, text string, special bool) {
		tokens, err := m.Tokenize(text, TokenizeOptions{AddSpecial: special, ParseSpecial: special})
		require.NoError(t, err)
		require.NoError(t, m.vocab.check(tokens))
		_, err = m.Detokenize(tokens)
		require.NoError(t, err)
	})
}
