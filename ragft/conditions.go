package ragft

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/ragft/ragft/retriever"
)

// Conditions are those under which answers came about, as far as it depends on
// them how sure the answers are. The longest answer and the texts that end one
// are left out.
type Conditions struct {
	Setting    Setting   `json:"setting"`
	Passages   int       `json:"passages"`
	Prompt     string    `json:"prompt"` // the system message
	Layout     string    `json:"layout"` // hash of the prompt to an example, see [Prompts.Template]
	Ensemble   *Ensemble `json:"ensemble,omitempty"`
	Extracted  bool      `json:"extracted,omitempty"`   // the answer is taken out of the text
	ScoresTrue bool      `json:"scores_true,omitempty"` // SignalTrue is found by scores, not by a token
	Index      string    `json:"index,omitempty"`       // digest of what is searched, the tuning included; "" = not known
}

// ErrOtherConditions means that a calibration was made under other conditions
// than those that it is to be used under, where it promises nothing.
var ErrOtherConditions = errors.New("the calibration was made under other conditions")

func conditionsOf(e *Evaluation, s *SystemResult) Conditions {
	return Conditions{
		Setting: s.Setting, Passages: e.K, Prompt: s.Prompt, Layout: s.Layout, Ensemble: s.Ensemble, Extracted: s.Extracted,
		ScoresTrue: s.ScoresTrue, Index: e.Index,
	}
}

// layoutOf is a hash of how a prompt is laid out: of that to an example.
func layoutOf(messages func(question string, hits []retriever.Hit) []Message) string {
	hit := retriever.Hit{Score: 1, Chunk: retriever.Chunk{Title: "Title", Text: "Text.", End: 5}}
	return hashMessages(messages("Question?", []retriever.Hit{hit, hit}))
}

func (c Conditions) equal(other Conditions) bool {
	a, b := c.Ensemble, other.Ensemble
	c.Ensemble, other.Ensemble = nil, nil
	return c == other && (a == nil) == (b == nil) && (a == nil || *a == *b)
}

// digestOf is the digest of an index, with its tuning, or "" where a search has none.
func digestOf(ctx context.Context, search retriever.Searcher) (string, error) {
	if index, ok := search.(retriever.Digester); ok {
		return index.Digest(ctx)
	}
	return "", nil
}

// Check tells whether the calibration holds for an assistant of this model,
// search and options. The error wraps [ErrOtherConditions] and names what is
// different, or [ErrNoGuarantee] where the calibration has no threshold and
// MinConfidence is not set, or [ErrCalibration] where it has no confidence. It
// reads the whole index, where its digest is known; an [Assistant] checks all but
// the index by itself.
func (c *Calibration) Check(ctx context.Context, model Model, search retriever.Searcher, o AssistantOptions) error {
	if err := c.checkOptions(model, o.withDefaults()); err != nil {
		return fmt.Errorf("ragft: %w", err)
	}
	digest, err := digestOf(ctx, search)
	if err != nil {
		return fmt.Errorf("ragft: calibration: %w", err)
	}
	if digest != "" && c.Conditions.Index != "" && digest != c.Conditions.Index {
		return fmt.Errorf("ragft: %w: the index was changed since, or is searched in another way; calibrate again", ErrOtherConditions)
	}
	return nil
}

// checkOptions is Check without the index, of options with their defaults; a nil
// calibration holds.
func (c *Calibration) checkOptions(model Model, o AssistantOptions) error {
	if c == nil {
		return nil
	}
	if c.Unfit != "" {
		return fmt.Errorf("the calibration is none: %s: %w", c.Unfit, ErrCalibration)
	}
	if c.Conditions == (Conditions{}) {
		return fmt.Errorf("%w, or by an older version, which did not write them down; calibrate again", ErrOtherConditions)
	}
	var different []string
	differs := func(is bool, text string, args ...any) {
		if is {
			different = append(different, fmt.Sprintf(text, args...))
		}
	}
	prompt, layout := o.Prompts.Read, layoutOf(o.Prompts.ReadMessages)
	if o.Careful {
		prompt, layout = o.Prompts.Careful, layoutOf(o.Prompts.CarefulMessages)
	}
	then := c.Conditions
	differs(c.Model != model.Name(), "of the model %s, not %s", c.Model, model.Name())
	differs(then.Setting != SettingRetrieval, "%s, not answers from a search", settingName(then.Setting))
	differs(then.Passages != o.Passages, "%d passages, not %d", then.Passages, o.Passages)
	differs(then.Prompt != prompt, "the instruction %q, not %q", then.Prompt, prompt)
	differs(then.Prompt == prompt && then.Layout != layout, "another layout of the prompt")
	differs(o.Temperature > 0, "temperature 0, not %g", o.Temperature)
	differs(then.Extracted != (o.Extract != nil), "%s", map[bool]string{
		true: "the answer taken out of the text, not all of it", false: "all of the text as the answer, not a part of it"}[then.Extracted])
	differs((then.Ensemble == nil) != (o.Ensemble == nil), "%s", map[bool]string{
		true: "all passages together, not a vote of them", false: "a vote of the passages, not all together"}[then.Ensemble == nil])
	differs(then.Ensemble != nil && o.Ensemble != nil && cmp.Or(then.Ensemble.Temperature, 1) != cmp.Or(o.Ensemble.Temperature, 1), "another temperature of the vote")
	differs(c.Signals.True && then.ScoresTrue != scoresTrue(model), "%s", map[bool]string{
		true:  "P(True) by scores, which neither a model of a server nor one with LocalOptions.Serve gives (without SignalOptions.True it would hold for both)",
		false: "P(True) by the first token of a reply, not by scores"}[then.ScoresTrue])
	if len(different) > 0 {
		return fmt.Errorf("%w: %s; calibrate again, or do without", ErrOtherConditions, strings.Join(different, "; "))
	}
	if c.Guarantee.Answered == 0 && o.MinConfidence <= 0 {
		return fmt.Errorf("the calibration has no threshold, and MinConfidence is not set: %w", ErrNoGuarantee)
	}
	return nil
}
