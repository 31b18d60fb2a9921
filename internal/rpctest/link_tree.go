//go:build cgo && !ragft_pkgconfig

package rpctest

// #cgo CPPFLAGS: -I${SRCDIR}/../../third_party/include
import "C"
