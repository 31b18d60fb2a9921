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

// markPattern matches what stands in templates for more than itself: <think>, </think>, <|im_end|>, [INST], ◁think▷.
var markPattern = regexp.MustCompile(`<[^<>\s'"]{1,60}>|\[/?[A-Z][A-Z_ ]{1,40}\]|◁[^◁▷\s]{1,40}▷`)

// templateMarks returns the marks in a template. Templates search messages for some of them, and cut or divide the text there.
func templateMarks(template string) []string { return markPattern.FindAllString(template, -1) }

// with returns the special tokens together with marks that are none.
func (s specials) with(marks []string) specials {
	all := specials{}
	maps.Copy(all, s)
	for _, mark := range marks {
		known := slices.ContainsFunc(all[mark[0]], func(t specialToken) bool { return t.text == mark })
		if !known {
			all[mark[0]] = append(slices.Clone(all[mark[0]]), specialToken{mark, NoToken})
		}
	}
	return all
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
