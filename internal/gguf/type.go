package gguf

import (
	"fmt"
	"math/bits"
	"strconv"
	"strings"
)

// Type is the element type of a tensor. The numbers are ggml's and are part of
// the file format.
type Type uint32

// The tensor types of ggml. Quantised types hold their values in blocks, see
// [Type.BlockSize].
const (
	F32     Type = 0
	F16     Type = 1
	Q4_0    Type = 2
	Q4_1    Type = 3
	Q5_0    Type = 6
	Q5_1    Type = 7
	Q8_0    Type = 8
	Q8_1    Type = 9
	Q2_K    Type = 10
	Q3_K    Type = 11
	Q4_K    Type = 12
	Q5_K    Type = 13
	Q6_K    Type = 14
	Q8_K    Type = 15
	IQ2_XXS Type = 16
	IQ2_XS  Type = 17
	IQ3_XXS Type = 18
	IQ1_S   Type = 19
	IQ4_NL  Type = 20
	IQ3_S   Type = 21
	IQ2_S   Type = 22
	IQ4_XS  Type = 23
	I8      Type = 24
	I16     Type = 25
	I32     Type = 26
	I64     Type = 27
	F64     Type = 28
	IQ1_M   Type = 29
	BF16    Type = 30
	TQ1_0   Type = 34
	TQ2_0   Type = 35
	MXFP4   Type = 39
	NVFP4   Type = 40
	Q1_0    Type = 41
	Q2_0    Type = 42
)

// layout tells how a type lies in memory: size bytes hold block values.
type layout struct {
	name  string
	block uint64
	size  uint64
}

// layoutOf returns the layout of t. The numbers left out belonged to types that
// ggml has removed. Sizes follow the block structures in ggml-common.h.
func layoutOf(t Type) (layout, bool) {
	if uint64(t) >= uint64(len(layouts)) || layouts[t].block == 0 {
		return layout{}, false
	}
	return layouts[t], true
}

var layouts = [...]layout{
	F32:     {"F32", 1, 4},
	F16:     {"F16", 1, 2},
	Q4_0:    {"Q4_0", 32, 18},
	Q4_1:    {"Q4_1", 32, 20},
	Q5_0:    {"Q5_0", 32, 22},
	Q5_1:    {"Q5_1", 32, 24},
	Q8_0:    {"Q8_0", 32, 34},
	Q8_1:    {"Q8_1", 32, 36},
	Q2_K:    {"Q2_K", 256, 84},
	Q3_K:    {"Q3_K", 256, 110},
	Q4_K:    {"Q4_K", 256, 144},
	Q5_K:    {"Q5_K", 256, 176},
	Q6_K:    {"Q6_K", 256, 210},
	Q8_K:    {"Q8_K", 256, 292},
	IQ2_XXS: {"IQ2_XXS", 256, 66},
	IQ2_XS:  {"IQ2_XS", 256, 74},
	IQ3_XXS: {"IQ3_XXS", 256, 98},
	IQ1_S:   {"IQ1_S", 256, 50},
	IQ4_NL:  {"IQ4_NL", 32, 18},
	IQ3_S:   {"IQ3_S", 256, 110},
	IQ2_S:   {"IQ2_S", 256, 82},
	IQ4_XS:  {"IQ4_XS", 256, 136},
	I8:      {"I8", 1, 1},
	I16:     {"I16", 1, 2},
	I32:     {"I32", 1, 4},
	I64:     {"I64", 1, 8},
	F64:     {"F64", 1, 8},
	IQ1_M:   {"IQ1_M", 256, 56},
	BF16:    {"BF16", 1, 2},
	TQ1_0:   {"TQ1_0", 256, 54},
	TQ2_0:   {"TQ2_0", 256, 66},
	MXFP4:   {"MXFP4", 32, 17},
	NVFP4:   {"NVFP4", 64, 36},
	Q1_0:    {"Q1_0", 128, 18},
	Q2_0:    {"Q2_0", 64, 18},
}

// String returns ggml's name of the type in capitals, as in "Q8_0", or "type
// 99" for one that is not known.
func (t Type) String() string {
	if l, ok := layoutOf(t); ok {
		return l.name
	}
	return "type " + strconv.FormatUint(uint64(t), 10)
}

// ParseType returns the type that [Type.String] names so, in capitals or not, and whether there is one.
func ParseType(name string) (Type, bool) {
	for t, l := range layouts {
		if l.name != "" && strings.EqualFold(l.name, name) {
			return Type(t), true
		}
	}
	return 0, false
}

// Known reports whether t is a type of ggml that may stand in a file.
func (t Type) Known() bool {
	_, ok := layoutOf(t)
	return ok
}

// BlockSize returns the number of values in one block of the type: 1 for plain
// numbers, 0 for a type that is not known. The first dimension of a tensor is a
// multiple of it.
func (t Type) BlockSize() int {
	l, _ := layoutOf(t)
	return int(l.block)
}

// BlockBytes returns the size of one block of the type in bytes, 0 for a type
// that is not known.
func (t Type) BlockBytes() int {
	l, _ := layoutOf(t)
	return int(l.size)
}

// Bytes returns the size in bytes of a tensor with the given type and
// dimensions. It fails on an unknown type, on more than four dimensions, on a
// first dimension that does not fill whole blocks, and on sizes that do not fit
// into 63 bits.
func (t Type) Bytes(dims []int64) (int64, error) {
	l, ok := layoutOf(t)
	if !ok {
		return 0, fmt.Errorf("unknown tensor %v", t)
	}
	if len(dims) > maxDims {
		return 0, fmt.Errorf("%d dimensions, more than %d", len(dims), maxDims)
	}
	row := int64(1)
	if len(dims) > 0 {
		row = dims[0]
	}
	if row < 0 || uint64(row)%l.block != 0 {
		return 0, fmt.Errorf("rows of %d values are no multiple of the %d in a block of %v", row, l.block, t)
	}
	n, err := elements(dims)
	if err != nil {
		return 0, err
	}
	hi, size := bits.Mul64(uint64(n)/l.block, l.size)
	if hi != 0 || size > 1<<63-1 {
		return 0, fmt.Errorf("dimensions %v of %v are too large", dims, t)
	}
	return int64(size), nil
}

// elements multiplies dims. It refuses an overflow even where a later dimension
// is zero, since others may multiply them in another order.
func elements(dims []int64) (int64, error) {
	n := uint64(1)
	for _, d := range dims {
		if d < 0 {
			return 0, fmt.Errorf("negative dimension in %v", dims)
		}
		hi, lo := bits.Mul64(n, uint64(d))
		if hi != 0 || lo > 1<<63-1 {
			return 0, fmt.Errorf("dimensions %v are too large", dims)
		}
		n = lo
	}
	return int64(n), nil
}
