package gguf

import (
	"bufio"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/ragft/ragft/internal/atomicfile"
)

// Writer collects metadata and tensors of a new GGUF file and writes them in
// [Writer.Commit]. Get one from [Create]. It is for one goroutine.
type Writer struct {
	file    *atomicfile.File
	meta    []KV
	keys    map[string]int
	tensors []pendingTensor
	names   map[string]bool
}

// pendingTensor is a tensor that Commit will write.
type pendingTensor struct {
	info  TensorInfo
	write func(io.Writer) error
}

// Create starts a GGUF file that [Writer.Commit] will put at path. Until then
// whatever lies at path is untouched; the data goes to a temporary file in the
// same folder, which Create makes at once so that a folder that cannot be
// written is noticed early. The caller calls [Writer.Close] in any case.
func Create(path string) (*Writer, error) {
	f, err := atomicfile.Create(path)
	if err != nil {
		return nil, fmt.Errorf("creating GGUF file: %w", err)
	}
	return &Writer{file: f, keys: map[string]int{}, names: map[string]bool{}}, nil
}

// SetMeta sets a metadata value; a second call with the same key replaces it.
// The possible Go types are those of [KV]; int and uint are refused, since the
// size must be chosen. Slices are kept, not copied. The key "general.alignment"
// (a uint32, 32 by default) sets the alignment of the tensor data.
func (w *Writer) SetMeta(key string, value any) error {
	if key == "" || len(key) > maxKey {
		return fmt.Errorf("metadata key of %d bytes: it must have 1 to %d", len(key), maxKey)
	}
	if _, _, err := typeOf(value); err != nil {
		return fmt.Errorf("metadata key %q: %w", key, err)
	}
	if key == keyAlignment {
		if _, err := alignmentOf(map[string]any{key: value}); err != nil {
			return err
		}
	}
	if i, ok := w.keys[key]; ok {
		w.meta[i].Value = value
		return nil
	}
	w.keys[key] = len(w.meta)
	w.meta = append(w.meta, KV{key, value})
	return nil
}

// AddTensor adds a tensor; dims has the contiguous dimension first. data is the
// tensor in the layout of its type; it is kept, not copied, and must not change
// before Commit.
func (w *Writer) AddTensor(name string, t Type, dims []int64, data []byte) error {
	size, err := t.Bytes(dims)
	if err == nil && size != int64(len(data)) {
		err = fmt.Errorf("%d bytes of data, %v of %v needs %d", len(data), dims, t, size)
	}
	if err != nil {
		return fmt.Errorf("tensor %q: %w", name, err)
	}
	return w.AddTensorFunc(name, t, dims, func(out io.Writer) error {
		_, err := out.Write(data)
		return err
	})
}

// AddTensorFunc adds a tensor whose bytes write will produce during Commit, so
// that large tensors need not be held in memory. Commit fails unless write
// produces exactly as many bytes as the type and the dimensions ask for.
func (w *Writer) AddTensorFunc(name string, t Type, dims []int64, write func(io.Writer) error) error {
	if len(name) == 0 || len(name) > maxTensorName {
		return fmt.Errorf("tensor name %q: it must have 1 to %d bytes", name, maxTensorName)
	}
	if w.names[name] {
		return fmt.Errorf("tensor %q was added already", name)
	}
	size, err := t.Bytes(dims)
	if err != nil {
		return fmt.Errorf("tensor %q: %w", name, err)
	}
	w.names[name] = true
	info := TensorInfo{Name: name, Type: t, Dims: append([]int64(nil), dims...), Size: size}
	w.tensors = append(w.tensors, pendingTensor{info, write})
	return nil
}

// Commit writes the file, syncs it and puts it in its place in one step. If it
// fails, for example on a full disk, the place is as it was and the temporary
// file is gone. After Commit the writer is closed, whether it failed or not.
func (w *Writer) Commit() error { return w.CommitChecked(nil) }

// CommitChecked is Commit, but before the file is put in its place, check is given the path of the finished temporary
// file. If it returns an error, the file is removed and CommitChecked returns that error.
func (w *Writer) CommitChecked(check func(path string) error) error {
	if w.file == nil {
		return fmt.Errorf("committing GGUF file: %w", os.ErrClosed)
	}
	f := w.file
	w.file = nil
	buf := bufio.NewWriterSize(f, 1<<20)
	err := w.encode(buf)
	if err == nil {
		err = buf.Flush()
	}
	if err != nil {
		return errors.Join(fmt.Errorf("writing %s: %w", f.Path(), err), f.Discard())
	}
	return f.Commit(check)
}

// Close drops the file unless it was committed. It may be called more than once.
func (w *Writer) Close() error {
	if w.file == nil {
		return nil
	}
	f := w.file
	w.file = nil
	return f.Discard()
}

// encode writes the whole file to out.
func (w *Writer) encode(out io.Writer) error {
	align := int64(defaultAlignment)
	if i, ok := w.keys[keyAlignment]; ok {
		align = int64(w.meta[i].Value.(uint32)) // SetMeta checked it
	}
	head, err := w.header(align)
	if err != nil {
		return err
	}
	if len(w.tensors) > 0 {
		head = append(head, make([]byte, pad(int64(len(head)), align)-int64(len(head)))...)
	}
	if _, err := out.Write(head); err != nil {
		return err
	}
	for _, t := range w.tensors {
		if err := writeTensor(out, t, align); err != nil {
			return fmt.Errorf("tensor %q: %w", t.info.Name, err)
		}
	}
	return nil
}

// header returns everything before the tensor data, without its padding.
func (w *Writer) header(align int64) ([]byte, error) {
	b := []byte(magic)
	b = binary.LittleEndian.AppendUint32(b, versionNewest)
	b = binary.LittleEndian.AppendUint64(b, uint64(len(w.tensors)))
	b = binary.LittleEndian.AppendUint64(b, uint64(len(w.meta)))
	for _, kv := range w.meta {
		b = appendText(b, kv.Key)
		var err error
		if b, err = appendValue(b, kv.Value); err != nil {
			return nil, fmt.Errorf("metadata key %q: %w", kv.Key, err)
		}
	}
	offset := int64(0)
	for _, t := range w.tensors {
		b = appendText(b, t.info.Name)
		b = binary.LittleEndian.AppendUint32(b, uint32(len(t.info.Dims)))
		for _, d := range t.info.Dims {
			b = binary.LittleEndian.AppendUint64(b, uint64(d))
		}
		b = binary.LittleEndian.AppendUint32(b, uint32(t.info.Type))
		b = binary.LittleEndian.AppendUint64(b, uint64(offset))
		offset = pad(offset+t.info.Size, align)
	}
	if len(b) > maxHeader {
		return nil, fmt.Errorf("the header takes %d bytes, more than %d", len(b), maxHeader)
	}
	return b, nil
}

// writeTensor writes the data of t and pads it.
func writeTensor(out io.Writer, t pendingTensor, align int64) error {
	n := &countingWriter{w: out}
	if err := t.write(n); err != nil {
		return err
	}
	if n.n != t.info.Size {
		return fmt.Errorf("%d bytes were written, %v of %v needs %d", n.n, t.info.Dims, t.info.Type, t.info.Size)
	}
	_, err := out.Write(make([]byte, pad(n.n, align)-n.n))
	return err
}

type countingWriter struct {
	w io.Writer
	n int64
}

func (c *countingWriter) Write(p []byte) (int, error) {
	n, err := c.w.Write(p)
	c.n += int64(n)
	return n, err
}
