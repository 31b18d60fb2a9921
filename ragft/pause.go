package ragft

import "sync"

// Pause has [Project.Train] stand still after the optimiser step under way, with a checkpoint written, whether it runs
// now or begins later: it takes no processor time until Resume, though it keeps its memory. Pause does not wait for
// that; see Paused. It does not concern the other steps, nor the fitting of the rule that ends the training. Pause,
// Resume and Paused may be called at any time from any goroutine, callbacks included.
func (p *Project) Pause() { p.pausing.ask(true) }

// Resume lets a paused training go on.
func (p *Project) Resume() { p.pausing.ask(false) }

// Paused reports whether a training stands still; of one in a child process it knows within a second.
func (p *Project) Paused() bool { return p.pausing.standing() }

// pausable is a training that can stand still: a lora.Control, or what has a worker do so.
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
