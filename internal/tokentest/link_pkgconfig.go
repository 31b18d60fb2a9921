//go:build cgo && ragft_pkgconfig

package tokentest

// #cgo pkg-config: --static ragft
import "C"
