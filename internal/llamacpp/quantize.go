package llamacpp

// #include "ggml.h"
// #include "ggml-cpu.h"
//
// static void to_float(enum ggml_type type, const void * from, float * to, int64_t n) {
//     ggml_get_type_traits(type)->to_float(from, to, n);
// }
// static bool has_to_float(enum ggml_type type) { return ggml_get_type_traits(type)->to_float != NULL; }
import "C"

import (
	"errors"
	"fmt"
	"unsafe"

	"github.com/ragft/ragft/internal/gguf"
)

// ErrQuantize: ggml cannot convert to or from the type.
var ErrQuantize = errors.New("no conversion of this tensor type")

// Quantize converts rows of perRow values to the given type with ggml's own code. Types that need an importance matrix
// are an error that wraps ErrQuantize. Safe for concurrent use.
func Quantize(t gguf.Type, values []float32, perRow int) ([]byte, error) {
	ct := C.enum_ggml_type(t)
	if perRow <= 0 || len(values)%perRow != 0 {
		return nil, fmt.Errorf("%d values are not rows of %d", len(values), perRow)
	}
	size, err := t.Bytes([]int64{int64(perRow), int64(len(values) / perRow)})
	if err != nil {
		return nil, err
	}
	if t == gguf.F32 {
		return gguf.FloatBytes(values), nil
	}
	if bool(C.ggml_quantize_requires_imatrix(ct)) || !bool(C.has_to_float(ct)) {
		return nil, fmt.Errorf("%w: to %s", ErrQuantize, t)
	}
	dst := make([]byte, size)
	if len(values) == 0 {
		return dst, nil
	}
	n := C.ggml_quantize_chunk(ct, (*C.float)(unsafe.SliceData(values)), unsafe.Pointer(unsafe.SliceData(dst)), 0,
		C.int64_t(len(values)/perRow), C.int64_t(perRow), nil)
	if int64(n) != size {
		return nil, fmt.Errorf("%w: to %s", ErrQuantize, t)
	}
	return dst, nil
}

// Dequantize converts n values of the given type to floats with ggml's own code. Safe for concurrent use.
func Dequantize(t gguf.Type, data []byte, n int) ([]float32, error) {
	size, err := t.Bytes([]int64{int64(n)})
	if err != nil {
		return nil, err
	}
	if size != int64(len(data)) {
		return nil, fmt.Errorf("%d values of %s take %d bytes, got %d", n, t, size, len(data))
	}
	if t == gguf.F32 {
		return gguf.Dequantize(t, data)
	}
	if !bool(C.has_to_float(C.enum_ggml_type(t))) {
		return nil, fmt.Errorf("%w: from %s", ErrQuantize, t)
	}
	dst := make([]float32, n)
	if n == 0 {
		return dst, nil
	}
	C.to_float(C.enum_ggml_type(t), unsafe.Pointer(unsafe.SliceData(data)), (*C.float)(unsafe.SliceData(dst)), C.int64_t(n))
	return dst, nil
}
