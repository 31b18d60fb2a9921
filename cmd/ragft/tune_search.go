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
	c := command(askKeys+adapterKeys+"test-share search-tuning search.embed search.weight search.query-prefix search.passage-prefix", []option{
		modelOption, adapterOption, questionsOption, embedOption,
	}, &cobra.Command{
		Use: "tune-search", Short: "Tune the search to the model", Args: arguments(cobra.NoArgs),
		Long: `Learns how to search for the questions: weights of terms and titles, k1 and b, from how likely the model finds the correct
answer after each passage (LSR of RA-DIT). With an embedding model, also the weight of meaning (search.weight),
unless it is set. The index does not change.

Half of the questions that are not kept for the evaluation are used to check the result. If it does not rank the right
passages higher, the search stays as it was. Otherwise retrieval.json is written to the project folder, and used by
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
	writeChanges(w, []change{{"MRR", r.MRR}, {"recall@1", r.Recall1}, {"recall", r.Recall}, {"KL, nats", r.Divergence}})
	questions := plural.N(r.HeldOut, "test question")
	if r.On {
		fmt.Fprintf(w, "%s: the search improves; %s\n", questions, r.File)
	} else {
		fmt.Fprintf(w, "%s: no improvement shown, the search stays as it was\n", questions)
	}
	m := r.Meaning
	if m == nil {
		return nil
	}
	fmt.Fprintf(w, "\nweight of meaning: %v -> %v\n", m.Before, m.Weight)
	writeChanges(w, []change{{"MRR", m.MRR}, {"recall@1", m.Recall1}, {"recall", m.Recall}})
	questions = plural.N(m.HeldOut, "test question")
	if m.On {
		fmt.Fprintf(w, "%s: the search improves; %s\n", questions, r.File)
	} else {
		fmt.Fprintf(w, "%s: no improvement shown, the weight stays %v\n", questions, m.Before)
	}
	return nil
}

type change struct {
	name string
	searchtune.Change
}

func writeChanges(w io.Writer, changes []change) {
	for _, c := range changes {
		interval, p := "unknown", "unknown"
		if e := c.Change.Change; e.Low <= e.High { // not NaN
			interval = fmt.Sprintf("%+.3f to %+.3f", e.Low, e.High)
		}
		if c.P != nil {
			p = fmt.Sprintf("%.3f", *c.P)
		}
		fmt.Fprintf(w, "%-9s %.3f -> %.3f  %+.3f (95%% interval %s, p %s)\n", c.name, c.Before, c.After, c.Change.Change.Value, interval, p)
	}
}
