//go:build cgo

package llama

import (
	"bytes"
	"strings"
	"unicode/utf8"
)

// A stream turns the pieces of one sample into text. It holds back what may yet turn out to be the
// beginning of a stop string or is not a whole character, so that what it gives out stands.
type stream struct {
	stops   []string
	longest int // bytes of the longest stop string
	held    []byte
	text    strings.Builder
	emit    func(string) // may be nil
}

func newStream(stops []string, emit func(string)) stream {
	s := stream{stops: stops, emit: emit}
	for _, stop := range stops {
		s.longest = max(s.longest, len(stop))
	}
	return s
}

// push adds a piece and tells whether a stop string is complete. Then the text ends before it.
func (s *stream) push(piece string) (stopped bool) {
	s.held = append(s.held, piece...)
	if at := s.stop(); at >= 0 {
		s.held = s.held[:at]
		s.release(len(s.held))
		s.held = nil
		return true
	}
	s.release(len(s.held) - s.begun())
	return false
}

// finish gives out what was held back: no stop string will complete it. Bytes of an unfinished character
// are dropped.
func (s *stream) finish() {
	s.release(len(s.held))
	s.held = nil
}

// stop returns where the first stop string begins, or -1.
func (s *stream) stop() int {
	first := -1
	for _, stop := range s.stops {
		if at := bytes.Index(s.held, []byte(stop)); at >= 0 && (first < 0 || at < first) {
			first = at
		}
	}
	return first
}

// begun returns the length of the longest end of the held bytes with which a stop string begins.
func (s *stream) begun() int {
	for n := min(s.longest-1, len(s.held)); n > 0; n-- {
		end := string(s.held[len(s.held)-n:])
		for _, stop := range s.stops {
			if strings.HasPrefix(stop, end) {
				return n
			}
		}
	}
	return 0
}

// release gives out the first n held bytes but for an unfinished character at their end. Each byte that can
// never become UTF-8 is given out as U+FFFD.
func (s *stream) release(n int) {
	n -= unfinished(s.held[:n])
	if n == 0 {
		return
	}
	out := string(s.held[:n])
	if !utf8.ValidString(out) {
		out = string([]rune(out))
	}
	s.held = s.held[:copy(s.held, s.held[n:])]
	s.text.WriteString(out)
	if s.emit != nil {
		s.emit(out)
	}
}

// unfinished returns how many bytes at the end of b begin a character that more bytes could complete.
func unfinished(b []byte) int {
	for n := 1; n <= min(utf8.UTFMax-1, len(b)); n++ {
		if end := b[len(b)-n:]; utf8.RuneStart(end[0]) {
			if utf8.FullRune(end) {
				return 0
			}
			return n
		}
	}
	return 0
}
