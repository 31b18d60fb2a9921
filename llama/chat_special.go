//go:build cgo

package llama

// #include "shim.h"
import "C"

import (
	"maps"
	"regexp"
	"slices"
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
	ends  bool           // a name ends here
	token Token          // whose name it is; NoToken for a mark of a template
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

// markPattern matches what stands in templates for more than itself: <think>, </think>, <|im_end|>, [INST], ◁think▷.
var markPattern = regexp.MustCompile(`<[^<>\s'"]{1,60}>|\[/?[A-Z][A-Z_ ]{1,40}\]|◁[^◁▷\s]{1,40}▷`)

// templateMarks returns the marks in a template. Templates search messages for some of them, and cut or divide the text there.
func templateMarks(template string) []string { return markPattern.FindAllString(template, -1) }

// with returns the special tokens together with marks that are none.
func (s specials) with(marks []string) specials {
	all := specials{{token: NoToken}}
	if len(s) > 0 {
		all = slices.Clone(s)
	}
	for i := range all {
		all[i].next = maps.Clone(all[i].next)
	}
	for _, mark := range marks {
		all.add(mark, NoToken)
	}
	return all
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
	if end := &(*s)[at]; !end.ends { // the first of equal names counts
		end.ends, end.token = true, token
	}
}

// match returns the special token with the longest name that text begins with, or NoToken for a mark. ok is false if it begins
// with neither.
func (s specials) match(text string) (token Token, ok bool) {
	token = NoToken
	at := int32(0)
	for i := 0; i < len(text) && len(s) > 0; i++ {
		next, more := s[at].next[text[i]]
		if !more {
			break
		}
		at = next
		if s[at].ends {
			token, ok = s[at].token, true
		}
	}
	return token, ok
}

// in reports whether text contains the name of a special token, or a mark.
func (s specials) in(text string) bool {
	for i := range len(text) {
		if _, ok := s.match(text[i:]); ok {
			return true
		}
	}
	return false
}

// breakUp inserts marker after the first character of every special token's name, and of every mark.
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
