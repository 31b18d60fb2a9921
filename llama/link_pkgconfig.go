//go:build cgo && ragft_pkgconfig

package llama

// #cgo pkg-config: --static ragft
import "C"
