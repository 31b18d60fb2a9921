//go:build cgo && ragft_pkgconfig

package enginetest

// #cgo pkg-config: --static ragft
import "C"
