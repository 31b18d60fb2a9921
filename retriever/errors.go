package retriever

import (
	"errors"
	"fmt"
)

// Errors of loading.
var (
	// ErrEmpty says that a folder, file or file system holds no document that
	// could be loaded. The LoadReport that comes with it says what was skipped.
	ErrEmpty = errors.New("retriever: no documents found")

	// ErrBadLine says that a line of a file does not hold what it should. The
	// error is a *LineError, which names file and line.
	ErrBadLine = errors.New("retriever: bad JSONL line")
)

// Errors of options and arguments.
var (
	// ErrOptions says that an option or argument has a value that makes no sense.
	ErrOptions = errors.New("retriever: bad option")

	// ErrBadChunk says that a chunk cannot be indexed: no ID, text that is not
	// UTF-8, or more bytes than MaxChunkBytes.
	ErrBadChunk = errors.New("retriever: bad chunk")
)

// Errors of the index.
var (
	// ErrClosed is returned by every use of an index after Close.
	ErrClosed = errors.New("retriever: index is closed")

	// ErrExists is returned by Create if the path is already taken.
	ErrExists = errors.New("retriever: path already exists")

	// ErrNotIndex is returned by Open if the path holds no index, or one that
	// another program made.
	ErrNotIndex = errors.New("retriever: not an index of this package")

	// ErrVersion is returned by Open if the index was written by an
	// incompatible version of this package.
	ErrVersion = errors.New("retriever: incompatible index version")

	// ErrCorrupt is returned by Open if files of the index are torn, missing or
	// altered. Nothing is repaired or removed.
	ErrCorrupt = errors.New("retriever: index is corrupt")

	// ErrLocked is returned by Open if another process, or another Index of
	// this one, has the index open.
	ErrLocked = errors.New("retriever: index is in use")

	// ErrNotFound is returned by Index.Chunk if no chunk has the ID.
	ErrNotFound = errors.New("retriever: no such chunk")

	// ErrChanged says that a Tuning was made for another index, or for this one
	// before its chunks were changed.
	ErrChanged = errors.New("retriever: the index is not the one that the tuning was made for")
)

// LineError is an error in one line of a file, such as JSONL that holds
// something else than documents, questions or training rows.
// errors.Is(err, ErrBadLine) is true for it.
type LineError struct {
	// Path names the file. Load and Walk give its slash-separated path inside
	// the file system. It is empty where lines come from an io.Reader.
	Path string
	Line int   // counted from 1
	Err  error // what is wrong with the line
}

// Error returns path, line and cause as "path:line: cause", or as
// "line n: cause" without a path.
func (e *LineError) Error() string {
	if e.Path == "" {
		return fmt.Sprintf("line %d: %v", e.Line, e.Err)
	}
	return fmt.Sprintf("%s:%d: %v", e.Path, e.Line, e.Err)
}

// Unwrap returns ErrBadLine and the cause.
func (e *LineError) Unwrap() []error { return []error{ErrBadLine, e.Err} }
