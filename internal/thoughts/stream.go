package thoughts

import "strings"

// Stream passes on the answer of a text that arrives in pieces, without the
// chain of thought in front of it. The zero value expects a text that may begin
// with an opening mark; a closing mark without one is only noticed if the stream
// was told so by [Stream.Begun] or [Stream.Doubt].
type Stream struct {
	answering bool
	inside    bool
	doubt     bool
	pieces    []string // that are held back in doubt
	marks     pair     // of the thought; none = any may end it
	thought   bool     // there was one
	opening   string   // its opening mark
	held      string
	sought    int          // bytes of held in which no mark begins that ends the thought
	depths    map[pair]int // opening marks in these bytes, less closing ones
	nested    bool         // the thought has an opening mark of its own within
}

// Begun says that the text begins within a thought.
func (s *Stream) Begun() { s.inside = true }

// Doubt says that the text may begin within a thought: it is held back until a mark or a call of [Stream.Held] decides.
func (s *Stream) Doubt() { s.doubt = true }

// Held returns the pieces that were held back in doubt, and ends the doubt: the text has ended without a closing mark, or it is
// known by other means how it begins.
func (s *Stream) Held() []string {
	pieces := s.pieces
	if s.doubt {
		s.doubt, s.pieces, s.held, s.answering = false, nil, "", true
	}
	return pieces
}

// decided reports whether a mark says by now how the text begins. A thought that has ended is dropped.
func (s *Stream) decided(piece string) bool {
	if Begins(s.held) {
		s.doubt, s.pieces = false, nil
		s.seek()
		return true
	}
	for m := range marksOf(s.held, s.sought) {
		if m.opens {
			s.open(m.pair)
		} else if s.depths[m.pair] == 0 && m.endsThought(s.held) {
			s.doubt, s.pieces, s.thought, s.held = false, nil, true, s.held[m.to:]
			s.seek()
			return true
		} else if strings.TrimLeft(s.held[m.to:], " \t\r\n") == "" {
			s.sought = m.from // an empty line may follow
			s.pieces = append(s.pieces, piece)
			return false
		}
		s.sought = m.to
	}
	s.sought = max(s.sought, len(s.held)-longestMark)
	s.pieces = append(s.pieces, piece)
	return false
}

// seek begins the search for the end of another thought.
func (s *Stream) seek() { s.sought, s.depths, s.nested = 0, nil, false }

// open counts an opening mark within a text.
func (s *Stream) open(p pair) {
	if s.depths == nil {
		s.depths = map[pair]int{}
	}
	s.depths[p]++
}

// Push takes a piece of the text and returns what it adds to the answer.
func (s *Stream) Push(piece string) string {
	if s.answering {
		return piece
	}
	s.held += piece
	if s.doubt && !s.decided(piece) {
		return ""
	}
	for {
		if s.inside {
			if !s.leave() {
				return ""
			}
		}
		text := strings.TrimLeft(s.held, white)
		if p, size, ok := opened(text); ok {
			s.inside, s.thought, s.marks, s.opening, s.held = p != emptyThought, true, p, text[:size], text[size:]
			continue
		}
		if mayOpen(text) {
			return ""
		}
		if s.thought {
			s.held = text
		}
		s.answering = true
		return s.take()
	}
}

// leave drops a thought that has ended, and reports whether it has. One that has opening marks within is held to the end of the
// text, which decides.
func (s *Stream) leave() bool {
	if s.nested {
		return false
	}
	begun := s.marks == emptyThought
	for m := range marksOf(s.held, s.sought) {
		switch {
		case !begun && m.pair != s.marks:
		case m.opens && !begun:
			s.nested = true
			return false
		case m.opens:
			if strings.TrimLeft(s.held[:m.from], white) != "" {
				s.open(m.pair)
			}
		case s.depths[m.pair] > 0:
			s.depths[m.pair]--
		case s.marks.doubtful() && strings.TrimLeft(s.held[m.to:], white) == "":
			s.sought = m.from // an answer may follow
			return false
		default:
			s.inside, s.marks, s.thought, s.held = false, emptyThought, true, s.held[m.to:]
			s.seek()
			return true
		}
		s.sought = m.to
	}
	s.sought = max(s.sought, len(s.held)-longestMark)
	return false
}

// End returns what was held back, if it turned out to be no thought.
func (s *Stream) End() string {
	if s.inside && s.marks == emptyThought {
		_, at := Split(s.held, true)
		s.inside, s.thought, s.held = false, true, s.held[at:]
	}
	if s.inside {
		whole := s.opening + s.held
		_, at := Split(whole, false)
		s.inside, s.held = false, whole[at:]
	}
	if s.thought {
		s.held = strings.TrimLeft(s.held, white)
	}
	return s.take()
}

func (s *Stream) take() string {
	text := s.held
	s.held = ""
	return text
}
