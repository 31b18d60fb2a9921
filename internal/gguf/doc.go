// Package gguf reads and writes GGUF, the model file format of ggml and llama.cpp.
//
// It is pure Go and knows nothing of any model family. [Open] reads the
// header, the metadata and the list of tensors; tensor data is read on demand.
// A file is treated as hostile: every count and length is checked against what
// is left of the file before anything is allocated for it.
//
// [Create] starts a new file. It is written beside its final place, synced and
// renamed, so that a crash or a full disk never leaves half a file under the
// name that was asked for.
//
// The package speaks little-endian GGUF, versions 2 and 3 on reading and version 3 on
// writing. The order of dimensions is ggml's: the first is the contiguous one,
// so that a matrix with n inputs and m outputs has the dimensions [n, m].
package gguf

import "errors"

// Errors of reading. They are wrapped with what was wrong and where; test for
// them with [errors.Is].
var (
	// ErrNotGGUF says that the file does not start with the GGUF magic.
	ErrNotGGUF = errors.New("not a GGUF file")
	// ErrTruncated says that the file ends before what its header announces.
	ErrTruncated = errors.New("truncated GGUF file")
	// ErrUnsupportedVersion says that the file is GGUF, but of a version or
	// byte order that this package does not read.
	ErrUnsupportedVersion = errors.New("unsupported GGUF version")
	// ErrMalformed says that the file breaks a rule of the format.
	ErrMalformed = errors.New("malformed GGUF file")
	// ErrNoTensor says that a file has no tensor of the name asked for.
	ErrNoTensor = errors.New("no such tensor")
	// ErrUnsupportedType says that this package cannot convert values of a
	// tensor type. It can still read and write their bytes.
	ErrUnsupportedType = errors.New("unsupported tensor type")
)

// KeyAssistant is the metadata key under which an adapter says how it is to be asked.
const KeyAssistant = "ragft.assistant"

const (
	magic            = "GGUF"
	versionOldest    = 2
	versionNewest    = 3
	keyAlignment     = "general.alignment"
	defaultAlignment = 32

	// Limits of ggml, which refuses files that pass them.
	maxDims       = 4
	maxTensorName = 63

	// Limits of this package. The largest vocabularies in use take about 20 MB,
	// and no known writer nests arrays at all.
	maxHeader    = 256 << 20
	maxKey       = 65535
	maxArrayNest = 4
	maxAlignment = 1 << 24
)
