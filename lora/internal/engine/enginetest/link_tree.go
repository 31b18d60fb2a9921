//go:build cgo && !ragft_pkgconfig

package enginetest

// #cgo CPPFLAGS: -I${SRCDIR}/../../../../third_party/include
import "C"
