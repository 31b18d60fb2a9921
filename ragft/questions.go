package ragft

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"reflect"

	"github.com/ragft/ragft/internal/atomicfile"
	"github.com/ragft/ragft/internal/plural"
	"github.com/ragft/ragft/ragft/model"
	"github.com/ragft/ragft/ragft/question"
	"github.com/ragft/ragft/ragft/question/dataset"
	"github.com/ragft/ragft/retriever"
	"github.com/ragft/ragft/retriever/dense"
)

// Questions has the model write questions about the passages of the index, as [question.Compose] does, a third of them
// unanswerable; with Write.Import it takes those of a data set instead, with all that came with each. It writes them to
// Config.Questions, a file to look at and edit. Documents that an unanswerable question names as hidden are not found when
// demonstrations and evaluations search; the assistant finds them.
//
// Questions of your own, in a file that was there first, are counted and nothing
// more. So are those of an earlier run, edited or not, while nothing changed that
// they are made of.
func (p *Project) Questions(ctx context.Context) (*QuestionsResult, error) {
	return inStep(ctx, p, StepQuestions, p.questionsHere)
}

// questionsHere is Questions in this process.
func (p *Project) questionsHere(ctx context.Context, w *work) (*QuestionsResult, error) {
	own, err := p.ownQuestions()
	if err != nil {
		return nil, err
	}
	switch {
	case own:
		r := &QuestionsResult{UpToDate: true}
		return r, r.count(p.questionsFile())
	case p.config.Write.Import != "":
		return p.importQuestions(w)
	}
	return p.writeQuestions(ctx, w)
}

// ownQuestions reports whether the questions are not for this step to make: the
// file is there, and this step has not written it.
func (p *Project) ownQuestions() (bool, error) {
	if p.config.EstimateOnly || p.config.Write.Import != "" || p.config.Force && p.config.Questions == "" {
		return false, nil
	}
	file := p.questionsFile()
	if _, err := os.Stat(file); err != nil {
		return false, ignore(err, fs.ErrNotExist)
	}
	made, err := p.wrote(StepQuestions, file)
	return !made, err
}

// count reads how many questions a file has.
func (r *QuestionsResult) count(file string) error {
	all, err := question.ReadFile(file)
	if err != nil {
		return err
	}
	if len(all) == 0 {
		return fmt.Errorf("%s: %w", file, question.ErrNone)
	}
	r.File, r.Questions, r.Unanswerable = file, len(all), 0
	for _, q := range all {
		if q.Unanswerable {
			r.Unanswerable++
		}
	}
	return nil
}

// composeOptions are those of the library.
func (p *Project) composeOptions() question.ComposeOptions {
	c := p.config.Write
	return question.ComposeOptions{
		PerChunk: c.PerChunk, Limit: c.Limit.Or(0), Unanswerable: c.Unanswerable, MaxTokens: c.MaxTokens, MaxWords: c.MaxWords,
		MinChunk: c.MinChunk, Seed: p.seed(), Batch: c.Batch,
	}
}

func (p *Project) writeInputs(ctx context.Context) (inputs, error) {
	in, err := p.settings([]string{"write", "seed", "context"}, "write.batch", "write.import", "write.format", "write.documents")
	if err != nil {
		return nil, err
	}
	if err := in.passages(ctx, p.index); err != nil {
		return nil, err
	}
	if err := in.searching(ctx, p, "none"); err != nil {
		return nil, err
	}
	if err := in.written(p, "file of questions", p.questionsFile()); err != nil {
		return nil, err
	}
	return in, in.model(ctx, p, "model", p.config.Model)
}

// untaught is [Project.searcher] without what TuneSearch learnt of the questions: they would follow from themselves, and be
// written anew after it.
func (p *Project) untaught(ctx context.Context) (*dense.Search, error) {
	t, _, err := p.namedTuning()
	if err != nil {
		return nil, err
	}
	return p.searchedBy(ctx, t, false)
}

func (p *Project) writeQuestions(ctx context.Context, w *work) (*QuestionsResult, error) {
	if err := p.openIndex(); err != nil {
		return nil, err
	}
	r, o := &QuestionsResult{}, p.composeOptions()
	chunks, err := corpus(ctx, p.index)
	if err != nil {
		return nil, err
	}
	r.Estimate = o.Estimate(chunks)
	if p.config.EstimateOnly {
		return r, nil
	}
	in, err := p.writeInputs(ctx)
	if err != nil {
		return nil, err
	}
	if ok, err := p.kept(StepQuestions, in, r); ok || err != nil {
		r.UpToDate = ok
		if err == nil {
			err = r.count(p.questionsFile()) // which may have been edited
		}
		return r, err
	}
	if err := p.openBase(ctx, w); err != nil {
		return nil, err
	}
	if o.Searcher, err = p.untaught(ctx); err != nil {
		return nil, err
	}
	w.say("questions about %s: at most %s", plural.N(len(chunks), "passage"), r.Estimate)
	w.phase("writing questions", "passages")
	w.set(0, len(chunks), "")
	o.Progress = func(c model.Progress) { w.set(c.Done, c.Total, fmt.Sprintf("%d accepted", c.Accepted)) }
	composed, err := question.Compose(ctx, p.models.asked, chunks, o)
	if err != nil {
		return nil, err
	}
	r.Passages, r.Tokens, r.Cost = composed.Chunks, composed.Cost.Tokens, composed.Cost
	r.LeftOut = words(composed.Rejected)
	if len(composed.Questions) == 0 {
		return nil, fmt.Errorf("%w: of %s the model wrote none that could be verified (%s): use a larger model, or your own questions",
			question.ErrNone, plural.N(composed.Chunks, "passage"), counts(r.LeftOut))
	}
	return r, p.keepQuestions(w, r, in, func(path string) error { return question.WriteFile(path, composed.Questions) })
}

func (p *Project) importQuestions(w *work) (*QuestionsResult, error) {
	c := p.config.Write
	if p.config.EstimateOnly { // it asks no model
		return &QuestionsResult{}, nil
	}
	in, err := p.importInputs()
	if err != nil {
		return nil, err
	}
	r := &QuestionsResult{}
	if ok, err := p.kept(StepQuestions, in, r); ok || err != nil {
		r.UpToDate = ok
		if err == nil {
			err = r.count(p.questionsFile())
		}
		return r, err
	}
	format := dataset.Format(c.Format)
	if c.Format == "detect" || c.Format == "" {
		format = dataset.Detect
	}
	set, err := dataset.ReadFile(c.Import, format)
	if err != nil {
		return nil, err
	}
	r.LeftOut = set.Skipped
	if c.Documents != "" {
		documents := set.Documents()
		if err := writeDocuments(c.Documents, documents); err != nil {
			return nil, err
		}
		r.Passages = len(documents)
	}
	if len(set.Items) == 0 {
		return nil, fmt.Errorf("%s: %w", c.Import, question.ErrNone)
	}
	return r, p.keepQuestions(w, r, in, set.WriteFile)
}

func (p *Project) importInputs() (inputs, error) {
	in, err := p.settings([]string{"write.import", "write.format"})
	if err != nil {
		return nil, err
	}
	return in, errors.Join(in.written(p, "file of questions", p.questionsFile()), in.written(p, "write.documents", p.config.Write.Documents))
}

func (p *Project) keepQuestions(w *work, r *QuestionsResult, in inputs, write func(path string) error) error {
	if err := p.makeDir(); err != nil {
		return err
	}
	file := p.questionsFile()
	if err := p.backUp(StepQuestions, file); err != nil {
		return err
	}
	if err := write(file); err != nil {
		return err
	}
	if err := r.count(file); err != nil {
		return err
	}
	files := []string{file}
	if documents := p.config.Write.Documents; documents != "" {
		files = append(files, documents)
	}
	return p.keep(StepQuestions, record{Inputs: in, Cost: r.Cost, Took: w.took()}, r, files...)
}

// writeDocuments writes documents as JSONL, as the index reads it.
func writeDocuments(path string, documents []retriever.Document) error {
	return atomicfile.WritePrivate(path, func(w io.Writer) error {
		e := json.NewEncoder(w)
		for _, d := range documents {
			if err := e.Encode(map[string]string{"title": d.Title, "text": d.Text}); err != nil {
				return err
			}
		}
		return nil
	})
}

// check says which settings of [QuestionsConfig] have no effect.
func (c *QuestionsConfig) check() error {
	if c.Import == "" {
		if c.Documents != "" || c.Format != "" {
			return errors.New("write.documents and write.format need write.import: they have no effect without it")
		}
		return nil
	}
	rest := *c
	rest.Import, rest.Format, rest.Documents = "", "", ""
	var errs []error
	walkKeys(reflect.ValueOf(&rest).Elem(), "write", func(name string, f field) {
		if !f.value.IsZero() {
			errs = append(errs, fmt.Errorf("%s has no effect with write.import, which asks no model", name))
		}
	})
	return errors.Join(errs...)
}

// listedSearch is a search that also lists its passages.
type listedSearch interface {
	retriever.Searcher
	retriever.Lister
}

// unhidden is [Project.searcher] without what the questions hide.
func (p *Project) unhidden(ctx context.Context, adapter string) (listedSearch, error) {
	search, err := p.searcher(ctx, adapter, false)
	if err != nil {
		return nil, err
	}
	all, err := question.ReadFile(p.questionsFile())
	if err != nil && !errors.Is(err, fs.ErrNotExist) { // a recipe may need no questions
		return nil, err
	}
	hidden := map[string]bool{}
	for _, q := range all {
		if q.Hidden != "" {
			hidden[q.Hidden] = true
		}
	}
	if len(hidden) == 0 {
		return search, nil
	}
	return question.Unhidden{Searcher: search, Hidden: hidden}, nil
}
