// Package llamacpp links llama.cpp, which build.sh builds, into the program, and sends its log to slog. The
// packages that bind llama.cpp import it, so that linker flags and log stand in one place.
//
// A machine on which build.sh has not run gets an error that says so: the compiler stops at the
// #error below, and a missing library is named after the script that makes it.
package llamacpp

// #cgo linux LDFLAGS: -L${SRCDIR}/../../third_party/lib -lllamacpp-run-build.sh -lstdc++ -lm -lpthread -ldl
// #cgo darwin LDFLAGS: -L${SRCDIR}/../../third_party/lib -lllamacpp-run-build.sh -lc++
// #cgo darwin LDFLAGS: -framework Foundation -framework Metal -framework MetalKit -framework Accelerate
//
// #if __has_include("zz_native_build.h")
// #include "zz_native_build.h"
// #else
// #error "llama.cpp is not built: run ./build.sh in the ragft module folder"
// #endif
import "C"
