//go:build cgo

// Package service answers OpenAI API requests over HTTP with local models, and chat requests from the passages of an index,
// with citations and abstention. A [Service] is an [http.Handler] for a program's own server, or listens on an address with
// [Service.ListenAndServe]:
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
// Requests share batches, which each joins when it arrives. Several adapters share the weights and the cache of their base.
// Computed prompts, such as the instruction and passages, are kept for requests that begin alike. When a client disconnects,
// nothing more is computed for it after the running batch.
//
// # Routes
//
//	POST /v1/chat/completions   stream, logprobs, tools, response_format, n, seed, stop; thoughts are reasoning_content
//	POST /v1/completions        texts or tokens, stream, logprobs, n
//	POST /v1/embeddings         with Config.Embedder, or models whose file has a pooling type
//	POST /v1/rerank             with Config.Reranker: query, documents, top_n, return_documents
//	GET  /v1/models             and /v1/models/NAME
//	GET  /v1/passages/ID        the passage of a citation
//	GET  /v1/documents/PATH     the document of a citation, in one of Config.Folders
//	POST /v1/files              add a document, with Config.Files; GET lists them
//	GET  /v1/files/ID           a document, /v1/files/ID/content its bytes; DELETE removes it
//	GET  /health                {"status":"ok"}, without authentication
//	GET  /metrics               for Prometheus
//
// An unknown field that would change the answer is an error and never ignored. The lists of a request have at most 10,000 elements
// together, apart from tokens. In addition to OpenAI's fields there are top_k and min_p, with 0 for none, and repeat_penalty, which
// is off at 1. What a request says goes before a model's [assistant.Options], whose default is greedy decoding: temperature 0, as
// is top_p 0. Penalties apply to the last 64 tokens, including those of the prompt. logit_bias has at most 300 tokens. Images,
// audio, echo and suffix are not supported. A response format restricts the answer by a grammar made from the JSON schema; an
// unknown keyword in the schema is an error, and so are alternatives of which more than 300 would be open at one place, and a oneOf
// of which a value may fit two. Log probabilities are those of the text that is shown: not of a chain of thought, a stop string or
// a call. A model without a chat template ends a chat's answer at the first line break, unless a response format says where it
// ends. System messages at the beginning of a chat are one, with blank lines between them, and parts of a message are lines.
//
// The stream of a chat begins with a piece for each choice that has its role, and the last piece of a choice has the reason alone.
// With tools, an answer is sent when it is complete, even in a stream, as only then it is known whether it is a tool call.
// Calls are recognised in the formats of Hermes, Qwen, Mistral and Llama 3. Arguments of strict tools follow their schema, in
// which all objects must be closed and all properties required, as OpenAI asks for; those of other tools are then objects, by
// their schema if it can be followed. With tool_choice "required" or a named tool this holds for all tools. The calls then have
// the form that the chat template writes; a template that writes no JSON after the name is an error. Where it has no mark before
// a call, an answer with the same first character is a call.
//
// # Answers from passages
//
// With an index, the last message of a chat is answered by [assistant.Assistant] from the passages that are found for it. Passages
// are numbered and delimited data, in which special tokens are plain text. Earlier messages are the history, and system
// messages are appended to the instruction. A request may have the object
//
//	"ragft": {"retrieval": true, "passages": 4, "careful": false, "min_confidence": 0.5}
//
// of which every field is optional: retrieval is whether to search for passages, passages the largest number of them, careful
// whether to use the instruction that allows declining, and min_confidence the confidence below which to abstain. The response
// has the object
//
//	"ragft": {
//	    "abstained": false, "reason": "", "confidence": 0.93,
//	    "citations": [{"source": "inn.txt", "title": "Inn", "span": [37, 91], "text": "...", "chunk": "ID", "support": 1}],
//	    "passages": [{"chunk": "ID", "source": "inn.txt", "title": "Inn", "span": [0, 117], "text": "...", "score": 7.1}]
//	}
//
// If abstained is true, reason is "no-passages", "declined", "refused", "empty" or "low-confidence". confidence is null if it is
// unknown.
// A span is a range of bytes in the source document. The chunk of a citation is the passage of the index with its text. Neighbouring
// passages are shown as one, and a text that goes over their border is only in that one, which is among passages. In a stream the
// object comes with the last choice, which has the finish_reason. A citation whose number the answer has, such as [2], has that
// number as marker.
//
// # Files
//
// With [Config.Files], clients add documents as OpenAI's clients add files, and remove them. A file is known by its name, which
// cannot leave the folder; one that is there already is an error. It is indexed before the response, and refused, with the
// reason, if it gives no text. After a DELETE the index has no passages of it. Only files that are indexed are listed. The purpose
// must be "assistants" or "user_data", and is not recorded.
//
// # Access
//
// [Service.Serve] listens on an address that is not loopback only if there is a token. Without a token, only requests to a
// loopback host are answered. Requests of web pages of another origin are refused, except a link to the service's own page.
// [Limits] bound the size, number and time of requests, and the bytes of all their bodies; requests above the number and the bytes
// are refused with 503 and Retry-After.
//
// # Errors
//
// Errors are OpenAI's objects, {"error": {"message", "type", "param", "code"}}: 400 invalid_value and
// context_length_exceeded, 401 invalid_api_key, 403 wrong_host and cross_origin, 404 model_not_found and not_found,
// 409 file_exists, 413 body_too_large, 415 invalid_content_type, 503 queue_full, closing and index_not_updated, 504 timeout. In a
// stream that has started, the error is the last event.
package service
