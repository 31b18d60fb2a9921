package main

import (
	"context"
	"fmt"
	"io"

	"github.com/spf13/cobra"

	"github.com/ragft/ragft/internal/plural"
	"github.com/ragft/ragft/ragft"
)

func (a *app) convertCommand() *cobra.Command {
	return command("model threads convert", []option{
		{
			flag:  "type",
			key:   "convert.type",
			kind:  "TYPE",
			words: []string{"q8_0", "q4_0", "f16", "bf16", "f32"},
			usage: "type of the matrices, such as q8_0, q4_0, f16 or f32 (default q8_0)",
		},
	}, &cobra.Command{
		Use: "convert MODEL OUTPUT", Short: "Convert a model to another type", Args: arguments(cobra.ExactArgs(2)),
		Long: `Writes the model, a GGUF file or ollama:NAME, to the file OUTPUT with its matrices in another type: one that is fast on this
processor, or smaller. Norms and metadata stay as they are. Converting to a finer type loses nothing further, but does not
bring back what the model's own type has lost. An adapter belongs to the file that it was trained on: convert first, then train.`,
		Example: "  ragft convert model-q4_1.gguf model-q8_0.gguf --type q8_0",
		RunE: func(cmd *cobra.Command, args []string) error {
			return a.convert(cmd.Context(), args[0], args[1])
		},
	})
}

func (a *app) convert(ctx context.Context, model, output string) error {
	p, err := a.open(ctx, "model", model, "convert.output", output)
	if err != nil {
		return err
	}
	defer p.Close()
	r, err := p.Convert(ctx)
	if err != nil {
		return err
	}
	return a.result(r, func(w io.Writer) error { return writeConversion(w, r) })
}

func writeConversion(w io.Writer, r *ragft.ConvertResult) error {
	_, err := fmt.Fprintf(w, "%s: %s, %s (%s before), %s converted, %d copied\n",
		r.Output, r.Type, plural.Bytes(uint64(r.Bytes)), plural.Bytes(uint64(r.Before)), plural.N(r.Changed, "tensor"), r.Copied)
	return err
}
