package ragft

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"path/filepath"
	"sync"
	"sync/atomic"
	"time"

	"github.com/ragft/ragft/ragft/model"
	"github.com/ragft/ragft/retriever"
)

// The kinds of errors that a caller may want to tell apart, beside those of
// the packages below and [fs.ErrNotExist]. The errors that wrap them say what is
// wrong and what to do.
var (
	ErrConfig  = errors.New("wrong configuration")                 // a setting is wrong, or has no effect with the others
	ErrInput   = errors.New("bad input")                           // a file does not hold what it should
	ErrMissing = errors.New("something that is needed is missing") // a model, a build with llama.cpp, an adapter
	ErrEmpty   = errors.New("nothing to work on")                  // no rows, no texts
	ErrWorker  = errors.New("the worker process died")             // Config.Worker; the step goes on when it is run again
)

// The steps of a project, as in [Progress], [StepStatus] and the keys of the
// project file.
const (
	StepIndex       = "index"
	StepQuestions   = "questions"
	StepDemonstrate = "demonstrate"
	StepTrain       = "train"
	StepSearch      = "tune-search"
	StepEvaluate    = "evaluate"
)

// Project is a folder in which a model is tuned to documents, step by step.
// [Open] opens one; Close it. Its methods may be called from several
// goroutines: steps run one at a time.
type Project struct {
	config Config // with its defaults
	given  Config // without: what is zero here may be the adapter's
	hosted bool   // of a worker, whose host has the locks

	current atomic.Pointer[work] // the step at work, or nil
	pausing pausing

	mu     sync.Mutex // held by the step at work
	closed bool
	index  *retriever.Index   // nil until it is needed
	lent   []*retriever.Index // earlier ones that an assistant searches
	models models             // opened as they are needed
	search searchModels       // the same
}

// Open checks the config and opens a project on it. Its folder need not exist;
// index and models are opened when a step needs them. A setting that is wrong
// is an [ErrConfig].
func Open(ctx context.Context, c Config) (*Project, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	given := c
	if err := c.complete(); err != nil {
		return nil, err
	}
	if c.Logger == nil {
		c.Logger = slog.Default()
	}
	return &Project{config: c, given: given}, nil
}

var errClosed = errors.New("the project is closed")

// Close closes index, models and caches. A second Close does nothing.
// Assistants of the project must not be used after it.
func (p *Project) Close() error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.closed {
		return nil
	}
	p.closed = true
	err := errors.Join(p.models.close(), p.search.close())
	for _, index := range p.lent {
		err = errors.Join(err, index.Close())
	}
	if p.index != nil {
		err = errors.Join(err, p.index.Close())
		p.index = nil
	}
	return err
}

// Config returns the project's config with all defaults filled in.
func (p *Project) Config() Config { return p.config }

// Path returns the path of a file of the project's folder.
func (p *Project) Path(name string) string { return filepath.Join(p.config.Dir, name) }

// Run does all that is missing or out of date of Index, Questions, Demonstrate,
// Train and Evaluate, in that order. A run that was cancelled goes on where it
// was when it is called again. With Config.EstimateOnly it does nothing:
// [Project.Status] says what the steps would cost.
func (p *Project) Run(ctx context.Context) error {
	if p.config.EstimateOnly {
		return nil
	}
	for _, step := range []struct {
		name string
		do   func(context.Context) error
	}{
		{StepIndex, func(ctx context.Context) error { _, err := p.Index(ctx); return err }},
		{StepQuestions, func(ctx context.Context) error { _, err := p.Questions(ctx); return err }},
		{StepDemonstrate, func(ctx context.Context) error { _, err := p.Demonstrate(ctx); return err }},
		{StepTrain, func(ctx context.Context) error { _, err := p.Train(ctx); return err }},
		{StepEvaluate, func(ctx context.Context) error { _, err := p.Evaluate(ctx); return err }},
	} {
		if err := step.do(ctx); err != nil {
			return fmt.Errorf("%s: %w", step.name, err)
		}
	}
	return nil
}

// Progress tells how far a step is.
type Progress struct {
	Step  string // such as [StepTrain]
	Phase string // what is being done, such as "answering"
	Unit  string // what Done and Total count, such as "questions"

	// Done of Total; a phase may start again from 0, in rounds. With Total 0
	// nothing is under way: Note is a message to show.
	Done, Total int
	Rate        float64       // units a second; 0 = not known yet
	Remaining   time.Duration // of this phase; 0 = not known yet
	Note        string        // what else there is to say
}

// StepStatus says of a step whether its result can be used, and what it cost or
// would cost.
type StepStatus struct {
	Step   string `json:"step"`
	State  string `json:"state"`            // [StateCurrent], [StateStale] or [StateMissing]
	Reason string `json:"reason,omitempty"` // why it is stale, or what is missing
	Broken bool   `json:"broken,omitempty"` // what it needs cannot be read: Reason says why

	// Cost, Took and Memory are those of the last run. With Estimated they are
	// what the step takes at most, as far as that is known before it ran, and Took
	// is 0.
	Cost      model.Cost    `json:"cost"`             // of models that generate
	Took      time.Duration `json:"took"`             // nanoseconds
	Memory    uint64        `json:"memory,omitempty"` // bytes that training holds
	Estimated bool          `json:"estimated,omitempty"`
}

// The states of a step.
const (
	StateCurrent = "up to date"
	StateStale   = "stale"
	StateMissing = "missing"
)
