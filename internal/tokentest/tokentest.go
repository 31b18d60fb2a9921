//go:build cgo

// Package tokentest tokenizes texts with llama.cpp alone, for tests of what package llama does around it.
package tokentest

// #include <pthread.h>
// #include <stdlib.h>
// #include "llama.h"
//
// struct call { const struct llama_vocab * vocab; const char * text; int32_t length; llama_token * out; int32_t room, n; };
//
// static void * run(void * data) {
//     struct call * c = data;
//     c->n = llama_tokenize(c->vocab, c->text, c->length, c->out, c->room, false, false);
//     return NULL;
// }
//
// // tokenize runs on a thread with a stack of 1 GiB, which is only taken where it is touched.
// static int32_t tokenize(const struct llama_vocab * vocab, const char * text, int32_t length, llama_token * out, int32_t room) {
//     struct call c = { vocab, text, length, out, room, -1 };
//     pthread_attr_t attributes;
//     pthread_t thread;
//     pthread_attr_init(&attributes);
//     pthread_attr_setstacksize(&attributes, (size_t) 1 << 30);
//     if (pthread_create(&thread, &attributes, run, &c) == 0) pthread_join(thread, NULL);
//     pthread_attr_destroy(&attributes);
//     return c.n;
// }
//
// static struct llama_model * load(const char * path) {
//     struct llama_model_params p = llama_model_default_params();
//     p.vocab_only = true;
//     return llama_model_load_from_file(path, p);
// }
import "C"

import (
	"testing"
	"unsafe"

	"github.com/stretchr/testify/require"

	_ "github.com/ragft/ragft/internal/llamacpp" // links llama.cpp
)

// Vocabulary is that of a model.
type Vocabulary struct{ model *C.struct_llama_model }

// Open reads the vocabulary of the model at path. It is freed with the test.
func Open(tb testing.TB, path string) Vocabulary {
	tb.Helper()
	name := C.CString(path)
	defer C.free(unsafe.Pointer(name))
	v := Vocabulary{C.load(name)}
	require.NotNil(tb, v.model)
	tb.Cleanup(func() { C.llama_model_free(v.model) })
	return v
}

// Tokens are what llama.cpp makes of the whole text.
func (v Vocabulary) Tokens(tb testing.TB, text string) []int32 {
	tb.Helper()
	require.NotEmpty(tb, text)
	out := make([]int32, len(text)+16)
	n := C.tokenize(C.llama_model_get_vocab(v.model), (*C.char)(unsafe.Pointer(unsafe.StringData(text))), C.int32_t(len(text)),
		(*C.llama_token)(&out[0]), C.int32_t(len(out)))
	require.GreaterOrEqual(tb, int(n), 0)
	return out[:n]
}
