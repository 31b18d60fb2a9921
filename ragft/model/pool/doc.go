// Package pool makes one model of several that hold the same weights, such as
// those of several servers.
//
//	first, err := ollama.New(ctx, "qwen3:4b", ollama.Options{BaseURL: "http://10.0.0.5:11434"})
//	...
//	second, err := ollama.New(ctx, "qwen3:4b", ollama.Options{BaseURL: "http://10.0.0.6:11434"})
//	...
//	m, err := pool.New(first, second)
package pool
