//go:build cgo

package llama

import "slices"

// asked is the question whether a sample goes on with its first token. A batcher's caller answers it on its own goroutine, and the
// lane has no rows in batches until then, so that other callers do not wait.
type asked struct {
	token  ChosenToken
	answer chan bool
}

// ask asks the lane's request about its first token.
func (s *scheduler) ask(l *lane, t ChosenToken) {
	a := &asked{token: t, answer: make(chan bool, 1)}
	l.asked = a
	l.job.onFirst(l.sample, l.first, func(goesOn bool) { a.answer <- goesOn })
}

// goOn goes on with the lanes whose requests have answered.
func (s *scheduler) goOn() error {
	for _, l := range slices.Clone(s.lanes) {
		if l.asked == nil || !slices.Contains(s.lanes, l) { // its job has failed because of another lane
			continue
		}
		select {
		case goesOn := <-l.asked.answer:
			token := l.asked.token
			if l.asked = nil; !goesOn {
				if err := s.close(l, StopFirst); err != nil {
					return err
				}
			} else if err := s.chosen(l, token); err != nil {
				return err
			}
		default:
		}
	}
	return nil
}

// busy reports whether there is a lane that waits for no answer.
func (s *scheduler) busy() bool {
	return slices.ContainsFunc(s.lanes, func(l *lane) bool { return l.asked == nil })
}

// answering returns a callback that answers with what a function returns.
func answering(call func(int, []float32) bool) func(int, []float32, func(bool)) {
	if call == nil {
		return nil
	}
	return func(sample int, first []float32, answer func(bool)) { answer(call(sample, first)) }
}
