// Package export moves a tuning to larger machines and back. It writes rows
// and a training configuration for Hugging Face TRL and Axolotl, and converts
// LoRA adapters between GGUF and the format of Hugging Face PEFT, in both
// directions. It needs no cgo.
//
// [TRL] and [Axolotl] write what the trainer reads. The training leaves a
// folder with adapter_config.json and adapter_model.safetensors, from which
// [FromPEFT] makes the adapter that llama.cpp, Ollama and this library load.
// [ToPEFT] is the other direction, for training on with an adapter that was
// begun here.
//
// The formats are those of TRL 1.16, Axolotl 0.12, PEFT 0.21 and safetensors
// 0.8; internal/outside runs what is written with these programs. Converting an
// adapter loses nothing: its numbers stay the same, and change their order only
// where the conversion of the base model to GGUF changes it.
package export
