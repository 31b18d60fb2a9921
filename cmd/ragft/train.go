package main

import (
	"context"
	"fmt"
	"io"
	"maps"
	"math"
	"slices"

	"github.com/spf13/cobra"

	"github.com/ragft/ragft/internal/plural"
	"github.com/ragft/ragft/internal/trainlog"
	"github.com/ragft/ragft/ragft"
)

func (a *app) trainCommand() *cobra.Command {
	c := command(askKeys+adapterKeys+"test-share rows passages train decide search worker", []option{
		weightsOption, rowsOption, embedOption, rerankOption,
		{flag: "adapter", key: "adapter", kind: "FILE", usage: "adapter to write (default: adapter.gguf of the project folder)"},
		{flag: "rank", key: "train.rank", kind: "N", usage: "rank of the adapter's matrices (default 16)"},
		{flag: "epochs", key: "train.epochs", kind: "N", usage: "passes over the rows (default: 1 to 3, by their number)"},
		{
			flag:  "rate",
			key:   "train.rate",
			kind:  "RATE",
			usage: "learning rate (default: by the size of the model)",
		},
		{
			flag:  "memory-budget",
			key:   "train.memory-budget",
			kind:  "SIZE",
			usage: "memory that training may use, such as 3GiB (default: no bound)",
		},
	}, &cobra.Command{
		Use: "train", Short: "Train a LoRA adapter on the rows", Args: arguments(cobra.NoArgs),
		Long: `Trains the model on the rows and writes an adapter that llama.cpp and Ollama load. The memory it needs is printed first.
A training that was interrupted or killed resumes from its checkpoint, which is beside the adapter.`,
	})
	a.workFlags(c, "print how much memory it needs, and stop")
	return a.onProject(c, func(ctx context.Context, p *ragft.Project) error {
		r, err := p.Train(ctx)
		if err != nil {
			return err
		}
		if a.estimate {
			return a.result(r.Memory, func(w io.Writer) error {
				_, err := fmt.Fprintf(w, "memory: %s\n", memoryText(r.Memory))
				return err
			})
		}
		return a.result(r, func(w io.Writer) error { return a.writeTraining(w, r) })
	})
}

func memoryText(m ragft.TrainMemory) string {
	return fmt.Sprintf(
		"%s: weights %s, adapter %s, optimiser %s, context %s, activations %s, logits %s",
		plural.Bytes(m.Total),
		plural.Bytes(m.Weights),
		plural.Bytes(m.Adapter),
		plural.Bytes(m.Optimiser),
		plural.Bytes(m.Context),
		plural.Bytes(m.Activations),
		plural.Bytes(m.Logits),
	)
}

func (a *app) writeTraining(w io.Writer, r *ragft.TrainResult) error {
	if r.UpToDate {
		_, err := fmt.Fprintf(w, "%s is up to date; --force retrains\n", r.Adapter)
		return err
	}
	if r.Resumed > 0 {
		a.note("%d of the steps %s done by an earlier run", r.Resumed, plural.Pick(r.Resumed, "was", "were"))
	}
	if r.Rose != "" {
		a.note("stopped because the loss of %s rose too far; the adapter is that of step %d", r.Rose, r.BestStep)
	}
	if r.TooLong > 0 {
		a.note("%s too long and left out", plural.N(r.TooLong, "row")+plural.Pick(r.TooLong, " was", " were"))
	}
	fmt.Fprintf(w, "%s: %s, %s, loss %s", r.Adapter, plural.N(r.Rows, "row"), plural.N(r.Steps, "step"), loss(r.Loss))
	if r.ValidationRows > 0 {
		fmt.Fprintf(w, ", validation %s -> %s", loss(r.BaseLoss), loss(r.ValidationLoss))
	}
	fmt.Fprintf(w, ", %.0f s\n", r.Seconds)
	if c := r.Choice; c != nil {
		fmt.Fprintf(w, "kept: the adapter of step %d, chosen among %d by %d prompts, in %.0f %% of the time\n",
			r.BestStep, len(c.Scores), c.Held+c.Without, 100*c.Seconds/max(r.Seconds, 1e-9))
	}
	if err := a.writeRule(w, r); err != nil {
		return err
	}
	return writeSources(w, r)
}

// writeRule says what the rule by which the model abstains does on the questions that it was fitted on.
func (a *app) writeRule(w io.Writer, r *ragft.TrainResult) error {
	if r.Rule == nil {
		a.note("no rule for abstaining was fitted: %s", r.NoRule)
		return nil
	}
	c := r.Rule.Calibration
	_, err := fmt.Fprintf(w, "rule: declines %d of %s whose answer is shown and %d of %d others\n",
		c.Declined, plural.N(c.Held, "question"), c.Caught, c.Without)
	return err
}

func loss(x *float64) string {
	if x == nil {
		return "unknown"
	}
	return fmt.Sprintf("%.3f", *x)
}

// writeSources says what the training did to the validation rows of each source: the perplexity of plain text, the loss of others.
func writeSources(w io.Writer, r *ragft.TrainResult) error {
	if len(r.BySource) < 2 {
		return nil // the line about all rows says it
	}
	for _, source := range slices.Sorted(maps.Keys(r.BySource)) {
		before, after := r.BaseBySource[source], r.BySource[source]
		what, digits := "loss", 3
		switch source {
		case trainlog.Domain, trainlog.General:
			what, digits, before, after = "perplexity", 2, math.Exp(before), math.Exp(after)
		case "":
			source = "rows without a source:"
		}
		if _, err := fmt.Fprintf(w, "%s %s %.*f -> %.*f\n", source, what, digits, before, digits, after); err != nil {
			return err
		}
	}
	return nil
}
