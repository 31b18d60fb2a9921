package testmodel

import (
	"fmt"

	"github.com/ragft/ragft/internal/gguf"
)

// ChatTemplate is the Jinja chat template of models whose Spec has none.
const ChatTemplate = `{%- for m in messages -%}<|{{ m.role }}|>{{ m.content }}<|end|>{%- endfor -%}` +
	`{%- if add_generation_prompt -%}<|assistant|>{%- endif -%}`

// The special tokens of every model, at the end of the vocabulary in this order,
// before those of [Spec.Specials]. End closes a
// turn and is the end-of-sequence token.
const (
	BOS       = "<|bos|>"
	End       = "<|end|>"
	System    = "<|system|>"
	User      = "<|user|>"
	Assistant = "<|assistant|>"
)

func (s Spec) specials() []string {
	return append([]string{BOS, End, System, User, Assistant}, s.Specials...)
}

// DefaultVocab returns the texts that are single tokens in a model without a
// vocabulary of its own.
func DefaultVocab() []string {
	return []string{" the", " of", " is", " Who", " What", "ing", "er", " mill", " blue", "Document", "Question"}
}

// tokenizer is a byte-level BPE vocabulary.
type tokenizer struct {
	tokens []string // in the GPT-2 alphabet, specials last
	merges []string // "left right", first one first
	ids    map[string]int
}

// newTokenizer builds the vocabulary of s: the 256 bytes, each text with the
// prefixes that lead to it, the specials.
func newTokenizer(s Spec) (*tokenizer, error) {
	t := &tokenizer{ids: map[string]int{}}
	alphabet := byteAlphabet()
	for _, r := range alphabet {
		t.add(string(r))
	}
	for _, text := range s.Vocab {
		if text == "" {
			return nil, fmt.Errorf("the vocabulary has an empty text")
		}
		have := string(alphabet[text[0]])
		for _, b := range []byte(text[1:]) {
			next := string(alphabet[b])
			if t.add(have + next) {
				t.merges = append(t.merges, have+" "+next)
			}
			have += next
		}
	}
	for _, sp := range s.specials() {
		if !t.add(sp) {
			return nil, fmt.Errorf("the vocabulary has the special token %s as a text", sp)
		}
	}
	return t, nil
}

func (t *tokenizer) add(token string) bool {
	if _, dup := t.ids[token]; dup {
		return false
	}
	t.ids[token] = len(t.tokens)
	t.tokens = append(t.tokens, token)
	return true
}

// byteAlphabet returns GPT-2's character for each byte: printable Latin-1 stands
// for itself, the others follow from U+0100 on.
func byteAlphabet() [256]rune {
	var out [256]rune
	next := rune(256)
	for b := range out {
		switch r := rune(b); {
		case r >= '!' && r <= '~', r >= 0xa1 && r <= 0xac, r >= 0xae:
			out[b] = r
		default:
			out[b] = next
			next++
		}
	}
	return out
}

// metadata returns the tokenizer's part of the metadata.
func (t *tokenizer) metadata(s Spec) []gguf.KV {
	const normal, control = int32(1), int32(3) // llama.cpp's token types
	types := make([]int32, len(t.tokens))
	for i := range types {
		types[i] = normal
		if i >= len(types)-len(s.specials()) {
			types[i] = control
		}
	}
	entries := []gguf.KV{
		{Key: "tokenizer.ggml.model", Value: "gpt2"},
		{Key: "tokenizer.ggml.pre", Value: s.Pre},
		{Key: "tokenizer.ggml.tokens", Value: t.tokens},
		{Key: "tokenizer.ggml.token_type", Value: types},
		{Key: "tokenizer.ggml.merges", Value: t.merges},
		{Key: "tokenizer.ggml.bos_token_id", Value: uint32(t.ids[BOS])},
		{Key: "tokenizer.ggml.eos_token_id", Value: uint32(t.ids[End])},
		{Key: "tokenizer.ggml.add_bos_token", Value: s.AddBOS},
		{Key: "tokenizer.ggml.add_eos_token", Value: false},
	}
	if !s.Plain {
		entries = append(entries, gguf.KV{Key: "tokenizer.chat_template", Value: s.ChatTemplate})
	}
	return entries
}

// Tokens returns the vocabulary of the model that s describes, by token number,
// in the alphabet of the file, in which for instance "Ġ" stands for a space.
func Tokens(s Spec) ([]string, error) {
	s, err := s.withDefaults()
	if err != nil {
		return nil, err
	}
	t, err := newTokenizer(s)
	if err != nil {
		return nil, err
	}
	return t.tokens, nil
}
