package ragft

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"unicode/utf8"

	"github.com/ragft/ragft/internal/aside"
)

// MaxLine is the longest line, in bytes, that the JSONL readers of this
// package accept. It bounds the memory that a hostile file can claim.
const MaxLine = 8 << 20

// LineError is an error in one line of a JSONL file.
type LineError struct {
	Name string // file name; may be empty
	Line int    // from 1
	Err  error
}

func (e *LineError) Error() string {
	if e.Name == "" {
		return fmt.Sprintf("line %d: %v", e.Line, e.Err)
	}
	return fmt.Sprintf("%s:%d: %v", e.Name, e.Line, e.Err)
}

func (e *LineError) Unwrap() error { return e.Err }

// eachLine calls fn with every line of r that is not blank. An error of fn, a
// line that is too long and text that is no UTF-8 end it with a *LineError,
// which bears the name.
func eachLine(name string, r io.Reader, fn func(number int, line []byte) error) error {
	scanner := bufio.NewScanner(r)
	scanner.Buffer(make([]byte, 0, 64<<10), MaxLine)
	number := 0
	for scanner.Scan() {
		number++
		line := scanner.Bytes()
		if number == 1 {
			line = bytes.TrimPrefix(line, []byte("\xef\xbb\xbf")) // byte order mark
		}
		line = bytes.TrimSpace(line)
		if len(line) == 0 {
			continue
		}
		if !utf8.Valid(line) {
			return &LineError{Name: name, Line: number, Err: errors.New("not UTF-8")}
		}
		if err := fn(number, line); err != nil {
			return &LineError{Name: name, Line: number, Err: err}
		}
	}
	if err := scanner.Err(); err != nil {
		return &LineError{Name: name, Line: number + 1, Err: err}
	}
	return nil
}

// writeLines writes one JSON object a line, without escaping <, > and &. A line
// that could not be read back is an error.
func writeLines[T any](w io.Writer, values []T) error {
	buffered := bufio.NewWriter(w)
	var line bytes.Buffer
	encoder := json.NewEncoder(&line)
	encoder.SetEscapeHTML(false)
	for i, value := range values {
		line.Reset()
		if err := encoder.Encode(value); err != nil {
			return &LineError{Line: i + 1, Err: err}
		}
		if line.Len() > MaxLine {
			return &LineError{Line: i + 1, Err: fmt.Errorf("%d bytes, of at most %d that are read back", line.Len(), MaxLine)}
		}
		if _, err := buffered.Write(line.Bytes()); err != nil {
			return &LineError{Line: i + 1, Err: err}
		}
	}
	return buffered.Flush()
}

// replaceFile writes a file aside, syncs it and renames it into place, so that
// a crash or a full disk leaves the old file as it was.
func replaceFile(path string, write func(io.Writer) error) error {
	if err := aside.WriteFile(path, write); err != nil {
		return fmt.Errorf("ragft: write %s: %w", path, err)
	}
	return nil
}
