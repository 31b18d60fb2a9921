package ragft

import (
	"context"
	"errors"
	"fmt"
	"io/fs"

	"github.com/ragft/ragft/internal/plural"
	"github.com/ragft/ragft/ragft/question"
)

// Status says of each step whether its result can be used: up to date, stale
// and why, or missing; and what it cost, or what it takes at most where that is
// known beforehand. The steps come in the order in which they are done. Nothing
// is run. It waits for a step at work. A file that cannot be read is told of as the
// reason of the steps that need it.
func (p *Project) Status(ctx context.Context) ([]StepStatus, error) {
	w, err := p.begin(ctx, "status")
	if err != nil {
		return nil, err
	}
	defer w.end()
	steps, err := p.readSteps()
	if err != nil {
		return nil, err
	}
	var all []StepStatus
	for _, step := range []struct {
		name     string
		inputs   func(context.Context) (inputs, error)
		estimate func(context.Context, *StepStatus) error
	}{
		{StepIndex, p.statusOfIndex, nil},
		{StepQuestions, p.statusOfQuestions, p.estimateQuestions},
		{StepSearch, p.statusOfSearch, nil},
		{StepDemonstrate, p.statusOfRows, p.estimateRows},
		{StepTrain, p.statusOfTraining, p.estimateTraining},
		{StepEvaluate, p.statusOfEvaluation, nil},
	} {
		r := steps[step.name]
		s := p.status(ctx, step.name, r, step.inputs)
		if s.State != StateCurrent && !s.Broken && step.estimate != nil {
			if err := ignoreMissing(step.estimate(ctx, &s)); err != nil {
				s.undone(r, err)
			}
		}
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		all = append(all, s)
	}
	return all, nil
}

// ignoreMissing is err, unless it says that an earlier step is to be done first,
// or that something is to be set.
func ignoreMissing(err error) error {
	return ignore(err, fs.ErrNotExist, ErrConfig, ErrMissing, ErrEmpty, question.ErrNone)
}

func (p *Project) status(ctx context.Context, name string, r *record, of func(context.Context) (inputs, error)) StepStatus {
	s := StepStatus{Step: name}
	in, err := of(ctx)
	var current own
	switch {
	case errors.As(err, &current):
		s.State, s.Reason = StateCurrent, string(current)
		return s
	case err != nil:
		s.undone(r, err)
		return s
	}
	if r == nil {
		s.State, s.Reason = StateMissing, "not done yet"
		return s
	}
	s.Cost, s.Took, s.Memory = r.Cost, r.Took, r.Memory
	s.State = StateCurrent
	if s.Reason = p.stale(r, in); s.Reason != "" {
		s.State = StateStale
	}
	return s
}

// undone says why a step is to be done, or cannot be.
func (s *StepStatus) undone(r *record, err error) {
	var again redo
	s.State, s.Reason, s.Broken = StateMissing, err.Error(), !errors.As(err, &again) && ignoreMissing(err) != nil
	if r != nil {
		s.State = StateStale
	}
}

// own says that a step is not for the project to do, and why.
type own string

func (o own) Error() string { return string(o) }

// redo says why a step is to be done although nothing changed that its result follows from.
type redo string

func (r redo) Error() string { return string(r) }

func (p *Project) statusOfQuestions(ctx context.Context) (inputs, error) {
	isOwn, err := p.ownQuestions()
	if err != nil {
		return nil, err
	}
	if isOwn {
		r := &QuestionsResult{}
		if err := r.count(p.questionsFile()); err != nil {
			return nil, err
		}
		return nil, own(fmt.Sprintf("your own: %s, %d of them unanswerable", plural.N(r.Questions, "question"), r.Unanswerable))
	}
	if p.config.Write.Import != "" {
		return p.importInputs()
	}
	if err := p.openIndex(); err != nil {
		return nil, err
	}
	return p.writeInputs(ctx)
}

func (p *Project) statusOfSearch(ctx context.Context) (inputs, error) {
	if err := p.openIndex(); err != nil {
		return nil, err
	}
	return p.searchInputs(ctx)
}

func (p *Project) statusOfRows(ctx context.Context) (inputs, error) {
	if err := p.openIndex(); err != nil {
		return nil, err
	}
	return (&demonstration{Project: p}).inputs(ctx)
}

func (p *Project) statusOfTraining(ctx context.Context) (inputs, error) {
	in, err := p.trainInputs(ctx)
	if err != nil {
		return nil, err
	}
	steps, err := p.readSteps()
	if err != nil {
		return nil, err
	}
	if p.resumes(steps[begunStep], in) {
		return nil, redo("unfinished: it goes on where it was")
	}
	if r := steps[StepTrain]; r == nil || p.stale(r, in) != "" {
		return in, nil
	}
	why, err := p.staleRule(ctx, steps[decideStep])
	if err == nil && why != "" {
		err = redo("the rule is to be fitted: " + why)
	}
	return in, err
}

func (p *Project) statusOfEvaluation(ctx context.Context) (inputs, error) {
	if err := p.openIndex(); err != nil {
		return nil, err
	}
	return (&evaluation{Project: p, settings: p.config.Evaluate}).inputs(ctx)
}

func (p *Project) estimateQuestions(ctx context.Context, s *StepStatus) error {
	if p.config.Write.Import != "" {
		return nil
	}
	if err := p.openIndex(); err != nil {
		return err
	}
	chunks, err := corpus(ctx, p.index)
	if err != nil {
		return err
	}
	s.Cost, s.Took, s.Estimated = p.composeOptions().Estimate(chunks), 0, true
	return nil
}

func (p *Project) estimateRows(ctx context.Context, s *StepStatus) error {
	d := &demonstration{Project: p, w: p.atWork(), result: &DemonstrateResult{}}
	if err := d.prepare(ctx); err != nil {
		return err
	}
	if err := d.open(ctx, false); err != nil {
		return err
	}
	if _, err := d.estimate(); err != nil {
		return err
	}
	s.Cost, s.Took, s.Estimated = d.result.Estimate, 0, true
	if d.result.Prompts != nil {
		s.Cost.Add(d.result.Prompts.Estimate)
	}
	return nil
}

func (p *Project) estimateTraining(ctx context.Context, s *StepStatus) error {
	list, err := p.ReadRows()
	if err != nil {
		return err
	}
	memory, err := p.trainMemory(ctx, list)
	if err != nil {
		return err
	}
	s.Memory, s.Took, s.Estimated = memory, 0, true
	return nil
}
