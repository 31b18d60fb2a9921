//go:build cgo && !ragft_pkgconfig

package engine

// #cgo CPPFLAGS: -I${SRCDIR}/../../../third_party/include
//
// #if __has_include("zz_native_build.h")
// #include "zz_native_build.h"
// #else
// #error "llama.cpp is not built: run ./build.sh in ragft's folder or, \
// where ragft is a dependency, its build.sh --prefix DIR, and build with -tags ragft_pkgconfig (README, In your own program)"
// #endif
import "C"
