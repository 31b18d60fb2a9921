package report

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"

	"github.com/ragft/ragft/internal/atomicfile"
	"github.com/ragft/ragft/internal/figures"
	"github.com/ragft/ragft/internal/jsonl"
	"github.com/ragft/ragft/ragft/eval"
	"github.com/ragft/ragft/ragft/eval/probe"
	"github.com/ragft/ragft/ragft/eval/robust"
)

// answerLine is a line of an answers file: the head, a question with its passages, the answer
// of one system to one question, or a part of a robustness result. Lines of fact questions
// have the name of their list.
type answerLine struct {
	Memory     string         `json:"memory,omitempty"`
	Evaluation *Results       `json:"evaluation,omitempty"`
	Question   *eval.Question `json:"question,omitempty"`
	Robustness string         `json:"robustness,omitempty"` // name of the system
	Document   *eval.Document `json:"document,omitempty"`   // of robust.Result.Documents, in order
	Change     string         `json:"change,omitempty"`     // name of the change
	Flip       *robust.Flip   `json:"flip,omitempty"`

	Outcome *robust.Outcome `json:"outcome,omitempty"`
	System  string          `json:"system,omitempty"`
	*eval.Record
}

// answerLines returns the lines of results, the head first.
func answerLines(memory string, e *Results) []answerLine {
	own, head := *e.Evaluation, *e
	head.Evaluation = &own
	head.Questions, head.Systems, head.Comparisons = nil, slices.Clone(e.Systems), slices.Clone(e.Comparisons)
	lines := []answerLine{{Evaluation: &head}}
	for i := range e.Questions {
		lines = append(lines, answerLine{Question: &e.Questions[i]})
	}
	for i, s := range e.Systems {
		head.Systems[i] = eval.SystemResult{
			Name: s.Name, Model: s.Model, Setting: s.Setting, Prompt: s.Prompt,
			Layout: s.Layout, Ensemble: s.Ensemble, Extracted: s.Extracted, ScoresTrue: s.ScoresTrue, Rule: s.Rule,
		}
		for k := range s.Records {
			lines = append(lines, answerLine{System: s.Name, Record: &s.Records[k]})
		}
	}
	for i, c := range e.Comparisons {
		head.Comparisons[i] = eval.Comparison{Base: c.Base, Other: c.Other}
	}
	head.Robustness = slices.Clone(e.Robustness)
	for i, r := range e.Robustness {
		short := *r
		short.Documents, short.Changes = nil, slices.Clone(r.Changes)
		for k := range r.Documents {
			lines = append(lines, answerLine{Robustness: r.System, Document: &r.Documents[k]})
		}
		for k := range r.Changes {
			short.Changes[k].Flips, short.Changes[k].Outcomes = nil, nil
			for n := range r.Changes[k].Flips {
				lines = append(lines, answerLine{Robustness: r.System, Change: r.Changes[k].Name, Flip: &r.Changes[k].Flips[n]})
			}
			for n := range r.Changes[k].Outcomes {
				lines = append(lines, answerLine{Robustness: r.System, Change: r.Changes[k].Name, Outcome: &r.Changes[k].Outcomes[n]})
			}
		}
		head.Robustness[i] = &short
	}
	for i := range lines {
		lines[i].Memory = memory
	}
	if e.Memory != nil {
		short := probe.Result{}
		for name, list := range e.Memory.Lists() {
			p := *list
			p.Evaluation = nil
			*short.At(name) = &p
			lines = append(lines, answerLines(name, &Results{Evaluation: list.Evaluation})...)
		}
		head.Memory = &short
	}
	return lines
}

// WriteAnswersFile writes the answers as JSONL, from which [ReadAnswersFile] makes the results
// again without a model. The file is replaced atomically.
//
// The first line, {"evaluation": ...}, names the systems and holds everything without texts.
// A line {"question": ...} follows for each question with its passages, and a line {"system":
// ..., "question_id": ..., "answer": ..., "verdict": ...} with the fields of [eval.Record] for
// each question and system. Robustness adds {"robustness": system, "document": ...} for each
// passage, {"robustness": system, "change": ..., "flip": ...} for each flip and the same with
// "outcome" for each question. Fact questions add such lines with {"memory": "local"} or
// "global".
func (r *Results) WriteAnswersFile(path string) error {
	return atomicfile.WritePrivate(path, r.writeAnswers)
}

func (r *Results) writeAnswers(w io.Writer) error {
	if err := r.check(); err != nil {
		return fmt.Errorf("ragft: write answers: %w", err)
	}
	if err := jsonl.Write(w, answerLines("", r)); err != nil {
		return fmt.Errorf("ragft: write answers: %w", err)
	}
	return nil
}

// ReadAnswersFile reads a file of [Results.WriteAnswersFile] and computes scores, matrices,
// curves, metrics, intervals and comparisons again, with the seed and the number of bootstrap
// samples of the first line. So verdicts that a person corrected count. Each system must have
// a line for each question, in any order. The error for an invalid line is a
// [*retriever.LineError].
//
// Robustness is computed from its outcomes. Their verdicts must equal those of the flips, so
// correct both lines. A question that flips only because of a correction is counted but not
// listed as a flip, as its answers are not in the file. Everything else is taken from the
// first line.
func ReadAnswersFile(ctx context.Context, path string) (*Results, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("ragft: read answers: %w", err)
	}
	defer f.Close()
	return readAnswers(ctx, path, f)
}

func readAnswers(ctx context.Context, name string, r io.Reader) (*Results, error) {
	a := newAnswersReader()
	if err := jsonl.Each(name, r, a.add); err != nil {
		return nil, fmt.Errorf("ragft: read answers: %w", err)
	}
	e, err := a.evaluation(ctx)
	if err != nil {
		return nil, fmt.Errorf("ragft: read answers: %w", err)
	}
	return e, nil
}

// answersReader builds results line by line.
type answersReader struct {
	e                *Results
	system, question map[string]int
	answers          []answerLine
	memory           map[string]*answersReader // by list of fact questions
}

func newAnswersReader() *answersReader {
	return &answersReader{system: map[string]int{}, question: map[string]int{}, memory: map[string]*answersReader{}}
}

func (a *answersReader) add(_ int, line []byte) error {
	var l answerLine
	if err := json.Unmarshal(line, &l); err != nil {
		return err
	}
	if l.Memory == "" {
		return a.put(l)
	}
	if a.e == nil || a.e.Memory.At(l.Memory) == nil || *a.e.Memory.At(l.Memory) == nil {
		return fmt.Errorf("the first line has no questions %q", l.Memory)
	}
	if a.memory[l.Memory] == nil {
		a.memory[l.Memory] = newAnswersReader()
	}
	return a.memory[l.Memory].put(l)
}

// put takes a line of this evaluation.
func (a *answersReader) put(l answerLine) error {
	switch {
	case l.Evaluation != nil && a.e != nil:
		return errors.New(`a second "evaluation"`)
	case l.Evaluation != nil:
		a.e = l.Evaluation
		for i, s := range a.e.Systems {
			a.system[s.Name] = i
		}
	case a.e == nil:
		return errors.New(`the first line has no "evaluation"`)
	case l.Question != nil:
		if _, ok := a.question[l.Question.ID]; ok {
			return fmt.Errorf("a second question %q", l.Question.ID)
		}
		a.question[l.Question.ID] = len(a.e.Questions)
		a.e.Questions = append(a.e.Questions, *l.Question)
	case l.Robustness != "":
		return a.addRobustness(l)
	case l.Record != nil && l.System != "":
		if _, ok := a.system[l.System]; !ok {
			return fmt.Errorf("the first line has no system %q", l.System)
		}
		if !slices.Contains(figures.Verdicts(), l.Verdict) || !slices.Contains(figures.Contexts(), l.Context) {
			return fmt.Errorf(
				"verdict %q, context %q: a verdict is one of %v, a context one of %v",
				l.Verdict,
				l.Context,
				figures.Verdicts(),
				figures.Contexts(),
			)
		}
		a.answers = append(a.answers, l)
	default:
		return errors.New(`neither an "evaluation", a "question" nor the answer of a "system"`)
	}
	return nil
}

// addRobustness takes a passage, a flip or an outcome of a robustness result.
func (a *answersReader) addRobustness(l answerLine) error {
	at := slices.IndexFunc(a.e.Robustness, func(r *robust.Result) bool { return r.System == l.Robustness })
	if at < 0 {
		return fmt.Errorf("the first line has no robustness of %q", l.Robustness)
	}
	r := a.e.Robustness[at]
	if l.Document != nil {
		r.Documents = append(r.Documents, *l.Document)
		return nil
	}
	of := slices.IndexFunc(r.Changes, func(p robust.Change) bool { return p.Name == l.Change })
	switch {
	case l.Outcome != nil && !(slices.Contains(figures.Verdicts(), l.Outcome.From) && slices.Contains(figures.Verdicts(), l.Outcome.To)):
		return fmt.Errorf("verdicts %q and %q: a verdict is one of %v", l.Outcome.From, l.Outcome.To, figures.Verdicts())
	case of >= 0 && l.Flip != nil:
		r.Changes[of].Flips = append(r.Changes[of].Flips, *l.Flip)
	case of >= 0 && l.Outcome != nil:
		r.Changes[of].Outcomes = append(r.Changes[of].Outcomes, *l.Outcome)
	default:
		return fmt.Errorf("neither a document nor a flip or outcome of a change in the first line: %q", l.Change)
	}
	return nil
}

// evaluation puts the records in place and computes what follows from them.
func (a *answersReader) evaluation(ctx context.Context) (*Results, error) {
	if a.e == nil || len(a.e.Systems) == 0 || len(a.e.Questions) == 0 {
		return nil, fmt.Errorf("%w: no systems or no questions", eval.ErrNothing)
	}
	for i := range a.e.Systems {
		a.e.Systems[i].Records = make([]eval.Record, len(a.e.Questions))
	}
	for _, l := range a.answers {
		i, ok := a.question[l.QuestionID]
		if !ok {
			return nil, fmt.Errorf("system %q answers the unknown question %q", l.System, l.QuestionID)
		}
		r := &a.e.Systems[a.system[l.System]].Records[i]
		if r.QuestionID != "" {
			return nil, fmt.Errorf("system %q answers question %q twice", l.System, l.QuestionID)
		}
		*r = *l.Record
	}
	for _, s := range a.e.Systems {
		for i, r := range s.Records {
			if r.QuestionID == "" {
				return nil, fmt.Errorf("system %q has no answer to question %q", s.Name, a.e.Questions[i].ID)
			}
		}
	}
	for name, probes := range a.memory {
		e, err := probes.evaluation(ctx)
		if err != nil {
			return nil, fmt.Errorf("%s questions: %w", name, err)
		}
		(*a.e.Memory.At(name)).Evaluation = e.Evaluation
	}
	if err := a.e.check(); err != nil {
		return nil, err
	}
	for _, list := range a.e.Memory.Lists() {
		list.Recompute()
	}
	if err := a.e.recomputeRobustness(); err != nil {
		return nil, err
	}
	return a.e, a.e.Recompute(ctx)
}

// recomputeRobustness computes what follows from the outcomes.
func (e *Results) recomputeRobustness() error {
	for _, r := range e.Robustness {
		for i := range r.Changes {
			if err := r.Changes[i].Recompute(); err != nil {
				return fmt.Errorf("robustness of %q, %s: %w", r.System, r.Changes[i].Name, err)
			}
		}
	}
	for _, r := range e.Robustness {
		if r.Base == "" {
			continue
		}
		at := slices.IndexFunc(e.Robustness, func(base *robust.Result) bool { return base.System == r.Base })
		if at < 0 {
			return fmt.Errorf("the robustness of %q is compared with that of %q, which is missing", r.System, r.Base)
		}
		r.Compare(e.Robustness[at], e.Resamples, e.Seed)
	}
	return nil
}
