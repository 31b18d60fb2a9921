//go:build cgo

// Package service answers requests over HTTP in the form of OpenAI's API, from local models, and from passages of an
// index with citations and abstention. A [Service] is an [http.Handler], to be put into a program's own server, or
// runs on an address by [Service.ListenAndServe]:
//
//	base, err := local.OpenServer(ctx, "base.gguf", local.Options{})
//	...
//	tuned, err := base.Adapted("notes.gguf", 1)
//	...
//	s, err := service.New(service.Config{
//		Models: []service.Model{{Name: "notes", Local: tuned}, {Name: "base", Local: base}},
//		Index:  index,
//	})
//	...
//	defer s.Close()
//	err = s.ListenAndServe(ctx, "127.0.0.1:8080")
//
// Requests are computed together, in batches that each joins when it comes in; several adapters share the base's
// weights and memory. What was computed of a prompt, such as the instruction and passages, is kept for requests that
// begin alike. Of a client that goes away, nothing more is computed than the batch at work.
//
// # Routes
//
//	POST /v1/chat/completions   stream, logprobs, tools, response_format, n, seed, stop
//	POST /v1/completions        texts or tokens, stream, logprobs, n
//	POST /v1/embeddings         for models whose file names a pooling
//	GET  /v1/models             and /v1/models/NAME
//	GET  /v1/passages/ID        the passage that a citation names
//	GET  /v1/documents/PATH     the document that it stands in, below Config.Folders
//	GET  /health                {"status":"ok"} to anybody
//	GET  /metrics               for Prometheus
//
// A field that is not understood, and would change the answer, is an error and never passed over. Beyond OpenAI's
// fields there are top_k, min_p and repeat_penalty. Penalties look 64 tokens back, the prompt's end included. The
// temperature is by default that of the model's [ragft.AssistantOptions], which is 0. Not supported: forced tools,
// strict tools, images and audio, echo and suffix. A response format is kept to by a grammar made of the JSON schema,
// of which a keyword that is not known is an error.
//
// With tools, an answer is streamed as a whole when it is complete, since only then is it known whether it is a call.
// Calls are understood in the forms of Hermes, Qwen, Mistral and Llama 3.
//
// # Answers from passages
//
// With an index, the last message of a chat is answered as [ragft.Assistant] does, from the passages that are found
// for it: passages are data, numbered and delimited, and no special token is read out of them. Earlier messages are
// history; system messages are added to the instruction. The request may say
//
//	"ragft": {"retrieval": true, "passages": 4, "careful": false, "min_confidence": 0.5}
//
// each of which may be left out: retrieval, whether to look for passages at all; passages, how many at most; careful,
// to use the instruction to decline; min_confidence, below which the answer is to abstain. The response has
//
//	"ragft": {
//	    "abstained": false, "reason": "", "confidence": 0.93,
//	    "citations": [{"source": "inn.txt", "title": "Inn", "span": [37, 91], "text": "...", "chunk": "ID", "support": 1}],
//	    "passages": [{"chunk": "ID", "source": "inn.txt", "title": "Inn", "span": [0, 117], "text": "...", "score": 7.1}]
//	}
//
// where reason is "no-passages", "refused", "empty" or "low-confidence" when abstained, confidence is null where not
// known, and spans are bytes of the source document. In a stream it comes with the last choice, which has the
// finish_reason.
//
// # Who is let in
//
// [Service.Serve] takes an address that others can reach only with a token. Without one, only requests that name a
// loopback address as their host are answered, and none that a page of another origin makes in a browser. Limits on
// body, prompt, answer, time and number are in [Limits]; what would wait too long is refused with 429.
//
// # Errors
//
// Errors are OpenAI's objects, {"error": {"message", "type", "param", "code"}}: 400 invalid_value and
// context_length_exceeded, 401 invalid_api_key, 403 wrong_host and cross_origin, 404 model_not_found and not_found,
// 413 body_too_large, 415 invalid_content_type, 429 queue_full, 503 closing, 504 timeout. Within a stream that has
// begun, the error is its last event.
package service
