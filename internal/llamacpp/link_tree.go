//go:build cgo && !ragft_pkgconfig

package llamacpp

// #cgo CPPFLAGS: -I${SRCDIR}/../../third_party/include
// #cgo linux LDFLAGS: -L${SRCDIR}/../../third_party/lib -lllamacpp-run-build.sh -lstdc++ -lm -lpthread -ldl
// #cgo darwin LDFLAGS: -L${SRCDIR}/../../third_party/lib -lllamacpp-run-build.sh -lc++
// #cgo darwin LDFLAGS: -framework Foundation -framework Metal -framework MetalKit -framework Accelerate
//
// #if __has_include("zz_native_build.h")
// #include "zz_native_build.h"
// #else
// #error "llama.cpp is not built: run ./build.sh in ragft's folder or, \
// where ragft is a dependency, its build.sh --prefix DIR, and build with -tags ragft_pkgconfig (README, In your own program)"
// #endif
import "C"
