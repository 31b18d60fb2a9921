package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"os"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
	"golang.org/x/term"

	"github.com/ragft/ragft/ragft"
	"github.com/ragft/ragft/ragft/judge"
)

// app is what all commands share.
type app struct {
	in       io.Reader
	out      io.Writer // results
	err      io.Writer // progress, notes and errors
	screen   *screen   // err if it is a terminal; otherwise nil
	progress *progress

	file    string // --config
	sets    []string
	json    bool
	quiet   bool
	verbose bool
	trust   bool

	estimate, force, quick bool // flags of some commands

	config  ragft.Config
	found   *ragft.Config   // what the current folder's project file says, if nobody named one; empty without a file; nil = one was named
	hasFile bool            // there is a project file
	given   map[string]bool // the keys that the command line sets
	command *cobra.Command

	kept    []byte // with --json: the object to print
	printed bool   // it was
}

// run runs one command line and returns the exit code.
func run(ctx context.Context, args []string, in io.Reader, out, errs io.Writer) int {
	out = &visible{w: out}
	a := &app{in: in, out: out}
	if f, ok := errs.(*os.File); ok && term.IsTerminal(int(f.Fd())) {
		a.screen = &screen{w: f, columns: func() int { n, _, _ := term.GetSize(int(f.Fd())); return n }}
		errs = a.screen
		defer context.AfterFunc(ctx, a.screen.interrupted)()
	}
	errs = &visible{w: errs}
	a.err = errs
	a.progress = &progress{out: errs, screen: a.screen, now: time.Now}
	root := a.root()
	root.SetArgs(args)
	root.SetIn(in)
	root.SetOut(out)
	root.SetErr(errs)
	cmd, err := root.ExecuteContextC(ctx)
	a.progress.end()
	if err == nil {
		err = a.printKept()
	}
	if err == nil {
		return exitOK
	}
	code := exitCode(err)
	if isAny(err, diskFull...) {
		err = fmt.Errorf("the disk is full: %w; free some space and run the same command again", err)
	}
	if ctx.Err() != nil {
		code = exitInterrupted
		err = errors.New("interrupted; run the same command to resume")
	}
	fmt.Fprintf(errs, "%s: %v\n", cmd.CommandPath(), err)
	if flags := flagsFor(cmd, err.Error()); flags != "" {
		fmt.Fprintf(errs, "Flags: %s.\n", flags)
	}
	if errors.Is(err, judge.ErrUnread) {
		fmt.Fprintln(errs, "In the project file: judge, and votes, judge-tokens or tournament of demonstrate.self-demo.")
	}
	if code == exitUsage {
		fmt.Fprintf(errs, "See '%s --help'.\n", cmd.CommandPath())
	}
	if a.json {
		_ = errors.Join(a.keep(failure{err.Error(), code}), a.printKept()) // the exit code says it as well
	}
	return code
}

const rootLong = `ragft teaches a small local language model to answer from your documents, and to say so when the answer is not in them.

  ragft teach notes --model base.gguf    from a folder to a tuned assistant, step by step
  ragft ask "Who keeps the light?"       one answer, with citations
  ragft chat                             questions and answers
  ragft serve                            an HTTP service with OpenAI's API

Settings beyond the flags are keys of the project file, ragft.yaml; --set KEY=VALUE sets one for a single run.
An interrupted command resumes when it is run again.

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
			message := fmt.Sprintf("unknown command %q", args[0])
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
	f.VarP(
		&setting{option: option{flag: "project", key: "dir", kind: "FOLDER"}},
		"project",
		"p",
		"project folder: index, questions, rows, adapter, evaluation, report and cache (default .ragft)",
	)
	f.StringVarP(&a.file, "config", "c", "", "project `FILE` (default ragft.yaml, if there is one)")
	f.StringArrayVarP(
		&a.sets,
		"set",
		"s",
		nil,
		"set a key of the project file for this run, `KEY=VALUE`, such as train.warmup=0; may be given several times",
	)
	f.BoolVar(&a.trust, "trust", false, "let this folder's ragft.yaml and .ragft use servers, addresses and files elsewhere, now and later")
	f.BoolVar(&a.json, "json", false, "print the result as one JSON object on standard output")
	f.BoolVarP(&a.quiet, "quiet", "q", false, "no progress and no notes")
	f.BoolVarP(&a.verbose, "verbose", "v", false, "log more, including llama.cpp's own messages")
	for _, group := range []struct {
		title    string
		commands []*cobra.Command
	}{
		{"Start here:", []*cobra.Command{a.teachCommand(), a.askCommand(), a.chatCommand(), a.serveCommand(), a.reportCommand(),
			a.doctorCommand()}},
		{"Step by step:", []*cobra.Command{a.indexCommand(), a.questionsCommand(), a.demonstrateCommand(), a.trainCommand(),
			a.evaluateCommand()}},
		{"More:", []*cobra.Command{a.tuneSearchCommand(), a.mergeCommand(), a.convertCommand(), a.publishCommand(), a.exportCommand(),
			a.modelsCommand(), a.forgetCommand()}},
	} {
		root.AddGroup(&cobra.Group{ID: group.title, Title: group.title})
		for _, c := range group.commands {
			c.GroupID = group.title
			complete(c)
			root.AddCommand(c)
		}
	}
	cobra.EnableCommandSorting = false
	return root
}

// changed are the flags that were given.
func changed(f *pflag.FlagSet) (given []*pflag.Flag) {
	f.Visit(func(flag *pflag.Flag) { given = append(given, flag) })
	return given
}

// prepare reads the project file and the options, and sets up logging, before any command.
func (a *app) prepare(cmd *cobra.Command) error {
	if cmd.GroupID == "" {
		return nil // help and completion
	}
	if err := a.readConfig(cmd); err != nil {
		return err
	}
	level := slog.LevelWarn
	switch {
	case a.verbose:
		level = slog.LevelDebug
	case a.quiet:
		level = slog.LevelError
	}
	if !a.quiet {
		a.config.Progress = a.progress.show
	}
	a.config.Logger = slog.New(newLog(a.err, level))
	slog.SetDefault(a.config.Logger)
	setNativeLogger(a.config.Logger)
	return nil
}

func (a *app) readConfig(cmd *cobra.Command) (err error) {
	name := a.file
	if name == "" {
		name = projectFile
	}
	a.config, err = ragft.LoadConfig(name)
	switch {
	case err == nil, errors.Is(err, fs.ErrNotExist) && a.file == "":
	case errors.Is(err, fs.ErrNotExist):
		return fmt.Errorf("project file: %w", err)
	default:
		return usageError(err)
	}
	a.hasFile = err == nil
	if a.file == "" {
		found := a.config
		a.found = &found
	}
	a.command = cmd
	if err := a.apply(cmd); err != nil {
		return err
	}
	if a.config.Worker.Steps == nil {
		a.config.Worker.Steps = []string{ragft.StepTrain}
	}
	return nil
}

// open opens the project. settings are keys and values that arguments of the command set.
func (a *app) open(ctx context.Context, settings ...string) (*ragft.Project, error) {
	for i := 0; i < len(settings); i += 2 {
		if err := a.config.Set(settings[i], settings[i+1]); err != nil {
			return nil, err
		}
		a.given[settings[i]] = true
	}
	if err := a.agreed(); err != nil {
		return nil, err
	}
	if a.estimate && a.force {
		return nil, usageError(errors.New("--force has no effect with --estimate: leave one of them out"))
	}
	a.config.EstimateOnly, a.config.Force = a.estimate, a.force
	return ragft.Open(ctx, a.config)
}
