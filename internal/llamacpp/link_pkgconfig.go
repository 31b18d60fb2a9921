//go:build cgo && ragft_pkgconfig

package llamacpp

// #cgo pkg-config: --static ragft
// #if RAGFT_LLAMACPP != 500
// #error "the llama.cpp that pkg-config finds was built for another version of ragft: run build.sh --prefix of this version"
// #endif
import "C"
