//go:build cgo

package main

import (
	"cmp"
	"context"
	"errors"
	"io/fs"
	"path/filepath"
	"slices"

	"github.com/ragft/ragft/ragft"
	"github.com/ragft/ragft/ragft/answer"
	"github.com/ragft/ragft/ragft/eval"
	"github.com/ragft/ragft/ragft/eval/probe"
	"github.com/ragft/ragft/ragft/model"
	"github.com/ragft/ragft/ragft/model/cache"
	"github.com/ragft/ragft/ragft/model/local"
	"github.com/ragft/ragft/ragft/question"
	"github.com/ragft/ragft/retriever"
)

// maxTokens is the longest answer, and drafts the number of short ones that are drawn beside it, as the library does by itself.
const maxTokens, drafts = 40, 8

// keys are the metrics that a result file keeps.
var keys = []string{
	"correct", "exact_match", "f1", "containment", "made_up_absent", "made_up_altered", "made_up", "false_refusal", "truthfulness",
	"auc_absent", "auc_altered", "aurc", "citation_precision", "citation_recall", "answer_tokens", "seconds",
}

// measure asks the model of the job the questions that are held out.
func (p program) measure(ctx context.Context, project *ragft.Project, j job, learnt, held side, o *outcome) error {
	index, err := memoryIndex(ctx, held, j.set.analyzer())
	if err != nil {
		return err
	}
	defer index.Close()
	m, err := local.Open(ctx, j.model.path, local.Options{Sequences: 8, Threads: p.threads})
	if err != nil {
		return err
	}
	defer m.Close()
	asked := m
	if j.arm.recipe != nil {
		adapter, err := project.AdapterFile()
		if err != nil {
			return err
		}
		if asked, err = m.Adapted(adapter, 1); err != nil {
			return err
		}
		defer asked.Close()
	}
	cached, err := cache.Open(asked, filepath.Join(project.Config().Dir, "measured"))
	if err != nil {
		return err
	}
	defer cached.Close()
	search, err := p.search(ctx, project, j, index)
	if err != nil {
		return err
	}
	s := eval.System{Name: j.arm.name, Model: cached, Setting: eval.SettingRetrieval}
	if j.arm.ensemble {
		s.Ensemble = &answer.Ensemble{}
	}
	if j.arm.final {
		s.Extract = answer.Final
	}
	if j.arm.careful {
		s.Prompt = j.set.prompts().WithDefaults().Careful
	}
	if j.arm.ruled {
		if o.Rule, err = p.rule(ctx, project, j, cached, learnt); err != nil {
			return err
		}
		s.Rule = o.Rule
	}
	found, err := p.evaluate(ctx, j, s, search, held.questions)
	if err != nil {
		return err
	}
	o.Found, o.Curve, o.Samples = metrics(&found.Systems[0]), found.Systems[0].Tradeoff, samples(found)
	o.Found[trustKey], o.Asked.Found = trust(found.Systems[0].Records), recordsOf(found, s)
	s.Setting, s.Ensemble = eval.SettingGold, nil
	if s.Rule != nil { // the paragraph is given, so there is nothing to decide
		always := *s.Rule
		always.Threshold = 0
		s.Rule = &always
	}
	given, err := p.evaluate(ctx, j, s, index, answerable(held.questions))
	if err != nil {
		return err
	}
	o.Given, o.Right.Given, o.Asked.Given = metrics(&given.Systems[0]), correct(given), recordsOf(given, eval.System{})
	if j.set.name != "" {
		return nil
	}
	if s.Setting = eval.SettingClosed; s.Rule != nil { // what is asked is what the model knows, not whether it would say so
		s.Rule, s.Exclude = nil, s.Rule.Refusal
	}
	closed, err := p.evaluate(ctx, j, s, index, answerable(held.questions))
	if err != nil {
		return err
	}
	o.Closed, o.Right.Closed = metrics(&closed.Systems[0]), correct(closed)
	if slices.Contains(j.arm.recipe, "memory") {
		if o.Probes, err = p.probes(ctx, project, j, m, cached, index); err != nil {
			return err
		}
	}
	if p.text == "" {
		return nil
	}
	o.Text, err = generalText(ctx, cached, p.text, j.seed)
	return err
}

// search is the index, or how it is searched after the search was tuned on the questions to learn from.
func (p program) search(ctx context.Context, project *ragft.Project, j job, index *retriever.Index) (retriever.Searcher, error) {
	if !j.arm.tuned {
		return index, nil
	}
	r, err := project.TuneSearch(ctx)
	if err != nil || !r.On {
		return index, err // it was not shown to help, so that nothing is changed
	}
	return index.Tuned(ctx, r.Tuning)
}

// probes asks what the model was taught of its documents, and what they say as a whole: the F1 of its answers without documents
// and with retrieved ones, and of the untuned model's with retrieved ones.
func (p program) probes(
	ctx context.Context,
	project *ragft.Project,
	j job,
	base, tuned model.Model,
	index retriever.Searcher,
) (map[string]metric, error) {
	c := probe.Config{Base: base, Tuned: tuned, Evaluation: eval.Config{
		Prompts: j.set.prompts(), Search: index, Passages: p.passages, MaxTokens: j.arm.tokens, Seed: j.seed, Batch: 8,
	}}
	var err error
	if c.Rows, err = project.ReadRows(); err != nil {
		return nil, err
	}
	for name, into := range map[string]*[]question.Question{"probes.jsonl": &c.Local, "global-probes.jsonl": &c.Global} {
		if *into, err = question.ReadFile(project.Path(name)); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return nil, err
		}
	}
	r, err := probe.Run(ctx, c)
	if err != nil {
		return nil, err
	}
	out := map[string]metric{}
	for name, list := range r.Lists() {
		for i := range list.Evaluation.Systems {
			s := &list.Evaluation.Systems[i]
			out[name+", "+s.Name] = metrics(s)["f1"]
		}
	}
	return out, nil
}

func (p program) evaluate(
	ctx context.Context,
	j job,
	s eval.System,
	search retriever.Searcher,
	questions []question.Question,
) (*eval.Evaluation, error) {
	show := p.progress(j.name())
	return eval.Run(ctx, eval.Config{
		Systems: []eval.System{s}, Prompts: j.set.prompts(), Questions: questions, Search: search,
		Passages: cmp.Or(j.arm.passages, p.passages), MaxTokens: cmp.Or(j.arm.tokens, maxTokens), Seed: j.seed, Batch: 8, Drafts: drafts,
		Progress: func(at eval.Progress) {
			if at.Stage != "answer" {
				return
			}
			show(ragft.Progress{Step: "measure", Phase: string(s.Setting) + " " + at.Stage, Done: at.Done, Total: at.Total})
		},
	})
}

func answerable(questions []question.Question) []question.Question {
	var out []question.Question
	for _, q := range questions {
		if len(q.Golds()) > 0 {
			out = append(out, q)
		}
	}
	return out
}

func metrics(s *eval.SystemResult) map[string]metric {
	out := map[string]metric{}
	for _, key := range keys {
		if e := s.Estimate(key); e.Defined() {
			m := metric{Value: e.Value, Low: e.Value, High: e.Value, N: e.N}
			if e.Low == e.Low {
				m.Low, m.High = e.Low, e.High
			}
			out[key] = m
		}
	}
	return out
}

// samples returns the first answers of each kind.
func samples(e *eval.Evaluation) []sample {
	var out []sample
	kinds := map[question.Gap]int{}
	for i, r := range e.Systems[0].Records {
		if kinds[r.Gap]++; kinds[r.Gap] > 8 {
			continue
		}
		q := e.Questions[i]
		out = append(out, sample{
			Question: q.Question.Question, Reference: q.Answer, Gap: string(r.Gap), Answer: r.Answer, Draft: r.Draft, Chance: r.Chance,
			Verdict: string(r.Verdict),
		})
	}
	return out
}

func memoryIndex(ctx context.Context, s side, analyzer retriever.Analyzer) (*retriever.Index, error) {
	index, err := retriever.NewMemory(retriever.IndexOptions{Analyzer: analyzer})
	if err != nil {
		return nil, err
	}
	var chunks []retriever.Chunk
	for _, d := range s.documents {
		more, err := retriever.Split(d, retriever.SplitOptions{Size: 400})
		if err != nil {
			return nil, errors.Join(err, index.Close())
		}
		chunks = append(chunks, more...)
	}
	if err := index.Add(ctx, chunks); err != nil {
		return nil, errors.Join(err, index.Close())
	}
	return index, nil
}
