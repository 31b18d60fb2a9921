package main

import (
	"context"
	"fmt"
	"io"

	"github.com/spf13/cobra"

	"github.com/ragft/ragft/internal/plural"
	"github.com/ragft/ragft/ragft"
	"github.com/ragft/ragft/ragft/searchtune"
)

func (a *app) tuneSearchCommand() *cobra.Command {
	c := command("search-tuning", []option{modelOption, adapterOption, questionsOption}, &cobra.Command{
		Use: "tune-search", Short: "Tune the search to the model", Args: arguments(cobra.NoArgs),
		Long: `Learns how to search for the questions: weights of terms and titles, k1 and b, from how likely the model finds the correct
answer after each passage (LSR of RA-DIT). The index does not change.

Half of the questions that are not kept for the evaluation are used to check the result. If it does not rank the right
passages higher, the search stays as it was. Otherwise retrieval.json of the project folder is written, and used by
demonstrate, evaluate, ask, chat and serve until the index changes.`,
	})
	a.workFlags(c, estimateCost)
	return a.onProject(c, func(ctx context.Context, p *ragft.Project) error {
		r, err := p.TuneSearch(ctx)
		if err != nil {
			return err
		}
		return a.result(r, func(w io.Writer) error {
			if a.estimate {
				_, err := fmt.Fprintf(w, "search tuning: at most %s\n", r.Estimate)
				return err
			}
			return writeSearch(w, r)
		})
	})
}

func writeSearch(w io.Writer, r *ragft.SearchResult) error {
	for _, c := range []struct {
		name   string
		change searchtune.Change
	}{{"MRR", r.MRR}, {"recall@1", r.Recall1}, {"recall", r.Recall}, {"KL, nats", r.Divergence}} {
		interval, p := "unknown", "unknown"
		if e := c.change.Change; e.Low <= e.High { // not NaN
			interval = fmt.Sprintf("%+.3f to %+.3f", e.Low, e.High)
		}
		if c.change.P != nil {
			p = fmt.Sprintf("%.3f", *c.change.P)
		}
		fmt.Fprintf(
			w,
			"%-9s %.3f -> %.3f  %+.3f (95%% interval %s, p %s)\n",
			c.name,
			c.change.Before,
			c.change.After,
			c.change.Change.Value,
			interval,
			p,
		)
	}
	if !r.On {
		_, err := fmt.Fprintf(w, "%s: no improvement shown, the search stays as it was\n", plural.N(r.HeldOut, "test question"))
		return err
	}
	_, err := fmt.Fprintf(w, "%s: the search improves; %s\n", plural.N(r.HeldOut, "test question"), r.File)
	return err
}
