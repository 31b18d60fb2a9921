//go:build cgo

package llamachat

import (
	"strings"
	"unicode/utf8"

	"github.com/ragft/ragft/internal/thoughts"
	"github.com/ragft/ragft/llama"
)

// Place follows where in the text of a sample its tokens stand. The zero value is at the beginning.
type Place struct {
	End   int    // of the last whole character, in bytes of the text
	begun []byte // of the next one
}

// Add goes on by a token that adds these bytes to the text, and returns the range of the characters that it is in, as far as
// they are known: what is begun may still be one byte or several.
func (p *Place) Add(visible string) (from, to int) {
	first := len(p.begun) // the first byte of these
	p.begun = append(p.begun, visible...)
	from = -1
	for len(p.begun) > 0 && utf8.FullRune(p.begun) {
		r, size := utf8.DecodeRune(p.begun) // U+FFFD for each byte that is none, as in the text
		if from < 0 && first < size {
			from = p.End
		}
		p.End += utf8.RuneLen(r)
		p.begun, first = p.begun[size:], first-size
	}
	if to = p.End; from < 0 {
		from = to
	}
	if visible != "" && len(p.begun) > 0 {
		to++
	}
	return from, to
}

// answerStream passes on the answer of one sample. Marks that are control tokens are not in its text, which may be held back for a
// character or a stop string: each is put where it belongs.
type answerStream struct {
	thoughts.Stream
	place     Place
	got       int // bytes of the text
	marks     []hiddenMark
	answering bool // all marks are passed over
}

type hiddenMark struct {
	at    int // bytes of the text before it
	piece string
}

// push takes a piece of the text, and returns what it adds to the answer.
func (s *answerStream) push(text string) (answer string) {
	for len(s.marks) > 0 && s.marks[0].at <= s.got+len(text) {
		cut := s.marks[0].at - s.got
		answer += s.Push(text[:cut])
		answer += strings.TrimSuffix(s.Push(s.marks[0].piece), s.marks[0].piece)
		s.got, text, s.marks = s.got+cut, text[cut:], s.marks[1:]
	}
	s.got += len(text)
	return answer + s.Push(text)
}

// Stream makes a request pass on the answer of each sample in pieces, without a chain of thought. The callbacks that the
// request already has are still called.
func Stream(m *llama.Model, r *llama.Request, onText func(sample int, text string)) {
	begun := OpensThoughts(m, r.Prompt)
	streams := map[int]*answerStream{}
	of := func(sample int) *answerStream {
		if streams[sample] == nil {
			streams[sample] = &answerStream{}
			if begun {
				streams[sample].Begun()
			}
		}
		return streams[sample]
	}
	show := func(sample int, text string) {
		if text != "" {
			streams[sample].answering = true
			onText(sample, text)
		}
	}
	onToken, onDone := r.OnToken, r.OnDone
	r.OnToken = func(sample int, t llama.ChosenToken) {
		if s := of(sample); !s.answering && !m.IsEndOfGeneration(t.Token) {
			if Hidden(m, t.Token) {
				s.marks = append(s.marks, hiddenMark{s.place.End, m.Piece(t.Token)})
				show(sample, s.push(""))
			} else {
				s.place.Add(m.Piece(t.Token))
			}
		}
		if onToken != nil {
			onToken(sample, t)
		}
	}
	r.OnText = func(sample int, text string) { show(sample, of(sample).push(text)) }
	r.OnDone = func() {
		for sample, s := range streams {
			show(sample, s.End())
		}
		if onDone != nil {
			onDone()
		}
	}
}
