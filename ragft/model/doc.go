// Package model defines what ragft needs from a language model; it runs none itself.
//
// [Model] answers conversations, several at a time. [As] finds what else a model can do, also through wrappers:
//
//	scorer, ok := model.As[model.Scorer](m)       // log-probabilities of texts
//	counter, ok := model.As[model.TokenCounter](m) // lengths in tokens
//
// Package local runs GGUF files, packages ollama and openai ask servers, package cache stores the replies of a model, and
// package pool spreads requests over several models. A model of your own needs the methods Name and Chat.
package model
