package assistant

import (
	"math"
	"strings"

	"github.com/ragft/ragft/internal/reading"
)

// stream shows an answer while it is generated, from where nothing can be taken back.
type stream struct {
	show    func(piece string) // nil = nothing is shown before the end
	hold    int                // pieces that are held back
	decided func() bool        // whether a longer answer than those held back is given; nil = it is
	// excluded is how likely the model found the refusal, see [model.Sample]; 0 = not known yet.
	excluded float64
	text     strings.Builder
	pieces   int
	open     bool // what was held back is shown
}

// stream returns how an answer to a question is shown. Short answers are held back if their certainty decides, or one of the drafts may
// take their place.
func (a *Assistant) stream(onText func(piece string)) *stream {
	s := &stream{show: onText}
	if a.threshold() > 0 || a.opts.Extract != nil || a.opts.Ensemble != nil {
		s.show = nil
	}
	if a.opts.drafts() > 0 || a.opts.Rule != nil && a.opts.Rule.NeedsAnswer() {
		s.hold = reading.ShortTokens
	}
	return s
}

// piece is what the model calls with pieces of the text, at most one for each token; nil = not at all.
func (s *stream) piece() func(string) {
	if s.show == nil {
		return nil
	}
	return func(piece string) {
		s.text.WriteString(piece)
		switch s.pieces++; {
		case s.open:
			s.show(piece)
		case s.pieces <= s.hold:
		case s.hold == 0 || s.decided == nil || s.decided():
			s.open = true
			s.show(s.text.String())
		default:
			s.hold = math.MaxInt // it is declined
		}
	}
}

// shown is the text that was shown.
func (s *stream) shown() string {
	if !s.open {
		return ""
	}
	return s.text.String()
}
