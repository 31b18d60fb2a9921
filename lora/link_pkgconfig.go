//go:build cgo && ragft_pkgconfig

package lora

// #cgo pkg-config: --static ragft
import "C"
