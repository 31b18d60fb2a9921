package bpe

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// Message is one message of a conversation. Role is "system", "user" or "assistant".
type Message struct{ Role, Content string }

// split cuts an escaped text where no token may reach over: before a space mark, around digits and marks, around
// newlines, and between letters and other things. "'s" and the like stay whole, and so do runs of one mark.
func split(text string) []string {
	var out []string
	for len(text) > 0 {
		n := wordEnd(text)
		out = append(out, text[:n])
		text = text[n:]
	}
	return out
}

// wordEnd returns the length in bytes of the first word of an escaped text.
func wordEnd(text string) int {
	n := 0
	if strings.HasPrefix(text, space) {
		n = len(space)
	}
	r, size := utf8.DecodeRuneInString(text[n:])
	switch {
	case size == 0 || r == '▁':
		return n
	case r == '\n' && n > 0:
		return n
	case unicode.IsLetter(r):
		return n + span(text[n:], unicode.IsLetter)
	case unicode.IsDigit(r):
		return n + size
	case r == '\'' && n == 0 && contraction(text[1:]) > 0:
		return 1 + contraction(text[1:])
	}
	return n + span(text[n:], func(x rune) bool { return x == r && x != utf8.RuneError }, size)
}

// span returns the length of the run of runes that keep a property, at least the given size.
func span(text string, keep func(rune) bool, least ...int) int {
	n := 0
	for n < len(text) {
		r, size := utf8.DecodeRuneInString(text[n:])
		if !keep(r) {
			break
		}
		n += size
	}
	if len(least) > 0 && n < least[0] {
		return least[0]
	}
	return n
}

// contraction returns the length of the letters after an apostrophe if they are an English ending such as "s" or "ll".
func contraction(text string) int {
	n := span(text, unicode.IsLetter)
	switch text[:n] {
	case "s", "t", "d", "m", "re", "ve", "ll":
		return n
	}
	return 0
}

// symbols writes a word in characters, and in bytes where the vocabulary lacks one.
func (v *Vocabulary) symbols(word string) []int32 {
	var out []int32
	for i := 0; i < len(word); {
		_, size := utf8.DecodeRuneInString(word[i:])
		if id, ok := v.ids[word[i:i+size]]; ok {
			out = append(out, id)
		} else {
			for _, b := range []byte(word[i : i+size]) {
				out = append(out, v.bytes[b])
			}
		}
		i += size
	}
	return out
}

// Encode writes a text that stands alone in tokens, as llama_tokenize does without special tokens: a space is put
// before it, and the letters of special tokens are letters. An empty text has no tokens.
func (v *Vocabulary) Encode(text string) []int32 {
	if text == "" {
		return nil
	}
	var out []int32
	for _, w := range split(escape(text)) {
		out = append(out, v.word(w)...)
	}
	return out
}

// word merges the characters of a word: always the pair with the highest score, of equals the first.
func (v *Vocabulary) word(w string) []int32 {
	ids := v.symbols(w)
	for {
		at, into := -1, int32(-1)
		for i := 0; i+1 < len(ids); i++ {
			if v.Types[ids[i]] != TypeNormal || v.Types[ids[i+1]] != TypeNormal {
				continue
			}
			id, ok := v.ids[v.Tokens[ids[i]]+v.Tokens[ids[i+1]]]
			if ok && (at < 0 || v.Scores[id] > v.Scores[into]) {
				at, into = i, id
			}
		}
		if at < 0 {
			return ids
		}
		ids[at] = into
		ids = append(ids[:at+1], ids[at+2:]...)
	}
}

// EncodeChat writes a conversation as ChatTemplate does; addGeneration appends the token that asks for an answer.
// A role without a token of its own is written in letters.
func (v *Vocabulary) EncodeChat(messages []Message, addGeneration bool) []int32 {
	var out []int32
	for _, m := range messages {
		if id, ok := v.ids["<|"+m.Role+"|>"]; ok {
			out = append(out, id)
			out = append(out, v.Encode(m.Content)...)
		} else {
			out = append(out, v.Encode("<|"+m.Role+"|>"+m.Content)...)
		}
		out = append(out, v.ids[End])
	}
	if addGeneration {
		out = append(out, v.ids[Assistant])
	}
	return out
}

// ID returns the id of a token and whether there is one.
func (v *Vocabulary) ID(token string) (int32, bool) {
	id, ok := v.ids[token]
	return id, ok
}

// Decode writes tokens as text, without the space that Encode put before it. Special tokens are left out, and so are
// ids that the vocabulary lacks.
func (v *Vocabulary) Decode(ids []int32) string {
	var b strings.Builder
	for _, id := range ids {
		if id < 0 || int(id) >= len(v.Tokens) {
			continue
		}
		switch v.Types[id] {
		case TypeNormal:
			b.WriteString(strings.ReplaceAll(v.Tokens[id], space, " "))
		case TypeByte:
			b.WriteByte(hex(v.Tokens[id][3])<<4 | hex(v.Tokens[id][4]))
		}
	}
	return strings.TrimPrefix(b.String(), " ")
}

func hex(c byte) byte {
	if c >= 'A' {
		return c - 'A' + 10
	}
	return c - '0'
}

// KeyValue is an entry of a GGUF file's metadata. Value is a string, bool, uint32, []string, []float32 or []int32.
type KeyValue struct {
	Key   string
	Value any
}

// Metadata returns all entries that a GGUF file needs about the tokenizer, the chat template included.
func (v *Vocabulary) Metadata() []KeyValue {
	id := func(token string) uint32 { return uint32(v.ids[token]) }
	return []KeyValue{
		{"tokenizer.ggml.model", "llama"},
		{"tokenizer.ggml.pre", "default"},
		{"tokenizer.ggml.tokens", v.Tokens},
		{"tokenizer.ggml.scores", v.Scores},
		{"tokenizer.ggml.token_type", v.Types},
		{"tokenizer.ggml.bos_token_id", id(End)},
		{"tokenizer.ggml.eos_token_id", id(End)},
		{"tokenizer.ggml.unknown_token_id", id(Unknown)},
		{"tokenizer.ggml.padding_token_id", id(End)},
		{"tokenizer.ggml.add_bos_token", false},
		{"tokenizer.ggml.add_eos_token", false},
		{"tokenizer.ggml.add_space_prefix", true},
		{"tokenizer.chat_template", ChatTemplate},
	}
}
