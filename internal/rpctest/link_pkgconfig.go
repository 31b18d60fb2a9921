//go:build cgo && ragft_pkgconfig

package rpctest

// #cgo pkg-config: --static ragft
import "C"
