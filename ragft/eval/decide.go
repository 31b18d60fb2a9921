package eval

import (
	"maps"
	"slices"

	"github.com/ragft/ragft/ragft/abstain"
	"github.com/ragft/ragft/ragft/answer"
	"github.com/ragft/ragft/ragft/question"
)

// TradeoffPoint is what a threshold of the decision to answer does: the shares of questions, with what the model itself
// declines counted as declined.
type TradeoffPoint struct {
	Threshold     float64 `json:"threshold"`
	FalseRefusals float64 `json:"false_refusals"`           // of questions whose answer was shown
	MadeUp        float64 `json:"made_up"`                  // of unanswerable questions
	MadeUpAbsent  float64 `json:"made_up_absent,omitempty"` // of questions with [question.GapAbsent]; 0 without any
	MadeUpAltered float64 `json:"made_up_altered,omitempty"`
	Correct       float64 `json:"correct"` // of answerable questions
}

// chance stores the signals that a rule goes by, and what it makes of them.
func (r *Record) chance(rule *abstain.Rule, known abstain.Signals) {
	p := rule.Probability(known)
	r.Chance = &p
	maps.Copy(r.Signals, known)
}

// decide puts the refusal in the place of an answer that the rule does not give.
func (r *Record) decide(rule *abstain.Rule) {
	if rule == nil || *r.Chance >= rule.Threshold {
		return
	}
	r.Draft, r.DraftVerdict = r.Answer, r.Verdict
	r.Answer, r.Text, r.Verdict, r.Decision, r.Votes = rule.Refusal, "", answer.Refused, "", nil
	r.Citations, r.CitedNowhere, r.Cited, r.CitedRight, r.CitedWhole = nil, nil, 0, 0, false
}

// ungated is the verdict of what the model writes if it is made to answer.
func (r *Record) ungated() answer.Verdict {
	if r.DraftVerdict != "" {
		return r.DraftVerdict
	}
	return r.Verdict
}

// tradeoff computes the shares at each threshold that changes something, at most a hundred of them, and at that of the rule.
func tradeoff(records []Record, rule *abstain.Rule) []TradeoffPoint {
	chances := map[float64]bool{0: true}
	for _, r := range records {
		if r.Chance != nil {
			chances[*r.Chance] = true
		}
	}
	if len(chances) == 1 {
		return nil
	}
	all := slices.Sorted(maps.Keys(chances))
	step := (len(all) + 99) / 100
	var thresholds []float64
	for i := 0; i < len(all); i += step {
		thresholds = append(thresholds, all[i])
	}
	if rule != nil {
		if at, found := slices.BinarySearch(thresholds, rule.Threshold); !found {
			thresholds = slices.Insert(thresholds, at, rule.Threshold)
		}
	}
	points := make([]TradeoffPoint, len(thresholds))
	for i, threshold := range thresholds {
		points[i] = tradeoffAt(records, threshold)
	}
	return points
}

func tradeoffAt(records []Record, threshold float64) TradeoffPoint {
	var held, unanswerable, absent, altered, answerable count
	for i := range records {
		r := &records[i]
		if r.Chance == nil {
			continue
		}
		given := *r.Chance >= threshold && r.ungated() != answer.Refused
		held.add(isPresent(r) && !r.Unanswerable, !given)
		unanswerable.add(r.Unanswerable, given)
		absent.add(r.Gap == question.GapAbsent, given)
		altered.add(r.Gap == question.GapAltered, given)
		answerable.add(!r.Unanswerable, given && r.ungated() == answer.Correct)
	}
	return TradeoffPoint{threshold, held.share(), unanswerable.share(), absent.share(), altered.share(), answerable.share()}
}

// count is a share of questions.
type count struct{ hits, of int }

func (c *count) add(counts, hit bool) {
	if counts {
		if c.of++; hit {
			c.hits++
		}
	}
}

func (c count) share() float64 { return float64(c.hits) / float64(max(c.of, 1)) }
