//go:build cgo

package engine

// #cgo noescape rft_add_product
// #cgo nocallback rft_add_product
// #include "merge.h"
import "C"

import "unsafe"

// AddProduct adds the product of an adapter's matrices to rows of weights: w[j, i] += sum over k of b[j, k] * a[k, i], for w
// [rows][in], a [rank][in] and b [rows][rank]. sum is room for one row. It may be called by several goroutines at once.
func AddProduct(w, a, b []float32, rows, rank, in int64, sum []float32) {
	C.rft_add_product((*C.float)(unsafe.SliceData(w)), (*C.float)(unsafe.SliceData(a)), (*C.float)(unsafe.SliceData(b)),
		C.int64_t(rows), C.int64_t(rank), C.int64_t(in), (*C.float)(unsafe.SliceData(sum)))
}
