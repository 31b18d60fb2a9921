package ragft

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"sync/atomic"

	"github.com/ragft/ragft/internal/worker"
)

// workerVersion is that of the jobs below. Host and worker must have the same.
const workerVersion = "ragft " + Version

// canWork is set once this program has called RunWorker.
var canWork atomic.Bool

// RunWorker lets the program serve as the child process in which its own projects run the steps of Config.Worker. Call
// it at the start of main, before flags are parsed, and after the program's own formats are registered. In the child it
// runs the step and ends the process; otherwise it returns at once. A program that cannot call it names one that does in
// Config.Worker.Program, such as the command ragft of the same version.
//
// If the child dies, from a crash in native code, a lack of memory or a kill, the step returns an [ErrWorker]. Errors
// that the step itself returns in the child match the same errors with [errors.Is]; types that [errors.As] would find,
// such as a lora.DivergedError, are lost except for their text. Progress and log lines reach the host's Config.Progress
// and Config.Logger. When the context ends, the child stops as the step would in this process, and is killed if that
// takes more than a minute. If the host is gone, the child writes its checkpoint and ends.
func RunWorker() {
	worker.Serve(workerVersion, doTask)
	canWork.Store(true)
}

// task is a step for a worker.
type task struct {
	Step         string                     `json:"step"`
	Config       map[string]json.RawMessage `json:"config"` // by key; others are zero
	EstimateOnly bool                       `json:"estimate_only,omitempty"`
	Force        bool                       `json:"force,omitempty"`
}

// workerEvent is what a worker says while it works.
type workerEvent struct {
	Progress Progress `json:"progress"`
	Paused   bool     `json:"paused"`
}

// outcome is what a step of a worker came to.
type outcome struct {
	Result  json.RawMessage `json:"result,omitempty"`
	Failure *failure        `json:"failure,omitempty"`
}

// inStep does a step here or in a worker.
func inStep[R any](ctx context.Context, p *Project, step string, here func(context.Context, *work) (*R, error)) (*R, error) {
	w, err := p.begin(ctx, step)
	if err != nil {
		return nil, err
	}
	defer w.end()
	c := p.config.Worker
	if !slices.Contains(c.Steps, step) || !hasNative && c.Program == "" {
		return here(ctx, w)
	}
	r := new(R)
	if err := p.inWorker(ctx, w, step, r); err != nil {
		return nil, err
	}
	return r, nil
}

// inWorker has a worker do a step, and reads its result into r.
func (p *Project) inWorker(ctx context.Context, w *work, step string, r any) error {
	if err := p.checkWorker(); err != nil {
		return err
	}
	if !p.models.lent { // as the step would do here, for the memory
		if err := p.models.close(); err != nil {
			return err
		}
	}
	job, err := p.task(step)
	if err != nil {
		return err
	}
	c := p.config.Worker
	remote := &remotePause{}
	result, err := worker.Run(ctx, worker.Options{
		Program: c.Program, Version: workerVersion, Job: job, Memory: c.Memory, Low: c.Priority == "low", Logger: p.config.Logger,
		Event: func(said json.RawMessage) {
			var h workerEvent
			if json.Unmarshal(said, &h) == nil {
				remote.standing.Store(h.Paused)
				w.relay(h.Progress)
			}
		},
		Started: func(pause func(bool)) {
			remote.send = pause
			remote.end = p.pausing.begin(remote)
		},
	})
	if remote.end != nil {
		remote.end()
	}
	if err != nil {
		return p.workerDied(ctx, step, err)
	}
	var o outcome
	if err := json.Unmarshal(result, &o); err != nil {
		return err
	}
	if o.Failure != nil {
		return p.workerFailed(ctx, step, o.Failure.err())
	}
	return json.Unmarshal(o.Result, r)
}

// checkWorker says what stands against a worker.
func (p *Project) checkWorker() error {
	c := p.config.Worker
	switch {
	case c.Program == "" && !canWork.Load():
		return kindOf(
			ErrConfig,
			errors.New("worker.steps: this program cannot be a worker: call ragft.RunWorker at the start of its main, "+
				"or name a ragft command in Config.Worker.Program"),
		)
	case c.Memory > 0 && !worker.CanLimitMemory():
		return kindOf(ErrConfig, errors.New("worker.memory: this system does not limit the memory of a process: leave it out, and use "+
			"train.memory-budget"))
	}
	return nil
}

// workerDied is the error of a worker without a result.
func (p *Project) workerDied(ctx context.Context, step string, err error) error {
	limit := ""
	if m := p.config.Worker.Memory; m > 0 {
		limit = fmt.Sprintf(", limited to %.4g MiB (worker.memory),", float64(m)/(1<<20))
	}
	if dead := (*worker.Death)(nil); errors.Is(err, worker.ErrNoWorker) || !errors.As(err, &dead) {
		err = kindOf(ErrWorker, fmt.Errorf("the worker of the step %s%s could not do it: %w", step, limit, err))
	} else {
		err = kindOf(ErrWorker, fmt.Errorf("the worker of the step %s%s died; running the step again resumes it: %w", step, limit, err))
	}
	if ctx.Err() != nil {
		return kindOf(ctx.Err(), err)
	}
	return err
}

// workerFailed is the error that a worker returned.
func (p *Project) workerFailed(ctx context.Context, step string, err error) error {
	switch c := p.config; {
	case ctx.Err() != nil && errors.Is(err, context.Canceled):
		return kindOf(ctx.Err(), err)
	case errors.Is(err, context.Canceled):
		return kindOf(
			ErrWorker,
			fmt.Errorf("the worker of the step %s was asked to end (SIGTERM); running the step again resumes it", step),
		)
	case c.Worker.Memory > 0 && c.Train.MemoryBudget == 0 && isOutOfMemory(err):
		return kindOf(ErrWorker, fmt.Errorf("%w; the worker may hold %.4g MiB (worker.memory)", err, float64(c.Worker.Memory)/(1<<20)))
	}
	return err
}

// task is the step as a worker is given it.
func (p *Project) task(step string) (json.RawMessage, error) {
	c := p.config
	c.Worker = WorkerConfig{} // the worker works itself
	t := task{Step: step, Config: map[string]json.RawMessage{}, EstimateOnly: c.EstimateOnly, Force: c.Force}
	var err error
	walkKeys(reflect.ValueOf(&c).Elem(), "", func(name string, f field) {
		if isSection(f.value) || f.value.IsZero() || err != nil {
			return
		}
		t.Config[name], err = json.Marshal(f.value.Interface())
	})
	if err != nil {
		return nil, err
	}
	return json.Marshal(t)
}

// configOf is the config that task wrote.
func (t *task) config() (c Config, err error) {
	walkKeys(reflect.ValueOf(&c).Elem(), "", func(name string, f field) {
		if text := t.Config[name]; text != nil && err == nil {
			err = json.Unmarshal(text, f.value.Addr().Interface())
		}
	})
	c.EstimateOnly, c.Force = t.EstimateOnly, t.Force
	return c, err
}

// doTask does a step in a worker.
func doTask(ctx context.Context, t *worker.Task) any {
	result, err := doStep(ctx, t)
	if err != nil {
		return outcome{Failure: failureOf(err)}
	}
	text, err := json.Marshal(result)
	if err != nil {
		return outcome{Failure: failureOf(err)}
	}
	return outcome{Result: text}
}

func doStep(ctx context.Context, t *worker.Task) (result any, err error) {
	var job task
	if err := json.Unmarshal(t.Job, &job); err != nil {
		return nil, err
	}
	c, err := job.config()
	if err != nil {
		return nil, err
	}
	c.Logger = t.Logger
	p := &Project{config: c, given: c, hosted: true} // the host has checked it
	p.config.Progress = func(s Progress) { t.Send(workerEvent{s, p.Paused()}) }
	go func() {
		for pause := range t.Paused {
			p.pausing.ask(pause)
		}
	}()
	defer func() { err = errors.Join(err, p.Close()) }()
	switch job.Step {
	case StepQuestions:
		return p.Questions(ctx)
	case StepDemonstrate:
		return p.Demonstrate(ctx)
	case StepTrain:
		return p.Train(ctx)
	}
	return nil, fmt.Errorf("a worker cannot run the step %q", job.Step)
}

// remotePause has a worker stand still.
type remotePause struct {
	send     func(pause bool)
	end      func()
	standing atomic.Bool
}

func (r *remotePause) Pause()       { r.send(true) }
func (r *remotePause) Resume()      { r.send(false) }
func (r *remotePause) Paused() bool { return r.standing.Load() }
