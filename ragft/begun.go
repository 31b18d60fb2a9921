package ragft

import (
	"fmt"
	"maps"
	"time"
)

// begunStep is the key of steps.json for a training from its begin until its result is recorded. The record of the training
// before stays meanwhile, as its adapter does.
const begunStep = "train-begun"

// restartKey notes whether a training was begun with train.restart.
const restartKey = "train.restart"

// resumes says whether the training that was begun last, which may be none, is the one that is asked for now. With train.restart
// that is one that was begun with it, so that the same command resumes, and others start over.
func (p *Project) resumes(begun *record, in inputs) bool {
	if begun == nil || !maps.Equal(begun.Inputs, in) {
		return false
	}
	return !p.config.Train.Restart || begun.Notes[restartKey] == "true"
}

// beginTraining records that a training begins.
func (p *Project) beginTraining(in inputs) error {
	restarted := inputs{restartKey: fmt.Sprint(p.config.Train.Restart)}
	return p.recordBegun(&record{Inputs: in, Notes: restarted, Finished: time.Now().Truncate(time.Second)})
}

// recordBegun records the training that was begun last; nil is none.
func (p *Project) recordBegun(begun *record) error {
	if begun == nil {
		return p.forget(begunStep)
	}
	return p.changeSteps(func(steps map[string]*record) error {
		steps[begunStep] = begun
		return nil
	})
}
