package main

import (
	"context"
	"fmt"
	"io"

	"github.com/spf13/cobra"

	"github.com/ragft/ragft/internal/plural"
	"github.com/ragft/ragft/ragft"
)

func (a *app) mergeCommand() *cobra.Command {
	c := command(adapterKeys+"model threads merge", []option{
		weightsOption, adapterOption,
		{flag: "output", key: "merge.output", kind: "FILE", usage: "file to write (default: merged.gguf of the project folder)"},
		{
			flag:  "type",
			key:   "merge.type",
			kind:  "TYPE",
			usage: "type of the changed weights, such as F16, Q8_0 or Q4_K (default: as in the base)",
		},
	}, &cobra.Command{
		Use: "merge", Short: "Merge the adapter into the model's weights", Args: arguments(cobra.NoArgs),
		Long: `Writes a GGUF file with the adapter merged into the weights, for programs that load no adapters, and compares its output
with that of base and adapter.`,
	})
	return a.onProject(c, func(ctx context.Context, p *ragft.Project) error {
		r, err := p.Merge(ctx)
		if err != nil {
			return err
		}
		return a.result(r, func(w io.Writer) error {
			if r.OtherBase {
				a.note(
					"the adapter was trained on another file than this one; that is only right for another quantisation of the same model",
				)
			}
			fmt.Fprintf(
				w,
				"%s: %s, %s changed, %d copied\n",
				r.Output,
				plural.Bytes(uint64(r.Bytes)),
				plural.N(r.Changed, "weight"),
				r.Copied,
			)
			if r.KL == nil || r.AdapterKL == nil || r.SameToken == nil {
				return nil
			}
			_, err := fmt.Fprintf(
				w,
				"against base and adapter: divergence %.3g nats per token (the adapter's own: %.3g), same most likely token in %.1f %%\n",
				*r.KL,
				*r.AdapterKL,
				100**r.SameToken,
			)
			return err
		})
	})
}
