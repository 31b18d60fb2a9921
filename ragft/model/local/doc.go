//go:build cgo

// Package local runs a GGUF model in this process, with llama.cpp.
//
//	base, err := local.Open(ctx, "base.gguf", local.Options{})
//	...
//	defer base.Close()
//	tuned, err := base.Adapted("adapter.gguf", 1) // shares the weights with base
//
// [Open] is for programs that work through many requests: equal calls give
// equal answers, and the model scores texts. [OpenServer] is for programs that
// answer many callers at once: their requests share batches.
//
// The package needs cgo and the libraries of llama.cpp. For what it does not
// offer, see package llama.
package local
