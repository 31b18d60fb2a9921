//go:build cgo

package llama

// #include <stdlib.h>
// #include "shim.h"
import "C"

import (
	"errors"
	"fmt"
	"math"
	"unicode/utf8"
	"unsafe"
)

// Token is the index of a token in the model's vocabulary.
type Token = int32

// NoToken is returned for a special token that the vocabulary does not have.
const NoToken Token = -1

// vocabulary is a copy of llama.cpp's vocabulary, so that turning tokens into text needs no call into C.
type vocabulary struct {
	text    string
	ends    []int32
	flags   []uint8
	special specials
}

func (v *vocabulary) read(model *C.ragft_model, n int) error {
	if n < 1 {
		return fmt.Errorf("%w: it has no vocabulary", ErrUnsupported)
	}
	v.ends, v.flags = make([]int32, n), make([]uint8, n)
	var cerr C.ragft_error
	blob := C.ragft_model_pieces(model, (*C.int32_t)(&v.ends[0]), (*C.uint8_t)(&v.flags[0]), &cerr)
	if blob == nil {
		return fmt.Errorf("%w: reading the vocabulary: %s", ErrUnsupported, errorText(&cerr))
	}
	v.text = C.GoStringN(blob, C.int(v.ends[n-1]))
	C.ragft_free(unsafe.Pointer(blob))
	v.special = v.findSpecial()
	return nil
}

const endFlag = C.RAGFT_END

func (v *vocabulary) has(t Token) bool { return t >= 0 && int(t) < len(v.ends) }

func (v *vocabulary) is(t Token, flag uint8) bool { return v.has(t) && v.flags[t]&flag != 0 }

// piece returns the token's bytes. For a special token they are its name.
func (v *vocabulary) piece(t Token) string {
	if !v.has(t) {
		return ""
	}
	begin := int32(0)
	if t > 0 {
		begin = v.ends[t-1]
	}
	return v.text[begin:v.ends[t]]
}

// visible returns the token's bytes in generated text, in which control tokens are invisible.
func (v *vocabulary) visible(t Token) string {
	if v.is(t, C.RAGFT_HIDDEN) {
		return ""
	}
	return v.piece(t)
}

// check returns an error for the first token that is not in the vocabulary.
func (v *vocabulary) check(tokens []Token) error {
	for i, t := range tokens {
		if !v.has(t) {
			return fmt.Errorf("%w: token %d is %d; the vocabulary has %d tokens", ErrInvalidToken, i, t, len(v.ends))
		}
	}
	return nil
}

// VocabSize returns the number of tokens in the vocabulary.
func (m *Model) VocabSize() int { return len(m.vocab.ends) }

// BOS returns the token at the beginning of a text, or [NoToken].
func (m *Model) BOS() Token { return Token(m.info.bos) }

// EOS returns the token at the end of a text, or [NoToken].
func (m *Model) EOS() Token { return Token(m.info.eos) }

// EndOfGeneration returns the tokens for which [Model.IsEndOfGeneration] is true, in order.
func (m *Model) EndOfGeneration() []Token {
	var tokens []Token
	for i := range m.vocab.flags {
		if t := Token(i); m.vocab.is(t, endFlag) {
			tokens = append(tokens, t)
		}
	}
	return tokens
}

// IsEndOfGeneration reports whether t ends an answer: it is an end of text, of turn or of message.
func (m *Model) IsEndOfGeneration(t Token) bool { return m.vocab.is(t, endFlag) }

// Piece returns the bytes of one token: often a word with the space before it, sometimes a part of a UTF-8 character. For a
// special token it is its name, such as "<|im_end|>", and for a token that is not in the vocabulary "".
func (m *Model) Piece(t Token) string { return m.vocab.piece(t) }

// TokenizeOptions are the options of [Model.Tokenize]. The zero value is for plain text.
type TokenizeOptions struct {
	// AddSpecial adds the special tokens that the model needs around a text, such as BOS before it.
	AddSpecial bool

	// ParseSpecial reads names of special tokens in the text, such as "<|im_start|>", as these tokens. Never set it for
	// text that you do not trust: see [Model.TokenizeChat].
	ParseSpecial bool
}

// Tokenize splits text into tokens. Each byte that is not valid UTF-8 is read as U+FFFD.
func (m *Model) Tokenize(text string, options TokenizeOptions) ([]Token, error) {
	release, err := m.use()
	if err != nil {
		return nil, err
	}
	defer release()
	return m.tokenize(text, options)
}

// tokenize is Tokenize while the model is held open.
func (m *Model) tokenize(text string, options TokenizeOptions) ([]Token, error) {
	if len(text) > math.MaxInt32/4 {
		return nil, fmt.Errorf("llama: a text of %d bytes is too long to tokenize", len(text))
	}
	if !utf8.ValidString(text) { // llama.cpp rejects some invalid bytes and misreads others
		text = string([]rune(text))
	}
	tokens := make([]Token, len(text)/2+16)
	for {
		var cerr C.ragft_error
		n := C.ragft_tokenize(m.ptr, chars(text), C.int32_t(len(text)), (*C.int32_t)(&tokens[0]), C.int32_t(len(tokens)),
			C.bool(options.AddSpecial), C.bool(options.ParseSpecial), &cerr)
		switch {
		case n == math.MinInt32:
			return nil, fmt.Errorf("llama: tokenizing: %w", failure(&cerr))
		case n >= 0:
			return tokens[:n:n], nil
		}
		tokens = make([]Token, -n)
	}
}

// Detokenize returns the text of tokens, without control tokens and without the space that some vocabularies put before a
// text. The result can start or end within a UTF-8 character if the tokens do.
func (m *Model) Detokenize(tokens []Token) (string, error) {
	release, err := m.use()
	if err != nil {
		return "", err
	}
	defer release()
	if err := m.vocab.check(tokens); err != nil {
		return "", err
	}
	if len(tokens) > 0 && tokens[0] == m.BOS() {
		tokens = tokens[1:] // llama.cpp would keep the leading space after it
	}
	if len(tokens) == 0 {
		return "", nil
	}
	if len(tokens) > math.MaxInt32/64 {
		return "", fmt.Errorf("llama: %d tokens are too many for one text", len(tokens))
	}
	text := make([]byte, 8*len(tokens)+64)
	for {
		var cerr C.ragft_error
		n := C.ragft_detokenize(m.ptr, (*C.int32_t)(&tokens[0]), C.int32_t(len(tokens)),
			(*C.char)(unsafe.Pointer(&text[0])), C.int32_t(len(text)), &cerr)
		switch {
		case n == math.MinInt32:
			return "", errors.New("llama: detokenizing: " + errorText(&cerr))
		case n >= 0:
			return string(text[:n]), nil
		}
		text = make([]byte, -n)
	}
}

// chars returns a pointer to the text's bytes, for a call that does not keep it.
func chars(text string) *C.char {
	if text == "" {
		return nil
	}
	return (*C.char)(unsafe.Pointer(unsafe.StringData(text)))
}
