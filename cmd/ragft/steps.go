package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"math"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/ragft/ragft/ragft"
	"github.com/ragft/ragft/ragft/rows"
	"github.com/ragft/ragft/ragft/searchtune"
)

// Options that several commands have.
var (
	modelOption     = option{flag: "model", short: "m", key: "model", kind: "MODEL", usage: "base model: " + modelForms}
	weightsOption   = option{flag: "model", short: "m", key: "model", kind: "MODEL", usage: "base model: " + weightsForms}
	adapterOption   = option{flag: "adapter", key: "adapter", kind: "FILE", usage: "LoRA adapter, or none (default: adapter.gguf of the project folder if it exists)"}
	questionsOption = option{flag: "questions", key: "questions", kind: "FILE", usage: "questions with answers, JSONL (default: questions.jsonl of the project folder)"}
	judgeOption     = option{flag: "judge", key: "judge", kind: "MODEL", usage: "model that judges answers, named like --model"}
	rowsOption      = option{flag: "rows", key: "rows", kind: "FILE", usage: "training rows, JSONL (default: rows.jsonl of the project folder)"}
)

const (
	modelForms   = "a GGUF file, ollama:NAME, or a model of a server: ollama:NAME@URL or openai:NAME@URL, several separated by commas"
	weightsForms = "a GGUF file, or ollama:NAME for the file that Ollama has"
)

const estimateCost = "print what it may cost at most, and stop"

// onProject runs the command on its project.
func (a *app) onProject(c *cobra.Command, do func(ctx context.Context, p *ragft.Project) error) *cobra.Command {
	c.RunE = func(cmd *cobra.Command, _ []string) error {
		p, err := a.open(cmd.Context())
		if err != nil {
			return err
		}
		defer p.Close()
		return do(cmd.Context(), p)
	}
	return c
}

func (a *app) indexCommand() *cobra.Command {
	return command("index", []option{
		{flag: "chunk", key: "index.chunk", kind: "N", usage: "size of a passage (default 200 words, or 5 sentences with index.chunk-by: sentences)"},
		{flag: "overlap", key: "index.overlap", kind: "N", usage: "how much of a passage is repeated in the next (default 0)"},
		{flag: "rebuild", key: "index.rebuild", usage: "create the index from scratch"},
	}, &cobra.Command{
		Use: "index [FOLDER]", Short: "Split documents into passages and index them", Args: arguments(cobra.MaximumNArgs(1)),
		Long: `Reads a folder, or one file, of text, Markdown, HTML and JSONL, splits it into passages and indexes them for BM25.
Run it again after documents changed: files are read again, and passages of deleted files are removed.`,
		RunE: func(cmd *cobra.Command, args []string) error {
			p, err := a.open(cmd.Context(), documents(args)...)
			if err != nil {
				return err
			}
			defer p.Close()
			return a.index(cmd.Context(), p)
		},
	})
}

// documents is the folder that was named as an argument.
func documents(args []string) []string {
	if len(args) == 0 {
		return nil
	}
	return []string{"documents", args[0]}
}

func (a *app) index(ctx context.Context, p *ragft.Project) error {
	r, err := p.Index(ctx)
	if err != nil {
		return err
	}
	return a.result(r, func(w io.Writer) error {
		for _, s := range r.Skipped {
			a.note("skipped %s: %s", s.Path, strings.TrimSuffix(fmt.Sprintf("%s %s", s.Reason, s.Detail), " "))
		}
		if r.Removed > 0 {
			a.note("removed %d passages of deleted files", r.Removed)
		}
		_, err := fmt.Fprintf(w, "%s: %d documents, %d passages%s\n", r.Index, r.Documents, r.Passages, unchanged(r.UpToDate))
		return err
	})
}

// unchanged says that nothing was done.
func unchanged(upToDate bool) string {
	if upToDate {
		return " (up to date)"
	}
	return ""
}

func (a *app) questionsCommand() *cobra.Command {
	c := command("write", []option{
		modelOption,
		{flag: "limit", key: "write.limit", kind: "N", usage: "stop after this many questions (default 400, 0 = no limit)"},
		{flag: "import", key: "write.import", kind: "FILE", usage: "take the questions from a data set instead"},
		{flag: "documents", key: "write.documents", kind: "FILE", usage: "with --import: write the passages of the data set to this file, JSONL, for 'ragft index'"},
	}, &cobra.Command{
		Use: "questions", Short: "Write questions about the documents, or import a data set", Args: arguments(cobra.NoArgs),
		Long: `The model writes questions about the passages of the index; those whose answer is in the passage are kept.

With --import, the questions of a published data set are used instead, with everything that comes with them: evidence, other
passages and earlier turns of the conversation. --documents writes its passages as documents.

Read the questions before you use them: their quality is not verified. The model writes no unanswerable questions. Add some
that the documents do not answer, with an empty answer; otherwise there is nothing to learn abstention from.`,
	})
	a.workFlags(c, estimateCost)
	return a.onProject(c, func(ctx context.Context, p *ragft.Project) error {
		r, err := p.Questions(ctx)
		if err != nil {
			return err
		}
		return a.result(r, func(w io.Writer) error {
			if a.estimate {
				_, err := fmt.Fprintf(w, "questions about %d passages: at most %s\n", r.Estimate.Calls, r.Estimate)
				return err
			}
			if len(r.LeftOut) > 0 {
				a.note("left out: %s", counts(r.LeftOut))
			}
			_, err := fmt.Fprintf(w, "%s: %d questions, %d of them unanswerable%s\n", r.File, r.Questions, r.Unanswerable, unchanged(r.UpToDate))
			return err
		})
	})
}

func (a *app) demonstrateCommand() *cobra.Command {
	c := command("demonstrate search-tuning.file", []option{
		modelOption, questionsOption, judgeOption,
		{flag: "test-share", key: "test-share", kind: "SHARE", usage: "share of the questions that is kept for the evaluation (default 0.5)"},
		{flag: "recipe", key: "demonstrate.recipe", kind: "NAME", words: recipes, list: true,
			usage: "how rows are made: " + strings.Join(recipes, ", ") + "; several are mixed by weight: self-demo=2,gold=1 (default self-demo)"},
		{flag: "rows", key: "rows", kind: "FILE", usage: "file to write, JSONL (default: rows.jsonl of the project folder)"},
	}, &cobra.Command{
		Use: "demonstrate", Short: "Make the training rows", Args: arguments(cobra.NoArgs),
		Long: `Makes training rows from the questions that are not kept for the evaluation: by default demonstrations in the model's own
words, judged and selected. What it may cost at most is printed first. Everything that the model writes is cached, so an
interrupted or repeated command generates nothing twice. The rows are JSONL; read, filter and edit them as you like.`,
	})
	a.workFlags(c, estimateCost)
	return a.onProject(c, func(ctx context.Context, p *ragft.Project) error {
		r, err := p.Demonstrate(ctx)
		if err != nil {
			return err
		}
		return a.result(r, func(w io.Writer) error { return a.writeDemonstrations(w, r) })
	})
}

// recipes are the names of the recipes, in the order in which help shows them.
var recipes = []string{"self-demo", "gold", "ralt", "raft", "memory", "pretrain"}

func (a *app) writeDemonstrations(w io.Writer, r *ragft.DemonstrateResult) error {
	if a.estimate {
		if r.Prompts != nil {
			fmt.Fprintf(w, "prompt search: at most %s\n", r.Prompts.Estimate)
		}
		_, err := fmt.Fprintf(w, "%s: at most %s\n", r.Recipe, r.Estimate)
		return err
	}
	if r.Audit != nil {
		if err := r.Audit.WriteText(a.err); err != nil {
			return err
		}
	}
	if len(r.Dropped) > 0 {
		a.note("left out: %s", counts(r.Dropped))
	}
	_, err := fmt.Fprintf(w, "%s: %d rows (%s)%s\n", r.File, r.Rows, counts(r.Kinds), unchanged(r.UpToDate))
	return err
}

func (a *app) trainCommand() *cobra.Command {
	c := command("train", []option{
		weightsOption, rowsOption,
		{flag: "adapter", key: "adapter", kind: "FILE", usage: "adapter to write (default: adapter.gguf of the project folder)"},
		{flag: "rank", key: "train.rank", kind: "N", usage: "rank of the adapter's matrices (default 16)"},
		{flag: "epochs", key: "train.epochs", kind: "N", usage: "passes over the rows (default 3)"},
		{flag: "rate", key: "train.rate", kind: "RATE", usage: "learning rate (default 2e-4; models of a few million weights need about 1e-3)"},
		{flag: "memory-budget", key: "train.memory-budget", kind: "SIZE", usage: "memory that training may use, such as 3GiB (default: no bound)"},
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
	return fmt.Sprintf("%s: weights %s, adapter %s, optimiser %s, context %s, activations %s, logits %s", sizeText(m.Total), sizeText(m.Weights),
		sizeText(m.Adapter), sizeText(m.Optimiser), sizeText(m.Context), sizeText(m.Activations), sizeText(m.Logits))
}

func (a *app) writeTraining(w io.Writer, r *ragft.TrainResult) error {
	if r.UpToDate {
		_, err := fmt.Fprintf(w, "%s is up to date; --force retrains\n", r.Adapter)
		return err
	}
	if r.Resumed > 0 {
		a.note("%d of the steps were done by an earlier run", r.Resumed)
	}
	if r.Rose != "" {
		a.note("stopped because the loss of %s rose too far; the adapter is that of step %d", r.Rose, r.BestStep)
	}
	if r.TooLong > 0 {
		a.note("%d rows were too long and were left out", r.TooLong)
	}
	fmt.Fprintf(w, "%s: %d rows, %d steps, loss %s", r.Adapter, r.Rows, r.Steps, loss(r.Loss))
	if r.ValidationRows > 0 {
		fmt.Fprintf(w, ", validation %s -> %s", loss(r.BaseLoss), loss(r.ValidationLoss))
	}
	fmt.Fprintf(w, ", %.0f s\n", r.Seconds)
	return writeSources(w, r)
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
		case rows.SourceDomain, rows.SourceGeneral:
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
		fmt.Fprintf(w, "%-9s %.3f -> %.3f  %+.3f (95%% interval %s, p %s)\n", c.name, c.change.Before, c.change.After, c.change.Change.Value, interval, p)
	}
	if !r.On {
		_, err := fmt.Fprintf(w, "%d test questions: no improvement shown, the search stays as it was\n", r.HeldOut)
		return err
	}
	_, err := fmt.Fprintf(w, "%d test questions: the search improves; %s\n", r.HeldOut, r.File)
	return err
}

// workFlags gives the command of a step the flags that say whether it works.
func (a *app) workFlags(c *cobra.Command, estimate string) {
	c.Flags().BoolVar(&a.force, "force", false, "do it again even if the result is up to date; what a model wrote is still taken from the cache")
	if estimate != "" {
		c.Flags().BoolVar(&a.estimate, "estimate", false, estimate)
	}
}

// counts is a map of counts in words, the largest first.
func counts(m map[string]int) string {
	keys := slices.SortedFunc(maps.Keys(m), func(x, y string) int { return cmp.Or(cmp.Compare(m[y], m[x]), cmp.Compare(x, y)) })
	var parts []string
	for _, k := range keys {
		parts = append(parts, fmt.Sprintf("%d %s", m[k], k))
	}
	return strings.Join(parts, ", ")
}

// sizeText is a number of bytes for people.
func sizeText(n uint64) string {
	switch {
	case n >= 10<<30:
		return fmt.Sprintf("%.0f GiB", float64(n)/(1<<30))
	case n >= 1<<30:
		return fmt.Sprintf("%.1f GiB", float64(n)/(1<<30))
	case n >= 1<<20:
		return fmt.Sprintf("%.0f MiB", float64(n)/(1<<20))
	}
	return fmt.Sprintf("%.0f KiB", float64(n)/(1<<10))
}

var errNoFolder = errors.New("no documents: name a folder, or set documents in ragft.yaml")
