package abstain

import (
	"math"
	"math/rand/v2"
	"testing"

	"github.com/ragft/ragft/retriever"
	"github.com/stretchr/testify/require"
)

const refusal = "Sorry, the documents do not say."

func points(n int) []Point {
	rng := rand.New(rand.NewPCG(1, 2))
	out := make([]Point, n)
	for i := range out {
		held := i%2 == 0
		shift := 0.0
		if held {
			shift = 1.5
		}
		out[i] = Point{Signals: Signals{"a": rng.NormFloat64() + shift, "noise": rng.NormFloat64()}, Held: held}
	}
	return out
}

func TestFitKeepsTheRate(t *testing.T) {
	for _, rate := range []float64{0, 0.05, 0.3} {
		r, err := Fit(points(2000), refusal, Options{FalseRefusals: rate})
		require.NoError(t, err)
		want := max(rate, 0.05)
		if rate == 0 {
			want = 0.1
		}
		require.LessOrEqual(t, float64(r.Calibration.Declined)/1000, want)
		require.InDelta(t, want, float64(r.Calibration.Declined)/1000, 0.002)
		require.InDelta(t, 0.856, r.Calibration.AUC, 0.02, "two normals at a distance of 1.5 have 0.856")
		require.Equal(t, []string{"a"}, r.Chance.Names, "noise says nothing")
		require.NoError(t, r.Check())
		require.Equal(t, r.Probability(Signals{"a": 0}) >= r.Threshold, r.Answers(Signals{"a": 0}))
		require.Greater(t, r.Probability(Signals{"a": 3}), r.Probability(Signals{"a": -3}))
	}
}

// Signals of the search have equal weights, with the sign that is known, also where the questions say otherwise.
func TestFitWeighsEqually(t *testing.T) {
	list := points(400)
	rng := rand.New(rand.NewPCG(5, 6))
	for i := range list {
		s, x := list[i].Signals, list[i].Signals["a"]
		list[i].Signals = Signals{Score: 10 * x, Sentence: x + rng.NormFloat64(), NamesMissing: -s["noise"], Coverage: -x + 3*rng.NormFloat64()}
	}
	r, err := Fit(list, refusal, Options{})
	require.NoError(t, err)
	require.Equal(t, []string{Coverage, NamesMissing, Score, Sentence}, r.Chance.Names)
	w := r.Chance.Weight
	require.Positive(t, w[0])
	for j, sign := range []float64{1, -1, 1, 1} {
		require.InDelta(t, sign*w[0], w[j], 1e-12)
	}
	// Worked by hand: the sum is the standardised values, added.
	odds := r.Chance.Bias
	for j, name := range r.Chance.Names {
		odds += w[j] * (list[0].Signals[name] - r.Chance.Mean[j]) / r.Chance.Scale[j]
	}
	require.InDelta(t, odds, r.Chance.Odds(list[0].Signals), 1e-12)
}

// How likely the model finds the refusal counts only if it is likelier where the answer is not shown.
func TestFitLeavesOutAnUntaughtModel(t *testing.T) {
	for _, c := range []struct {
		name  string
		times float64
		want  []string
	}{
		{"taught", -1, []string{Declining, Score}},
		{"untaught", 0, []string{Score}},
		{"declines where it should answer", 1, []string{Score}},
	} {
		list := points(300)
		for i := range list {
			x, noise := list[i].Signals["a"], list[i].Signals["noise"]
			list[i].Signals = Signals{Score: x, Declining: c.times*x + math.Abs(noise)*0.2}
		}
		r, err := Fit(list, refusal, Options{})
		require.NoError(t, err)
		require.Equal(t, c.want, r.Chance.Names, c.name)
	}
	// So does how certain the model is of its answer.
	for _, c := range []struct {
		times float64
		needs bool
	}{{1, true}, {0, false}, {-1, false}} {
		list := points(300)
		for i := range list {
			x, noise := list[i].Signals["a"], list[i].Signals["noise"]
			list[i].Signals = Signals{Score: x, Certainty: c.times*x - math.Abs(noise)*0.2}
		}
		r, err := Fit(list, refusal, Options{})
		require.NoError(t, err)
		require.Equal(t, c.needs, r.NeedsAnswer(), "%v", c.times)
	}
	// If it is all that there is, and it says the contrary, no question is declined.
	list := points(300)
	for i := range list {
		list[i].Signals = Signals{Declining: list[i].Signals["a"]}
	}
	r, err := Fit(list, refusal, Options{})
	require.NoError(t, err)
	require.NoError(t, r.Check())
	require.Zero(t, r.Calibration.Declined)
	require.Zero(t, r.Calibration.Caught)
	require.InDelta(t, 0.5, r.Calibration.AUC, 1e-9)
}

func TestFitNeedsBothKinds(t *testing.T) {
	few := points(18)
	_, err := Fit(few, refusal, Options{})
	require.ErrorIs(t, err, ErrTooFew)
	_, err = Fit(points(100), refusal, Options{FalseRefusals: 1})
	require.ErrorContains(t, err, "between 0 and 1")
}

func TestRuleCheck(t *testing.T) {
	r, err := Fit(points(200), refusal, Options{})
	require.NoError(t, err)
	other := *r
	other.Refusal = "Nine rooms."
	require.ErrorContains(t, other.Check(), "does not read as one")
	other = *r
	other.Threshold = 2
	require.Error(t, other.Check())
	require.Error(t, (&Rule{Refusal: refusal}).Check())
}

func TestMatch(t *testing.T) {
	hit := func(text string, score float64) retriever.Hit {
		return retriever.Hit{Chunk: retriever.Chunk{Title: "Mill", Text: text}, Score: score}
	}
	s := Match("Who built the mill at Dunmore in 1820?", []retriever.Hit{
		hit("The mill of Dunmore was built by Ada Venn.", 8), hit("Nothing.", 4)})
	require.InDelta(t, 2.079, s[Score], 1e-3)
	require.InDelta(t, 8.0/7, s[ScorePerWord], 1e-9, "articles do not count")
	require.InDelta(t, 0.693, s[Margin], 1e-3)
	require.InDelta(t, 3.0/4, s[Coverage], 1e-9, "built, mill and dunmore of built, mill, dunmore and 1820")
	require.InDelta(t, 0.5, s[NamesMissing], 1e-9, "1820 of Dunmore and 1820")
	require.Zero(t, Match("Who built it?", []retriever.Hit{hit("x", 1)})[NamesMissing])
	require.Empty(t, Match("Who?", nil))

	// Chinese has no longer words, nor blanks.
	s = Match("钟楼建于1912年吗", []retriever.Hit{hit("钟楼于1913年建成。", 8)})
	require.InDelta(t, 5.0/7, s[Coverage], 1e-9, "all but 1912 and 吗")

	// Passages that are found by meaning alone have no score, and a reranker may put them first.
	s = Match("Who built the mill?", []retriever.Hit{hit("x", 0), hit("The mill.", 8), hit("y", 4)})
	require.InDelta(t, 2.079, s[Score], 1e-3)
	require.InDelta(t, 0.693, s[Margin], 1e-3)
	none := Match("Wer baute das?", []retriever.Hit{hit("x", 0), hit("y", 0)})
	require.Contains(t, none, ScorePerWord, "that no word is found is evidence, and no missing value")
	require.Contains(t, none, Sentence)
	require.Zero(t, none[ScorePerWord])
	require.Less(t, none[Score], s[Score])
	require.NotContains(t, none, Margin)
}

// A rate that the questions are too few to keep by declining any declines none.
func TestLowRateOfFewQuestions(t *testing.T) {
	r, err := Fit(points(60), refusal, Options{FalseRefusals: 0.01})
	require.NoError(t, err)
	require.Zero(t, r.Threshold)
	require.Zero(t, r.Calibration.Declined)
	require.NoError(t, r.Check())
}

// With few questions, too, at most the rate of further questions is declined on average.
func TestFitKeepsTheRateOfFurtherQuestions(t *testing.T) {
	rng := rand.New(rand.NewPCG(3, 4))
	draw := func(n int) []Point {
		out := make([]Point, n)
		for i := range out {
			held := i%2 == 0
			out[i] = Point{Signals: Signals{"a": rng.NormFloat64()}, Held: held}
			if held {
				out[i].Signals["a"] += 1.5
			}
		}
		return out
	}
	declined, asked := 0, 0
	for range 300 {
		r, err := Fit(draw(26), refusal, Options{})
		require.NoError(t, err)
		for _, p := range draw(100) {
			if p.Held {
				asked++
				if !r.Answers(p.Signals) {
					declined++
				}
			}
		}
	}
	rate := float64(declined) / float64(asked)
	require.LessOrEqual(t, rate, 0.1)
	require.Greater(t, rate, 0.04)
}

// The chance is a probability: of the questions to which the rule gives about 0.8, about four in five hold the answer.
func TestChanceIsCalibrated(t *testing.T) {
	r, err := Fit(points(400), refusal, Options{})
	require.NoError(t, err)
	held, n := 0.0, 0.0
	for _, p := range points(20000) {
		if c := r.Probability(p.Signals); c > 0.75 && c < 0.85 {
			n++
			if p.Held {
				held++
			}
		}
	}
	require.Greater(t, n, 500.0)
	require.InDelta(t, 0.8, held/n, 0.05)
}
