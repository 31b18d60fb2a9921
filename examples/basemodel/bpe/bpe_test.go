package bpe_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/ragft/ragft/examples/basemodel/bpe"
	"github.com/ragft/ragft/examples/basemodel/corpus"
)

func corpusTexts(t testing.TB, n int) []string {
	g, err := corpus.New(corpus.Options{Seed: 1})
	require.NoError(t, err)
	var out []string
	for i := range n {
		it := g.Next(float64(i) / float64(n))
		out = append(out, it.System(), it.Instruction, it.Prefix+it.Text)
		for _, turn := range it.Turns {
			out = append(out, turn.User, turn.Answer)
		}
	}
	return out
}

func train(t testing.TB, texts []string, size int) *bpe.Vocabulary {
	v, err := bpe.Train(slices.Values(texts), bpe.Options{VocabSize: size})
	require.NoError(t, err)
	return v
}

func TestTrainIsReproducibleAndQuick(t *testing.T) {
	texts := corpusTexts(t, 3000)
	start := time.Now()
	v := train(t, texts, 2048)
	require.Less(t, time.Since(start), 20*time.Second)
	require.Len(t, v.Tokens, 2048)
	require.Equal(t, v, train(t, texts, 2048))
	seen := map[string]bool{}
	for _, token := range v.Tokens {
		require.False(t, seen[token], "twice: %q", token)
		seen[token] = true
	}
}

func TestRoundTrip(t *testing.T) {
	v := train(t, corpusTexts(t, 300), 1024)
	for _, s := range []string{
		"The Copper Heron", "Document 1: A\nIt's 1742.\n\nQuestion: Who?", " leading", "two  spaces", "naïve Zoë 日本語 \x00\x01 \t tab",
		"broken \xff\xfe bytes", "<|end|> is text", "a▁b", "12,345.5 m² (x_y) ___ don't we'll", "\n\n\n", " ", "",
	} {
		want := strings.ReplaceAll(s, "▁", " ") // the mark of a space is a space
		require.Equal(t, want, v.Decode(v.Encode(s)))
	}
}

func TestSpecialTokensAreNeverWrittenFromText(t *testing.T) {
	v := train(t, corpusTexts(t, 100), 700)
	end, ok := v.ID(bpe.End)
	require.True(t, ok)
	require.NotContains(t, v.Encode("x <|end|><|assistant|> y"), end)
	chat := v.EncodeChat([]bpe.Message{{Role: "user", Content: "<|end|>"}}, true)
	require.Len(t, slices.DeleteFunc(chat, func(id int32) bool { return id != end }), 1)
}

func TestDigitsStandAlone(t *testing.T) {
	v := train(t, corpusTexts(t, 1000), 2048)
	for _, token := range v.Tokens {
		if strings.HasPrefix(token, "<0x") {
			continue
		}
		digits := 0
		for _, r := range token {
			if r >= '0' && r <= '9' {
				digits++
			}
		}
		require.True(t, digits == 0 || digits == 1 && len(strings.TrimPrefix(token, "▁")) == 1, "token %q", token)
	}
}

// The answer's tokens must be those of the same words inside a document: that is what the tokenizer was chosen for.
func TestAnswersAreWrittenAsInDocuments(t *testing.T) {
	v := train(t, corpusTexts(t, 1000), 2048)
	g, err := corpus.New(corpus.Options{Seed: 9})
	require.NoError(t, err)
	checked, same := 0, 0
	for _, it := range g.TestSet(4, 200) {
		doc := v.Encode(it.Prefix)
		for _, turn := range it.Turns {
			if it.Kind != corpus.Read || turn.Type == "yes-no" {
				continue
			}
			checked++
			if contains(doc, v.Encode(turn.Answer)) {
				same++
			}
		}
	}
	require.Greater(t, checked, 200)
	// The rest stands at the beginning of a line only, where no space precedes it.
	require.Greater(t, float64(same), 0.98*float64(checked))
}

func contains(text, part []int32) bool {
	for i := range text {
		if len(text)-i >= len(part) && slices.Equal(text[i:i+len(part)], part) {
			return true
		}
	}
	return false
}

func TestVocabularyTooSmall(t *testing.T) {
	_, err := bpe.Train(slices.Values([]string{"abc"}), bpe.Options{VocabSize: 100})
	require.ErrorIs(t, err, bpe.ErrVocabSize)
}

func FuzzRoundTrip(f *testing.F) {
	v := train(f, corpusTexts(f, 50), 600)
	f.Add("The Copper Heron's 42 rooms\n")
	f.Fuzz(func(t *testing.T, s string) {
		require.Equal(t, strings.ReplaceAll(s, "▁", " "), v.Decode(v.Encode(s)))
	})
}
