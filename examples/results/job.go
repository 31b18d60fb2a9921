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

// arm is a way of teaching; without a recipe the model is left as it is.
type arm struct {
	name    string
	recipe  string
	about   string
	soft    float64  // share of the model's own teaching in the loss
	ruled   bool     // the rule decides what is answered
	careful bool     // the instruction tells to decline
	oneSeed bool     // measured with the first seed alone
	models  []string // on which it is measured; nil = all
}

func arms() []arm {
	return []arm{
		{name: "untuned", about: "the model as it is"},
		{name: "told to decline", careful: true, about: "the model as it is, with an instruction to decline"},
		{name: "untuned, rule", ruled: true, about: "the model as it is, with the rule that decides what to answer"},
		{name: "default", recipe: "verified", ruled: true, about: "verified demonstrations and the rule: what `teach` does"},
		{name: "default, free", recipe: "verified", about: "the same adapter, which declines by itself"},
		{name: "gold", recipe: "gold", ruled: true, oneSeed: true, about: "reference answers and one refusal, with the rule"},
		{name: "ralt", recipe: "ralt", ruled: true, oneSeed: true, about: "RALT of RA-DIT, with the rule"},
		{name: "self-demo", recipe: "self-demo", ruled: true, oneSeed: true, about: "the paper's self-demonstrations, with the rule"},
		{
			name: "soft targets", recipe: "verified", soft: 0.5, ruled: true, oneSeed: true, models: []string{"SmolLM2-135M-Instruct"},
			about: "the default's rows, half of their loss taught by the model itself (`train.soft`), with the rule",
		},
	}
}

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
	Right   right                `json:"right"`
	Text    metric               `json:"perplexity"` // of general text
	Curve   []eval.TradeoffPoint `json:"curve,omitempty"`
	Samples []sample             `json:"samples"` // the first answers, to read
	Seconds float64              `json:"seconds"` // of the whole job
	Date    string               `json:"date"`
}

// right are the ids of the questions that were answered correctly.
type right struct {
	Given  []string `json:"given,omitempty"`  // with the paragraph of the answer
	Closed []string `json:"closed,omitempty"` // without documents
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
	learnt, held, err := split(p.data, j.seed, p.learn, p.held)
	if err != nil {
		return err
	}
	if j.set.name != "" {
		if held, err = j.set.read(p.held.answerable, j.seed); err != nil {
			return err
		}
	}
	// what is taught depends on the language, and not on what is measured
	dir := filepath.Join(p.work, slug(fmt.Sprintf("%s %s %d %s", j.model.name, j.arm.recipe, j.seed, j.set.language)))
	documents, questions, err := learnt.write(dir)
	if err != nil {
		return err
	}
	c := ragft.Config{
		Dir: filepath.Join(dir, "project"), Documents: documents, Questions: questions, Model: j.model.path, Passages: p.passages,
		TestShare: opt.Of(0.0), Seed: opt.Of(j.seed), Threads: p.threads, Progress: p.progress(j.name()), Sequences: 8,
		Language: cmp.Or(j.set.language, wordings.English),
	}
	c.Index.Chunk = 400 // a paragraph
	c.Train.Epochs, c.Train.Rate = p.epochs, p.rate
	if j.arm.recipe != "" {
		c.Demonstrate.Recipe = []string{j.arm.recipe}
	}
	project, err := indexed(ctx, c)
	if err != nil {
		return err
	}
	defer project.Close()
	o := &outcome{
		Model: j.model.name, Set: j.set.name, Arm: j.arm.name, Seed: j.seed, Data: filepath.Base(p.data), Learnt: len(learnt.questions),
		Held: len(held.questions), Shown: p.passages,
	}
	if j.arm.recipe != "" {
		if err := demonstrate(ctx, project, o); err != nil {
			return err
		}
		if j.arm.soft > 0 { // the same rows, and an adapter that does not replace the one without
			c.Rows, c.Dir, c.Train.Soft = project.Path("rows.jsonl"), filepath.Join(dir, "soft"), j.arm.soft
			if project, err = indexed(ctx, c); err != nil {
				return err
			}
			defer project.Close()
		}
		if o.Train, err = project.Train(ctx); err != nil {
			return err
		}
	}
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

// indexed opens a project and brings its index up to date.
func indexed(ctx context.Context, c ragft.Config) (*ragft.Project, error) {
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
