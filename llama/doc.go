//go:build cgo

// Package llama runs language models in GGUF files with llama.cpp, which is linked into the program: nothing has to be
// installed or started beside it. It uses llama.cpp's own terms. What it adds is that batches are organised for you,
// that bad input is an error and never ends the process, and that a [context.Context] stops a computation.
//
// # From file to text
//
// [Load] opens a model. [Model.TokenizeChat] turns a conversation into tokens with the chat template in the model's
// file. A [Context] has the memory to compute with, and [Context.Generate] continues prompts:
//
//	model, err := llama.Load(ctx, "model.gguf", llama.ModelOptions{})
//	...
//	defer model.Close()
//	prompt, err := model.TokenizeChat([]llama.Message{{Role: "user", Content: "Who built the mill?"}}, llama.ChatOptions{})
//	...
//	c, err := model.NewContext(llama.ContextOptions{})
//	...
//	defer c.Close()
//	results, err := c.Generate(ctx, []llama.Request{{Prompt: prompt}})
//	...
//	fmt.Println(results[0].Samples[0].Text)
//
// By default decoding is greedy: the most likely token is taken each time, so that the same prompt gives the same
// answer. [Sampling] draws tokens at random instead.
//
// # Conversations
//
// A chat template turns a conversation into text, and every model family has its own. [ChatOptions] has the tools that
// the model may call, and [Message] the calls and their results. This package does not parse tool calls in what a model
// writes, whose form depends on the family. For training, [Model.TokenizeTurns] finds the tokens that the assistant
// writes, by rendering the conversation up to each turn. It returns an error for templates with which they cannot be
// found.
//
// # Batches
//
// Decoding is limited by memory bandwidth, so that eight answers take little longer than one. Give all requests to one
// call: Generate decodes as many samples in a batch as the context has sequences, and starts the next as soon as one
// ends. The prompt is computed once for all samples of a request; between requests a common beginning of 16 tokens or
// more is computed once. [Context.Score] also computes a prompt once for all continuations. Where an answer repeats what
// stands in its prompt, several of its tokens can come from one batch: see [ContextOptions.Drafts].
//
// # Many callers
//
// A [Batcher] is for programs that serve many callers, each of which calls [Batcher.Generate] at any time and joins the
// running batch. It caches computed prompts for later ones that begin alike, computes long prompts in chunks between the
// tokens of others, refuses requests with [ErrBusy] when too many are waiting, and drops those whose context has ended.
// Requests for different adapters can share it: see [Request.Adapters].
//
// [Context.Embed] computes embeddings, with models that are made for it.
//
// # Adapters
//
// [Model.LoadAdapter] loads a LoRA adapter. [Context.SetAdapters] applies it to a context, at any scale, and removes it.
// The weights of the model do not change, so that contexts with and without the adapter can share a model.
//
// # Closing
//
// Models, contexts and adapters hold memory outside Go's heap and must be closed. Closing a model first closes its
// contexts and adapters. Closing interrupts what is running; using something closed is [ErrClosed]. What was never
// closed is reported through [log/slog] when the garbage collector finds it.
//
// # Concurrency
//
// A Model may be used by several goroutines. A Context runs one call at a time, and other calls wait; two contexts run in
// parallel, each with its own threads. Callbacks run on the goroutine that made the call, and must not use the same
// Context, which is busy.
//
// # Hostile files
//
// A file's header is checked before llama.cpp reads it, and a failed assertion in llama.cpp while it loads is returned as
// an error. A chat template is a program: it can access only the messages, and its steps, memory and nesting are bounded.
//
// # Side effects
//
// llama.cpp has one log receiver in a process, which this package sets: see [SetLogger]. The first Load sets ggml's
// abort callback. The package needs cgo and the library that build.sh builds.
package llama
