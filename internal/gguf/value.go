package gguf

import (
	"encoding/binary"
	"fmt"
	"reflect"
)

// valueType is the type of a metadata value as the file numbers it.
type valueType uint32

const (
	valueUint8   valueType = 0
	valueInt8    valueType = 1
	valueUint16  valueType = 2
	valueInt16   valueType = 3
	valueUint32  valueType = 4
	valueInt32   valueType = 5
	valueFloat32 valueType = 6
	valueBool    valueType = 7
	valueString  valueType = 8
	valueArray   valueType = 9
	valueUint64  valueType = 10
	valueInt64   valueType = 11
	valueFloat64 valueType = 12
)

// The smallest encodings, which bound how many things the rest of a file can hold.
const (
	minString = 8         // an empty one: its length
	minArray  = 4 + 8     // an empty one: type and count
	minPair   = 8 + 4 + 1 // empty key, type, one byte
	minTensor = 8 + 4 + 4 + 8
)

// readValue reads a value of type t. nest is the number of arrays around it.
func (c *cursor) readValue(t valueType, nest int) (any, error) {
	switch t {
	case valueString:
		return c.text(maxHeader, "string")
	case valueArray:
		return c.readArray(nest + 1)
	}
	s, err := c.readNumbers(t, 1)
	if err != nil {
		return nil, err
	}
	return reflect.ValueOf(s).Index(0).Interface(), nil
}

// readArray reads an array into a slice of its element type; an array of arrays
// becomes a []any of such slices.
func (c *cursor) readArray(nest int) (any, error) {
	if nest > maxArrayNest {
		return nil, fmt.Errorf("%w: arrays nested more than %d deep at byte %d", ErrMalformed, maxArrayNest, c.off)
	}
	t, err := c.u32("array type")
	if err != nil {
		return nil, err
	}
	n, err := c.u64("array length")
	if err != nil {
		return nil, err
	}
	switch valueType(t) {
	case valueString:
		if err := c.need(n, minString, "array of strings"); err != nil {
			return nil, err
		}
		out := make([]string, n)
		for i := range out {
			if out[i], err = c.text(maxHeader, "string"); err != nil {
				return nil, err
			}
		}
		return out, nil
	case valueArray:
		if err := c.need(n, minArray, "array of arrays"); err != nil {
			return nil, err
		}
		out := make([]any, n)
		for i := range out {
			if out[i], err = c.readArray(nest + 1); err != nil {
				return nil, err
			}
		}
		return out, nil
	}
	return c.readNumbers(valueType(t), n)
}

// kind is a type of metadata values of fixed size.
type kind struct {
	value valueType
	typ   reflect.Type
	read  func(c *cursor, n uint64) (any, error) // n of them into a slice
}

func kindOf[T number](t valueType) kind {
	return kind{t, reflect.TypeFor[T](), func(c *cursor, n uint64) (any, error) { return readSlice[T](c, n) }}
}

// kinds has the unnamed types only: int and uint are left out, since their size would depend on the machine.
var kinds = []kind{
	kindOf[uint8](valueUint8), kindOf[int8](valueInt8), kindOf[uint16](valueUint16), kindOf[int16](valueInt16),
	kindOf[uint32](valueUint32), kindOf[int32](valueInt32), kindOf[float32](valueFloat32), kindOf[bool](valueBool),
	kindOf[uint64](valueUint64), kindOf[int64](valueInt64), kindOf[float64](valueFloat64),
}

// readNumbers reads n numbers or booleans of type t into a slice.
func (c *cursor) readNumbers(t valueType, n uint64) (any, error) {
	for _, k := range kinds {
		if k.value == t {
			return k.read(c, n)
		}
	}
	return nil, fmt.Errorf("%w: unknown value type %d at byte %d", ErrMalformed, t, c.off)
}

// number is what a metadata value of fixed size can be.
type number interface {
	bool | uint8 | int8 | uint16 | int16 | uint32 | int32 | uint64 | int64 | float32 | float64
}

func readSlice[T number](c *cursor, n uint64) ([]T, error) {
	var zero T
	size := uint64(binary.Size(zero))
	if err := c.need(n, size, "array"); err != nil {
		return nil, err
	}
	raw := make([]byte, n*size)
	if err := c.fill(raw, "value"); err != nil {
		return nil, err
	}
	out := make([]T, n)
	if _, err := binary.Decode(raw, binary.LittleEndian, out); err != nil {
		return nil, fmt.Errorf("decoding value before byte %d: %w", c.off, err)
	}
	return out, nil
}

// typeOf returns the file's type of a Go value. elem is the element type where
// the value is an array.
func typeOf(v any) (t, elem valueType, err error) {
	switch v.(type) {
	case string:
		return valueString, 0, nil
	case []string:
		return valueArray, valueString, nil
	case []any:
		return valueArray, valueArray, nil
	case nil:
		return 0, 0, fmt.Errorf("no value")
	}
	rt := reflect.TypeOf(v)
	if t, ok := numberType(rt); ok {
		return t, 0, nil
	}
	if rt.Kind() == reflect.Slice {
		if t, ok := numberType(rt.Elem()); ok {
			return valueArray, t, nil
		}
	}
	return 0, 0, fmt.Errorf("a value of Go type %T has no counterpart in GGUF", v)
}

// numberType is the file's type of a number or boolean.
func numberType(t reflect.Type) (valueType, bool) {
	for _, k := range kinds {
		if k.typ == t {
			return k.value, true
		}
	}
	return 0, false
}

// appendValue appends the type and the encoding of v.
func appendValue(b []byte, v any) ([]byte, error) {
	t, elem, err := typeOf(v)
	if err != nil {
		return nil, err
	}
	b = binary.LittleEndian.AppendUint32(b, uint32(t))
	switch {
	case t == valueString:
		return appendText(b, v.(string)), nil
	case t == valueArray:
		return appendArray(b, v, elem, 1)
	}
	return binary.Append(b, binary.LittleEndian, v)
}

func appendArray(b []byte, v any, elem valueType, nest int) ([]byte, error) {
	if nest > maxArrayNest {
		return nil, fmt.Errorf("arrays nested more than %d deep", maxArrayNest)
	}
	b = binary.LittleEndian.AppendUint32(b, uint32(elem))
	b = binary.LittleEndian.AppendUint64(b, uint64(reflect.ValueOf(v).Len()))
	switch s := v.(type) {
	case []string:
		for _, e := range s {
			b = appendText(b, e)
		}
		return b, nil
	case []any:
		for i, e := range s {
			t, inner, err := typeOf(e)
			if err == nil && t != valueArray {
				err = fmt.Errorf("element %d of a []any is a %T: only arrays of arrays are written from it", i, e)
			}
			if err != nil {
				return nil, err
			}
			if b, err = appendArray(b, e, inner, nest+1); err != nil {
				return nil, err
			}
		}
		return b, nil
	}
	return binary.Append(b, binary.LittleEndian, v)
}

func appendText(b []byte, s string) []byte {
	b = binary.LittleEndian.AppendUint64(b, uint64(len(s)))
	return append(b, s...)
}
