// Package publish puts a base model with a LoRA adapter on an Ollama server.
//
//	published, err := publish.Publish(ctx, publish.Options{
//		Name: "notes", From: "ollama:llama3.2:1b", Adapter: "adapter.gguf",
//		Merge: func(ctx context.Context, base, adapter, output string) error {
//			_, err := lora.Merge(ctx, lora.MergeOptions{Base: base, Adapter: adapter, Output: output})
//			return err
//		},
//	})
//
// [Options.Modelfile] writes the same as a Modelfile for "ollama create".
package publish
