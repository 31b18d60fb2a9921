package confidence

import (
	"cmp"
	"errors"
	"fmt"
	"math"
	"slices"

	"github.com/ragft/ragft/internal/plural"
	"github.com/ragft/ragft/internal/stats"
)

// riskLevels is the number of coverages that controlRisk tries: 5 %, 10 %, ... 100 %.
const riskLevels = 20

// Guarantee is a confidence threshold and what is known about it.
//
// It is chosen to let the most answers through while the share of wrong ones among them
// stays at most Risk, with a probability of 1 - Delta, for new questions of the same kind.
// This is the selection with guaranteed risk of Geifman and El-Yaniv (2017, section 3)
// over a fixed list of coverages, with the exact binomial bound of Clopper and Pearson
// (1934) and Delta divided among the coverages (Bonferroni). The bound counts each answer
// as evidence of its own: where many of the answers are about one paragraph, it is too low.
type Guarantee struct {
	Threshold float64 `json:"threshold"` // answers with at least this confidence are given
	Risk      float64 `json:"risk"`      // the bound: largest share of wrong answers among those given
	Delta     float64 `json:"delta"`     // probability that the bound does not hold

	N         int     `json:"n"`         // answers that the threshold was chosen on
	Answered  int     `json:"answered"`  // of these, at or above the threshold; 0 = there is no threshold
	Wrong     int     `json:"wrong"`     // of those, wrong
	Bound     float64 `json:"bound"`     // upper bound of the risk at the threshold, at most Risk
	Coverage  float64 `json:"coverage"`  // Answered / N
	Empirical float64 `json:"empirical"` // Wrong / Answered
}

// ErrNoGuarantee means that no threshold keeps the risk: the answers are too few, or too
// often wrong even where the model is most confident.
var ErrNoGuarantee = errors.New("no threshold keeps the risk")

// controlRisk chooses the threshold of a [Guarantee]. The outcomes must not have been used
// to fit the confidence. Those with NaN as confidence count as never answered. Equal
// confidences are kept or dropped together.
func controlRisk(outcomes []stats.Outcome, risk, delta float64) (Guarantee, error) {
	if !(risk > 0 && risk < 1) || !(delta > 0 && delta < 1) {
		return Guarantee{}, fmt.Errorf("ragft: risk %v and delta %v must be between 0 and 1", risk, delta)
	}
	ranked := slices.DeleteFunc(slices.Clone(outcomes), func(o stats.Outcome) bool { return math.IsNaN(o.Confidence) })
	slices.SortStableFunc(ranked, func(a, b stats.Outcome) int { return cmp.Compare(b.Confidence, a.Confidence) })
	n := len(outcomes)
	wrong := make([]int, len(ranked)+1)
	for i, o := range ranked {
		wrong[i+1] = wrong[i]
		if !o.Correct {
			wrong[i+1]++
		}
	}
	best := Guarantee{Risk: risk, Delta: delta, N: n}
	for level := 1; level <= riskLevels; level++ {
		kept := min(n*level/riskLevels, len(ranked))
		for kept > 0 && kept < len(ranked) && ranked[kept].Confidence == ranked[kept-1].Confidence {
			kept++
		}
		if kept == 0 {
			continue
		}
		bound := stats.ClopperPearson(wrong[kept], kept, delta/riskLevels)
		if bound <= risk && kept > best.Answered {
			best.Threshold, best.Answered, best.Wrong, best.Bound = ranked[kept-1].Confidence, kept, wrong[kept], bound
		}
	}
	if best.Answered == 0 {
		return best, fmt.Errorf("ragft: %w: at most %.1f %% wrong, on %s; it takes about %d without a wrong one",
			ErrNoGuarantee, 100*risk, plural.N(n, "answer"), int(math.Ceil(math.Log(delta/riskLevels)/math.Log1p(-risk))))
	}
	best.Coverage = float64(best.Answered) / float64(n)
	best.Empirical = float64(best.Wrong) / float64(best.Answered)
	return best, nil
}
