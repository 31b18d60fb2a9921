package abstain

import (
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
		out[i] = Point{Signals: Signals{"a": rng.NormFloat64() + shift, "noise": rng.NormFloat64()}, Held: held, Group: string(rune('a' + i%40))}
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
		require.Equal(t, []string{"a", "noise"}, r.Chance.Names)
		require.NoError(t, r.Check())
		require.Equal(t, r.Probability(Signals{"a": 0}) >= r.Threshold, r.Answers(Signals{"a": 0}))
		require.Greater(t, r.Probability(Signals{"a": 3}), r.Probability(Signals{"a": -3}))
	}
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
			out[i] = Point{Signals: Signals{"a": rng.NormFloat64()}, Held: held, Group: string(rune('a' + i))}
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
