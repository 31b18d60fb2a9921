// Package linescan reads lines that end with CR, LF or both, without a limit on their
// number.
package linescan

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
)

// ErrLong is returned by [Scanner.Next] for a line longer than the limit.
var ErrLong = errors.New("longer than the limit")

// Scanner reads the lines of a file one by one.
type Scanner struct {
	r       *bufio.Reader
	limit   int
	long    []byte
	afterCR bool // the last line ended with CR, so that a LF belongs to it
}

// New returns a Scanner of lines of at most limit bytes.
func New(r io.Reader, limit int) *Scanner {
	return &Scanner{r: bufio.NewReaderSize(r, 64<<10), limit: limit}
}

// Next returns the next line without its end, valid until the next call, or io.EOF
// after the last one, which may have no end.
func (s *Scanner) Next() ([]byte, error) {
	s.long = s.long[:0]
	for {
		part, err := s.r.Peek(max(1, s.r.Buffered()))
		if s.afterCR && len(part) > 0 {
			s.afterCR = false
			if part[0] == '\n' {
				_, _ = s.r.Discard(1)
				continue
			}
		}
		n := bytes.IndexAny(part, "\r\n")
		if len(s.long)+max(n, 0) > s.limit || n < 0 && len(s.long)+len(part) > s.limit {
			return nil, fmt.Errorf("%w of %d bytes", ErrLong, s.limit)
		}
		if n >= 0 {
			s.afterCR = part[n] == '\r'
			s.long = append(s.long, part[:n]...)
			_, _ = s.r.Discard(n + 1)
			return s.long, nil
		}
		s.long = append(s.long, part...)
		_, _ = s.r.Discard(len(part))
		if errors.Is(err, io.EOF) && len(s.long) > 0 {
			return s.long, nil
		}
		if err != nil {
			return nil, err
		}
	}
}
