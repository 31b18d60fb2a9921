package ragft

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/ragft/ragft/internal/filelock"
)

// ErrBusy means that another program does the same step of this project. The error that wraps it says what to do.
var ErrBusy = errors.New("another program is at work on the project")

// locksName is the folder of the project's folder whose files are locked.
const locksName = "locks"

const (
	stepWait  = 500 * time.Millisecond // for another program that does the same step
	stepsWait = 10 * time.Second       // for one that writes steps.json, which takes milliseconds
)

// alone keeps other programs from doing the same step of the project until unlock is called, as they would put each other's
// results aside. Those that change no file of the project need no lock, and a worker's host holds it.
func (p *Project) alone(ctx context.Context, step string) (unlock func(), err error) {
	steps := []string{step}
	switch step {
	case StepIndex, StepQuestions, StepDemonstrate, StepTrain, StepSearch, StepEvaluate:
	case "forget": // what another step writes meanwhile would hold the text again
		steps = []string{StepIndex, StepQuestions, StepDemonstrate, StepTrain, StepSearch, StepEvaluate}
	default:
		steps = nil
	}
	if p.hosted || p.config.EstimateOnly && step != "forget" { // which is no step that is estimated
		steps = nil
	}
	var held []func()
	unlock = func() {
		for _, end := range held {
			end()
		}
	}
	for _, s := range steps {
		end, err := p.lock(ctx, s, stepWait)
		if errors.Is(err, filelock.ErrHeld) {
			err = kindOf(ErrBusy, fmt.Errorf("another program is at work on the step %s of this project (%s): try again when it has ended, "+
				"or use another folder", s, p.config.Dir))
		}
		if err != nil {
			unlock()
			return nil, err
		}
		held = append(held, end)
	}
	return unlock, nil
}

// lock locks something of the project by its name. Where the lock cannot be made, as in a folder that is not there yet or on
// a full disk, there is none: what is written there has locks of its own, or fails itself.
func (p *Project) lock(ctx context.Context, name string, wait time.Duration) (unlock func(), err error) {
	unlock = func() {}
	dir := p.Path(locksName)
	if err := os.Mkdir(dir, 0o700); err != nil && !errors.Is(err, os.ErrExist) {
		return unlock, nil
	}
	end, err := filelock.Wait(ctx, filepath.Join(dir, name), wait)
	switch {
	case err == nil:
		return end, nil
	case errors.Is(err, filelock.ErrHeld) || ctx.Err() != nil:
		return nil, err
	}
	return unlock, nil
}
