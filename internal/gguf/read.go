package gguf

import (
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"slices"
)

// KV is one entry of a file's metadata. Value is a uint8, int8, uint16, int16,
// uint32, int32, uint64, int64, float32, float64, bool or string, a slice of one
// of these, or, for arrays of arrays, a []any of such slices.
type KV struct {
	Key   string
	Value any
}

// TensorInfo describes a tensor of a file.
type TensorInfo struct {
	Name   string
	Type   Type
	Dims   []int64 // contiguous dimension first
	Offset int64   // of the data from the start of the file, in bytes
	Size   int64   // of the data in bytes
}

// Elements returns the number of values in the tensor.
func (t TensorInfo) Elements() int64 {
	n, _ := elements(t.Dims) // checked when the file was read
	return n
}

// File is a GGUF file opened for reading. Its methods may be used by several
// goroutines at a time. The values and slices that it hands out are shared: do
// not change them.
type File struct {
	version    uint32
	alignment  int64
	dataOffset int64
	size       int64
	meta       []KV
	values     map[string]any
	tensors    []TensorInfo
	index      map[string]int
	r          io.ReaderAt
	closer     io.Closer
}

// Open opens the GGUF file at path and reads its header. The caller closes it.
// Errors are those of [Read], or of the operating system.
func Open(path string) (*File, error) {
	st, err := os.Stat(path)
	if err != nil {
		return nil, fmt.Errorf("opening GGUF file: %w", err)
	}
	if !st.Mode().IsRegular() { // opening a pipe would wait for a writer
		return nil, fmt.Errorf("%s: %w: not a regular file", path, ErrNotGGUF)
	}
	f, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("opening GGUF file: %w", err)
	}
	g, err := Read(f, st.Size())
	if err != nil {
		return nil, errors.Join(fmt.Errorf("%s: %w", path, err), f.Close())
	}
	g.closer = f
	return g, nil
}

// Read reads the header of the GGUF file of size bytes in r, which must stay
// readable as long as the file is used. It fails with [ErrNotGGUF],
// [ErrUnsupportedVersion], [ErrTruncated] or [ErrMalformed]. What it allocates is
// bounded by a small multiple of size, and of 256 MB.
func Read(r io.ReaderAt, size int64) (*File, error) {
	c := newCursor(r, size)
	f := &File{r: r, size: size}
	tensors, pairs, err := f.readPreamble(c)
	if err != nil {
		return nil, err
	}
	if err := f.readMetadata(c, pairs); err != nil {
		return nil, err
	}
	if err := f.readTensors(c, tensors); err != nil {
		return nil, err
	}
	if err := f.placeTensors(c.off); err != nil {
		return nil, err
	}
	return f, nil
}

func (f *File) readPreamble(c *cursor) (tensors, pairs uint64, err error) {
	var m [4]byte
	if f.size < int64(len(m)) {
		return 0, 0, fmt.Errorf("%w: it has %d bytes", ErrNotGGUF, max(f.size, 0))
	}
	if err := c.fill(m[:], "magic"); err != nil {
		return 0, 0, err
	}
	if string(m[:]) != magic {
		return 0, 0, fmt.Errorf("%w: it starts with %q", ErrNotGGUF, m[:])
	}
	if f.version, err = c.u32("version"); err != nil {
		return 0, 0, err
	}
	if f.version != 0 && f.version&0xffff == 0 {
		return 0, 0, fmt.Errorf("%w: the file is big-endian", ErrUnsupportedVersion)
	}
	if f.version < versionOldest || f.version > versionNewest {
		return 0, 0, fmt.Errorf("%w: %d, known are %d and %d", ErrUnsupportedVersion, f.version, versionOldest, versionNewest)
	}
	if tensors, err = c.u64("tensor count"); err != nil {
		return 0, 0, err
	}
	pairs, err = c.u64("metadata count")
	return tensors, pairs, err
}

func (f *File) readMetadata(c *cursor, n uint64) error {
	if err := c.need(n, minPair, "metadata"); err != nil {
		return err
	}
	f.values = map[string]any{}
	for i := range n {
		key, err := c.text(maxKey, "metadata key")
		if err != nil {
			return fmt.Errorf("metadata entry %d: %w", i, err)
		}
		if key == "" {
			return fmt.Errorf("%w: metadata entry %d has no key", ErrMalformed, i)
		}
		if _, dup := f.values[key]; dup {
			return fmt.Errorf("%w: metadata key %q appears twice", ErrMalformed, key)
		}
		t, err := c.u32("value type")
		if err != nil {
			return fmt.Errorf("metadata key %q: %w", key, err)
		}
		v, err := c.readValue(valueType(t), 0)
		if err != nil {
			return fmt.Errorf("metadata key %q: %w", key, err)
		}
		f.meta = append(f.meta, KV{key, v})
		f.values[key] = v
	}
	var err error
	f.alignment, err = alignmentOf(f.values)
	if err != nil {
		return fmt.Errorf("%w: %w", ErrMalformed, err)
	}
	return nil
}

// alignmentOf returns the alignment of tensor data that metadata asks for.
func alignmentOf(values map[string]any) (int64, error) {
	v, ok := values[keyAlignment]
	if !ok {
		return defaultAlignment, nil
	}
	a, ok := v.(uint32)
	if !ok {
		return 0, fmt.Errorf("%s is a %T, not a uint32", keyAlignment, v)
	}
	if a == 0 || a&(a-1) != 0 || a > maxAlignment {
		return 0, fmt.Errorf("%s is %d, not a power of two up to %d", keyAlignment, a, maxAlignment)
	}
	return int64(a), nil
}

func (f *File) readTensors(c *cursor, n uint64) error {
	if err := c.need(n, minTensor, "list of tensors"); err != nil {
		return err
	}
	f.index = map[string]int{}
	for i := range n {
		name, err := c.text(maxTensorName, "tensor name")
		if err != nil {
			return fmt.Errorf("tensor %d: %w", i, err)
		}
		if _, dup := f.index[name]; dup {
			return fmt.Errorf("%w: tensor %q appears twice", ErrMalformed, name)
		}
		t, err := readTensor(c, name)
		if err != nil {
			return fmt.Errorf("tensor %q: %w", name, err)
		}
		f.index[name] = len(f.tensors)
		f.tensors = append(f.tensors, t)
	}
	return nil
}

// readTensor reads what follows a tensor's name. The offset that it leaves in
// the info is relative to the data section.
func readTensor(c *cursor, name string) (TensorInfo, error) {
	info := TensorInfo{Name: name}
	n, err := c.u32("number of dimensions")
	if err != nil {
		return info, err
	}
	if n > maxDims {
		return info, fmt.Errorf("%w: %d dimensions, more than %d", ErrMalformed, n, maxDims)
	}
	info.Dims = make([]int64, n)
	for i := range info.Dims {
		d, err := c.u64("dimension")
		if err != nil {
			return info, err
		}
		if d > math.MaxInt64 {
			return info, fmt.Errorf("%w: dimension %d is too large", ErrMalformed, d)
		}
		info.Dims[i] = int64(d)
	}
	t, err := c.u32("type")
	if err != nil {
		return info, err
	}
	info.Type = Type(t)
	if info.Size, err = info.Type.Bytes(info.Dims); err != nil {
		return info, fmt.Errorf("%w: %w", ErrMalformed, err)
	}
	off, err := c.u64("offset")
	if err != nil {
		return info, err
	}
	if off > math.MaxInt64 {
		return info, fmt.Errorf("%w: offset %d is too large", ErrMalformed, off)
	}
	info.Offset = int64(off)
	return info, nil
}

// placeTensors turns offsets into positions in the file. As ggml does, it wants
// the tensors one after the other, each padded to the alignment.
func (f *File) placeTensors(headerEnd int64) error {
	f.dataOffset = headerEnd
	if len(f.tensors) == 0 {
		return nil
	}
	f.dataOffset = pad(headerEnd, f.alignment)
	next := int64(0)
	for i := range f.tensors {
		t := &f.tensors[i]
		if t.Offset != next {
			return fmt.Errorf("%w: tensor %q lies at offset %d, expected %d", ErrMalformed, t.Name, t.Offset, next)
		}
		if left := f.size - f.dataOffset - t.Offset; left < t.Size {
			return fmt.Errorf("%w: tensor %q needs %d bytes, %d are left", ErrTruncated, t.Name, t.Size, max(left, 0))
		}
		next = pad(t.Offset+t.Size, f.alignment)
		t.Offset += f.dataOffset
	}
	return nil
}

// pad rounds n up to a multiple of align, a power of two. The sums stay far
// from overflow since n is within a file.
func pad(n, align int64) int64 {
	return (n + align - 1) &^ (align - 1)
}

// Close closes the file if [Open] opened it. It may be called more than once,
// but not while other methods run.
func (f *File) Close() error {
	if f.closer == nil {
		return nil
	}
	c := f.closer
	f.closer = nil
	return c.Close()
}

// DataOffset returns where the tensor data starts, in bytes.
func (f *File) DataOffset() int64 { return f.dataOffset }

// Size returns the size of the file in bytes.
func (f *File) Size() int64 { return f.size }

// Metadata returns all metadata in the order of the file.
func (f *File) Metadata() []KV { return slices.Clone(f.meta) }

// Tensors returns all tensors in the order of the file.
func (f *File) Tensors() []TensorInfo { return slices.Clone(f.tensors) }

// Tensor returns the tensor called name, and whether there is one.
func (f *File) Tensor(name string) (TensorInfo, bool) {
	i, ok := f.index[name]
	if !ok {
		return TensorInfo{}, false
	}
	return f.tensors[i], true
}
