package gguf

import (
	"bytes"
	"encoding/binary"
	"errors"
	"io"
	"math"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// raw builds a file field by field. uint32 and uint64 are numbers of the header;
// a string is written with its length.
func raw(parts ...any) []byte {
	b := []byte("GGUF")
	for _, p := range parts {
		switch p := p.(type) {
		case uint32:
			b = binary.LittleEndian.AppendUint32(b, p)
		case uint64:
			b = binary.LittleEndian.AppendUint64(b, p)
		case string:
			b = appendText(b, p)
		case []byte:
			b = append(b, p...)
		case int: // the type of a value, or a small count
			b = binary.LittleEndian.AppendUint32(b, uint32(p))
		}
	}
	return b
}

// The parts of a header, to be followed by its lists.
func header(tensors, pairs uint64, rest ...any) []byte {
	return raw(append([]any{uint32(3), tensors, pairs}, rest...)...)
}

func readBytes(b []byte) (*File, error) { return Read(bytes.NewReader(b), int64(len(b))) }

func TestReadRefuses(t *testing.T) {
	const huge = uint64(1) << 60
	zeros := make([]byte, 100)
	for _, c := range []struct {
		name string
		file []byte
		want error
		text string
	}{
		{"nothing", nil, ErrNotGGUF, "0 bytes"},
		{"too short", []byte("GGU"), ErrNotGGUF, "3 bytes"},
		{"other magic", append([]byte("GGML"), zeros...), ErrNotGGUF, "GGML"},
		{"only magic", []byte("GGUF"), ErrTruncated, "version"},
		{"version 0", raw(uint32(0), zeros), ErrUnsupportedVersion, "0"},
		{"version 1", raw(uint32(1), zeros), ErrUnsupportedVersion, "1"},
		{"version 4", raw(uint32(4), zeros), ErrUnsupportedVersion, "4"},
		{"big-endian", raw(uint32(3<<24), zeros), ErrUnsupportedVersion, "big-endian"},
		{"no counts", raw(uint32(3)), ErrTruncated, "tensor count"},
		{"one count", raw(uint32(3), uint64(0)), ErrTruncated, "metadata count"},
		{"many pairs", header(0, huge, zeros), ErrTruncated, "metadata"},
		{"all pairs", header(0, math.MaxUint64, zeros), ErrTruncated, "metadata"},
		{"many tensors", header(huge, 0, zeros), ErrTruncated, "tensors"},
		{"long key", header(0, 1, uint64(70000), zeros), ErrMalformed, "key"},
		{"key beyond the end", header(0, 1, uint64(1000), zeros), ErrTruncated, "key"},
		{"no key", header(0, 1, "", 0, zeros), ErrMalformed, "no key"},
		{"same key", header(0, 2, "k", 0, []byte{1}, "k", 0, zeros), ErrMalformed, `"k" appears twice`},
		{"value type", header(0, 1, "k", 13, zeros), ErrMalformed, "type 13"},
		{"array type", header(0, 1, "k", 9, 99, uint64(1), zeros), ErrMalformed, "type 99"},
		{"long string", header(0, 1, "k", 8, uint64(1000), zeros), ErrTruncated, "string"},
		{"longest string", header(0, 1, "k", 8, uint64(math.MaxUint64), zeros), ErrMalformed, "string"},
		{"long array", header(0, 1, "k", 9, 10, huge, zeros), ErrTruncated, "array"},
		{"array that wraps", header(0, 1, "k", 9, 10, uint64(1)<<61, zeros), ErrTruncated, "array"},
		{"many strings", header(0, 1, "k", 9, 8, uint64(1000), zeros), ErrTruncated, "strings"},
		{"many arrays", header(0, 1, "k", 9, 9, uint64(1000), zeros), ErrTruncated, "arrays"},
		{"deep array", header(0, 1, "k", 9, 9, uint64(1), 9, uint64(1), 9, uint64(1), 9, uint64(1), zeros), ErrMalformed, "nested"},
		{"alignment type", header(0, 1, keyAlignment, 5, uint32(32)), ErrMalformed, "int32"},
		{"alignment 0", header(0, 1, keyAlignment, 4, uint32(0)), ErrMalformed, "power of two"},
		{"alignment 24", header(0, 1, keyAlignment, 4, uint32(24)), ErrMalformed, "power of two"},
		{"alignment huge", header(0, 1, keyAlignment, 4, uint32(1<<31)), ErrMalformed, "power of two"},
		{"tensor name", header(1, 0, strings.Repeat("x", 64), zeros), ErrMalformed, "name"},
		{"five dimensions", header(1, 0, "t", 5, zeros), ErrMalformed, "5 dimensions"},
		{"negative dimension", header(1, 0, "t", 1, uint64(math.MaxUint64), 0, uint64(0), zeros), ErrMalformed, "dimension"},
		{"dimensions that wrap", header(1, 0, "t", 2, uint64(1)<<32, uint64(1)<<32, 0, uint64(0), zeros), ErrMalformed, "too large"},
		{"bytes that wrap", header(1, 0, "t", 1, uint64(1)<<62, 0, uint64(0), zeros), ErrMalformed, "too large"},
		{"tensor type", header(1, 0, "t", 1, uint64(1), 31, uint64(0), zeros), ErrMalformed, "type 31"},
		{"part of a block", header(1, 0, "t", 1, uint64(33), int(Q8_0), uint64(0), zeros), ErrMalformed, "33"},
		{"offset", header(1, 0, "t", 1, uint64(1), 0, uint64(64), zeros), ErrMalformed, "offset 64"},
		{"negative offset", header(1, 0, "t", 1, uint64(1), 0, uint64(math.MaxUint64), zeros), ErrMalformed, "offset"},
		{"no data", header(1, 0, "t", 1, uint64(1), 0, uint64(0)), ErrTruncated, `"t" needs 4 bytes`},
		{"large tensor", header(1, 0, "t", 1, uint64(1)<<60, 0, uint64(0), zeros), ErrTruncated, `"t"`},
		{"same tensor", header(2, 0, "t", 1, uint64(1), 0, uint64(0), "t", 1, uint64(1), 0, uint64(32), zeros), ErrMalformed,
			`"t" appears twice`},
	} {
		t.Run(c.name, func(t *testing.T) {
			var before, after runtime.MemStats
			runtime.ReadMemStats(&before)
			f, err := readBytes(c.file)
			runtime.ReadMemStats(&after)
			require.ErrorIs(t, err, c.want)
			require.ErrorContains(t, err, c.text)
			require.Nil(t, f)
			require.Less(t, after.TotalAlloc-before.TotalAlloc, uint64(1<<20), "allocated for a hostile count")
		})
	}
}

func TestReadVersion2(t *testing.T) {
	b := encode(t, sampleWriter(t))
	binary.LittleEndian.PutUint32(b[4:], 2)
	f, err := readBytes(b)
	require.NoError(t, err)
	require.Equal(t, uint32(2), f.version)
	require.Equal(t, everyValue(), f.Metadata())
}

// A file cut anywhere before its last tensor ends is refused as truncated.
func TestReadTruncated(t *testing.T) {
	b := encode(t, sampleWriter(t))
	whole, err := readBytes(b)
	require.NoError(t, err)
	last, _ := whole.Tensor("last")
	for n := range b {
		_, err := readBytes(b[:n])
		switch {
		case n < 4:
			require.ErrorIs(t, err, ErrNotGGUF, "%d bytes", n)
		case int64(n) < last.Offset+last.Size:
			require.ErrorIs(t, err, ErrTruncated, "%d bytes", n)
		default: // only padding is missing
			require.NoError(t, err, "%d bytes", n)
		}
	}
}

// A sparse file may claim any size: the header has a limit of its own.
func TestReadLimitsHeader(t *testing.T) {
	b := header(0, 1, "k", 9, 0, uint64(1)<<40)
	_, err := Read(sparse{bytes.NewReader(b)}, 1<<42)
	require.ErrorIs(t, err, ErrMalformed)
	require.ErrorContains(t, err, "256 MB")
}

// sparse is a file that continues with zeros.
type sparse struct{ r io.ReaderAt }

func (s sparse) ReadAt(p []byte, off int64) (int, error) {
	n, err := s.r.ReadAt(p, off)
	if errors.Is(err, io.EOF) {
		clear(p[n:])
		return len(p), nil
	}
	return n, err
}

func TestReadErrors(t *testing.T) {
	_, err := Read(failing{}, 100)
	require.ErrorIs(t, err, os.ErrPermission)

	// The file shrinks between the listing and the reading.
	b := encode(t, sampleWriter(t))
	_, err = Read(bytes.NewReader(b[:20]), int64(len(b)))
	require.ErrorIs(t, err, ErrTruncated)
	f, err := Read(bytes.NewReader(b[:len(b)-40]), int64(len(b)))
	require.NoError(t, err)
	_, err = f.ReadTensor("last")
	require.ErrorIs(t, err, ErrTruncated)
}

type failing struct{}

func (failing) ReadAt([]byte, int64) (int, error) { return 0, os.ErrPermission }

func TestOpenErrors(t *testing.T) {
	dir := t.TempDir()
	_, err := Open(filepath.Join(dir, "absent.gguf"))
	require.ErrorIs(t, err, os.ErrNotExist)
	_, err = Open(dir)
	require.ErrorIs(t, err, ErrNotGGUF)
	path := filepath.Join(dir, "notes.txt")
	require.NoError(t, os.WriteFile(path, []byte("not a model"), 0o600))
	_, err = Open(path)
	require.ErrorIs(t, err, ErrNotGGUF)
	require.ErrorContains(t, err, path)
}

// FuzzRead looks for panics, for errors without a sentinel, and for files that
// change when they are written again.
func FuzzRead(f *testing.F) {
	f.Add(encode(f, sampleWriter(f)))
	f.Add(header(0, 1, "k", 9, 9, uint64(1), 9, uint64(1), 4, uint64(1), uint32(5)))
	f.Add(header(1, 0, "t", 1, uint64(1), 0, uint64(0), make([]byte, 100)))
	f.Add(header(0, 0))
	f.Add([]byte("GGUF"))
	f.Fuzz(func(t *testing.T, b []byte) {
		g, err := readBytes(b)
		if err != nil {
			for _, want := range []error{ErrNotGGUF, ErrTruncated, ErrUnsupportedVersion, ErrMalformed} {
				if errors.Is(err, want) {
					return
				}
			}
			t.Fatalf("an error without a sentinel: %v", err)
		}
		if _, unnamed := g.Tensor(""); unnamed || g.alignment > 1<<12 {
			return // not writable; too slow
		}
		first := rewrite(t, g)
		again, err := readBytes(first)
		require.NoError(t, err)
		require.Equal(t, first, rewrite(t, again))
	})
}

// rewrite copies a file through the writer.
func rewrite(t *testing.T, f *File) []byte {
	t.Helper()
	w := newWriter()
	for _, kv := range f.Metadata() {
		require.NoError(t, w.SetMeta(kv.Key, kv.Value))
	}
	for _, info := range f.Tensors() {
		data, err := f.ReadTensor(info.Name)
		require.NoError(t, err)
		require.NoError(t, w.AddTensor(info.Name, info.Type, info.Dims, data))
	}
	return encode(t, w)
}
