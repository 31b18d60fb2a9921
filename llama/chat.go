//go:build cgo

package llama

// #include <stdlib.h>
// #include "shim.h"
import "C"

import (
	"encoding/binary"
	"fmt"
	"strings"
	"unicode/utf8"
	"unsafe"
)

// A Message is one turn of a conversation. Role is "system", "user" or "assistant", or what else the
// model's template knows.
type Message struct {
	Role    string
	Content string
}

// A part is a piece of a rendered conversation.
type part struct {
	text string
	said bool // comes from a message's content, not from the template
}

// ApplyChatTemplate renders messages with the model's own template, by llama.cpp's Jinja engine. With
// addGenerationPrompt the result ends where the assistant's answer begins.
//
// A system message goes into the next message if the template has no place for one. Templates that look
// at the date see 1 January 2025, so that the same messages always give the same text. An error of the
// template, for instance over roles that do not alternate, is returned.
//
// The text does not tell a special token of the template from one that somebody wrote into a message.
// To generate, use [Model.TokenizeChat].
func (m *Model) ApplyChatTemplate(messages []Message, addGenerationPrompt bool) (string, error) {
	parts, err := m.render(messages, addGenerationPrompt)
	if err != nil {
		return "", err
	}
	var b strings.Builder
	for _, p := range parts {
		b.WriteString(p.text)
	}
	return b.String(), nil
}

// TokenizeChat renders messages with the model's own template, as [Model.ApplyChatTemplate] does, into
// tokens that a Context can go on from. Special tokens are read in the template's own text only: the
// contents of messages stay text, so that a document that contains "<|im_end|>" cannot end its turn. If
// the model wants a BOS token, the result begins with exactly one.
func (m *Model) TokenizeChat(messages []Message, addGenerationPrompt bool) ([]Token, error) {
	messages, marker := m.vocab.defuse(messages)
	parts, err := m.render(messages, addGenerationPrompt)
	if err != nil {
		return nil, err
	}
	release, err := m.use()
	if err != nil {
		return nil, err
	}
	defer release()
	var tokens []Token
	if bos := m.BOS(); bool(m.info.add_bos) && bos != NoToken {
		tokens = append(tokens, bos)
		if len(parts) > 0 && !parts[0].said {
			parts[0].text = strings.TrimPrefix(parts[0].text, m.vocab.piece(bos))
		}
	}
	// Text between special tokens is tokenized in one go, wherever it comes from: words must not be torn
	// apart where a template's text meets a message's.
	for _, run := range m.vocab.split(parts) {
		if run.special {
			tokens = append(tokens, run.token)
			continue
		}
		text := run.text
		if marker != "" {
			text = strings.ReplaceAll(text, marker, "")
		}
		more, err := m.tokenize(text, TokenizeOptions{})
		if err != nil {
			return nil, err
		}
		tokens = append(tokens, more...)
	}
	return tokens, nil
}

// defuse puts a marker into every special token's name in the messages, which keeps it from being read as
// the token, and returns the marker, or "" if there was none to put. llama.cpp's engine marks what comes from
// messages, but some of its filters, such as join, lose the mark.
func (v *vocabulary) defuse(messages []Message) (defused []Message, marker string) {
	special := v.special
	suspicious := false
	for _, m := range messages {
		suspicious = suspicious || special.in(m.Content) || special.in(m.Role)
	}
	if !suspicious {
		return messages, ""
	}
	for r := '\U000F0000'; marker == "" && r < '\U000FFFFE'; r++ { // for private use
		marker = string(r)
		for _, m := range messages {
			if strings.ContainsRune(m.Content, r) || strings.ContainsRune(m.Role, r) {
				marker = ""
			}
		}
	}
	for _, m := range messages {
		defused = append(defused, Message{special.breakUp(m.Role, marker), special.breakUp(m.Content, marker)})
	}
	return defused, marker
}

// A run is either a special token or the text between two.
type run struct {
	text    string
	token   Token
	special bool
}

// split finds the special tokens in the template's parts: the longest that begins at each byte.
func (v *vocabulary) split(parts []part) []run {
	special := v.special
	var runs []run
	var text strings.Builder
	trimLeft := false // the token before takes the white space after it
	flush := func(trimRight bool) {
		s := text.String()
		if trimLeft {
			s = strings.TrimLeft(s, " \t\r\n\v\f")
		}
		if trimRight {
			s = strings.TrimRight(s, " \t\r\n\v\f")
		}
		if s != "" {
			runs = append(runs, run{text: s})
		}
		text.Reset()
		trimLeft = false
	}
	for _, p := range parts {
		if p.said {
			text.WriteString(p.text)
			continue
		}
		from := 0
		for i := 0; i < len(p.text); {
			t, ok := special.match(p.text[i:])
			if !ok {
				i++
				continue
			}
			text.WriteString(p.text[from:i])
			flush(v.is(t, C.RAGFT_LSTRIP))
			runs = append(runs, run{token: t, special: true})
			trimLeft = v.is(t, C.RAGFT_RSTRIP)
			i += len(v.piece(t))
			from = i
		}
		text.WriteString(p.text[from:])
	}
	flush(false)
	return runs
}

// specials finds special tokens by their first byte.
type specials map[byte][]specialToken

type specialToken struct {
	text  string
	token Token
}

func (v *vocabulary) findSpecial() specials {
	s := specials{}
	for i := range v.ends {
		t := Token(i)
		if text := v.piece(t); text != "" && v.is(t, C.RAGFT_SPECIAL) {
			s[text[0]] = append(s[text[0]], specialToken{text, t})
		}
	}
	return s
}

func (s specials) match(text string) (Token, bool) {
	best, found := specialToken{}, false
	for _, t := range s[text[0]] {
		if len(t.text) > len(best.text) && strings.HasPrefix(text, t.text) {
			best, found = t, true
		}
	}
	return best.token, found
}

// in tells whether text has a special token's name in it.
func (s specials) in(text string) bool {
	for i := range len(text) {
		if _, ok := s.match(text[i:]); ok {
			return true
		}
	}
	return false
}

// breakUp puts marker behind the first character of every special token's name.
func (s specials) breakUp(text, marker string) string {
	var b strings.Builder
	from := 0
	for i := range text {
		if _, ok := s.match(text[i:]); ok {
			_, size := utf8.DecodeRuneInString(text[i:])
			end := i + size
			b.WriteString(text[from:end])
			b.WriteString(marker)
			from = end
		}
	}
	b.WriteString(text[from:])
	return b.String()
}

// render runs the model's template over the messages.
func (m *Model) render(messages []Message, addGenerationPrompt bool) ([]part, error) {
	release, err := m.use()
	if err != nil {
		return nil, err
	}
	defer release()
	if m.template == "" {
		return nil, ErrNoChatTemplate
	}
	m.chatOnce.Do(m.parseTemplate)
	if m.chatErr != nil {
		return nil, m.chatErr
	}
	var text strings.Builder
	lengths := make([]C.int32_t, 0, 2*len(messages)+1)
	for _, msg := range messages {
		text.WriteString(msg.Role)
		text.WriteString(msg.Content)
		lengths = append(lengths, C.int32_t(len(msg.Role)), C.int32_t(len(msg.Content)))
	}
	if text.Len() > 1<<30 {
		return nil, fmt.Errorf("llama: messages of %d bytes are too long", text.Len())
	}
	bos, eos := C.CString(m.vocab.piece(m.BOS())), C.CString(m.vocab.piece(m.EOS()))
	defer C.free(unsafe.Pointer(bos))
	defer C.free(unsafe.Pointer(eos))
	options := C.ragft_chat_options{
		bos: bos, eos: eos,
		generation_prompt: C.bool(addGenerationPrompt), thinking: C.bool(m.options.Thinking),
	}
	var size C.size_t
	var cerr C.ragft_error
	blob := C.ragft_chat_render(m.chat, chars(text.String()), unsafe.SliceData(lengths), C.int32_t(len(messages)),
		&options, &size, &cerr)
	if blob == nil {
		return nil, fmt.Errorf("llama: chat template: %s", errorText(&cerr))
	}
	defer C.ragft_free(unsafe.Pointer(blob))
	return readParts(unsafe.Slice((*byte)(unsafe.Pointer(blob)), int(size))), nil
}

func readParts(b []byte) []part {
	var parts []part
	for len(b) > 0 {
		n := binary.NativeEndian.Uint32(b[1:])
		parts = append(parts, part{text: string(b[5 : 5+n]), said: b[0] == 1})
		b = b[5+n:]
	}
	return parts
}

func (m *Model) parseTemplate() {
	var cerr C.ragft_error
	code := C.ragft_chat_parse(chars(m.template), C.size_t(len(m.template)), &m.chat, &cerr)
	if code != C.RAGFT_OK {
		m.chatErr = fmt.Errorf("llama: the model's chat template cannot be read: %s", errorText(&cerr))
	}
}

func (m *Model) freeTemplate() {
	C.ragft_chat_free(m.chat)
	m.chat = nil
}
