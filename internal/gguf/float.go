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

// HalfFromFloat returns x as an IEEE 754 half, rounded to nearest, ties to even.
// What is too large becomes an infinity; a NaN stays one.
func HalfFromFloat(x float32) uint16 {
	b := math.Float32bits(x)
	sign := uint16(b >> 16 & 0x8000)
	exp := int(b>>23&0xff) - 127 + 15
	frac := b & 0x7fffff
	switch {
	case b&0x7fffffff > 0x7f800000:
		return sign | 0x7e00
	case exp >= 31:
		return sign | 0x7c00
	case exp < -10:
		return sign // below half of the smallest subnormal
	case exp <= 0:
		return sign | uint16(roundShift(frac|0x800000, uint(14-exp)))
	}
	// A carry out of the fraction moves into the exponent, as it should.
	return sign | uint16(roundShift(uint32(exp)<<23|frac, 13))
}

// roundShift returns v >> n, rounded to nearest, ties to even.
func roundShift(v uint32, n uint) uint32 {
	out, rest, half := v>>n, v&(1<<n-1), uint32(1)<<(n-1)
	if rest > half || rest == half && out&1 == 1 {
		out++
	}
	return out
}

// FloatFromHalf returns the value of an IEEE 754 half, exactly.
func FloatFromHalf(h uint16) float32 {
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

// brainFromFloat returns x as a bfloat16, rounded to nearest, ties to even.
func brainFromFloat(x float32) uint16 {
	b := math.Float32bits(x)
	if b&0x7fffffff > 0x7f800000 {
		return uint16(b>>16) | 0x40 // a quiet NaN
	}
	return uint16(roundShift(b, 16))
}

// Quantize encodes values as F32, F16, BF16, Q8_0 or Q4_0, as ggml's reference
// code does. Their number must fill whole blocks. It fails with
// [ErrUnsupportedType] on other types, and on values that a block type cannot
// hold: infinities, NaN, and scales beyond the range of a half.
func Quantize(t Type, values []float32) ([]byte, error) {
	if bs := t.BlockSize(); bs > 0 && len(values)%bs != 0 {
		return nil, fmt.Errorf("%d values do not fill blocks of %d for %v", len(values), bs, t)
	}
	switch t {
	case F32:
		return FloatBytes(values), nil
	case F16:
		return encodeWords(values, HalfFromFloat), nil
	case BF16:
		return encodeWords(values, brainFromFloat), nil
	case Q8_0:
		return encodeBlocks(t, values, quantizeQ8)
	case Q4_0:
		return encodeBlocks(t, values, quantizeQ4)
	}
	return nil, fmt.Errorf("%w: cannot encode %v", ErrUnsupportedType, t)
}

func encodeWords(values []float32, f func(float32) uint16) []byte {
	b := make([]byte, 2*len(values))
	for i, x := range values {
		binary.LittleEndian.PutUint16(b[2*i:], f(x))
	}
	return b
}

// encodeBlocks encodes block by block. f fills in the quants of a block and
// returns its scale, with which every type here starts.
func encodeBlocks(t Type, values []float32, f func(quants []byte, values []float32) float32) ([]byte, error) {
	bs, size := t.BlockSize(), t.BlockBytes()
	out := make([]byte, len(values)/bs*size)
	for i := range len(values) / bs {
		block := out[i*size : (i+1)*size]
		in := values[i*bs : (i+1)*bs]
		for j, x := range in {
			if math.IsNaN(float64(x)) || math.IsInf(float64(x), 0) {
				return nil, fmt.Errorf("value %d is %v, which %v cannot hold", i*bs+j, x, t)
			}
		}
		half := HalfFromFloat(f(block[2:], in))
		if half&0x7fff == 0x7c00 {
			return nil, fmt.Errorf("values %d to %d are too large for %v", i*bs, (i+1)*bs-1, t)
		}
		binary.LittleEndian.PutUint16(block, half)
	}
	return out, nil
}

func quantizeQ8(q []byte, v []float32) float32 {
	var most float32
	for _, x := range v {
		most = max(most, abs(x))
	}
	scale := most / 127
	inv := inverse(scale)
	for i, x := range v {
		q[i] = byte(int8(math.Round(float64(x * inv))))
	}
	return scale
}

// quantizeQ4 lets the value of largest magnitude, whatever its sign, become -8:
// the range of four bits reaches further below zero than above.
func quantizeQ4(q []byte, v []float32) float32 {
	var most, extreme float32
	for _, x := range v {
		if abs(x) > most {
			most, extreme = abs(x), x
		}
	}
	scale := extreme / -8
	inv := inverse(scale)
	// The conversion keeps the compiler from fusing product and sum.
	level := func(x float32) byte { return min(15, byte(int8(float32(x*inv)+8.5))) }
	for i := range q {
		q[i] = level(v[i]) | level(v[i+len(q)])<<4
	}
	return scale
}

func abs(x float32) float32 { return math.Float32frombits(math.Float32bits(x) &^ (1 << 31)) }

// inverse returns 1/x, or 0 where that is not finite: such scales are lost in a
// half anyway.
func inverse(x float32) float32 {
	inv := 1 / x
	if x == 0 || math.IsInf(float64(inv), 0) {
		return 0
	}
	return inv
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
	scale := FloatFromHalf(binary.LittleEndian.Uint16(b))
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
