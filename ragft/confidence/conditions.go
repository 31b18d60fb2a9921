package confidence

import (
	"cmp"
	"errors"
	"fmt"
	"strings"

	"github.com/ragft/ragft/ragft/answer"
	"github.com/ragft/ragft/ragft/model"
)

// Conditions are those under which answers came about, as far as it depends on
// them how sure the answers are. The longest answer and the texts that end one
// are left out.
type Conditions struct {
	Setting     string           `json:"setting"` // the passages shown, as package eval names it
	Passages    int              `json:"passages"`
	Prompt      string           `json:"prompt"` // the system message
	Layout      string           `json:"layout"` // hash of the prompt to an example, see [prompt.Set.Template]
	Ensemble    *answer.Ensemble `json:"ensemble,omitempty"`
	Temperature float64          `json:"temperature,omitempty"` // of the answers; 0 = greedy
	Extracted   bool             `json:"extracted,omitempty"`   // the answer is taken out of the text
	ScoresTrue  bool             `json:"scores_true,omitempty"` // SignalTrue is found by scores, not by a token
	Index       string           `json:"index,omitempty"`       // digest of what is searched, the tuning included; "" = not known
}

// ErrOtherConditions means that a calibration was made under other conditions
// than those that it is to be used under, where it promises nothing.
var ErrConditions = errors.New("the calibration was made under other conditions")

func (c Conditions) equal(other Conditions) bool {
	a, b := c.Ensemble, other.Ensemble
	c.Ensemble, other.Ensemble = nil, nil
	return c == other && (a == nil) == (b == nil) && (a == nil || *a == *b)
}

// Holds tells whether the calibration holds for answers of this model under
// these conditions. The error wraps [ErrConditions] and names what is
// different, or [ErrUncalibrated] where the calibration has no confidence. The
// indexes are compared if both are known. A nil calibration holds.
func (c *Calibration) Holds(model model.Model, now Conditions) error {
	if c == nil {
		return nil
	}
	if c.Unfit != "" {
		return fmt.Errorf("no calibration could be fitted: %s: %w", c.Unfit, ErrUncalibrated)
	}
	if c.Conditions == (Conditions{}) {
		return fmt.Errorf("%w, which it does not name; calibrate again", ErrConditions)
	}
	var different []string
	differs := func(is bool, text string, args ...any) {
		if is {
			different = append(different, fmt.Sprintf(text, args...))
		}
	}
	then := c.Conditions
	differs(c.Model != model.Name(), "of the model %s, not %s", c.Model, model.Name())
	differs(then.Setting != now.Setting, "evidence by %q, not by %q", then.Setting, now.Setting)
	differs(then.Passages != now.Passages, "%d passages, not %d", then.Passages, now.Passages)
	differs(then.Prompt != now.Prompt, "the instruction %q, not %q", then.Prompt, now.Prompt)
	differs(then.Prompt == now.Prompt && then.Layout != now.Layout, "another layout of the prompt")
	differs(then.Temperature != now.Temperature, "temperature %g, not %g", then.Temperature, now.Temperature)
	differs(then.Extracted != now.Extracted, "%s", map[bool]string{
		true: "the answer taken out of the text, not all of it", false: "all of the text as the answer, not a part of it"}[then.Extracted])
	differs((then.Ensemble == nil) != (now.Ensemble == nil), "%s", map[bool]string{
		true: "all passages together, not a vote of them", false: "a vote of the passages, not all together"}[then.Ensemble == nil])
	differs(then.Ensemble != nil && now.Ensemble != nil && cmp.Or(then.Ensemble.Temperature, 1) != cmp.Or(now.Ensemble.Temperature, 1), "another temperature of the vote")
	differs(c.Signals.True && then.ScoresTrue != ScoresTrue(model), "%s", map[bool]string{
		true:  "P(True) by scores, which servers do not give, nor does local.OpenServer (without SignalOptions.True the calibration would hold for both)",
		false: "P(True) by the first token of a reply, not by scores"}[then.ScoresTrue])
	if len(different) > 0 {
		return fmt.Errorf("%w: %s; calibrate again, or do without", ErrConditions, strings.Join(different, "; "))
	}
	if then.Index != "" && now.Index != "" && then.Index != now.Index {
		return fmt.Errorf("%w: the index was changed since, or is searched in another way; calibrate again", ErrConditions)
	}
	return nil
}
