//go:build cgo

// Package llama runs language models in GGUF files by llama.cpp, which is linked into the program: nothing
// has to be installed or started beside it. It stays close to llama.cpp's own terms. What it adds is that
// the work of a batch is organised for you, that bad input is an error and never the end of the process,
// and that a context.Context stops what runs.
//
// # From file to text
//
// [Load] opens a model. [Model.TokenizeChat] turns a conversation into tokens by the chat template that
// came with the model. A [Context] has the memory to compute with; [Context.Generate] continues prompts:
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
// Without further settings the likeliest token is taken each time, which gives the same answer each time.
// [Sampling] chooses at random instead.
//
// # Conversations
//
// A template decides how a conversation becomes text, and each family has its own. [ChatOptions] passes it the tools
// that the model may call, and [Message] has the calls and their results. What the model writes is in its family's
// form; this package does not take tool calls out of it. For training, [Model.TokenizeTurns] tells which tokens of a
// conversation are the assistant's to write, by rendering it up to each turn; it is an error if a template does not
// let that be told.
//
// # Batches
//
// Decoding is bound by reading the weights, so that eight answers cost little more than one. Give all
// requests to one call: Generate decodes as many as the context has sequences for in each batch, and starts
// the next as soon as one ends. What prompts have in common is computed once: for the samples of one
// request wholly, between requests from 16 tokens on. [Context.Score] computes a prompt once for all its
// continuations, too.
//
// # Many callers
//
// A [Batcher] is for programs that answer many callers at once: each calls [Batcher.Generate] when it likes, and joins
// the batch at work. It keeps what was computed of a prompt for later ones that begin alike, computes long prompts
// between the tokens of others, refuses with [ErrBusy] what would wait too long, and lets go of requests whose context
// has ended. [Request.Adapters] lets requests for different adapters share it.
//
// [Context.Embed] gives the embeddings of models that were made for it.
//
// # Adapters
//
// [Model.LoadAdapter] opens a LoRA adapter; [Context.SetAdapters] makes a context compute with it, at any
// scale, and without it again. The weights themselves are not touched, so that a context with the adapter
// and one without can share a model.
//
// # Closing
//
// Models, contexts and adapters hold memory that Go's collector does not see and must be closed. Closing a
// model closes its contexts and adapters first. Closing what is in use interrupts it; using what is closed
// gives [ErrClosed]. What is forgotten is reported through [log/slog] once the collector finds it.
//
// # Concurrency
//
// A Model may be used by several goroutines. A Context does one call at a time and lets others wait; two
// contexts compute side by side, each with its threads. Callbacks run on the goroutine that made the call
// and must not use the same Context, which is busy.
//
// # Hostile files
//
// A file's header is checked before llama.cpp reads it, and an assertion that fails in llama.cpp while it
// loads is returned as an error. A chat template is a program: it cannot reach anything but the messages,
// but nothing keeps it from running for long.
//
// # Side effects
//
// llama.cpp's log has one receiver in the process, which this package sets; see [SetLogger]. So has ggml's
// abort callback, which the first Load sets. The package needs cgo and the library that build.sh makes.
package llama
