// Package finetune teaches a model training rows: it renders them by the model's
// own chat template and trains a LoRA adapter with package lora. It needs cgo.
package finetune
