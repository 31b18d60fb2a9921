package main

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/ragft/ragft/internal/plural"
	"github.com/ragft/ragft/ragft"
	"github.com/ragft/ragft/retriever"
)

// Options that several commands have.
var (
	modelOption   = option{flag: "model", short: "m", key: "model", kind: "MODEL", usage: "base model: " + modelForms}
	weightsOption = option{flag: "model", short: "m", key: "model", kind: "MODEL", usage: "base model: " + weightsForms}
	adapterOption = option{
		flag:  "adapter",
		key:   "adapter",
		kind:  "FILE",
		usage: "LoRA adapter, or none (default: adapter.gguf of the project folder if it exists)",
	}
	questionsOption = option{
		flag:  "questions",
		key:   "questions",
		kind:  "FILE",
		usage: "questions with answers, JSONL (default: questions.jsonl of the project folder)",
	}
	judgeOption = option{flag: "judge", key: "judge", kind: "MODEL", usage: "model that judges answers, named like --model"}
	rowsOption  = option{
		flag:  "rows",
		key:   "rows",
		kind:  "FILE",
		usage: "training rows, JSONL (default: rows.jsonl of the project folder)",
	}
	embedOption = option{
		flag:  "embed",
		key:   "search.embed",
		kind:  "MODEL",
		usage: "embedding model, a GGUF file, to search by meaning as well; pass it to index and to all commands that search",
	}
	rerankOption = option{
		flag:  "rerank",
		key:   "search.rerank",
		kind:  "MODEL",
		usage: "reranker, a GGUF file, which reorders the passages that were found",
	}
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
	return command("documents threads gpu-layers index search.embed search.query-prefix search.passage-prefix", []option{
		{
			flag:  "chunk",
			key:   "index.chunk",
			kind:  "N",
			usage: "size of a passage (default 200 words, or 5 sentences with index.chunk-by: sentences)",
		},
		{flag: "overlap", key: "index.overlap", kind: "N", usage: "how much of a passage is repeated in the next (default 0)"},
		embedOption,
		{flag: "rebuild", key: "index.rebuild", usage: "create the index from scratch, also if it is damaged"},
		{flag: "verify", key: "index.verify", usage: "compare the contents of all files, also of those that look unchanged"},
	}, &cobra.Command{
		Use: "index [FOLDER]", Short: "Split documents into passages and index them", Args: arguments(cobra.MaximumNArgs(1)),
		Long: `Reads a folder, splits the documents into passages and indexes them for BM25. It reads text, Markdown, HTML, PDF, EPUB,
the formats of Word, PowerPoint, Excel and LibreOffice Writer, e-mail, notebooks, subtitles, source code and JSONL.
Run it again after documents changed: files that changed are read again, and passages of deleted files are removed. A file or
folder within the folder that was indexed is indexed alone. Other commands can use the index meanwhile.`,
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
		a.skipped(r.Skipped)
		for _, s := range r.Kept {
			a.note("kept the passages of %s: %s", s.Path, s.Error())
		}
		if r.Removed > 0 {
			a.note("removed %s of files that are gone, empty or no longer documents", plural.N(r.Removed, "passage"))
		}
		vectors := ""
		if r.Vectors > 0 {
			vectors = fmt.Sprintf(", %d with a vector (%d new)", r.Vectors, r.Embedded)
		}
		_, err := fmt.Fprintf(w, "%s: %s, %s%s%s\n", r.Index, plural.N(r.Documents, "document"), plural.N(r.Passages, "passage"),
			vectors, unchanged(r.UpToDate))
		return err
	})
}

// skipped counts the files that were skipped by reason, and with -v lists them.
func (a *app) skipped(list []retriever.Skip) {
	if len(list) == 0 {
		return
	}
	report := retriever.LoadReport{Skipped: list}
	if !a.verbose {
		a.note("skipped %s; -v lists them", report.Reasons())
		return
	}
	for _, s := range list {
		a.note("skipped %s: %s", s.Path, s.Error())
	}
	a.note("skipped %s", report.Reasons())
}

// unchanged says that nothing was done.
func unchanged(upToDate bool) string {
	if upToDate {
		return " (up to date)"
	}
	return ""
}

func (a *app) questionsCommand() *cobra.Command {
	c := command(runKeys+"model questions seed write search worker", []option{
		modelOption, embedOption, rerankOption,
		{flag: "limit", key: "write.limit", kind: "N", usage: "stop after this many questions (default 400, 0 = no limit)"},
		{flag: "import", key: "write.import", kind: "FILE", usage: "take the questions from a data set instead"},
		{
			flag:  "documents",
			key:   "write.documents",
			kind:  "FILE",
			usage: "with --import: write the passages of the data set to this file, JSONL, for 'ragft index'",
		},
	}, &cobra.Command{
		Use: "questions", Short: "Write questions about the documents, or import a data set", Args: arguments(cobra.NoArgs),
		Long: `The model writes questions about names, dates, numbers and other phrases of the passages. A question is kept if it is
clear by itself, and if the model finds the answer in the passage and not without it. A third of the questions have no answer:
they are about documents that are hidden from the search of 'demonstrate' and 'evaluate', or no passage that the search
finds answers them.

With --import, the questions of a published data set are used instead, with everything that comes with them: evidence, other
passages and earlier turns of the conversation. --documents writes its passages as documents.

Read the questions before you use them, and delete the bad ones: small models write many.`,
	})
	a.workFlags(c, estimateCost)
	return a.onProject(c, func(ctx context.Context, p *ragft.Project) error {
		r, err := p.Questions(ctx)
		if err != nil {
			return err
		}
		return a.result(r, func(w io.Writer) error {
			if a.estimate {
				_, err := fmt.Fprintf(w, "questions: at most %s\n", r.Estimate)
				return err
			}
			if len(r.LeftOut) > 0 {
				a.note("left out: %s", counts(r.LeftOut))
			}
			_, err := fmt.Fprintf(
				w,
				"%s: %s, %d of them unanswerable%s\n",
				r.File,
				plural.N(r.Questions, "question"),
				r.Unanswerable,
				unchanged(r.UpToDate),
			)
			return err
		})
	})
}

func (a *app) demonstrateCommand() *cobra.Command {
	c := command(askKeys+"judge test-share rows passages demonstrate decide.share search search-tuning.file worker", []option{
		modelOption, questionsOption, judgeOption, embedOption, rerankOption,
		{
			flag:  "test-share",
			key:   "test-share",
			kind:  "SHARE",
			usage: "share of the questions that is kept for the evaluation (default 0.5)",
		},
		{flag: "recipe", key: "demonstrate.recipe", kind: "NAME", words: recipes, list: true,
			usage: "how rows are made: " + strings.Join(
				recipes,
				", ",
			) + "; several are mixed by weight: verified=2,gold=1 (default verified)"},
		{flag: "rows", key: "rows", kind: "FILE", usage: "file to write, JSONL (default: rows.jsonl of the project folder)"},
	}, &cobra.Command{
		Use: "demonstrate", Short: "Make the training rows", Args: arguments(cobra.NoArgs),
		Long: `Makes training rows from the questions that are not kept for the evaluation: by default the model's own correct
answers, else its rewording of the reference or the reference, and a refusal where the documents do not hold the answer, each checked
against the reference and the documents. What it may cost at most is printed first. Everything that the model writes is cached, so an
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
var recipes = []string{"verified", "self-demo", "gold", "ralt", "raft", "memory", "pretrain"}

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
	if len(r.Made) > 0 {
		a.note("targets: %s", shares(r.Made))
	}
	if r.Refusal != "" {
		a.note("the rows decline with: %s", r.Refusal)
	}
	_, err := fmt.Fprintf(w, "%s: %s (%s)%s\n", r.File, plural.N(r.Rows, "row"), counts(r.Kinds), unchanged(r.UpToDate))
	return err
}

// workFlags gives the command of a step the flags that say whether it works.
func (a *app) workFlags(c *cobra.Command, estimate string) {
	c.Flags().
		BoolVar(&a.force, "force", false, "run the step even if its result is up to date; model replies still come from the cache")
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

// shares is a map of counts in words, each with its share, the largest first.
func shares(m map[string]int) string {
	total := 0
	for _, n := range m {
		total += n
	}
	keys := slices.SortedFunc(maps.Keys(m), func(x, y string) int { return cmp.Or(cmp.Compare(m[y], m[x]), cmp.Compare(x, y)) })
	var parts []string
	for _, k := range keys {
		parts = append(parts, fmt.Sprintf("%d %s (%.0f %%)", m[k], k, 100*float64(m[k])/float64(total)))
	}
	return strings.Join(parts, ", ")
}
