//go:build cgo

// Package lora fine-tunes GGUF models with LoRA adapters on the CPU; Metal and CUDA are untested.
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
// An example is learnt by the cross-entropy of the tokens that have a loss weight, or, if it has [Pair]s, by direct
// preference optimisation ([DPO]) of its branches, the reference being the same model with the adapter off. A token may
// also have a teacher's distribution ([Soft]), and is then trained on the divergence from it. One training may have examples
// of all kinds, with weights, and reports its losses by their sources ([Losses]).
//
// A training that is cancelled or killed goes on from its checkpoint when it is started again, and on the CPU it ends with
// the same bytes as one that was not interrupted. [Control] pauses it, Config.Patience stops it early, Config.KeepBest
// writes the adapter with the lowest held-out loss, Config.Score the one that a caller scores highest, Config.SpikeFactor
// leaves out steps that stand out, and a training that no longer makes sense ends with a [DivergedError]. [Config] says how
// a hook, a metrics file and TensorBoard follow it.
//
// Config chooses the weights to adapt ([Config.Targets]), rsLoRA, dropout, and an adapter to go on from ([Config.Start]).
// Every adapter file says how it came to be: [Provenance]. [Merge] adds an adapter into its base's weights, each kept in its
// own type or given another one, and compares what the merged model says with what base and adapter say. [ReadAdapter]
// tells what an adapter changes and how it came to be.
//
// # Memory
//
// [EstimateMemory] says before the start what a training will hold, by kind, measured on its graph without allocating it;
// [Train] logs it, and refuses with [ErrMemory] what cannot fit. Under Config.MemoryBudget the logits are computed for a
// part of the rows at a time, with their loss and gradients, so that no more than these rows times the vocabulary are held;
// and where that is not enough, segments of the forward pass are not stored but computed again in the backward pass, as few
// as will do. A segment is what lies between two places where a single activation is read later on: mostly the attention or
// the feed-forward half of a layer. A recomputed segment gives the same gradients to the bit.
//
// # Limits
//
// Rules exist for the ops of the dense families and of mixtures of experts that docs/families.md lists, with the types of
// bases that were tried. A base in several files is to be joined into one first. Stacks of experts are passed through, not
// trained; recurrent models are [ErrNoRule]. All weights are trained on the CPU only. GPU backends run the same graph with
// ops that they have; this version was tested on CPUs.
package lora
