package eval

import (
	"fmt"
	"math"
	"math/rand/v2"
	"testing"

	"github.com/ragft/ragft/internal/metric"
	"github.com/ragft/ragft/internal/stats"
	"github.com/ragft/ragft/ragft/answer"
	"github.com/stretchr/testify/require"
)

// measured is an evaluation of the records of some systems, the others compared with the first.
func measuredRecords(t testing.TB, seed uint64, resamples int, systems ...[]Record) *Evaluation {
	t.Helper()
	return measuredGroups(t, seed, resamples, make([]string, len(systems[0])), systems...)
}

// measuredGroups is measuredRecords where the questions have groups.
func measuredGroups(t testing.TB, seed uint64, resamples int, groups []string, systems ...[]Record) *Evaluation {
	t.Helper()
	e := &Evaluation{Questions: make([]Question, len(systems[0])), Seed: seed, Resamples: resamples}
	for i, group := range groups {
		e.Questions[i].Group = group
	}
	m := evaluator{Config: Config{Seed: seed, Resamples: resamples, Progress: func(Progress) {}}}
	for i, records := range systems {
		e.Systems = append(e.Systems, SystemResult{Name: fmt.Sprint(i), Records: records})
		if i > 0 {
			m.Compare = append(m.Compare, Pair{"0", fmt.Sprint(i)})
		}
	}
	require.NoError(t, m.measure(t.Context(), e))
	return e
}

// recordOf draws a record: answered with the probability answers, with a confidence that is the probability to be right.
func recordOf(rng *rand.Rand, i int, answers float64) Record {
	c := rng.Float64()
	r := Record{
		Verdict:    answer.Incorrect,
		Context:    answer.Absent,
		Confidence: &c,
		F1:         rng.Float64() / 2,
		RougeL:     rng.Float64(),
		Tokens:     1 + rng.IntN(9),
		Cited:      1 + rng.IntN(2),
	}
	if i%3 != 0 {
		r.Context = answer.Present
	}
	if rng.Float64() < c {
		r.Verdict, r.F1, r.CitedRight = answer.Correct, 1, 1
	}
	if rng.Float64() >= answers {
		r.Verdict, r.F1, r.RougeL, r.Cited, r.CitedRight = answer.Refused, 0, 0, 0, 0
	}
	return r
}

// findings counts, by metric, how often two systems that differ in nothing but how often they answer are found to differ.
func findings(t *testing.T, n, trials int, base, other float64) map[string]float64 {
	rng := rand.New(rand.NewPCG(11, uint64(n)))
	found := map[string]float64{}
	for trial := range trials {
		systems := make([][]Record, 2)
		for s, answers := range []float64{base, other} {
			for i := range n {
				systems[s] = append(systems[s], recordOf(rng, i, answers))
			}
		}
		for _, d := range measuredRecords(t, uint64(trial), 200, systems...).Comparisons[0].Differences {
			switch d.Finding {
			case stats.Better, stats.Worse, stats.Higher, stats.Lower:
				found[d.Key] += 1 / float64(trials)
			}
		}
	}
	return found
}

// Where two systems are the same law, a finding is false, and at most one in twenty may be one. The bounds leave room for
// the noise of the trials: of 400, 5 % are more than 8 % with a probability below 0.01.
func TestFindingsWhereThereIsNoDifference(t *testing.T) {
	for _, n := range []int{6, 20, 60} {
		for key, share := range findings(t, n, 400, 0.7, 0.7) {
			require.LessOrEqual(t, share, 0.08, "%s of %d questions", key, n)
		}
	}
}

// A tuned model declines more. What it answers is no better or worse for that.
func TestFindingsWhereOnlyCoverageDiffers(t *testing.T) {
	found := findings(t, 240, 200, 1, 1.0/6)
	require.InDelta(t, 1, found[metric.Coverage], 1e-9)
	require.Zero(t, found[metric.ECE])
	for _, key := range []string{metric.AURC, metric.EAURC, metric.AUROC, metric.Brier, metric.SelectiveAccuracy, metric.Risk} {
		require.LessOrEqual(t, found[key], 0.09, key)
	}
}

// A difference that is there is found.
func TestFindingsWhereThereIsADifference(t *testing.T) {
	rng := rand.New(rand.NewPCG(3, 3))
	var base, other []Record
	for i := range 120 {
		r := recordOf(rng, i, 1)
		better := r
		sure, unsure := 0.9, 0.1
		better.Confidence = &unsure
		if better.Verdict == answer.Correct {
			better.Confidence = &sure
		}
		better.F1, better.Tokens = min(1, r.F1+0.3*rng.Float64()), r.Tokens+rng.IntN(3)
		base, other = append(base, r), append(other, better)
	}
	c := measuredRecords(t, 1, 1000, base, other).Comparisons[0]
	for key, want := range map[string]stats.Finding{
		metric.F1: stats.Better, metric.AURC: stats.Better, metric.AUROC: stats.Better, metric.Brier: stats.Better,
		metric.AnswerTokens: stats.Worse,
		metric.Truthfulness: stats.NoDifference,
	} {
		require.Equal(t, want, c.Difference(key).Finding, key)
	}
}

// Of ten questions base answers two wrong, and the other system two others right: nothing that is about answers can be
// compared, since no question was answered by both.
func TestNoQuestionInCommon(t *testing.T) {
	var base, other []Record
	for i := range 10 {
		a, b := Record{Verdict: answer.Refused, Context: answer.Present}, Record{Verdict: answer.Refused, Context: answer.Present}
		sure := 0.9
		if i < 2 {
			a.Verdict, a.Confidence = answer.Incorrect, &sure
		}
		if i >= 8 {
			b.Verdict, b.Confidence = answer.Correct, &sure
		}
		base, other = append(base, a), append(other, b)
	}
	c := measuredRecords(t, 1, 500, base, other).Comparisons[0]
	for _, key := range []string{metric.SelectiveAccuracy, metric.Risk, metric.AURC, metric.Brier} {
		require.Equal(t, stats.NotMeasured, c.Difference(key).Finding, key)
		require.Zero(t, c.Difference(key).Estimate.N, key)
	}
	truth := c.Difference(metric.Truthfulness)
	require.InDelta(t, 2.0/16, *truth.P, 0.05, "four questions that all change the same way")
	require.Equal(t, stats.NoDifference, truth.Finding)
}

// Of 64 questions in two batches one batch was slow: two figures a system, not 64, of which nothing can be shown.
func TestSecondsOfABatchAreShared(t *testing.T) {
	fast, slow := make([]Record, 64), make([]Record, 64)
	for i := range fast {
		fast[i] = Record{Verdict: answer.Correct, Context: answer.Present, Seconds: []float64{0.50, 0.52}[i/32]}
		slow[i] = Record{Verdict: answer.Correct, Context: answer.Present, Seconds: []float64{0.49, 0.60}[i/32]}
	}
	e := measuredRecords(t, 1, 2000, fast, slow)
	d := e.Comparisons[0].Difference(metric.Seconds)
	require.InDelta(t, 0.035, d.Estimate.Value, 1e-12)
	require.Equal(t, stats.NotTested, d.Finding)
	require.Nil(t, d.P)
	for _, seconds := range []stats.Estimate{d.Estimate, e.Systems[0].Estimate(metric.Seconds), e.Systems[1].Estimate(metric.Seconds)} {
		require.True(t, math.IsNaN(seconds.Low), "%+v", seconds)
		require.Equal(t, 64, seconds.N)
	}
	require.InDelta(t, 0.51, e.Systems[0].Estimate(metric.Seconds).Value, 1e-12)
}

// An interval without width would claim to be certain.
func TestNoIntervalWithoutWidth(t *testing.T) {
	sure, unsure := 0.9, 0.1
	answers, refusals := make([]Record, 6), make([]Record, 6)
	for i := range answers {
		answers[i] = Record{
			Verdict:      answer.Correct,
			Context:      answer.Present,
			Confidence:   &sure,
			Cited:        1,
			CitedRight:   1,
			Unanswerable: false,
			F1:           1,
			RougeL:       0.5,
		}
		refusals[i] = Record{Verdict: answer.Refused, Context: answer.Absent}
	}
	refusals[5] = Record{Verdict: answer.Refused, Context: answer.Present}
	answers[5].Verdict, answers[5].Confidence, answers[5].CitedRight = answer.Incorrect, &unsure, 1
	e := measuredRecords(t, 1, 200, answers, refusals)
	for i := range e.Systems {
		for _, m := range e.Systems[i].Metrics {
			require.False(t, m.Estimate.High-m.Estimate.Low < 1e-9, "%s of system %d: %+v", m.Key, i, m.Estimate)
		}
	}
	for _, d := range e.Comparisons[0].Differences {
		require.False(t, d.Estimate.High-d.Estimate.Low < 1e-9, d.Key)
	}
	// All six refused: a score other than 0 has a probability of at most 1 - 0.025^(1/6) = 0.4593.
	truth := e.Systems[1].Estimate(metric.Truthfulness)
	require.InDelta(t, -0.4593, truth.Low, 1e-4)
	require.InDelta(t, 0.4593, truth.High, 1e-4)
	require.Equal(t, 1.0, e.Systems[0].Estimate(metric.AUROC).Value)
	require.True(t, math.IsNaN(e.Systems[0].Estimate(metric.AUROC).Low))
	// The other end of the range of F1 is a bound, though all have the same value within it.
	rouge := e.Systems[0].Estimate(metric.RougeL)
	require.InDelta(t, 0.5-0.4593/2, rouge.Low, 1e-4)
	require.InDelta(t, 0.5+0.4593/2, rouge.High, 1e-4)
	// All six questions turn from answered to refused: -1 for each, and +1 for what was not seen.
	coverage := e.Comparisons[0].Difference(metric.Coverage).Estimate
	require.Equal(t, -1.0, coverage.Low)
	require.InDelta(t, -1+2*0.4593, coverage.High, 1e-4)
}

// The questions of a group stand or fall together: thirty that turn right in three groups are three, and a fair coin does that
// one time in four.
func TestGroupsAreExchangedTogether(t *testing.T) {
	base, other, groups := make([]Record, 30), make([]Record, 30), make([]string, 30)
	for i := range base {
		base[i] = Record{Verdict: answer.Incorrect, Context: answer.Present}
		other[i] = Record{Verdict: answer.Correct, Context: answer.Present, F1: 1}
		groups[i] = fmt.Sprint(i / 10)
	}
	c := measuredGroups(t, 1, 4000, groups, base, other).Comparisons[0]
	for _, key := range []string{metric.Correct, metric.F1} {
		d := c.Difference(key)
		require.Equal(t, stats.ByRandomisation, d.Test, key)
		require.InDelta(t, 0.25, *d.P, 0.03, key)
		require.Equal(t, stats.NoDifference, d.Finding, key)
	}

	// Where all that count are alone, the exact test is right.
	for i := range base {
		base[i].Unanswerable, other[i].Unanswerable = i%10 > 0, i%10 > 0
	}
	d := measuredGroups(t, 1, 4000, groups, base, other).Comparisons[0].Difference(metric.Correct)
	require.Equal(t, stats.ByMcNemar, d.Test)
	require.InDelta(t, 0.25, *d.P, 1e-12)
	d = measuredRecords(t, 1, 100, base[:9], other[:9]).Comparisons[0].Difference(metric.Coverage)
	require.Equal(t, stats.ByMcNemar, d.Test)
}

// Where nothing shown ever answers, every refusal is right by construction.
func TestAbstentionNeedsEvidence(t *testing.T) {
	e := measuredRecords(t, 1, 100,
		[]Record{{Verdict: answer.Refused, Context: answer.Absent}, {Verdict: answer.Correct, Context: answer.Absent}},
		[]Record{{Verdict: answer.Refused, Context: answer.Absent}, {Verdict: answer.Refused, Context: answer.Absent}})
	for _, key := range []string{metric.AbstainPrecision, metric.AbstainF1} {
		require.False(t, e.Systems[1].Estimate(key).Defined(), key)
		require.Equal(t, stats.NotMeasured, e.Comparisons[0].Difference(key).Finding, key)
	}
	require.Equal(t, 0.5, e.Systems[0].Estimate(metric.AbstainRecall).Value)
}

// BenchmarkMeasure is what metrics, intervals and tests of 8 systems on 500 questions take.
func BenchmarkMeasure(b *testing.B) {
	rng := rand.New(rand.NewPCG(1, 1))
	systems := make([][]Record, 8)
	for s := range systems {
		for i := range 500 {
			systems[s] = append(systems[s], recordOf(rng, i, 0.7))
		}
	}
	for b.Loop() {
		measuredRecords(b, 1, stats.DefaultResamples, systems...)
	}
}
