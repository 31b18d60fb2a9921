// Command withtools writes a copy of a model that is shown tools, and calls them as Hermes and Qwen do, for the checks of the
// service with OpenAI's clients: the shipped model's own chat template knows no tools.
//
//	go run ./internal/outside/withtools MODEL.gguf COPY.gguf
package main

import (
	"fmt"
	"os"

	"github.com/ragft/ragft/internal/gguf"
)

const template = `{%- if tools -%}<|system|>{%- for t in tools -%}{{ t | tojson + '\n' }}{%- endfor -%}<|end|>{%- endif -%}` +
	`{%- for m in messages -%}<|{{ 'user' if m.role == 'tool' else m.role }}|>{{ m.content }}{%- for c in m.tool_calls -%}` +
	`{{ '' if loop.first else '\n' }}{{ '<tool_call>\n{"name": "' + c.function.name + '", "arguments": ' + c.function.arguments | tojson }}` +
	`{{ '}\n</tool_call>' }}{%- endfor -%}<|end|>{%- endfor -%}{%- if add_generation_prompt -%}<|assistant|>{%- endif -%}`

func main() {
	if len(os.Args) != 3 {
		fmt.Fprintln(os.Stderr, "usage: withtools MODEL.gguf COPY.gguf")
		os.Exit(2)
	}
	if err := withTools(os.Args[1], os.Args[2]); err != nil {
		fmt.Fprintln(os.Stderr, "withtools:", err)
		os.Exit(1)
	}
}

func withTools(from, to string) error {
	data, err := os.ReadFile(from)
	if err != nil {
		return err
	}
	if err := os.WriteFile(to, data, 0o600); err != nil {
		return err
	}
	return gguf.Rewrite(to, gguf.KV{Key: "tokenizer.chat_template", Value: template})
}
