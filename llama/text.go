//go:build cgo

package llama

import (
	"bytes"
	"strings"
	"unicode/utf8"
)

// stream turns the tokens of one sample into text. It holds back what may be the beginning of a stop string, or is not a whole
// character yet, so that text it has emitted is final.
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

// push adds a token's text and reports whether it completes a stop string. The text then ends before that.
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

// finish emits what was held back. Bytes of an incomplete character are dropped.
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

// begun returns the length of the longest end of the held bytes that a stop string begins with.
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

// release emits the first n held bytes, without an incomplete character at their end. Invalid UTF-8 is emitted as U+FFFD, once
// for each byte.
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

// unfinished returns the length of an incomplete character at the end of b.
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
