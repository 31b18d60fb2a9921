// Package ollama uses a model on an Ollama server, and finds the file of a model
// that Ollama has pulled.
//
//	m, err := ollama.New(ctx, "llama3.2", ollama.Options{ContextLength: 4096})
//	...
//	responses, err := model.Chat(ctx, m, requests)
//
// It needs no cgo. [Resolve] is for programs that load the file themselves,
// such as with package local.
package ollama
