//go:build cgo

package llama

// #include "shim.h"
import "C"

import (
	"strings"
	"unicode/utf8"
)

// part is a piece of a rendered conversation.
type part struct {
	text      string
	untrusted bool // comes from a message, not from the template
}

// run is either a special token or the text between two.
type run struct {
	text    string
	token   Token
	special bool
}

// split finds the special tokens in the parts of the template. At each byte the longest one counts.
func (v *vocabulary) split(parts []part) []run {
	special := v.special
	var runs []run
	var text strings.Builder
	trimLeft := false // the token before absorbs the white space after it
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
		if p.untrusted {
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

// specials is a tree of the names of special tokens, so that finding them takes time linear in the text, however many there
// are. nil is no names.
type specials []specialNode

type specialNode struct {
	next  map[byte]int32 // by the name's next byte
	token Token          // whose name ends here, or NoToken
}

func (v *vocabulary) findSpecial() specials {
	s := specials{{token: NoToken}}
	for i := range v.ends {
		if t := Token(i); v.is(t, C.RAGFT_SPECIAL) {
			s.add(v.piece(t), t)
		}
	}
	return s
}

func (s *specials) add(name string, token Token) {
	if name == "" {
		return
	}
	at := int32(0)
	for _, b := range []byte(name) {
		next, ok := (*s)[at].next[b]
		if !ok {
			next = int32(len(*s))
			*s = append(*s, specialNode{token: NoToken})
			if (*s)[at].next == nil {
				(*s)[at].next = map[byte]int32{}
			}
			(*s)[at].next[b] = next
		}
		at = next
	}
	if (*s)[at].token == NoToken { // the first of equal names counts
		(*s)[at].token = token
	}
}

// match returns the special token with the longest name that text begins with.
func (s specials) match(text string) (Token, bool) {
	best, at := NoToken, int32(0)
	for i := 0; i < len(text) && len(s) > 0; i++ {
		next, ok := s[at].next[text[i]]
		if !ok {
			break
		}
		at = next
		if s[at].token != NoToken {
			best = s[at].token
		}
	}
	return best, best != NoToken
}

// in reports whether text contains the name of a special token.
func (s specials) in(text string) bool {
	for i := range len(text) {
		if _, ok := s.match(text[i:]); ok {
			return true
		}
	}
	return false
}

// breakUp inserts marker after the first character of every special token's name.
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
