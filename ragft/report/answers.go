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
	"github.com/ragft/ragft/internal/jsonl"
	"github.com/ragft/ragft/ragft/answer"
	"github.com/ragft/ragft/ragft/eval"
	"github.com/ragft/ragft/ragft/eval/probe"
	"github.com/ragft/ragft/ragft/eval/robust"
)

// answerLine is one line of an answers file: its head, a question with its
// passages, what one system made of one question, or a part of what perturbing
// a system showed. Lines of a list of memory probes bear its name.
type answerLine struct {
	Memory     string         `json:"memory,omitempty"`
	Evaluation *Results       `json:"evaluation,omitempty"`
	Question   *eval.Question `json:"question,omitempty"`
	Robustness string         `json:"robustness,omitempty"` // the system that was perturbed
	Document   *eval.Document `json:"document,omitempty"`   // of Robustness.Documents, in order
	Change     string         `json:"change,omitempty"`     // the perturbation's name
	Flip       *robust.Flip   `json:"flip,omitempty"`

	Outcome *robust.Outcome `json:"outcome,omitempty"`
	System  string          `json:"system,omitempty"`
	*eval.Record
}

// WriteAnswers writes the answers of an evaluation as JSONL, from which
// [ReadAnswers] makes the evaluation again without a model. The first line,
// {"evaluation": ...}, names the systems and how was measured; then follow a
// line {"question": ...} for every question with its passages, and a line
// {"system": ..., "question_id": ..., "answer": ..., "verdict": ...} with the
// fields of [eval.Record] for every question and system. What [robust.Run] showed has
// a line {"robustness": system, "document": ...} for every passage and
// {"robustness": system, "change": ..., "flip": ...} for every flip, and the
// same with "outcome" for every question; memory
// probes have lines as above, each with {"memory": "local"} or "global". No
// line grows with the number of questions but the first, which holds no texts.
func WriteAnswers(w io.Writer, e *Results) error {
	if err := e.check(); err != nil {
		return fmt.Errorf("ragft: write answers: %w", err)
	}
	if err := jsonl.Write(w, answerLines("", e)); err != nil {
		return fmt.Errorf("ragft: write answers: %w", err)
	}
	return nil
}

// answerLines are the lines of an evaluation, the head first.
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
			Layout: s.Layout, Ensemble: s.Ensemble, Extracted: s.Extracted, ScoresTrue: s.ScoresTrue,
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
		short.Documents, short.Results = nil, slices.Clone(r.Results)
		for k := range r.Documents {
			lines = append(lines, answerLine{Robustness: r.System, Document: &r.Documents[k]})
		}
		for k := range r.Results {
			short.Results[k].Flips, short.Results[k].Outcomes = nil, nil
			for n := range r.Results[k].Flips {
				lines = append(lines, answerLine{Robustness: r.System, Change: r.Results[k].Name, Flip: &r.Results[k].Flips[n]})
			}
			for n := range r.Results[k].Outcomes {
				lines = append(lines, answerLine{Robustness: r.System, Change: r.Results[k].Name, Outcome: &r.Results[k].Outcomes[n]})
			}
		}
		head.Robustness[i] = &short
	}
	for i := range lines {
		lines[i].Memory = memory
	}
	if e.Memory != nil {
		short := probe.Result{}
		for _, list := range e.Memory.Lists() {
			probe := *list.Probe
			probe.Evaluation = nil
			*short.List(list.Name) = &probe
			lines = append(lines, answerLines(list.Name, &Results{Evaluation: list.Probe.Evaluation})...)
		}
		head.Memory = &short
	}
	return lines
}

// WriteAnswersFile is [WriteAnswers] to a file, which is replaced as a whole or
// not at all.
func WriteAnswersFile(path string, e *Results) error {
	return atomicfile.Write(path, func(w io.Writer) error { return WriteAnswers(w, e) })
}

// ReadAnswers reads what [WriteAnswers] wrote and computes scores, matrices,
// curves, metrics, intervals and comparisons again, with the seed and number of
// bootstrap samples of the first line. So a verdict that a person corrected
// counts. Every system must have a line for every question, in any order. A
// broken line is a [*retriever.LineError].
//
// What perturbing showed is computed from its outcomes, whose verdicts have to be
// those of their flips: who corrects one corrects both. A question that flips by
// a correction alone is counted, and not among the flips, since its answers were
// not kept. All else is as the first line has it: how many questions were left
// out of perturbing, forgetting, dial, calibration, leakage and pairwise verdicts.
func ReadAnswers(ctx context.Context, r io.Reader) (*Results, error) {
	return readAnswers(ctx, "", r)
}

// ReadAnswersFile is [ReadAnswers] of a file.
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

// answersReader puts an evaluation together line by line.
type answersReader struct {
	e                *Results
	system, question map[string]int
	answers          []answerLine
	memory           map[string]*answersReader // by list of probes
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
	if a.e == nil || a.e.Memory.List(l.Memory) == nil || *a.e.Memory.List(l.Memory) == nil {
		return fmt.Errorf("no memory probes %q in the first line", l.Memory)
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
		return errors.New(`the first line is not that of an "evaluation"`)
	case l.Question != nil:
		if _, ok := a.question[l.Question.ID]; ok {
			return fmt.Errorf("a second question %q", l.Question.ID)
		}
		a.question[l.Question.ID] = len(a.e.Questions)
		a.e.Questions = append(a.e.Questions, *l.Question)
	case l.Robustness != "":
		return a.perturbed(l)
	case l.Record != nil && l.System != "":
		if _, ok := a.system[l.System]; !ok {
			return fmt.Errorf("no system %q in the first line", l.System)
		}
		if !slices.Contains(answer.Verdicts(), l.Verdict) || !slices.Contains(answer.Contexts(), l.Context) {
			return fmt.Errorf("verdict %q, context %q: a verdict is one of %v, a context one of %v", l.Verdict, l.Context, answer.Verdicts(), answer.Contexts())
		}
		a.answers = append(a.answers, l)
	default:
		return errors.New(`neither an "evaluation", a "question" nor the answer of a "system"`)
	}
	return nil
}

// perturbed takes a passage, a flip or an outcome of what perturbing a system showed.
func (a *answersReader) perturbed(l answerLine) error {
	at := slices.IndexFunc(a.e.Robustness, func(r *robust.Result) bool { return r.System == l.Robustness })
	if at < 0 {
		return fmt.Errorf("no robustness of %q in the first line", l.Robustness)
	}
	r := a.e.Robustness[at]
	if l.Document != nil {
		r.Documents = append(r.Documents, *l.Document)
		return nil
	}
	of := slices.IndexFunc(r.Results, func(p robust.Outcomes) bool { return p.Name == l.Change })
	switch {
	case l.Outcome != nil && !(slices.Contains(answer.Verdicts(), l.Outcome.From) && slices.Contains(answer.Verdicts(), l.Outcome.To)):
		return fmt.Errorf("verdicts %q and %q: a verdict is one of %v", l.Outcome.From, l.Outcome.To, answer.Verdicts())
	case of >= 0 && l.Flip != nil:
		r.Results[of].Flips = append(r.Results[of].Flips, *l.Flip)
	case of >= 0 && l.Outcome != nil:
		r.Results[of].Outcomes = append(r.Results[of].Outcomes, *l.Outcome)
	default:
		return fmt.Errorf("neither a document nor a flip or outcome by a change of the first line: %q", l.Change)
	}
	return nil
}

// evaluation gives every record its place, and computes what follows from them.
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
			return nil, fmt.Errorf("system %q answers the question %q, which is not there", l.System, l.QuestionID)
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
			return nil, fmt.Errorf("memory probes of %s questions: %w", name, err)
		}
		list := *a.e.Memory.List(name)
		if list.Evaluation = e.Evaluation; list.CheckParts() == nil { // else check says so
			list.MeasureParts()
		}
	}
	if err := a.e.check(); err != nil {
		return nil, err
	}
	a.e.Memory.SignTests()
	if err := a.e.perturbedAgain(); err != nil {
		return nil, err
	}
	return a.e, a.e.MeasureAgain(ctx)
}

// perturbedAgain computes what follows from the outcomes of perturbing.
func (e *Results) perturbedAgain() error {
	for _, r := range e.Robustness {
		for i := range r.Results {
			if err := r.Results[i].CountAgain(); err != nil {
				return fmt.Errorf("robustness of %q, %s: %w", r.System, r.Results[i].Name, err)
			}
		}
	}
	for _, r := range e.Robustness {
		if r.Base == "" {
			continue
		}
		at := slices.IndexFunc(e.Robustness, func(base *robust.Result) bool { return base.System == r.Base })
		if at < 0 {
			return fmt.Errorf("the robustness of %q is compared with that of %q, which is not there", r.System, r.Base)
		}
		r.Compare(e.Robustness[at], e.Resamples, e.Seed)
	}
	return nil
}
