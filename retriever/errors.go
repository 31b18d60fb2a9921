package retriever

import (
	"errors"
	"fmt"
)

// Errors of loading.
var (
	// ErrEmpty is returned if a folder or file contains no document that could be
	// loaded. The SyncReport tells what was skipped and why.
	ErrEmpty = errors.New("retriever: no documents found")

	// ErrBadLine is returned if a line of a file is not what it should be. The
	// error wraps a *LineError, which names file and line.
	ErrBadLine = errors.New("retriever: invalid line")
)

// Errors of options and arguments.
var (
	// ErrOptions is returned for an option or argument out of its range.
	ErrOptions = errors.New("retriever: invalid option")

	// ErrBadChunk is returned for a chunk that cannot be indexed: one without an
	// ID, with text that is not UTF-8, or of more than MaxChunkBytes.
	ErrBadChunk = errors.New("retriever: invalid chunk")
)

// Errors of the index.
var (
	// ErrClosed is returned by every use of an index after Close.
	ErrClosed = errors.New("retriever: index is closed")

	// ErrExists is returned by Create if the path is already taken.
	ErrExists = errors.New("retriever: path already exists")

	// ErrNotIndex is returned by Open if there is no index at the path, or one
	// of another program.
	ErrNotIndex = errors.New("retriever: not an index of this package")

	// ErrVersion is returned by Open if the index was written by an
	// incompatible version of this package.
	ErrVersion = errors.New("retriever: incompatible index version")

	// ErrCorrupt is returned by Open if files of the index are incomplete,
	// missing or altered. Nothing is repaired or removed.
	ErrCorrupt = errors.New("retriever: index is corrupt")

	// ErrLocked is returned by calls that change an index while another program,
	// or another Index of this one, changes it for more than half a second.
	ErrLocked = errors.New("retriever: index is in use")

	// ErrNotFound is returned by Index.Chunk if there is no chunk with the ID.
	ErrNotFound = errors.New("retriever: no such chunk")

	// ErrChanged is returned if a Tuning was made for another index, or for this
	// one before its chunks were changed.
	ErrChanged = errors.New("retriever: the tuning was made for another index, or before this one was changed")
)

// LineError is an error in one line of a file of documents, questions or training
// rows.
// errors.Is(err, ErrBadLine) is true for it.
type LineError struct {
	// Path names the file. Sync gives its slash-separated path inside the folder.
	// It is empty where lines come from an io.Reader.
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
