package ragft

import "sync"

// Pause pauses [Project.Train] after the current optimiser step, with a checkpoint written, whether it runs now or
// starts later. Until Resume it uses no processor time, but keeps its memory. Pause does not wait until the training
// has paused; see Paused. It does not affect other steps, nor the fitting of the rule at the end of the training.
// Pause, Resume and Paused may be called at any time from any goroutine, callbacks included.
func (p *Project) Pause() { p.pausing.ask(true) }

// Resume resumes a paused training.
func (p *Project) Resume() { p.pausing.ask(false) }

// Paused reports whether a training is paused. For one in a child process this takes up to a second to show.
func (p *Project) Paused() bool { return p.pausing.standing() }

// pausable is a training that can be paused: a lora.Control, or the remote control of a worker.
type pausable interface {
	Pause()
	Resume()
	Paused() bool
}

// pausing is what was asked for, and of what.
type pausing struct {
	mu     sync.Mutex
	wanted bool
	at     pausable // nil while nothing can stand still
}

func (s *pausing) ask(pause bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.wanted = pause
	switch {
	case s.at == nil:
	case pause:
		s.at.Pause()
	default:
		s.at.Resume()
	}
}

// begin names what stands still from now on, until end.
func (s *pausing) begin(at pausable) (end func()) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.at = at
	if s.wanted {
		at.Pause()
	}
	return func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		s.at = nil
	}
}

func (s *pausing) standing() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.at != nil && s.at.Paused()
}
