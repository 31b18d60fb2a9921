package eval_test

import (
	"cmp"
	"fmt"
	"slices"
	"testing"

	"github.com/ragft/ragft/internal/fake"
	"github.com/ragft/ragft/internal/fixture"
	"github.com/ragft/ragft/internal/metric"
	"github.com/ragft/ragft/internal/stats"
	"github.com/ragft/ragft/internal/wordings"
	"github.com/ragft/ragft/ragft/abstain"
	"github.com/ragft/ragft/ragft/answer"
	"github.com/ragft/ragft/ragft/eval"
	"github.com/ragft/ragft/ragft/model"
	"github.com/ragft/ragft/ragft/question"
	"github.com/stretchr/testify/require"
)

// TestEveryQuestionIsAnswered: a refusal is excluded without passages too, where no rule can decide.
func TestEveryQuestionIsAnswered(t *testing.T) {
	m := &fake.Scripted{Called: "m", Answers: map[string]model.Sample{"Who runs the mill?": fake.Said("Mara Venn", 0.5)}}
	fixture.Evaluated(t, eval.Config{
		Systems: []eval.System{
			{Name: "answers", Model: m, Setting: eval.SettingClosed, Exclude: fake.Decline}, {Name: "free", Model: m, Setting: eval.SettingClosed},
		},
		Questions: []question.Question{{ID: "1", Question: "Who runs the mill?", Answer: "Mara Venn"}}, Resamples: 50,
	})
	require.Len(t, m.Seen, 2)
	require.Equal(t, wordings.With(fake.Decline), m.Seen[0].Exclude)
	require.Empty(t, m.Seen[1].Exclude)
}

// TestRuleDecides: a rule that goes by the model's signal alone declines what the model is likely to decline.
func TestRuleDecides(t *testing.T) {
	rule := &abstain.Rule{Refusal: fake.Decline, Threshold: 0.5, Chance: stats.Logistic{
		Names: []string{abstain.Declining}, Mean: []float64{-2}, Scale: []float64{1}, Weight: []float64{-3}}}
	said := func(text string, excluded float64) model.Sample {
		s := fake.Said(text, 0.5)
		s.Excluded = excluded
		return s
	}
	m := &fake.Scripted{Called: "m", Answers: map[string]model.Sample{
		"Who runs the mill?": said("Mara Venn", -5), "Who runs the inn?": said("Tom Hale", -0.1), // sure; declines though it knows
		"Who runs the port?": said("Tom Hale", -1), "Who ran the mill in 1700?": said("Mara Venn", -4),
	}}
	found := fake.Shelf{}
	for q := range m.Answers {
		found[q] = []string{"The mill is run by Mara Venn, the inn by Tom Hale."}
	}
	e := fixture.Evaluated(t, eval.Config{
		Systems: []eval.System{{Name: "ruled", Model: m, Setting: eval.SettingRetrieval, Rule: rule}},
		Questions: []question.Question{
			{ID: "1", Question: "Who runs the mill?", Answer: "Mara Venn", Group: "p"},
			{ID: "2", Question: "Who runs the inn?", Answer: "Tom Hale", Group: "p"},
			{ID: "3", Question: "Who runs the port?", Gap: question.GapAbsent},
			{ID: "4", Question: "Who ran the mill in 1700?", Gap: question.GapAltered},
		}, Search: found, Resamples: 50,
	})
	require.Equal(t, wordings.With(fake.Decline), m.Seen[0].Exclude)
	s := e.System("ruled")
	for key, want := range map[string]float64{
		metric.Correct: 0.5, metric.FalseRefusal: 0.5, metric.MadeUp: 0.5, metric.MadeUpAbsent: 0, metric.MadeUpAltered: 1,
		metric.AUCAbsent: 0.5, metric.AUCAltered: 0.5,
	} {
		require.InDelta(t, want, s.Estimate(key).Value, 1e-9, key)
	}
	r := s.Records[1]
	require.Equal(t, fake.Decline, r.Answer)
	require.Equal(t, answer.Refused, r.Verdict)
	require.Equal(t, "Tom Hale", r.Draft)
	require.Equal(t, answer.Correct, r.DraftVerdict)
	require.InDelta(t, -0.1, r.Signals[abstain.Declining], 1e-9)
	require.Less(t, *r.Chance, 0.5)
	require.Equal(
		t,
		eval.TradeoffPoint{Threshold: 0, MadeUp: 1, MadeUpAbsent: 1, MadeUpAltered: 1, Correct: 1},
		s.Tradeoff[0],
		"everything is answered",
	)
	at := slices.IndexFunc(s.Tradeoff, func(p eval.TradeoffPoint) bool { return p.Threshold == rule.Threshold })
	require.Equal(
		t,
		eval.TradeoffPoint{Threshold: 0.5, FalseRefusals: 0.5, MadeUp: 0.5, MadeUpAltered: 1, Correct: 0.5},
		s.Tradeoff[at],
		"the rule has a point of its own, with its rates",
	)
	last := s.Tradeoff[len(s.Tradeoff)-1]
	require.Equal(t, 0.5, last.FalseRefusals)
	require.Zero(t, last.MadeUpAbsent)
	require.NoError(t, e.Recompute(t.Context()))
	require.InDelta(t, 0.5, e.System("ruled").Estimate(metric.Correct).Value, 1e-9)
}

// TestTradeoffHasAHundredPoints: and one for the threshold of the rule.
func TestTradeoffHasAHundredPoints(t *testing.T) {
	for n, points := range map[int]int{10: 12, 99: 101, 100: 52, 150: 77, 199: 101, 1000: 92} {
		e := &eval.Evaluation{Resamples: 1, Systems: []eval.SystemResult{{Name: "ruled", Rule: &abstain.Rule{Threshold: 0.123456}}}}
		for i := range n {
			id, chance := fmt.Sprint(i), float64(i+1)/float64(n+1)
			e.Questions = append(e.Questions, eval.Question{Question: question.Question{ID: id, Question: id, Answer: "x"}})
			e.Systems[0].Records = append(e.Systems[0].Records, eval.Record{QuestionID: id, Chance: &chance, Context: answer.Present,
				Answer: "x", Verdict: answer.Correct})
		}
		require.NoError(t, e.Recompute(t.Context()))
		require.Len(t, e.Systems[0].Tradeoff, points, n)
		require.True(t, slices.IsSortedFunc(e.Systems[0].Tradeoff, func(a, b eval.TradeoffPoint) int {
			return cmp.Compare(a.Threshold, b.Threshold)
		}))
	}
}

// The difference of two curves of the decision counts the questions that are on both.
func TestDecisionsAreComparedOverQuestionsOfBoth(t *testing.T) {
	e := &eval.Evaluation{Resamples: 20, Systems: []eval.SystemResult{{Name: "a"}, {Name: "b"}, {Name: "free"}},
		Comparisons: []eval.Comparison{{Base: "a", Other: "b"}, {Base: "a", Other: "free"}}}
	for i := range 6 {
		q := question.Question{ID: fmt.Sprint(i), Question: "x", Answer: "x"}
		if i >= 3 {
			q = question.Question{ID: q.ID, Question: "x", Unanswerable: true, Gap: question.GapAbsent}
		}
		e.Questions = append(e.Questions, eval.Question{Question: q})
		for s := range e.Systems {
			chance := float64(i) / 6
			r := eval.Record{QuestionID: q.ID, Gap: q.Gap, Context: answer.Absent, Verdict: answer.Incorrect}
			if !q.Unanswerable && (s != 1 || i > 0) { // the second is not shown the answer to the first question
				r.Context = answer.Present
			}
			if s < 2 {
				r.Chance = &chance
			}
			e.Systems[s].Records = append(e.Systems[s].Records, r)
		}
	}
	require.NoError(t, e.Recompute(t.Context()))
	require.Equal(t, []int{6, 5}, []int{e.Systems[0].Estimate(metric.AUCAbsent).N, e.Systems[1].Estimate(metric.AUCAbsent).N})
	require.Equal(t, 5, e.Comparisons[0].Difference(metric.AUCAbsent).Estimate.N)
	free := e.Comparisons[1].Difference(metric.AUCAbsent)
	require.Equal(t, stats.NotMeasured, free.Finding)
	require.Zero(t, free.Estimate.N)
}
