// Package model says what ragft needs of a language model, and holds nothing that runs one.
//
// [Model] answers conversations, several at a time. What a model can do besides is found with [As], through wrappers too:
//
//	scorer, ok := model.As[model.Scorer](m)       // log-probabilities of texts
//	counter, ok := model.As[model.TokenCounter](m) // lengths in tokens
//
// Package local runs GGUF files, packages ollama and openai ask servers, package cache remembers what a model said and package
// pool spreads requests over several. A model of your own needs Name and Chat.
package model
