//go:build cgo && !ragft_pkgconfig

package tokentest

// #cgo CPPFLAGS: -I${SRCDIR}/../../third_party/include
import "C"
