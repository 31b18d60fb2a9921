//go:build cgo

package main

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"strings"
	"time"

	"github.com/ragft/ragft/internal/atomicfile"
	"github.com/ragft/ragft/internal/wordings"
	"github.com/ragft/ragft/ragft"
	"github.com/ragft/ragft/ragft/abstain"
	"github.com/ragft/ragft/ragft/eval"
	"github.com/ragft/ragft/ragft/opt"
)

// job is one row of the results page: a model, how it was taught, and a seed.
type job struct {
	model namedModel
	arm   arm
	seed  uint64
	set   testSet // what it is measured on
}

// namedModel is a GGUF file with the name that the page has for it.
type namedModel struct{ name, path string }

// name names the job and its result file.
func (j job) name() string { return jobName(j.model.name, j.set.name, j.arm.name, j.seed) }

// jobName is the name of a job; set is "" for the held-out half of -data.
func jobName(model, set, arm string, seed uint64) string {
	if set != "" {
		model += ", " + set
	}
	return fmt.Sprintf("%s, %s, seed %d", model, arm, seed)
}

func (p program) file(j job) string { return filepath.Join(p.out, slug(j.name())+".json") }

// outcome is what a job measured. It is a result file.
type outcome struct {
	Model   string               `json:"model"`
	Set     string               `json:"set,omitempty"` // what it was measured on; "" = the held-out half of the data
	Arm     string               `json:"arm"`
	Seed    uint64               `json:"seed"`
	Data    string               `json:"data"` // name of the file of questions
	Learnt  int                  `json:"learnt"`
	Held    int                  `json:"held"`
	Shown   int                  `json:"passages"`
	Rows    map[string]int       `json:"rows,omitempty"` // by how they were made
	Made    float64              `json:"rows_seconds,omitempty"`
	Tokens  int                  `json:"rows_tokens,omitempty"`
	Train   *ragft.TrainResult   `json:"train,omitempty"`
	Rule    *abstain.Rule        `json:"rule,omitempty"`
	Found   map[string]metric    `json:"found"`            // with retrieved passages
	Given   map[string]metric    `json:"given"`            // with the paragraph of the answer
	Closed  map[string]metric    `json:"closed,omitempty"` // without documents
	Probes  map[string]metric    `json:"probes,omitempty"` // F1, of what was taught of the documents
	Right   right                `json:"right"`
	Text    metric               `json:"perplexity"` // of general text
	Curve   []eval.TradeoffPoint `json:"curve,omitempty"`
	Samples []sample             `json:"samples"` // the first answers, to read
	Asked   askedAll             `json:"asked"`
	Seconds float64              `json:"seconds"` // of the whole job
	Date    string               `json:"date"`
}

// right are the ids of the questions that were answered correctly.
type right struct {
	Given  []string `json:"given,omitempty"`  // with the paragraph of the answer
	Closed []string `json:"closed,omitempty"` // without documents
}

// askedAll are the questions, and what became of each.
type askedAll struct {
	Found records `json:"found,omitempty"`
	Given records `json:"given,omitempty"`
}

// metric is a value with its interval.
type metric struct {
	Value float64 `json:"value"`
	Low   float64 `json:"low"`
	High  float64 `json:"high"`
	N     int     `json:"n"`
}

// sample is one answer.
type sample struct {
	Question  string   `json:"question"`
	Reference string   `json:"reference"`
	Gap       string   `json:"gap,omitempty"`
	Answer    string   `json:"answer"`
	Draft     string   `json:"draft,omitempty"`
	Chance    *float64 `json:"chance,omitempty"`
	Verdict   string   `json:"verdict"`
}

// do does a job and writes its result. What an earlier try has done is kept in the project's folder.
func (p program) do(ctx context.Context, j job) error {
	began := time.Now()
	learnt, held, err := p.sides(j)
	if err != nil {
		return err
	}
	o := &outcome{
		Model: j.model.name, Set: j.set.name, Arm: j.arm.name, Seed: j.seed, Data: filepath.Base(p.data), Learnt: len(learnt.questions),
		Held: len(held.questions), Shown: cmp.Or(j.arm.passages, p.passages),
	}
	project, err := p.prepare(ctx, j, learnt, held, o)
	if err != nil {
		return err
	}
	defer project.Close()
	if err := p.measure(ctx, project, j, learnt, held, o); err != nil {
		return err
	}
	o.Seconds, o.Date = time.Since(began).Seconds(), time.Now().UTC().Format(time.DateOnly)
	return atomicfile.Write(p.file(j), func(w io.Writer) error {
		e := json.NewEncoder(w)
		e.SetIndent("", " ")
		return e.Encode(o)
	})
}

// sides are what a job learns from and what it measures on.
func (p program) sides(j job) (learnt, held side, err error) {
	if learnt, held, err = split(p.data, j.seed, p.learn, p.held); err != nil {
		return learnt, held, err
	}
	if j.set.name != "" {
		if held, err = j.set.read(p.held.answerable, j.seed); err != nil {
			return learnt, held, err
		}
	}
	if j.arm.few > 0 {
		held = held.first(j.arm.few)
	}
	return learnt, held, nil
}

// prepare makes the project of a job, and teaches the model.
func (p program) prepare(ctx context.Context, j job, learnt, held side, o *outcome) (*ragft.Project, error) {
	rows := ""
	if j.arm.rows { // those of the default
		base := j
		base.arm = arm{recipe: j.arm.recipe}
		project, err := p.open(ctx, base, learnt)
		if err != nil {
			return nil, err
		}
		rows, err = project.Path("rows.jsonl"), errors.Join(demonstrate(ctx, project, o), project.Close())
		if err != nil {
			return nil, err
		}
	}
	start := ""
	if j.arm.first != "" {
		before := j
		before.arm = arm{name: j.arm.first, recipe: []string{j.arm.first}, taught: true, set: func(c *ragft.Config) {
			c.Demonstrate.Pretrain.Replay = opt.Of(0.0) // the general text that there is, is measured on
		}}
		project, err := p.taught(ctx, before, held.asked(), &outcome{}, "", "")
		if err != nil {
			return nil, err
		}
		if start, err = project.AdapterFile(); err != nil {
			return nil, errors.Join(err, project.Close())
		}
		if err := project.Close(); err != nil {
			return nil, err
		}
	}
	if j.arm.taught {
		learnt = held.asked()
	}
	return p.taught(ctx, j, learnt, o, rows, start)
}

// taught is the project of a job, with its model taught if the job has a recipe: on the rows of a file, if there is one, from an
// adapter, if there is one.
func (p program) taught(ctx context.Context, j job, from side, o *outcome, rows, start string) (*ragft.Project, error) {
	project, err := p.open(ctx, j, from, func(c *ragft.Config) { c.Rows, c.Train.Start = rows, start })
	if err != nil || j.arm.recipe == nil {
		return project, err
	}
	if rows == "" {
		err = demonstrate(ctx, project, o)
	}
	if err == nil {
		o.Train, err = project.Train(ctx)
	}
	if err != nil {
		return nil, errors.Join(err, project.Close())
	}
	// a result file says nothing of the machine's folders
	o.Train.Adapter, o.Train.Metrics = filepath.Base(o.Train.Adapter), filepath.Base(o.Train.Metrics)
	return project, nil
}

// open opens the project of a job, with an index of the documents of the side.
func (p program) open(ctx context.Context, j job, from side, set ...func(*ragft.Config)) (*ragft.Project, error) {
	// what is taught depends on the language, and not on what is measured
	name := fmt.Sprintf("%s %s %d %s", j.model.name, strings.Join(j.arm.recipe, " "), j.seed, j.set.language)
	if !j.arm.shares() {
		name += " " + j.arm.name
	}
	dir := filepath.Join(p.work, slug(name))
	documents, questions, err := from.write(dir)
	if err != nil {
		return nil, err
	}
	c := ragft.Config{
		Dir: filepath.Join(dir, "project"), Documents: documents, Questions: questions, Model: j.model.path, Passages: p.passages,
		TestShare: opt.Of(0.0), Seed: opt.Of(j.seed), Threads: p.threads, Progress: p.progress(j.name()), Sequences: 8,
		Language: cmp.Or(j.set.language, wordings.English),
	}
	c.Index.Chunk = 400 // a paragraph
	c.Train.Epochs, c.Train.Rate = p.epochs, p.rate
	c.Demonstrate.Recipe = j.arm.recipe
	if j.arm.set != nil {
		set = append(set, j.arm.set)
	}
	for _, one := range set {
		one(&c)
	}
	project, err := ragft.Open(ctx, c)
	if err != nil {
		return nil, err
	}
	if _, err := project.Index(ctx); err != nil {
		return nil, errors.Join(err, project.Close())
	}
	return project, nil
}

// demonstrate makes rows.
func demonstrate(ctx context.Context, project *ragft.Project, o *outcome) error {
	made, err := project.Demonstrate(ctx)
	if err != nil {
		return err
	}
	list, err := project.ReadRows()
	if err != nil {
		return err
	}
	o.Rows, o.Made, o.Tokens = map[string]int{}, max(made.Cost.Elapsed, made.Cost.Generating).Seconds(), made.Cost.Tokens
	for _, row := range list {
		o.Rows[cmp.Or(row.Made, string(row.Kind))]++
	}
	return nil
}
