package main

import (
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/spf13/cobra"
)

func (a *app) publishCommand() *cobra.Command {
	return command(adapterKeys+"model threads publish merge.type merge.all-matrices merge.skip-check", []option{
		weightsOption, adapterOption,
		{flag: "ollama", key: "publish.ollama", kind: "URL", usage: "Ollama server (default: OLLAMA_HOST)"},
		{
			flag:  "as",
			key:   "publish.as",
			kind:  "NAME",
			words: []string{"auto", "adapter", "merged"},
			usage: "what to publish: adapter, merged, or auto for what the server accepts (default auto)",
		},
		{flag: "modelfile", key: "publish.modelfile", kind: "FILE", usage: "write a Modelfile for 'ollama create' instead of publishing"},
	}, &cobra.Command{
		Use: "publish [NAME]", Short: "Publish the tuned model on an Ollama server", Args: arguments(cobra.MaximumNArgs(1)),
		Long: `Creates a model from base and adapter on an Ollama server, and asks it for one token. If the server cannot run the adapter,
the merged model is published instead. An existing model NAME is replaced once the new one has answered.`,
		RunE: func(cmd *cobra.Command, args []string) error {
			var name []string
			if len(args) == 1 {
				name = []string{"publish.name", args[0]}
			}
			p, err := a.open(cmd.Context(), name...)
			if err != nil {
				return err
			}
			if c := p.Config().Publish; c.Name == "" && c.Modelfile == "" {
				return usageError(errors.New("the new model needs a name: ragft publish NAME"))
			}
			defer p.Close()
			r, err := p.Publish(cmd.Context())
			if err != nil {
				return err
			}
			if r == nil {
				return a.wroteModelfile(p.Config().Publish.Modelfile)
			}
			return a.result(r, func(w io.Writer) error {
				if r.Reason != "" {
					a.note("the server does not run the adapter (%s); the merged model was published instead", r.Reason)
				}
				_, err := fmt.Fprintf(w, "ollama:%s: published as %s, and it answers\n", r.Name, r.As)
				return err
			})
		},
	})
}

func (a *app) wroteModelfile(file string) error {
	return a.result(map[string]string{"modelfile": file}, func(w io.Writer) error {
		_, err := fmt.Fprintf(w, "%s: use it with: ollama create NAME -f %s\n", file, shellQuoted(file))
		return err
	})
}

// shellQuoted returns a word as a shell reads it.
func shellQuoted(word string) string {
	const safe = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_./-+=@%:,"
	if word != "" && strings.Trim(word, safe) == "" {
		return word
	}
	return "'" + strings.ReplaceAll(word, "'", `'\''`) + "'"
}
