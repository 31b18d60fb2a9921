package main

import (
	"fmt"
	"io"
	"strings"

	"github.com/spf13/cobra"

	"github.com/ragft/ragft/internal/plural"
	"github.com/ragft/ragft/ragft"
)

var exportFormats = []string{"trl", "axolotl", "peft", "gguf"}

func (a *app) exportCommand() *cobra.Command {
	return command("model adapter rows seed export train", []option{
		weightsOption, rowsOption, adapterOption,
		{flag: "base", key: "export.base", kind: "NAME", usage: "the base's name on Hugging Face, or its folder"},
		{
			flag:  "folder",
			key:   "export.folder",
			kind:  "FOLDER",
			usage: "folder to write, or with gguf to read (default: trl, axolotl or peft in the project folder)",
		},
	}, &cobra.Command{
		Use: "export trl|axolotl|peft|gguf", Short: "Export rows or adapter to other trainers, and back",
		Args: arguments(cobra.ExactArgs(1)), ValidArgs: exportFormats,
		Long: `Exports to other trainers, and imports what they made:

  ragft export trl       the rows, and a script that trains on them with Hugging Face TRL
  ragft export axolotl   the rows, and a configuration for Axolotl
  ragft export peft      the adapter for Hugging Face PEFT
  ragft export gguf      the other way: the PEFT adapter in --folder as GGUF, for llama.cpp and Ollama

trl and axolotl need the base's name on Hugging Face (--base), peft and gguf the base as a GGUF file (--model), of which only
the header is read. None of them needs llama.cpp. The training settings are those of train in the project file.`,
		RunE: func(cmd *cobra.Command, args []string) error {
			p, err := a.open(cmd.Context())
			if err != nil {
				return err
			}
			defer p.Close()
			r, err := p.Export(cmd.Context(), args[0])
			if err != nil {
				return err
			}
			return a.result(r, func(w io.Writer) error { return a.writeExport(w, r) })
		},
	})
}

func (a *app) writeExport(w io.Writer, r *ragft.ExportResult) (err error) {
	if r.Weighted > 0 {
		a.note("%s weights, which these trainers do not support", plural.N(r.Weighted, "row")+plural.Pick(r.Weighted, " has", " have"))
	}
	switch r.Format {
	case "peft":
		_, err = fmt.Fprintf(w, "%s: adapter %s for PEFT\n", r.Folder, r.Adapter)
	case "gguf":
		_, err = fmt.Fprintf(w, "%s: the adapter of %s\n", r.Adapter, r.Folder)
	default:
		_, err = fmt.Fprintf(
			w,
			"%s: %s, %s, %s; start with %s\n",
			r.Folder,
			plural.N(r.Rows, "row"),
			plural.N(r.Pairs, "preference"),
			plural.N(r.Texts, "text"),
			strings.Join(r.Start, ", "),
		)
	}
	return err
}
