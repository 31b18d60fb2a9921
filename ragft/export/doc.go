// Package export takes a tuning to larger machines and brings it back: rows
// and recipe as files for the usual distributed trainers, Hugging Face TRL and
// Axolotl, and LoRA adapters between GGUF and the format of Hugging Face PEFT,
// in both directions. It needs no cgo.
//
// [TRL] and [Axolotl] write what the trainer reads; it leaves a folder with
// adapter_config.json and adapter_model.safetensors, from which [FromPEFT]
// makes the adapter that llama.cpp, Ollama and this library use. [ToPEFT] is
// the way back, to go on with an adapter that was begun here.
//
// The files were written after the documentation of TRL 0.24, Axolotl 0.12,
// PEFT 0.17 and safetensors 0.6. Adapters are converted without loss: the
// numbers stay those of the file, only their order changes where the
// conversion of the base to GGUF changes it.
package export
