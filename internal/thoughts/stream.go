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
	close     string   // the mark that ends the thought; "" = any
	thought   bool     // there was one
	held      string
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
	if _, ok := opened(strings.TrimLeft(s.held, white)); ok {
		s.doubt, s.pieces = false, nil
		return true
	}
	if from, to := bareClosing(s.held); from >= 0 {
		s.doubt, s.pieces, s.thought, s.held = false, nil, true, s.held[to:]
		return true
	}
	s.pieces = append(s.pieces, piece)
	return false
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
		if p, ok := opened(text); ok {
			s.inside, s.close, s.held = true, p.closing, text[len(p.opening):]
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

// leave drops a thought that has ended, and reports whether it has.
func (s *Stream) leave() bool {
	from, to := -1, 0
	if s.close == "" {
		from, to = closing(s.held)
	} else if from = indexFold(s.held, s.close); from >= 0 {
		to = from + len(s.close)
	}
	if from < 0 {
		return false
	}
	s.inside, s.close, s.thought, s.held = false, "", true, s.held[to:]
	return true
}

// mayOpen reports whether an opening mark may begin with the text.
func mayOpen(text string) bool {
	for _, p := range pairs {
		if len(text) < len(p.opening) && strings.EqualFold(text, p.opening[:len(text)]) {
			return true
		}
	}
	return false
}

// End returns what was held back, if it turned out to be no thought.
func (s *Stream) End() string {
	if s.inside {
		return ""
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
