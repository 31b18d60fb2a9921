//go:build cgo

// Results measures what ragft makes of real models, and writes docs/results.md.
//
//	go run ./examples/results -data dev-v2.0.json -model NAME=FILE.gguf [-model ...] [-also NAME=FILE] [-text FILE] [-only TEXT] [-work DIR]
//
// -data is a file in the format of SQuAD 2.0. Half of its articles are learnt from and the other half is measured on; of each
// half a third is hidden, so that questions about it have no answer in the documents. Every job (a model, a way of teaching,
// a seed) writes a file to docs/results as soon as it is done, and jobs whose file is there are not done again. A job that is
// interrupted, by -for as well, goes on where it was. The page is made from the files that are there, and says what is missing.
//
// Models whose name begins with Gemma also get the German and French questions in examples/results/languages: they are trained
// on the same questions as the others, with instruction and refusal in that language. -also NAME=FILE measures the adapters on
// further questions: a file in the format of SQuAD, or JSONL with question, answers and ctxs.
//
// examples/results/models.sh gets a model to begin with.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"os/signal"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"
	"strings"
	"syscall"
	"time"

	"github.com/ragft/ragft/ragft"
)

// program is the program with its flags.
type program struct {
	data, out, work, only, page string
	text                        string // file of general text; "" = none
	models                      []namedModel
	learn, held                 sizes
	passages, threads, epochs   int
	rate                        float64
	seeds                       uint64
	sets                        []testSet
	most                        time.Duration // that the program works; 0 = until all is done
}

func main() {
	var p program
	flag.StringVar(&p.data, "data", "", "file of questions, in the format of SQuAD 2.0")
	flag.StringVar(&p.out, "out", "docs/results", "folder of the result files")
	flag.StringVar(&p.page, "page", "docs/results.md", "page to write")
	flag.StringVar(&p.work, "work", ".ragft/results", "folder of projects and caches")
	flag.StringVar(&p.only, "only", "", "do only the jobs whose name has this text")
	flag.Func("model", "NAME=FILE.gguf; may be given several times", func(s string) error {
		name, path, ok := strings.Cut(s, "=")
		if !ok {
			return errors.New("it is NAME=FILE")
		}
		p.models = append(p.models, namedModel{name, path})
		return nil
	})
	flag.IntVar(&p.learn.answerable, "learn", 600, "answerable questions to learn from; half as many of each other kind")
	flag.IntVar(&p.held.answerable, "held", 300,
		"answerable questions to measure on; as many that no document is about, and twice as many altered ones")
	flag.IntVar(&p.passages, "passages", 2, "passages shown with a question")
	flag.IntVar(&p.threads, "threads", runtime.NumCPU(), "threads")
	flag.IntVar(&p.epochs, "epochs", 0, "epochs of the training; 0 is the default of the library")
	flag.Float64Var(&p.rate, "rate", 0, "learning rate; 0 is the default of the library")
	flag.Uint64Var(&p.seeds, "seeds", 3, "seeds, from 1")
	flag.StringVar(&p.text, "text", "", "file of general text, a paragraph a line, for the perplexity")
	flag.DurationVar(&p.most, "for", 0, "stop after this time, such as 40m; run the program again to go on. 0 = until all is done")
	languages := flag.String("languages", "examples/results/languages", "folder of the German and French questions")
	var also []testSet
	flag.Func("also", "NAME=FILE: further questions to measure on, not to learn from; may be given several times", func(s string) error {
		name, path, ok := strings.Cut(s, "=")
		if !ok {
			return errors.New("it is NAME=FILE")
		}
		also = append(also, testSet{name: name, path: path})
		return nil
	})
	flag.Parse()
	p.sets = slices.Concat(languageSets(*languages), also)
	p.learn.altered, p.learn.absent = p.learn.answerable/2, p.learn.answerable/2
	p.held.altered, p.held.absent = 2*p.held.answerable, p.held.answerable
	slog.SetLogLoggerLevel(slog.LevelWarn)
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	err := p.runFor(ctx)
	if errors.Is(err, errTime) {
		fmt.Fprintln(os.Stderr, "results:", err)
		os.Exit(3)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "results:", err)
		os.Exit(1)
	}
}

// errTime ends the program when its time is over. What is done is kept.
var errTime = errors.New("the time given by -for is over: run the program again to go on where it stopped")

func (p program) runFor(ctx context.Context) error {
	if p.most > 0 {
		var stop context.CancelFunc
		ctx, stop = context.WithTimeoutCause(ctx, p.most, errTime)
		defer stop()
	}
	err := p.run(ctx)
	if err != nil && errors.Is(context.Cause(ctx), errTime) {
		return errTime
	}
	return err
}

func (p program) run(ctx context.Context) error {
	if len(p.models) > 0 && p.data == "" {
		return errors.New("-data is missing: a file in the format of SQuAD 2.0")
	}
	if err := os.MkdirAll(p.out, 0o755); err != nil {
		return err
	}
	for _, j := range p.jobs() {
		if !strings.Contains(j.name(), p.only) {
			continue
		}
		_, err := os.Stat(p.file(j))
		if err == nil {
			fmt.Println(j.name()+":", "is there")
			continue
		}
		if !errors.Is(err, fs.ErrNotExist) {
			return err
		}
		fmt.Println(j.name())
		if err := p.do(ctx, j); err != nil {
			return fmt.Errorf("%s: %w", j.name(), err)
		}
		if err := p.writePage(); err != nil {
			return err
		}
	}
	return p.writePage()
}

// jobs lists all jobs of the models that are given: seed by seed, so that the first seed of all is there first.
func (p program) jobs() []job {
	var all []job
	for seed := uint64(1); seed <= p.seeds; seed++ {
		for _, m := range p.models {
			for _, a := range arms() {
				if (seed == 1 || !a.oneSeed) && (a.models == nil || slices.Contains(a.models, m.name)) {
					all = append(all, job{m, a, seed, testSet{}})
				}
			}
		}
		if seed == 1 {
			all = append(all, p.setJobs()...)
		}
	}
	return all
}

// setJobs lists the jobs that are measured on other questions, with the first seed alone.
func (p program) setJobs() (all []job) {
	for _, m := range p.models {
		for _, set := range p.sets {
			if !strings.HasPrefix(m.name, set.models) {
				continue
			}
			for _, a := range set.arms() {
				all = append(all, job{m, a, 1, set})
			}
		}
	}
	return all
}

var notSlug = regexp.MustCompile(`[^a-z0-9]+`)

// slug makes a file name of a text.
func slug(s string) string {
	return strings.Trim(notSlug.ReplaceAllString(strings.ToLower(s), "-"), "-")
}

// progress prints a line whenever a phase begins or is a quarter further.
func (p program) progress(name string) func(ragft.Progress) {
	last := ""
	return func(at ragft.Progress) {
		if at.Total == 0 {
			return
		}
		key := fmt.Sprint(at.Step, at.Phase, 10*at.Done/at.Total)
		if key == last {
			return
		}
		last = key
		fmt.Printf("%s: %s, %s %d of %d %s\n", name, at.Step, at.Phase, at.Done, at.Total, at.Note)
	}
}

// readAll reads the results that are there, in the order of their names.
func (p program) readAll() ([]*outcome, error) {
	files, err := filepath.Glob(filepath.Join(p.out, "*.json"))
	if err != nil {
		return nil, err
	}
	slices.Sort(files)
	var all []*outcome
	for _, file := range files {
		o, err := readOutcome(file)
		if err != nil {
			return nil, err
		}
		all = append(all, o)
	}
	return all, nil
}
