package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"

	"github.com/spf13/cobra"

	"github.com/ragft/ragft/ragft/model"
	"github.com/ragft/ragft/ragft/searchtune"
	"github.com/ragft/ragft/retriever"
)

const retrievalName = "retrieval.json"

type tuneFlags struct {
	modelFlags
	promptFlags
	questionFlags
	lsr      searchtune.Options
	batch    int
	estimate bool
}

func (a *app) tuneCommand() *cobra.Command {
	var o tuneFlags
	cmd := &cobra.Command{
		Use: "tune", Short: "Tune the search to the model", Args: arguments(cobra.NoArgs),
		Long: `Learns how the questions are best searched for: weights of their terms, the weight of titles, k1 and b, from how
likely the model finds the right answer after each passage (LSR of RA-DIT). The index stays as it is. Of the questions that
are not held out, half are held out of this once more, and where the right passages are not shown to come earlier for them,
the search is left as it was. Otherwise it is written to retrieval.json of the project's folder, which demos, eval, ask, chat
and serve then use, as long as the index does not change. Scores are kept in the cache.`,
		RunE: func(cmd *cobra.Command, _ []string) error { return a.runTune(cmd.Context(), o) },
	}
	f := cmd.Flags()
	o.modelFlags.add(f)
	o.addAdapter(f)
	o.promptFlags.add(f)
	o.questionFlags.add(f)
	f.Var(countValue(&o.lsr.Chunks, 10, 2), "candidates", "passages of a question that the model is asked about")
	f.Var(positiveValue(&o.lsr.Temperature, 0.01), "tau", "temperature of what the model says")
	f.BoolVar(&o.lsr.PerToken, "per-token", false, "likelihood of an answer by its mean token, for long answers")
	f.Var(countValue(&o.batch, 16, 1), "batch", "questions at a time")
	f.BoolVar(&o.estimate, "estimate", false, "say what it may cost, and stop")
	return cmd
}

// tuneResult is what tune prints with --json.
type tuneResult struct {
	File     string     `json:"file,omitempty"` // empty where the search is left as it was
	Estimate model.Cost `json:"estimate"`
	*searchtune.Result
}

func (a *app) runTune(ctx context.Context, o tuneFlags) error {
	train, _, err := o.read(a)
	if err != nil {
		return err
	}
	evidence, err := o.evidence(a)
	if err != nil {
		return err
	}
	index, err := a.openIndex()
	if err != nil {
		return err
	}
	defer index.Close()
	bar := a.bar("scoring", "questions")
	prompts, err := o.prompts()
	if err != nil {
		return err
	}
	o.lsr.Evidence, o.lsr.Prompts, o.lsr.Seed, o.lsr.Batch, o.lsr.Logger = evidence, prompts, a.seed, o.batch, a.log
	o.lsr.Progress = func(p model.Progress) {
		bar.set(int64(p.Done), int64(p.Total), fmt.Sprintf("%d passages scored", p.Calls))
	}
	r := tuneResult{}
	if r.Estimate, err = o.lsr.Estimate(train); err != nil {
		return err
	}
	expected := fmt.Sprintf("tuning by %d questions: at most %s", len(train), r.Estimate)
	if o.estimate {
		return a.result(r, func(w io.Writer) error {
			_, err := fmt.Fprintln(w, expected)
			return err
		})
	}
	a.note("%s", expected)
	adapter, err := a.adapterPath(o.modelFlags)
	if err != nil {
		return err
	}
	if err := a.checkLayout(o.modelFlags, prompts); err != nil {
		return err
	}
	m, err := a.open(ctx, o.modelFlags, adapter)
	if err != nil {
		return err
	}
	defer m.close()
	scorer, err := m.cached(a, m.best())
	if err != nil {
		return err
	}
	r.Result, err = searchtune.Learn(ctx, scorer, index, train, o.lsr)
	bar.done()
	if err != nil {
		return err
	}
	if err := a.keepTuning(&r); err != nil {
		return err
	}
	return a.result(r, func(w io.Writer) error { return r.write(w, a) })
}

// keepTuning writes what was learnt, or removes what an earlier run learnt.
func (a *app) keepTuning(r *tuneResult) error {
	path := a.path(retrievalName)
	if r.On {
		r.File = path
		return retriever.WriteTuningFile(path, r.Tuning)
	}
	if err := os.Remove(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return nil
}

func (r tuneResult) write(w io.Writer, a *app) error {
	a.note("it took %s", r.Cost)
	for _, c := range []struct {
		name   string
		change searchtune.Change
	}{{"MRR", r.MRR}, {"recall@1", r.Recall1}, {"recall", r.Recall}, {"KL, nats", r.Divergence}} {
		interval, p := "unknown", "unknown"
		if e := c.change.Change; e.Low <= e.High { // not of NaN
			interval = fmt.Sprintf("%+.3f to %+.3f", e.Low, e.High)
		}
		if c.change.P != nil {
			p = fmt.Sprintf("%.3f", *c.change.P)
		}
		fmt.Fprintf(w, "%-9s %.3f -> %.3f  %+.3f (95%% interval %s, p %s)\n", c.name, c.change.Before, c.change.After, c.change.Change.Value, interval, p)
	}
	if !r.On {
		_, err := fmt.Fprintf(w, "%d held-out questions: no gain shown, so the search is left as it was\n", r.HeldOut)
		return err
	}
	_, err := fmt.Fprintf(w, "%d held-out questions: the search gains; %s\n", r.HeldOut, r.File)
	return err
}

// searcher is the index as questions are searched for: with the tuning that --retrieval names, or that of the project's
// folder as long as it is of this index.
func (a *app) searcher(ctx context.Context, index *retriever.Index) (*retriever.Tuned, error) {
	path := a.retrieval
	switch path {
	case "none":
		return index.Tuned(ctx, retriever.Tuning{})
	case "":
		path = a.path(retrievalName)
	}
	t, err := retriever.ReadTuningFile(path)
	if errors.Is(err, fs.ErrNotExist) && a.retrieval == "" {
		return index.Tuned(ctx, retriever.Tuning{})
	}
	if err != nil {
		return nil, err
	}
	tuned, err := index.Tuned(ctx, t)
	if errors.Is(err, retriever.ErrChanged) && a.retrieval == "" {
		a.log.Warn("the index was changed since the search was tuned, which is left out: run 'ragft tune' again", "file", path)
		return index.Tuned(ctx, retriever.Tuning{})
	}
	return tuned, err
}
