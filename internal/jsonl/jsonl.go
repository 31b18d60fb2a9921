// Package jsonl reads and writes JSON Lines: UTF-8 text with one JSON value in
// each line.
package jsonl

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"unicode/utf8"

	"github.com/ragft/ragft/internal/linescan"
	"github.com/ragft/ragft/retriever"
)

// MaxLine is the longest line in bytes that [Each] reads and [Write] writes.
// It bounds the memory that a hostile file can claim.
const MaxLine = 8 << 20

// Each calls fn with every line of r that is not blank, and with its number,
// counted from 1. A line ends with CR, LF or both, comes without its end, and the first one without a
// byte order mark; its bytes are valid until fn returns.
//
// Each stops at the first error. An error of fn, a line longer than [MaxLine]
// and text that is not UTF-8 are returned as a [*retriever.LineError] with the
// given name, which may be empty. An error of r names the line too, but is not
// a LineError, as the line itself is not at fault.
func Each(name string, r io.Reader, fn func(number int, line []byte) error) error {
	lines := linescan.New(r, MaxLine)
	number := 0
	bad := func(err error) error { return &retriever.LineError{Path: name, Line: number, Err: err} }
	for {
		number++
		line, err := lines.Next()
		switch {
		case errors.Is(err, io.EOF):
			return nil
		case errors.Is(err, linescan.ErrLong):
			return bad(fmt.Errorf("longer than %d bytes", MaxLine))
		case err != nil && name == "":
			return fmt.Errorf("line %d: %w", number, err)
		case err != nil:
			return fmt.Errorf("%s:%d: %w", name, number, err)
		}
		if number == 1 {
			line = bytes.TrimPrefix(line, []byte("\xef\xbb\xbf"))
		}
		if len(bytes.TrimSpace(line)) == 0 {
			continue
		}
		if !utf8.Valid(line) {
			return bad(errors.New("not UTF-8"))
		}
		if err := fn(number, line); err != nil {
			return bad(err)
		}
	}
}

// Write writes each value as one line, without escaping <, > and &. A value
// that cannot be encoded, or whose line [Each] could not read back, is a
// [*retriever.LineError]; the lines before it may have been written.
func Write[T any](w io.Writer, values []T) error {
	buffered := bufio.NewWriter(w)
	var line bytes.Buffer
	encoder := json.NewEncoder(&line)
	encoder.SetEscapeHTML(false)
	for i, value := range values {
		line.Reset()
		if err := encoder.Encode(value); err != nil {
			return &retriever.LineError{Line: i + 1, Err: err}
		}
		if size := line.Len(); size > MaxLine {
			return &retriever.LineError{Line: i + 1, Err: fmt.Errorf("%d bytes long; the limit is %d", size, MaxLine)}
		}
		if _, err := buffered.Write(line.Bytes()); err != nil {
			return err
		}
	}
	return buffered.Flush()
}
