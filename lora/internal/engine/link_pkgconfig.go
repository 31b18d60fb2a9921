//go:build cgo && ragft_pkgconfig

package engine

// #cgo pkg-config: --static ragft
import "C"
