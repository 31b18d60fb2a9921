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

	// ErrBadLine says that a line of a JSONL file is not a document. The error
	// is a *LineError that names file and line.
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

// A LineError names the line of a JSONL file that is not a document.
// errors.Is(err, ErrBadLine) is true for it.
type LineError struct {
	Path string // slash-separated path inside the file system
	Line int    // from 1
	Err  error  // what is wrong with it
}

// Error gives path, line and cause.
func (e *LineError) Error() string {
	return fmt.Sprintf("retriever: %s:%d: %v", e.Path, e.Line, e.Err)
}

// Unwrap gives ErrBadLine and the cause.
func (e *LineError) Unwrap() []error { return []error{ErrBadLine, e.Err} }
