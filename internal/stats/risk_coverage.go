package stats

import (
	"cmp"
	"math"
	"slices"
)

// ReliabilityBins is the number of equal bins of [ECE] and [Reliability].
const ReliabilityBins = 15

// Outcome is one answered question as the confidence metrics see it.
type Outcome struct {
	Confidence float64 // in [0, 1] for ECE and Brier; for the ranking metrics any number
	Correct    bool
}

// CurvePoint is a point of the risk-coverage curve: of the answers, those with
// the highest confidence are kept.
type CurvePoint struct {
	Coverage float64 `json:"coverage"` // kept / all
	Risk     float64 `json:"risk"`     // wrong / kept
}

// Bin is one bar of the reliability diagram.
type Bin struct {
	Low        float64 `json:"low"`
	High       float64 `json:"high"`
	N          int     `json:"n"`
	Confidence float64 `json:"confidence"` // mean of the bin; 0 if N is 0
	Accuracy   float64 `json:"accuracy"`   // share correct; 0 if N is 0
}

// RiskCoverage returns the risk at each coverage 1/n, 2/n, ... 1, with the most confident
// answers first (Geifman and El-Yaniv 2017, section 2). The order of equal confidences is
// arbitrary, so each of their steps has the mean risk over all orders, and the curve does
// not depend on the order of outcomes. Outcomes without a confidence (NaN) are left out.
func RiskCoverage(outcomes []Outcome) []CurvePoint {
	ranked := RankOutcomes(outcomes)
	var points []CurvePoint
	n := float64(len(ranked.Outcomes))
	ranked.sweep(nil, func(kept, wrong float64) {
		points = append(points, CurvePoint{Coverage: kept / n, Risk: wrong / kept})
	})
	return points
}

// ECE is the expected calibration error with 15 equal bins: the mean of
// |accuracy - confidence| over the bins, weighted by their counts (Guo et al.
// 2017, section 2, equation 3). NaN without outcomes. It is biased upwards, by
// about 1/sqrt(answers in a bin) where the confidence is right (Roelofs et al.
// 2022), so that values of different numbers of answers cannot be compared.
func ECE(outcomes []Outcome) float64 { return RankOutcomes(outcomes).Ece(nil) }

// Reliability returns the 15 bins (i/15, (i+1)/15], the first with 0, that ECE
// sums over.
func Reliability(outcomes []Outcome) []Bin {
	ranked := RankOutcomes(outcomes)
	n, confidence, correct := ranked.bins(nil)
	out := make([]Bin, ReliabilityBins)
	for i := range out {
		out[i] = Bin{Low: float64(i) / ReliabilityBins, High: float64(i+1) / ReliabilityBins, N: int(n[i])}
		if n[i] > 0 {
			out[i].Confidence, out[i].Accuracy = confidence[i]/n[i], correct[i]/n[i]
		}
	}
	return out
}

// Ranking holds outcomes by falling confidence. Its metrics take a weight for each element
// of the slice it was made from: how often a bootstrap sample drew it; nil = once. So one
// sort serves all samples.
type Ranking struct {
	Outcomes []Outcome
	from     []int // from[i] is the place of outcomes[i] in the original slice
}

// RankOutcomes sorts outcomes by falling confidence; those without one are left out.
func RankOutcomes(outcomes []Outcome) Ranking {
	var r Ranking
	for i, o := range outcomes {
		if !math.IsNaN(o.Confidence) {
			r.from = append(r.from, i)
		}
	}
	slices.SortStableFunc(r.from, func(a, b int) int {
		return cmp.Compare(outcomes[b].Confidence, outcomes[a].Confidence)
	})
	r.Outcomes = make([]Outcome, len(r.from))
	for i, at := range r.from {
		r.Outcomes[i] = outcomes[at]
	}
	return r
}

func (r Ranking) weight(weights []float64, i int) float64 {
	if weights == nil {
		return 1
	}
	return weights[r.from[i]]
}

// ties calls fn for each group of equal confidence, highest first, with the
// weight of its correct and wrong outcomes.
func (r Ranking) ties(weights []float64, fn func(correct, wrong float64)) {
	for i := 0; i < len(r.Outcomes); {
		c := r.Outcomes[i].Confidence
		var correct, wrong float64
		for ; i < len(r.Outcomes) && r.Outcomes[i].Confidence == c; i++ {
			if r.Outcomes[i].Correct {
				correct += r.weight(weights, i)
			} else {
				wrong += r.weight(weights, i)
			}
		}
		fn(correct, wrong)
	}
}

// sweep calls fn after each outcome with the number kept so far and the
// expected number of wrong ones among them.
func (r Ranking) sweep(weights []float64, fn func(kept, wrong float64)) {
	var kept, errors float64
	r.ties(weights, func(correct, wrong float64) {
		size := correct + wrong
		for j := 1.0; j <= size; j++ {
			fn(kept+j, errors+wrong*j/size)
		}
		kept, errors = kept+size, errors+wrong
	})
}

// Aurc is the area under the risk-coverage curve: the mean of its risks, as in
// Geifman et al. 2019, section 3. Lower is better; NaN without outcomes.
func (r Ranking) Aurc(weights []float64) float64 {
	var sum, n float64
	r.sweep(weights, func(kept, wrong float64) { sum, n = sum+wrong/kept, kept })
	return sum / n
}

// Eaurc is Aurc less that of a ranking that puts every correct answer before
// every wrong one (Geifman et al. 2019, section 3, with the exact sum for the
// best ranking in place of the paper's approximation). 0 is a perfect ranking.
func (r Ranking) Eaurc(weights []float64) float64 {
	var n, right, best float64
	r.ties(weights, func(correct, wrong float64) { n, right = n+correct+wrong, right+correct })
	for k := right + 1; k <= n; k++ {
		best += (k - right) / k
	}
	return r.Aurc(weights) - best/n
}

// Auroc is the probability that a correct answer has more confidence than a
// wrong one, a tie counted as half (Fawcett 2006, section 7). NaN unless there
// is a correct and a wrong answer.
func (r Ranking) Auroc(weights []float64) float64 {
	var above, wins, rights, wrongs float64 // above: correct outcomes ranked higher
	r.ties(weights, func(correct, wrong float64) {
		wins += wrong * (above + correct/2)
		above += correct
		rights, wrongs = rights+correct, wrongs+wrong
	})
	return wins / (rights * wrongs)
}

func (r Ranking) bins(weights []float64) (n, confidence, correct [ReliabilityBins]float64) {
	for i, o := range r.Outcomes {
		w := r.weight(weights, i)
		at := int(math.Ceil(o.Confidence*ReliabilityBins)) - 1
		at = min(max(at, 0), ReliabilityBins-1)
		n[at] += w
		confidence[at] += w * o.Confidence
		if o.Correct {
			correct[at] += w
		}
	}
	return n, confidence, correct
}

// Ece is [ECE].
func (r Ranking) Ece(weights []float64) float64 {
	n, confidence, correct := r.bins(weights)
	var gap, total float64
	for i := range n {
		gap += math.Abs(correct[i] - confidence[i])
		total += n[i]
	}
	return gap / total
}

// Brier is the mean squared difference of confidence and correctness
// (Brier 1950). Lower is better; NaN without outcomes.
func (r Ranking) Brier(weights []float64) float64 {
	var sum, total float64
	for i, o := range r.Outcomes {
		w := r.weight(weights, i)
		off := o.Confidence
		if o.Correct {
			off = o.Confidence - 1
		}
		sum += w * off * off
		total += w
	}
	return sum / total
}

// CurvesOf returns the risk-coverage curve and the reliability of outcomes; those without
// a confidence were not answered. Coverage is that of all outcomes, so the curve ends at
// the share that was answered.
func CurvesOf(outcomes []Outcome) (curve []CurvePoint, reliability []Bin) {
	answered := RiskCoverage(outcomes)
	if len(answered) == 0 {
		return nil, nil
	}
	for _, p := range answered {
		p.Coverage *= float64(len(answered)) / float64(len(outcomes))
		curve = append(curve, p)
	}
	return curve, Reliability(outcomes)
}

// Quality says how well a confidence tells correct answers from incorrect ones. A value
// that is not defined is nil.
type Quality struct {
	AUROC *float64 `json:"auroc"`
	AURC  *float64 `json:"aurc"`
	ECE   *float64 `json:"ece"`
	Brier *float64 `json:"brier"`
}

// QualityOf measures the confidence of outcomes.
func QualityOf(outcomes []Outcome) Quality {
	r := RankOutcomes(outcomes)
	return Quality{AUROC: Finite(r.Auroc(nil)), AURC: Finite(r.Aurc(nil)), ECE: Finite(r.Ece(nil)), Brier: Finite(r.Brier(nil))}
}

// QualityRow is one measure of a confidence, before and after it was calibrated.
type QualityRow struct {
	Name, Meaning string
	Before, After *float64
}

// QualityRows lists the measures in the order of tables.
func QualityRows(before, after Quality) []QualityRow {
	return []QualityRow{
		{"AUROC", "probability that a correct answer ranks above an incorrect one", before.AUROC, after.AUROC},
		{"AURC", "mean risk over the answers, most confident first", before.AURC, after.AURC},
		{"ECE", "mean gap between confidence and accuracy, 15 bins", before.ECE, after.ECE},
		{"Brier", "mean squared difference of confidence and correctness", before.Brier, after.Brier},
	}
}
