package gguf

import (
	"errors"
	"fmt"
	"io"
	"reflect"
)

// Value returns the metadata value of key, and whether there is one. Its
// possible types are those of [KV].
func (f *File) Value(key string) (any, bool) {
	v, ok := f.values[key]
	return v, ok
}

// Text returns the metadata value of key if it is a string.
func (f *File) Text(key string) (string, bool) {
	v, ok := f.values[key].(string)
	return v, ok
}

// Texts returns the metadata value of key if it is an array of strings.
func (f *File) Texts(key string) ([]string, bool) {
	v, ok := f.values[key].([]string)
	return v, ok
}

// Bool returns the metadata value of key if it is a boolean.
func (f *File) Bool(key string) (value, ok bool) {
	value, ok = f.values[key].(bool)
	return value, ok
}

// Uint returns the metadata value of key if it is an integer of any size that is
// not negative. Writers differ in the sizes that they choose.
func (f *File) Uint(key string) (uint64, bool) {
	v := reflect.ValueOf(f.values[key])
	switch {
	case !v.IsValid():
		return 0, false
	case v.CanUint():
		return v.Uint(), true
	case v.CanInt() && v.Int() >= 0:
		return uint64(v.Int()), true
	}
	return 0, false
}

// Float returns the metadata value of key if it is a floating-point number.
func (f *File) Float(key string) (float64, bool) {
	switch v := f.values[key].(type) {
	case float32:
		return float64(v), true
	case float64:
		return v, true
	}
	return 0, false
}

// ReadTensor returns the bytes of the tensor called name, as they lie in the
// file, in a new slice. It fails with [ErrNoTensor] if there is none.
func (f *File) ReadTensor(name string) ([]byte, error) {
	t, ok := f.Tensor(name)
	if !ok {
		return nil, fmt.Errorf("%w: %q", ErrNoTensor, name)
	}
	b := make([]byte, t.Size)
	if _, err := io.ReadFull(io.NewSectionReader(f.r, t.Offset, t.Size), b); err != nil {
		if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
			err = ErrTruncated // the file has shrunk since it was opened
		}
		return nil, fmt.Errorf("reading tensor %q: %w", name, err)
	}
	return b, nil
}

// TensorReader returns a reader of the bytes of the tensor called name. It fails
// with [ErrNoTensor] if there is none. Use it for tensors that should not be held
// in memory whole.
func (f *File) TensorReader(name string) (*io.SectionReader, error) {
	t, ok := f.Tensor(name)
	if !ok {
		return nil, fmt.Errorf("%w: %q", ErrNoTensor, name)
	}
	return io.NewSectionReader(f.r, t.Offset, t.Size), nil
}

// ReadFloats returns the values of the tensor called name as [Dequantize] gives
// them. It fails with [ErrNoTensor] or [ErrUnsupportedType].
func (f *File) ReadFloats(name string) ([]float32, error) {
	b, err := f.ReadTensor(name)
	if err != nil {
		return nil, err
	}
	v, err := Dequantize(f.tensors[f.index[name]].Type, b)
	if err != nil {
		return nil, fmt.Errorf("tensor %q: %w", name, err)
	}
	return v, nil
}
