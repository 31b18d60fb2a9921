//go:build cgo

package lora

import (
	"fmt"
	"slices"
	"strings"

	"github.com/ragft/ragft/internal/plural"
	"github.com/ragft/ragft/lora/internal/engine"
)

const (
	guardMemory = 32 // steps whose losses and norms are remembered
	guardNeeds  = 8  // steps before a spike can be told
	guardLimit  = 5  // spikes in a row that end a run
)

// guard remembers the last steps and tells those that stand out.
type guard struct {
	factor        float64
	losses, norms []float64 // oldest first
	inRow         int       // spikes since the last step that was taken
}

// refuses says whether the step is a spike, not to be taken; otherwise it is remembered.
func (g *guard) refuses(s StepResult) bool {
	if g.factor > 0 && len(g.losses) >= guardNeeds && (s.Loss > g.factor*median(g.losses) || s.GradientNorm > g.factor*median(g.norms)) {
		g.inRow++
		return true
	}
	g.inRow = 0
	g.losses, g.norms = remember(g.losses, s.Loss), remember(g.norms, s.GradientNorm)
	return false
}

func remember(last []float64, x float64) []float64 {
	if len(last) == guardMemory {
		last = slices.Delete(last, 0, 1)
	}
	return append(last, x)
}

func median(x []float64) float64 {
	s := slices.Sorted(slices.Values(x))
	return (s[(len(s)-1)/2] + s[len(s)/2]) / 2
}

// DivergedError is an [ErrDiverged] with what is known about it. The step that it names was not taken.
type DivergedError struct {
	Step                             int
	Loss, GradientNorm, LearningRate float64
	Spikes                           int       // in a row, by Config.SpikeFactor; 0 where a value is not finite
	Before                           []float64 // losses of up to 8 steps before
	Tensors                          []string  // trained tensors whose gradient is not finite
	Kept                             string    // file with what is worth keeping: of the best evaluation or the last checkpoint; "" if none
	KeptStep                         int
}

func (e *DivergedError) Error() string {
	var s strings.Builder
	fmt.Fprintf(&s, "%v at step %d: loss %.4g, gradient norm %.4g, learning rate %.4g", ErrDiverged, e.Step, e.Loss, e.GradientNorm,
		e.LearningRate)
	if e.Spikes > 0 {
		fmt.Fprintf(&s, "; %s in a row %s", plural.N(e.Spikes, "step"), plural.Pick(e.Spikes, "was a spike", "were spikes"))
	}
	if len(e.Before) > 0 {
		fmt.Fprintf(&s, "; losses before: %.4g", e.Before)
	}
	if n := len(e.Tensors); n > 0 {
		fmt.Fprintf(
			&s,
			"; %s a gradient that is not finite, first %s",
			plural.N(n, "tensor")+plural.Pick(n, " has", " have"),
			strings.Join(e.Tensors[:min(n, 3)], ", "),
		)
	}
	if e.Kept != "" {
		fmt.Fprintf(&s, "; what was reached by step %d is kept in %s", e.KeptStep, e.Kept)
	}
	s.WriteString("; start anew, without the checkpoint, with a lower learning rate or a longer warm-up")
	return s.String()
}

// Unwrap returns ErrDiverged.
func (e *DivergedError) Unwrap() error { return ErrDiverged }

// diverged reports the gradients that were just computed.
func (t *Trainer) diverged(s StepResult) error {
	e := &DivergedError{Step: int(t.step) + 1, Loss: s.Loss, GradientNorm: s.GradientNorm}
	for i, p := range t.engine.Params() {
		g, err := t.engine.Get(i, engine.Gradient)
		if err != nil {
			return err
		}
		if slices.ContainsFunc(g, notFinite) {
			e.Tensors = append(e.Tensors, p.Name)
		}
	}
	return e
}
