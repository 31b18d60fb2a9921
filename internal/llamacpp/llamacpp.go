//go:build cgo

// Package llamacpp links llama.cpp, which build.sh builds, into the program, and sends its log to slog. The
// packages that bind llama.cpp import it, so that linker flags and log stand in one place.
//
// Where llama.cpp is found stands in the files link_tree.go and link_pkgconfig.go of every package with C code: below
// third_party of this module's folder, or, with the build tag ragft_pkgconfig, where pkg-config says that
// build.sh --prefix put it. A machine on which build.sh has not run gets an error that says so.
package llamacpp
