package gguf

import (
	"encoding/binary"
	"fmt"
	"math"
)

// FloatBytes returns the F32 encoding of v.
func FloatBytes(v []float32) []byte {
	b := make([]byte, 4*len(v))
	for i, x := range v {
		binary.LittleEndian.PutUint32(b[4*i:], math.Float32bits(x))
	}
	return b
}

// floatFromHalf returns the value of an IEEE 754 half, exactly.
func floatFromHalf(h uint16) float32 {
	sign := uint32(h&0x8000) << 16
	exp := uint32(h >> 10 & 0x1f)
	frac := uint32(h & 0x3ff)
	switch exp {
	case 31:
		return math.Float32frombits(sign | 0x7f800000 | frac<<13)
	case 0:
		v := float32(frac) * (1.0 / (1 << 24))
		return math.Float32frombits(math.Float32bits(v) | sign)
	}
	return math.Float32frombits(sign | (exp+127-15)<<23 | frac<<13)
}

// Dequantize decodes F32, F16, BF16, Q8_0 or Q4_0 data. It fails with
// [ErrUnsupportedType] on other types, and if data is not a whole number of
// blocks.
func Dequantize(t Type, data []byte) ([]float32, error) {
	size := t.BlockBytes()
	if size > 0 && len(data)%size != 0 {
		return nil, fmt.Errorf("%d bytes are no whole number of %v blocks of %d", len(data), t, size)
	}
	switch t {
	case F32, F16, BF16, Q8_0, Q4_0:
	default:
		return nil, fmt.Errorf("%w: cannot decode %v", ErrUnsupportedType, t)
	}
	out := make([]float32, 0, len(data)/size*t.BlockSize())
	for ; len(data) > 0; data = data[size:] {
		out = appendBlock(out, t, data[:size])
	}
	return out, nil
}

// appendBlock decodes one block of a type that Dequantize has checked.
func appendBlock(out []float32, t Type, b []byte) []float32 {
	switch t {
	case F32:
		return append(out, math.Float32frombits(binary.LittleEndian.Uint32(b)))
	case BF16:
		return append(out, math.Float32frombits(uint32(binary.LittleEndian.Uint16(b))<<16))
	}
	scale := floatFromHalf(binary.LittleEndian.Uint16(b))
	switch quants := b[2:]; t {
	case Q8_0:
		for _, q := range quants {
			out = append(out, float32(int8(q))*scale)
		}
	case Q4_0:
		for _, q := range quants {
			out = append(out, float32(int(q&15)-8)*scale)
		}
		for _, q := range quants {
			out = append(out, float32(int(q>>4)-8)*scale)
		}
	default: // F16: the scale is the value
		out = append(out, scale)
	}
	return out
}
