// Package openai uses a model on a server with OpenAI's API of chat
// completions: OpenAI's own, llama.cpp's, vLLM's, that of ragft/service and many
// others.
//
//	m, err := openai.New("small", openai.Options{BaseURL: "http://127.0.0.1:8080/v1"})
//	...
//	responses, err := model.Chat(ctx, m, requests)
//
// Requests go through OpenAI's own client library, and failed ones are tried
// again as [Options] says.
package openai
