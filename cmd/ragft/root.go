package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"
	"golang.org/x/term"

	"github.com/ragft/ragft/ragft"
	"github.com/ragft/ragft/ragft/judge"
)

// app is what all commands share.
type app struct {
	in     io.Reader
	out    io.Writer // results
	err    io.Writer // progress, notes and errors
	screen *screen   // err, where it is a terminal; otherwise nil

	project string // path of the project file; "" = ragft.yaml, if it is there
	dir     string // --out
	json    bool
	quiet   bool
	verbose bool
	seed    uint64

	retrieval string // --retrieval

	log *slog.Logger
}

// run runs one command line and returns the exit code.
func run(ctx context.Context, args []string, in io.Reader, out, errs io.Writer) int {
	a := &app{in: in, out: out, err: errs}
	if f, ok := errs.(*os.File); ok && term.IsTerminal(int(f.Fd())) {
		a.screen = &screen{w: f, columns: func() int { n, _, _ := term.GetSize(int(f.Fd())); return n }}
		a.err, errs = a.screen, a.screen
		defer context.AfterFunc(ctx, a.screen.interrupted)()
	}
	root := a.root()
	root.SetArgs(args)
	root.SetIn(in)
	root.SetOut(out)
	root.SetErr(errs)
	cmd, err := root.ExecuteContextC(ctx)
	if err == nil {
		return exitOK
	}
	code := exitCode(err)
	if ctx.Err() != nil {
		code = exitInterrupted
		err = fmt.Errorf("interrupted; what was done is kept, and the same command goes on from there")
	}
	fmt.Fprintf(errs, "%s: %v\n", cmd.CommandPath(), err)
	if errors.Is(err, judge.ErrUnread) {
		fmt.Fprintf(errs, "Here these options are flags: %s.\n", strings.Join(flagsOf(cmd, "judge", "judge-tokens", "votes", "knock-out"), ", "))
	}
	if code == exitUsage {
		fmt.Fprintf(errs, "See '%s --help'.\n", cmd.CommandPath())
	}
	if a.json {
		a.print(map[string]any{"error": err.Error(), "exit_code": code})
	}
	return code
}

// flagsOf are those of the flags that the command has.
func flagsOf(cmd *cobra.Command, names ...string) (has []string) {
	for _, name := range names {
		if cmd.Flags().Lookup(name) != nil {
			has = append(has, "--"+name)
		}
	}
	return has
}

const rootLong = `ragft teaches a small local language model to use retrieved documents, and to say so where they do not hold the answer.

  ragft index notes                       passages of a folder of documents, into .ragft/index
  ragft questions --model base.gguf       questions about them, written by the model
  ragft demos --model base.gguf           demonstrations to learn from
  ragft train --model base.gguf           a LoRA adapter
  ragft eval --model base.gguf            what the adapter changed, and a report
  ragft ask --model base.gguf "Who ...?"  an answer with citations

Whatever a flag can say can stand in ragft.yaml under the same name. A command that was interrupted goes on where it was.

Exit codes: 0 done, 1 another error, 2 wrong usage, 3 bad input, 4 something is missing (a file, a model, a server, a
library), 5 nothing to work on, 6 a budget or bound is not kept, 130 interrupted.`

func (a *app) root() *cobra.Command {
	root := &cobra.Command{
		Use: "ragft", Short: "Teach a local model to use your documents", Long: rootLong, Version: ragft.Version,
		SilenceErrors: true, SilenceUsage: true, Args: cobra.ArbitraryArgs,
		RunE: func(cmd *cobra.Command, args []string) error {
			if len(args) == 0 {
				return cmd.Help()
			}
			message := fmt.Sprintf("there is no command %q", args[0])
			if s := cmd.SuggestionsFor(args[0]); len(s) > 0 {
				message += "; did you mean " + strings.Join(s, " or ") + "?"
			}
			return usageError(errors.New(message))
		},
		PersistentPreRunE: func(cmd *cobra.Command, _ []string) error { return a.prepare(cmd) },
	}
	root.SuggestionsMinimumDistance = 2
	root.SetFlagErrorFunc(func(_ *cobra.Command, err error) error { return usageError(err) })
	f := root.PersistentFlags()
	f.StringVarP(&a.project, "project", "p", "", "project file (default ragft.yaml, if there is one)")
	f.VarP(pathValue(&a.dir, ".ragft"), "out", "o", "folder of index, rows, adapter, evaluation, report and cache")
	f.BoolVar(&a.json, "json", false, "print the result as one JSON object on standard output")
	f.BoolVarP(&a.quiet, "quiet", "q", false, "no progress and no notes")
	f.BoolVarP(&a.verbose, "verbose", "v", false, "log more, llama.cpp's own lines too")
	f.Uint64Var(&a.seed, "seed", 1, "seed of everything random")
	f.Var(modelValue(&a.retrieval), "retrieval", "how demos, eval, ask, chat and serve search: what 'ragft tune' wrote; none leaves it out (default retrieval.json of the project's folder)")
	root.AddGroup(&cobra.Group{ID: "steps", Title: "The steps, in order:"}, &cobra.Group{ID: "use", Title: "Using what came out:"},
		&cobra.Group{ID: "machine", Title: "This machine:"})
	for group, commands := range map[string][]*cobra.Command{
		"steps":   {a.indexCommand(), a.questionsCommand(), a.tuneCommand(), a.demosCommand(), a.trainCommand(), a.evalCommand(), a.reportCommand()},
		"use":     {a.askCommand(), a.chatCommand(), a.serveCommand(), a.mergeCommand(), a.publishCommand(), a.exportCommand()},
		"machine": {a.modelsCommand(), a.doctorCommand()},
	} {
		for _, c := range commands {
			c.GroupID = group
			complete(c)
			root.AddCommand(c)
		}
	}
	cobra.EnableCommandSorting = false
	return root
}

// prepare reads the project file and sets up logging, before any command.
func (a *app) prepare(cmd *cobra.Command) error {
	if err := applyProject(cmd, a.project); err != nil {
		return err
	}
	level := slog.LevelWarn
	switch {
	case a.verbose:
		level = slog.LevelDebug
	case a.quiet:
		level = slog.LevelError
	}
	a.log = slog.New(slog.NewTextHandler(a.err, &slog.HandlerOptions{Level: level, ReplaceAttr: withoutTime}))
	slog.SetDefault(a.log)
	setNativeLogger(a.log)
	return nil
}

func withoutTime(groups []string, attr slog.Attr) slog.Attr {
	if len(groups) == 0 && attr.Key == slog.TimeKey {
		return slog.Attr{}
	}
	return attr
}

// path is a file of the project's folder.
func (a *app) path(name string) string { return filepath.Join(a.dir, name) }

// makeDir makes the project's folder.
func (a *app) makeDir() error { return os.MkdirAll(a.dir, 0o755) }

// note tells people something that is no result.
func (a *app) note(format string, args ...any) {
	if !a.quiet {
		fmt.Fprintf(a.err, format+"\n", args...)
	}
}

// result prints what came out: v with --json, otherwise what text writes.
func (a *app) result(v any, text func(w io.Writer) error) error {
	if a.json {
		return a.print(v)
	}
	return text(a.out)
}

func (a *app) print(v any) error {
	e := json.NewEncoder(a.out)
	e.SetEscapeHTML(false)
	return e.Encode(v)
}
