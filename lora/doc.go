//go:build cgo

// Package lora fine-tunes GGUF models with LoRA adapters, on the CPU, with Metal or with CUDA.
//
// # How it works
//
// The training graph is not written again for each family of models. The package lets llama.cpp build its own graph for a
// window of tokens, reads it through llama.cpp's public callbacks, rewrites the KV cache away, and differentiates it with
// one rule for each op. Whatever llama.cpp does for a model in the forward pass is therefore what is trained. An op without
// a rule is [ErrNoRule], which names op, tensor and layer. Adapters start as in arXiv 2106.09685 (section 4.1), and the
// optimiser is AdamW (arXiv 1711.05101).
//
// The base may be F32, F16 or quantised; it is held once, and quantised weights stay quantised. Logits are computed only
// for the tokens with a loss. Examples are packed into windows in which they do not see each other, and an example may
// have several branches that share one prompt, which is computed once.
//
// # Use
//
// The package knows tokens, not text: [Completion] makes an example of a prompt's and a response's tokens. [Train] runs a
// whole training and writes an adapter file that llama.cpp loads; [Trainer] takes single steps, and trains all weights of
// an F32 model if made by [NewModelTrainer].
//
// A training that is cancelled or killed goes on from its checkpoint when it is started again, and on the CPU it ends with
// the same bytes as one that was not interrupted.
//
// # Limits
//
// Rules exist for the dense Llama, Qwen 2 and Qwen 3 families and whatever else uses the same ops. All weights are trained
// on the CPU only. GPU backends run the same graph with ops that they have; this version was tested on CPUs.
package lora
