package confidence

import (
	"cmp"
	"errors"
	"fmt"
	"strings"

	"github.com/ragft/ragft/ragft/answer"
)

// Conditions are what the answers of a system depend on, as far as it affects how certain
// they are. The longest answer and texts that end one do not.
type Conditions struct {
	System      string           `json:"system,omitempty"` // the evaluated system, for reports; [Calibration.Holds] ignores it
	Model       string           `json:"model"`            // [github.com/ragft/ragft/ragft/model.Model.Name]
	Signals     SignalOptions    `json:"signals"`          // how signals are collected
	Setting     string           `json:"setting"`          // the passages shown, as [github.com/ragft/ragft/ragft/eval.Setting]
	Passages    int              `json:"passages"`         // number shown
	Prompt      string           `json:"prompt"`           // the instruction
	Layout      string           `json:"layout"`           // hash of the prompt for a sample question
	Ensemble    *answer.Ensemble `json:"ensemble,omitempty"`
	Temperature float64          `json:"temperature,omitempty"` // of the answers; 0 = greedy
	Drafts      int              `json:"drafts,omitempty"`      // drawn beside each answer
	Extracted   bool             `json:"extracted,omitempty"`   // the answer is taken out of the text
	ScoresTrue  bool             `json:"scores_true,omitempty"` // "p_true" is based on scores, not on a token
	Index       string           `json:"index,omitempty"`       // digest of the searched index, with its tuning; "" = unknown
}

// ErrConditions means that a calibration was made under other conditions than those of
// the answers, so that its guarantee does not hold.
var ErrConditions = errors.New("the calibration was made under other conditions")

func (c Conditions) equal(other Conditions) bool {
	a, b := c.Ensemble, other.Ensemble
	c.Ensemble, other.Ensemble = nil, nil
	return c == other && (a == nil) == (b == nil) && (a == nil || *a == *b)
}

// Holds returns nil if the calibration holds for answers under these conditions. The error
// wraps [ErrConditions] and names the differences, or wraps [ErrUncalibrated] if no
// calibration could be fitted. Signals are those of the calibration, so they are not
// compared. The indexes are compared if both are known. A nil calibration holds.
func (c *Calibration) Holds(now Conditions) error {
	if c == nil {
		return nil
	}
	if c.Unfit != "" {
		return fmt.Errorf("no calibration could be fitted: %s: %w", c.Unfit, ErrUncalibrated)
	}
	then := c.Conditions
	if then == (Conditions{}) {
		return fmt.Errorf("%w, which it does not name; calibrate again", ErrConditions)
	}
	if different := c.differences(now); len(different) > 0 {
		return fmt.Errorf("%w: %s; calibrate again, or answer without a calibration", ErrConditions, strings.Join(different, "; "))
	}
	if then.Index != "" && now.Index != "" && then.Index != now.Index {
		return fmt.Errorf("%w: the index or its tuning has changed; calibrate again", ErrConditions)
	}
	return nil
}

// differences lists how the conditions of the calibration differ from those now.
func (c *Calibration) differences(now Conditions) (different []string) {
	differs := func(is bool, text string, args ...any) {
		if is {
			different = append(different, fmt.Sprintf(text, args...))
		}
	}
	choose := func(which bool, yes, no string) string {
		if which {
			return yes
		}
		return no
	}
	then := c.Conditions
	differs(then.Model != now.Model, "it is for the model %s, not %s", then.Model, now.Model)
	differs(then.Setting != now.Setting, "the setting %q, not %q", then.Setting, now.Setting)
	differs(then.Passages != now.Passages, "%d passages, not %d", then.Passages, now.Passages)
	differs(then.Prompt != now.Prompt, "the instruction %q, not %q", then.Prompt, now.Prompt)
	differs(then.Prompt == now.Prompt && then.Layout != now.Layout, "a different prompt layout")
	differs(then.Temperature != now.Temperature, "temperature %g, not %g", then.Temperature, now.Temperature)
	differs(then.Drafts != now.Drafts, "%d drafts, not %d", then.Drafts, now.Drafts)
	differs(then.Extracted != now.Extracted, "%s", choose(then.Extracted,
		"the answer extracted from the text, not the whole text", "the whole text as the answer, not a part of it"))
	differs((then.Ensemble == nil) != (now.Ensemble == nil), "%s", choose(then.Ensemble == nil,
		"all passages together, not a vote of the passages", "a vote of the passages, not all together"))
	differs(then.Ensemble != nil && now.Ensemble != nil && cmp.Or(then.Ensemble.Temperature, 1) != cmp.Or(now.Ensemble.Temperature, 1),
		"a different temperature of the vote")
	differs(then.Signals.True && then.ScoresTrue != now.ScoresTrue, "%s", choose(then.ScoresTrue,
		"the signal p_true from scores, which servers do not return, nor does local.OpenServer (without SignalOptions.True it would hold)",
		"the signal p_true from the first token of a reply, not from scores"))
	return different
}
