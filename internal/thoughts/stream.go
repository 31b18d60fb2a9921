package thoughts

import "strings"

// Stream passes on the answer of a text that arrives in pieces, without the
// chain of thought in front of it. The zero value expects a text that may begin
// with an opening mark; a closing mark without one is only noticed if the stream
// was told so by [Stream.Begun].
type Stream struct {
	answering bool
	inside    bool
	close     string // the mark that ends the thought; "" = any
	thought   bool   // there was one
	held      string
}

// Begun says that the text begins within a thought.
func (s *Stream) Begun() { s.inside = true }

// Push takes a piece of the text and returns what it adds to the answer.
func (s *Stream) Push(piece string) string {
	if s.answering {
		return piece
	}
	s.held += piece
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
