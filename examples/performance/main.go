// Performance measures the speed of generation and training on this machine, and writes docs/performance.md.
//
//	./build.sh --tools
//	go run ./examples/performance -model NAME=FILE.gguf [-model ...] [-only TEXT] [-times 5]
//
// It runs the benchmarks of packages llama and lora, each in a process of its own. Every job (a model, a prompt's length, a
// number of sequences; a type of weights) writes a file to docs/performance as soon as it is done, and jobs whose file exists
// are not run again. The page is made from the existing files, and says what is missing. Nothing else should run on the
// machine meanwhile.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"log"
	"os"
	"os/signal"
	"path/filepath"
	"regexp"
	"runtime"
	"strings"
)

// program is the program with its flags.
type program struct {
	out, page string
	only      *regexp.Regexp
	models    []namedModel
	times     int
	threads   int
	folder    string // of the compiled benchmarks
}

// namedModel is a GGUF file, and what the page calls it.
type namedModel struct{ name, file string }

func main() {
	log.SetFlags(0)
	p := program{}
	only := flag.String("only", "", "run only the jobs whose name matches this regular expression")
	list := flag.Bool("list", false, "list the jobs, and whether they are done")
	pageOnly := flag.Bool("page-only", false, "only write the page again")
	flag.StringVar(&p.out, "out", filepath.Join("docs", "performance"), "folder of the results")
	flag.StringVar(&p.page, "page", filepath.Join("docs", "performance.md"), "page to write")
	flag.IntVar(&p.times, "times", 5, "runs of each job, of which the median counts; ours and llama.cpp's take turns")
	flag.IntVar(&p.threads, "threads", runtime.NumCPU(), "threads that compute")
	flag.Func("model", "NAME=FILE, a model to generate with; may be repeated", func(s string) error {
		name, file, ok := strings.Cut(s, "=")
		if !ok || !regexp.MustCompile(`^[\w.-]+$`).MatchString(name) {
			return errors.New("want NAME=FILE, and a NAME of letters, digits, dots and dashes")
		}
		full, err := filepath.Abs(file)
		p.models = append(p.models, namedModel{name, full})
		return err
	})
	flag.Parse()
	var err error
	if p.only, err = regexp.Compile(*only); err != nil {
		log.Fatalf("-only: %v", err)
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	switch {
	case *list:
		p.list()
	case *pageOnly:
		err = p.writePage()
	default:
		err = errors.Join(p.run(ctx), p.writePage())
	}
	if err != nil {
		log.Fatal(err)
	}
}

// list shows the jobs.
func (p *program) list() {
	for _, j := range p.jobs() {
		state := "to do"
		if _, err := readResult(p.file(j)); err == nil {
			state = "done"
		}
		fmt.Printf("%-6s %s\n", state, j.name)
	}
}

// run does the jobs that are not done.
func (p *program) run(ctx context.Context) (err error) {
	if p.folder, err = os.MkdirTemp("", "performance-"); err != nil {
		return err
	}
	defer os.RemoveAll(p.folder) //nolint:errcheck // left behind at worst
	for _, j := range p.jobs() {
		if _, err := readResult(p.file(j)); err == nil {
			continue
		} else if !errors.Is(err, os.ErrNotExist) {
			return err
		}
		log.Printf("%s ...", j.name)
		r, err := p.measure(ctx, j)
		if err != nil {
			return fmt.Errorf("%s: %w", j.name, err)
		}
		if err := r.write(p.file(j)); err != nil {
			return err
		}
		log.Printf("%s: %v", j.name, r.Metrics)
	}
	return nil
}
