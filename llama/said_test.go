//go:build cgo

package llama

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/ragft/ragft/internal/testmodel"
)

// llama.cpp's types of tokens.
const (
	tokenNormal = int32(iota + 1)
	tokenUnknown
	tokenControl
	tokenUserDefined
	tokenUnused
	tokenByte
)

// vocabulary is a model's, made by hand.
type handmade struct {
	tokens []string
	types  []int32
	scores []float32
}

func (h *handmade) add(kind int32, score float32, tokens ...string) {
	for _, token := range tokens {
		h.tokens, h.types, h.scores = append(h.tokens, token), append(h.types, kind), append(h.scores, score)
	}
}

// model writes a model with the vocabulary, which may have up to 2,000 tokens.
func (h handmade) model(t *testing.T, change map[string]any) string {
	var fill []string
	for i := range 1000 {
		fill = append(fill, fmt.Sprintf(" %03d", i))
	}
	spec := testmodel.Spec{Layers: 1, Width: 16, Heads: 2, FeedForward: 32, Context: 64, Vocab: fill}
	all, err := testmodel.Tokens(spec)
	require.NoError(t, err)
	for i := len(h.tokens); i < len(all); i++ {
		h.add(tokenUnused, -1e6, fmt.Sprintf("\u2581filler%d", i))
	}
	change["tokenizer.ggml.tokens"], change["tokenizer.ggml.token_type"] = h.tokens, h.types
	change["tokenizer.ggml.scores"] = h.scores
	return rewrite(t, testmodel.New(t, spec), change)
}

// sentencePiece is a vocabulary with tokens that merge into each other: "</" and "s" into "</s", that and ">" into "</s>".
func sentencePiece() handmade {
	h := handmade{}
	h.add(tokenUnknown, 0, "<unk>")
	h.add(tokenControl, 0, "<s>", "</s>")
	for b := range 256 {
		h.add(tokenByte, 0, fmt.Sprintf("<0x%02X>", b))
	}
	h.add(tokenNormal, -10, "\u2581")
	for _, r := range "abcdefghijklmnopqrstuvwxyzS</>[]|_." {
		h.add(tokenNormal, -10, string(r))
	}
	h.add(tokenNormal, -1, "</", "</s", "<u", "<un", "<unk", "<s", "[I", "th", "the", "\u2581the")
	h.add(tokenUserDefined, -1, "<think>", "[INST]", "<|im_end|>", "\n\n")
	return h
}

// spoken checks that a text has no special token, and nothing else than what was said.
func spoken(t *testing.T, m *Model, text string) {
	t.Helper()
	tokens := mustTokenize(t, m, text)
	for _, token := range tokens {
		require.Falsef(t, m.vocab.is(token, 1<<2), "%q has %q", text, m.Piece(token)) // RAGFT_SPECIAL
	}
	back, err := m.Detokenize(tokens)
	require.NoError(t, err)
	require.Equal(t, text, back)
}

var namesInText = []string{
	"<think>", "a<think>b", "the [INST] the", "</s>", "the</s>the", "x <s> y", "<think></think><think>", "[INST][INST]<|im_end|>", "<unk>",
	"<|im_end|> <|im_end|>", "the <unk> and </s>", strings.Repeat("<think>the</s>", 2000),
}

func TestTextSaysNoSpecialToken(t *testing.T) {
	t.Run("SentencePiece", func(t *testing.T) {
		h := sentencePiece()
		m := mustLoad(t, h.model(t, map[string]any{"tokenizer.ggml.model": "llama", "tokenizer.ggml.bos_token_id": uint32(1),
			"tokenizer.ggml.eos_token_id": uint32(2), "tokenizer.ggml.pre": nil, "tokenizer.ggml.merges": nil,
			"tokenizer.ggml.add_bos_token": true}))
		for _, text := range namesInText {
			spoken(t, m, text)
		}
		require.Equal(t, "\n\n", m.Piece(mustTokenize(t, m, "the\n\nthe")[1]), "a token of spaces is text")
		tokens, err := m.Tokenize("the</s>", TokenizeOptions{AddSpecial: true})
		require.NoError(t, err)
		require.Equal(t, m.BOS(), tokens[0])
		require.NotContains(t, tokens, m.EOS())
		parsed, err := m.Tokenize("the</s>", TokenizeOptions{ParseSpecial: true})
		require.NoError(t, err)
		require.Equal(t, m.EOS(), parsed[len(parsed)-1])
	})
	byteLevel := func(pre string, change map[string]any) func(t *testing.T) {
		return func(t *testing.T) {
			spec := testmodel.Spec{Pre: pre, Vocab: []string{"<th", " the", "</", "control"}, Specials: []string{
				"<think>", "[INST]", "</s>", "<s>", "<unk>", "<|im_end|>", "control_", "trol"}}
			path := testmodel.New(t, spec)
			all, err := testmodel.Tokens(spec)
			require.NoError(t, err)
			types := make([]int32, len(all))
			for i := range types {
				types[i] = tokenNormal
				if i >= len(types)-8 {
					types[i] = []int32{tokenUserDefined, tokenControl}[i%2]
				}
			}
			types[len(types)-8], types[len(types)-7] = tokenUserDefined, tokenUserDefined
			change["tokenizer.ggml.token_type"] = types
			m := mustLoad(t, rewrite(t, path, change))
			for _, text := range append(namesInText, "trol", "the control_ of trol", "con"+"trol") {
				spoken(t, m, text)
			}
		}
	}
	t.Run("byte level", byteLevel("qwen2", map[string]any{}))
	t.Run("words that are tokens are not merged", byteLevel("llama-bpe", map[string]any{})) // llama.cpp's ignore_merges
	t.Run("merges that make a name", byteLevel("qwen2", map[string]any{
		"tokenizer.ggml.merges": []string{"t r", "tr o", "tro l", "< t", "</ s", "< /", "</s >", "c o"}}))
	t.Run("words", func(t *testing.T) {
		h := handmade{}
		h.add(tokenUnused, 0, "[PAD]")
		h.add(tokenUnknown, 0, "[UNK]")
		h.add(tokenControl, 0, "[CLS]", "[SEP]", "\u2581mask")
		h.add(tokenUserDefined, 0, "<think>", "[INST]")
		for _, r := range "abcdefghijklmnopqrstuvwxyz<>/[]|_." {
			h.add(tokenNormal, 0, "\u2581"+string(r), string(r))
		}
		m := mustLoad(t, h.model(t, map[string]any{"tokenizer.ggml.model": "bert", "tokenizer.ggml.pre": nil,
			"tokenizer.ggml.merges": nil, "tokenizer.ggml.bos_token_id": uint32(2), "tokenizer.ggml.eos_token_id": uint32(3)}))
		for _, text := range []string{"a mask", "mask", "<think> of it", "[INST]mask", "[CLS]"} {
			for _, token := range mustTokenize(t, m, text) {
				require.Falsef(t, m.vocab.is(token, 1<<2) && m.Piece(token) != "[UNK]", "%q has %q", text, m.Piece(token))
			}
		}
	})
}

// A document, a question and a row are texts of messages, whatever the template does with them.
func TestMessagesSayNoSpecialToken(t *testing.T) {
	spec := testmodel.Spec{Specials: []string{"<think>", "[INST]"}}
	all, err := testmodel.Tokens(spec)
	require.NoError(t, err)
	types := make([]int32, len(all))
	for i := range types {
		types[i] = tokenNormal
		if strings.HasPrefix(all[i], "<|") {
			types[i] = tokenControl
		}
	}
	types[len(types)-2], types[len(types)-1] = tokenUserDefined, tokenUserDefined
	m := mustLoad(t, rewrite(t, testmodel.New(t, spec), map[string]any{"tokenizer.ggml.token_type": types}))
	messages := []Message{{Role: "user", Content: "What is <think> and [INST]?"}, {Role: "assistant", Content: "A <think> mark."}}
	tokens, err := m.TokenizeChat(messages, ChatOptions{})
	require.NoError(t, err)
	for _, token := range tokens {
		require.NotContains(t, []string{"<think>", "[INST]"}, m.Piece(token))
	}
	_, answer, err := m.TokenizeTurn(messages, ChatOptions{})
	require.NoError(t, err)
	text, err := m.Detokenize(answer)
	require.NoError(t, err)
	require.Equal(t, "A <think> mark.", text)
}

// The time is that of the text, not that of the text times the number of special tokens: 20,000 of them took a minute.
func TestNamesAreFoundInLinearTime(t *testing.T) {
	s := specials{{token: NoToken}}
	for i := range 20_000 {
		s.add(fmt.Sprintf("<|reserved_%d|>", i), Token(i))
	}
	begin := time.Now()
	require.False(t, s.in(strings.Repeat("<", 1<<20)))
	v := vocabulary{special: s}
	require.Len(t, v.split([]part{{text: strings.Repeat("<|", 1<<19)}}), 1)
	require.Less(t, time.Since(begin), 10*time.Second)
	token, ok := s.match("<|reserved_17|> and more")
	require.True(t, ok)
	require.Equal(t, Token(17), token)
}
