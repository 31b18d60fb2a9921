package abstain

import (
	"cmp"
	"errors"
	"fmt"
	"math"
	"slices"

	"github.com/ragft/ragft/internal/stats"
	"github.com/ragft/ragft/ragft/answer"
)

// Signals are what is known of a question before it is answered, by name. What is not known is left out.
type Signals map[string]float64

// The signals of the model.
const (
	// Declining is the natural log of the probability that it begins its reply as it would to decline.
	Declining = "declining"

	// Certainty is the mean natural log of the probabilities of the tokens of its answer. An answer of more than 16 tokens
	// has none: an assistant holds the text back until it is decided, which only short answers allow.
	Certainty = "certainty"
)

// Rule decides whether a question is answered. It is fitted by [Fit], kept in the adapter that it was fitted for, and safe
// for concurrent use.
type Rule struct {
	// Refusal is the text with which the model was taught to decline. It is what an assistant says, and what an answer is
	// kept from beginning with.
	Refusal string `json:"refusal"`

	// Chance is the probability, from the signals, that the passages shown hold the answer.
	Chance stats.Logistic `json:"chance"`

	// Threshold is the probability below which the question is declined.
	Threshold float64 `json:"threshold"`

	// Calibration says what the threshold was chosen on.
	Calibration Calibration `json:"calibration"`

	// Conditions are those that the signals depend on, in words: "model", "passages", "prompt", "search". The rule does not
	// hold under others.
	Conditions map[string]string `json:"conditions"`
}

// Calibration counts the questions on which a threshold was chosen.
type Calibration struct {
	Rate     float64 `json:"rate"`     // of false refusals that was aimed at
	Held     int     `json:"held"`     // questions whose answer was in a passage shown
	Declined int     `json:"declined"` // of these, declined by the rule: the false refusals
	Without  int     `json:"without"`  // questions whose answer was not shown
	Caught   int     `json:"caught"`   // of these, declined by the rule
	AUC      float64 `json:"auc"`      // area under the curve of Chance over all of them
}

// Point is a question that a rule is fitted on.
type Point struct {
	Signals Signals
	Held    bool   // a passage that was shown holds the answer
	ID      string // of the question, for the caller
}

// Options controls [Fit]. The zero value declines 10 % of the questions whose answer was shown.
type Options struct {
	FalseRefusals float64 // share of the questions whose answer was shown, in (0, 1); 0 = 0.1
}

// ErrTooFew means that there are too few questions to fit a rule on: fewer than ten whose answer was shown, or than ten
// whose answer was not.
var ErrTooFew = errors.New("too few questions to decide by")

// Fit fits a rule to questions that the model was not trained on. Chance adds the signals, standardised, with equal weights. Those
// of the search count in the direction that [Match] gives them. Those of the model count if the questions show that it declines
// more, or is less certain, where the answer is not shown, and others if they show them to say something. Only the scale and
// the offset of the sum are fitted, by logistic regression: a few hundred questions are about few documents, and weights that
// are fitted to them do worse on others than equal ones (Dawes, The robust beauty of improper linear models in decision
// making, American Psychologist 34, 1979). The threshold is chosen so that of further questions whose answer is shown at most
// the rate is declined on average (split conformal prediction, arXiv 2107.07511, section 1). The error wraps [ErrTooFew].
func Fit(points []Point, refusal string, o Options) (*Rule, error) {
	rate := cmp.Or(o.FalseRefusals, 0.1)
	if !(rate > 0 && rate < 1) {
		return nil, fmt.Errorf("ragft: abstain: FalseRefusals is %v; it is a share between 0 and 1", o.FalseRefusals)
	}
	r := &Rule{Refusal: refusal, Calibration: Calibration{Rate: rate}}
	for _, p := range points {
		if p.Held {
			r.Calibration.Held++
		} else {
			r.Calibration.Without++
		}
	}
	if r.Calibration.Held < 10 || r.Calibration.Without < 10 {
		return nil, fmt.Errorf("ragft: abstain: %w: %d whose answer was shown and %d whose answer was not, and it takes ten of each",
			ErrTooFew, r.Calibration.Held, r.Calibration.Without)
	}
	chance, err := fit(points, common(points))
	if err != nil {
		return nil, fmt.Errorf("ragft: abstain: %w", err)
	}
	r.Chance = *chance
	r.choose(points)
	return r, nil
}

// direction is what a greater value of a signal says: 1 that the answer is shown, -1 that it is not, 0 if that is not known.
func direction(name string) float64 {
	switch name {
	case Score, ScorePerWord, Margin, Coverage, Sentence, Certainty:
		return 1
	case NamesMissing, Declining:
		return -1
	}
	return 0
}

// fit fits the chance. The error says that there is no signal.
func fit(points []Point, names []string) (*stats.Logistic, error) {
	all := make([]stats.Observation, len(points))
	for i, p := range points {
		all[i] = stats.Observation{Features: p.Signals, Correct: p.Held}
	}
	c, err := stats.Standardise(all, chosen(points, names))
	if err != nil {
		return nil, err
	}
	for j, name := range c.Names {
		if c.Weight[j] = direction(name); c.Weight[j] == 0 {
			c.Weight[j] = math.Copysign(1, evidence(points, name))
		}
	}
	const sum = "sum"
	sums := make([]stats.Observation, len(points))
	for i, p := range points {
		sums[i] = stats.Observation{Features: map[string]float64{sum: c.Odds(p.Signals)}, Correct: p.Held}
	}
	spread, err := stats.FitLogistic(sums, []string{sum}, 1)
	if err != nil {
		return nil, err
	}
	// Where the sum says the contrary of what it should, the chance is the same for all questions, and none is declined.
	times := max(spread.Weight[0], 0) / spread.Scale[0]
	for j := range c.Weight {
		c.Weight[j] *= times
	}
	c.Bias = spread.Bias - times*spread.Mean[0]
	return c, nil
}

// shown is the number of standard errors at which a signal counts that may say nothing.
const shown = 1

// chosen returns the names that the chance takes: the signals of the search, and others that the questions show to say
// something. How likely a model finds the refusal says nothing if it was not taught to decline. Without any, all are taken.
func chosen(points []Point, names []string) []string {
	var out []string
	for _, name := range names {
		d, e := direction(name), evidence(points, name)
		if ofSearch := d != 0 && name != Declining && name != Certainty; ofSearch || d*e > shown || d == 0 && math.Abs(e) > shown {
			out = append(out, name)
		}
	}
	if out == nil {
		return names
	}
	return out
}

// evidence is the distance from a half of the probability that a question whose answer is shown has a greater value than
// one whose answer is not, in standard errors (Mann and Whitney 1947).
func evidence(points []Point, name string) float64 {
	var outcomes []stats.Outcome
	held := 0.0
	for _, p := range points {
		if x, ok := p.Signals[name]; ok && stats.IsFinite(x) {
			outcomes = append(outcomes, stats.Outcome{Confidence: x, Correct: p.Held})
			held += stats.Indicator(p.Held)
		}
	}
	without := float64(len(outcomes)) - held
	if held == 0 || without == 0 {
		return 0
	}
	return (stats.RankOutcomes(outcomes).Auroc(nil) - 0.5) / math.Sqrt((held+without+1)/(12*held*without))
}

// choose sets the threshold: a further question whose answer is shown has a smaller chance with a probability of at most Rate.
func (r *Rule) choose(points []Point) {
	c := &r.Calibration
	var held []float64
	outcomes := make([]stats.Outcome, len(points))
	for i, p := range points {
		outcomes[i] = stats.Outcome{Confidence: r.Probability(p.Signals), Correct: p.Held}
		if p.Held {
			held = append(held, outcomes[i].Confidence)
		}
	}
	slices.Sort(held)
	// As in split conformal prediction: of n questions and one more, each is as likely to be the k-th least certain, so that the next
	// one is declined with a probability of at most k / (n+1). With few questions this is well below k / n.
	if k := int(c.Rate * float64(len(held)+1)); k > 0 { // else the rule declines nothing
		r.Threshold = held[k-1]
	}
	for _, p := range points {
		switch declined := !r.Answers(p.Signals); {
		case declined && p.Held:
			c.Declined++
		case declined:
			c.Caught++
		}
	}
	c.AUC = stats.RankOutcomes(outcomes).Auroc(nil)
}

// common lists the signals that at least half of the points have, in order.
func common(points []Point) []string {
	count := map[string]int{}
	for _, p := range points {
		for name, value := range p.Signals {
			if stats.IsFinite(value) {
				count[name]++
			}
		}
	}
	var names []string
	for name, n := range count {
		if 2*n >= len(points) {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return names
}

// Probability returns the probability that the passages hold the answer. A signal that is missing counts as its mean.
func (r *Rule) Probability(s Signals) float64 { return r.Chance.Probability(s) }

// NeedsAnswer reports whether the rule needs the model's answer before it can decide.
func (r *Rule) NeedsAnswer() bool { return slices.Contains(r.Chance.Names, Certainty) }

// Answers reports whether a question with these signals is answered.
func (r *Rule) Answers(s Signals) bool { return r.Probability(s) >= r.Threshold }

// Check returns an error if the rule cannot be used: a value is missing or out of range, or the refusal does not read as one.
func (r *Rule) Check() error {
	k := len(r.Chance.Names)
	switch {
	case !answer.IsRefusal(r.Refusal):
		return fmt.Errorf("ragft: abstain: the refusal %.80q does not read as one", r.Refusal)
	case k == 0 || len(r.Chance.Mean) != k || len(r.Chance.Scale) != k || len(r.Chance.Weight) != k || slices.Contains(r.Chance.Scale, 0):
		return errors.New("ragft: abstain: the lists of the rule differ in length")
	case !(r.Threshold >= 0 && r.Threshold <= 1) || math.IsNaN(r.Chance.Bias):
		return fmt.Errorf("ragft: abstain: the threshold %v is not a probability", r.Threshold)
	}
	return nil
}
