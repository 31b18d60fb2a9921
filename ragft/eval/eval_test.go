package eval_test

import (
	"context"
	"errors"
	"math"
	"testing"

	"github.com/ragft/ragft/internal/decision"
	"github.com/ragft/ragft/internal/fake"
	"github.com/ragft/ragft/internal/fixture"
	"github.com/ragft/ragft/internal/metric"
	"github.com/ragft/ragft/internal/stats"
	"github.com/ragft/ragft/internal/words"
	"github.com/ragft/ragft/ragft/answer"
	"github.com/ragft/ragft/ragft/assistant"
	"github.com/ragft/ragft/ragft/eval"
	"github.com/ragft/ragft/ragft/judge"
	"github.com/ragft/ragft/ragft/prompt"
	"github.com/ragft/ragft/ragft/question"
	"github.com/ragft/ragft/retriever"
	"github.com/stretchr/testify/require"
)

func TestEvaluateMatrix(t *testing.T) {
	e := fixture.Evaluated(t, fixture.Village())
	require.Equal(t, map[answer.Context]map[answer.Verdict]int{
		answer.Present: {answer.Correct: 2, answer.Incorrect: 1},
		answer.Absent:  {answer.Incorrect: 2, answer.Refused: 1},
	}, e.System("base, documents").Matrix)
	require.Equal(t, map[answer.Context]map[answer.Verdict]int{
		answer.Present: {answer.Correct: 2, answer.Refused: 1},
		answer.Absent:  {answer.Refused: 3},
	}, e.System("tuned, documents").Matrix)
	require.Equal(
		t,
		map[answer.Context]map[answer.Verdict]int{answer.Present: {}, answer.Absent: {answer.Incorrect: 6}},
		e.System("base alone").Matrix,
		"nothing shown holds nothing",
	)
	require.Nil(t, e.System("no such"))
}

func TestEvaluateMetrics(t *testing.T) {
	e := fixture.Evaluated(t, fixture.Village())
	want := map[string][2]float64{ // base, tuned
		metric.ExactMatch:        {1.0 / 4, 2.0 / 4},
		metric.F1:                {(1 + 2.0/3) / 4, 2.0 / 4}, // "tower is 30 metres": P 1/2, R 1
		metric.Containment:       {2.0 / 4, 2.0 / 4},
		metric.RougeL:            {(1 + 2.0/3) / 4, 2.0 / 4},
		metric.Correct:           {2.0 / 4, 2.0 / 4},
		metric.Coverage:          {5.0 / 6, 2.0 / 6},
		metric.SelectiveAccuracy: {2.0 / 5, 1},
		metric.Risk:              {3.0 / 5, 0},
		metric.FalseRefusal:      {0, 1.0 / 3},
		metric.MadeUp:            {1.0 / 2, 0},
		metric.OverAnswer:        {2.0 / 3, 0},
		metric.Shown:             {3.0 / 4, 3.0 / 4}, // all but the boat's
		metric.CorrectShown:      {2.0 / 3, 2.0 / 3},
		metric.IncorrectShown:    {1.0 / 3, 0}, // the inn, which tuned declines: FalseRefusal
		metric.CorrectUnshown:    {0, 0},
		metric.IncorrectUnshown:  {1, 0}, // the boat
		metric.RefusedUnshown:    {0, 1},
		metric.Truthfulness:      {(2.0 - 3) / 6, 2.0 / 6},
		metric.AbstainPrecision:  {1, 3.0 / 4},
		metric.AbstainRecall:     {1.0 / 3, 1},
		metric.AbstainF1:         {0.5, 6.0 / 7},           // 2*1/(1+3), 2*3/(4+3)
		metric.CitationPrecision: {math.NaN(), math.NaN()}, // no answer cites anything
		metric.CitationRecall:    {0, 0},
		metric.PromptTokens:      {10, 10},
		metric.AnswerTokens:      {3, 3}, // of the answers whose length is known
		metric.Seconds:           {0.5, 0.5},
		// Answers of base by confidence: right .9, wrong .85, right .8, wrong .7, wrong .5:
		// risks 0, 1/2, 1/3, 2/4, 3/5; best order 0, 0, 1/3, 2/4, 3/5.
		metric.AURC:  {(0 + 1.0/2 + 1.0/3 + 2.0/4 + 3.0/5) / 5, 0},
		metric.EAURC: {0.5 / 5, 0},
		metric.AUROC: {5.0 / 6, math.NaN()}, // of 2*3 pairs, only .8 < .85; tuned has no wrong answer
		metric.ECE:   {(0.1 + 0.85 + 0.2 + 0.7 + 0.5) / 5, 0.15 / 2},
		metric.Brier: {(0.01 + 0.7225 + 0.04 + 0.49 + 0.25) / 5, (0.0025 + 0.01) / 2},
	}
	require.Len(t, e.Systems[0].Metrics, len(want))
	for key, values := range want {
		for i, value := range values {
			got := e.Systems[i].Estimate(key)
			if math.IsNaN(value) {
				require.False(t, got.Defined(), "%s of %s", key, e.Systems[i].Name)
				continue
			}
			require.InDelta(t, value, got.Value, 1e-12, "%s of %s", key, e.Systems[i].Name)
			if !math.IsNaN(got.Low) {
				require.LessOrEqual(t, got.Low, got.Value+1e-12, key)
				require.GreaterOrEqual(t, got.High, got.Value-1e-12, key)
			}
		}
	}
	require.False(t, e.System("base alone").Estimate(metric.FalseRefusal).Defined(), "no answer was present")
	require.False(t, e.System("base alone").Estimate(metric.AURC).Defined(), "the model tells no confidence")
	require.False(t, e.Systems[0].Estimate("no such").Defined())
	require.Equal(t, 2, e.Systems[0].Estimate(metric.MadeUp).N)
}

func TestEvaluateComparison(t *testing.T) {
	e := fixture.Evaluated(t, fixture.Village())
	require.Len(t, e.Comparisons, 1, "systems of one setting are compared with its first")
	c := &e.Comparisons[0]
	require.Equal(t, []string{"base, documents", "tuned, documents"}, []string{c.Base, c.Other})

	coverage := c.Difference(metric.Coverage)
	require.InDelta(t, -0.5, coverage.Estimate.Value, 1e-12)
	require.Equal(t, []int{3, 0}, []int{coverage.OnlyBase, coverage.OnlyOther})
	require.InDelta(t, 0.25, *coverage.P, 1e-12)
	require.True(t, coverage.Estimate.Excludes(0))
	require.Equal(t, stats.NoDifference, coverage.Finding, "three changes of six are too few for the exact test")

	require.Equal(t, stats.NoDifference, c.Difference(metric.ExactMatch).Finding)
	require.Equal(t, stats.NoDifference, c.Difference(metric.Correct).Finding)
	require.Equal(t, stats.NotMeasured, c.Difference(metric.AUROC).Finding)
	require.Equal(t, stats.NotMeasured, c.Difference("no such").Finding)
	// Truthfulness changes by +1 on three questions of six; both halves of a fair coin give as much one time in four.
	truth := c.Difference(metric.Truthfulness)
	require.True(t, truth.Estimate.Excludes(0))
	require.Equal(t, stats.ByRandomisation, truth.Test)
	require.InDelta(t, 0.25, *truth.P, 0.1)
	require.Equal(t, stats.NoDifference, truth.Finding)
	selective := c.Difference(metric.SelectiveAccuracy)
	require.Equal(t, 2, selective.Estimate.N, "paired counts need answers of both")
	require.Equal(t, stats.ByRandomisation, selective.Test, "the rates are about other questions")
	require.Equal(t, stats.NoDifference, selective.Finding)
	require.Equal(t, stats.NotTested, c.Difference(metric.ECE).Finding)
	require.True(t, math.IsNaN(c.Difference(metric.ECE).Estimate.Low))
	// Of the two questions that both answered, base has .9 and .8, tuned .95 and .9, and all are right.
	brier := c.Difference(metric.Brier)
	require.Equal(t, 2, brier.Estimate.N)
	require.InDelta(t, (0.01+0.04)/2, *brier.Before, 1e-12)
	require.InDelta(t, (0.0025+0.01)/2, *brier.After, 1e-12)
}

// Where no question differs, the interval must not claim to be certain.
func TestDifferenceOfTheSameSystem(t *testing.T) {
	config := fixture.Village()
	config.Compare = []eval.Pair{{Base: "base, documents", Other: "base, documents"}}
	e := fixture.Evaluated(t, config)
	for _, d := range e.Comparisons[0].Differences {
		want := stats.NoDifference
		switch d.Key {
		case metric.ECE, metric.Seconds:
			want = stats.NotTested
		case metric.CitationPrecision: // nothing is cited
			require.Equal(t, stats.NotMeasured, d.Finding)
			continue
		}
		require.Equal(t, want, d.Finding, d.Key)
		require.Equal(t, 0.0, d.Estimate.Value, d.Key)
		require.False(t, d.Estimate.High-d.Estimate.Low <= 0, d.Key)
	}
	// 4 questions: 1 - 0.025^(1/4).
	exact := e.Comparisons[0].Difference(metric.ExactMatch).Estimate
	require.InDelta(t, 0.6024, exact.High, 1e-4)
	require.InDelta(t, -0.6024, exact.Low, 1e-4)
}

func TestEvaluateRecords(t *testing.T) {
	config := fixture.Village()
	e := fixture.Evaluated(t, config)
	r := e.Systems[0].Records[2]
	require.Equal(t, "tower", r.QuestionID)
	require.Equal(t, answer.Present, r.Context, "an alias in a passage is the answer")
	require.Equal(t, answer.Correct, r.Verdict)
	require.Equal(t, decision.Match, r.Decision)
	require.True(t, r.Contains)
	require.False(t, r.ExactMatch)
	require.InDelta(t, 0.8, *r.Confidence, 1e-9)
	require.Equal(t, 3, r.Tokens)
	require.Nil(t, e.Systems[2].Records[0].Confidence)
	require.Equal(t, "The mill is run by Mara Venn.", e.Questions[0].Documents[1].Text)
	require.Empty(t, e.Questions[5].Documents)

	seen := config.Systems[0].Model.(*fake.Scripted).Seen
	require.Len(t, seen, 6)
	require.Equal(t, prompt.Default().Read, fake.Instruction(seen[0].Messages))
	require.Contains(t, seen[0].Messages[1].Content, "Document 2: The village\nThe mill is run by Mara Venn.")
	require.Zero(t, seen[0].Temperature, "answers are greedy")
	closed := config.Systems[2].Model.(*fake.Scripted).Seen
	require.Equal(t, prompt.Default().Closed, fake.Instruction(closed[0].Messages))
	require.NotContains(t, closed[0].Messages[1].Content, "Document")
}

func TestEvaluatePromptOfASystem(t *testing.T) {
	config := fixture.Village()
	config.Systems[0].Prompt = prompt.Default().Careful
	e := fixture.Evaluated(t, config)
	require.Equal(t, prompt.Default().Careful, fake.Instruction(config.Systems[0].Model.(*fake.Scripted).Seen[0].Messages))
	require.Equal(t, prompt.Default().Careful, e.Systems[0].Prompt)
	require.Equal(t, prompt.Default().Read, e.Systems[1].Prompt)
}

func TestEvaluateRefusalSharesNoScore(t *testing.T) {
	config := fixture.Village()
	config.Systems = config.Systems[:1]
	config.Systems[0].Model = &fake.Scripted{Called: "m", Other: "Sorry, the documents do not say who Mara Venn is."}
	r := fixture.Evaluated(t, config).Systems[0].Records[0]
	require.Equal(t, answer.Refused, r.Verdict)
	require.Zero(t, r.F1)
	require.False(t, r.Contains)
}

func TestEvaluateBlankAnswer(t *testing.T) {
	config := fixture.Village()
	config.Systems = config.Systems[:1]
	for _, blank := range []string{"  \n", "...", "\u200b-"} {
		config.Systems[0].Model = &fake.Scripted{Called: "m", Other: blank}
		e := fixture.Evaluated(t, config)
		for i, r := range e.Systems[0].Records {
			require.Equal(t, answer.Refused, r.Verdict, "nothing is said, so it is no answer: %q", blank)
			require.Equal(t, decision.Empty, r.Decision)
			answer, err := assistant.New(config.Systems[0].Model, config.Search, assistant.Options{}).
				Answer(t.Context(), config.Questions[i].Question)
			require.NoError(t, err)
			require.True(t, answer.Abstained, "use and evaluation agree")
		}
		require.Zero(t, e.Systems[0].Estimate(metric.Coverage).Value)
	}
	require.False(t, words.IsBlank("€"))
	require.False(t, words.IsBlank("A"))
}

func TestEvaluateJudge(t *testing.T) {
	for reply, want := range map[string]answer.Verdict{"Yes.": answer.Correct, "no": answer.Incorrect, "perhaps": answer.Incorrect} {
		config := fixture.Village()
		config.Systems = config.Systems[:1]
		// Shares a word with "Mara Venn", and is not it: open to the judge.
		config.Systems[0].Model = &fake.Scripted{Called: "m", Other: "Mara V."}
		judge := &fake.Scripted{Called: "judge", Other: reply}
		config.Judge.Model = judge
		e := fixture.Evaluated(t, config)
		require.Equal(t, want, e.Systems[0].Records[0].Verdict, reply)
		require.NotNil(t, e.Systems[0].Records[0].Votes)
		require.Equal(t, "judge", e.Judge)
		require.Contains(t, judge.Seen[0].Messages[1].Content, "Reference: Mara Venn")
	}
	config := fixture.Village()
	config.Systems = config.Systems[:1]
	config.Systems[0].Model = &fake.Scripted{Called: "m", Other: "Mara V."}
	for range 3 {
		config.Questions = append(config.Questions, question.Question{Question: "Who runs the mill?", Answer: "Mara Venn"})
	}
	config.Judge.Model = &fake.Scripted{Called: "judge", Other: "Well, perhaps."}
	_, err := eval.Run(t.Context(), config)
	require.ErrorIs(t, err, judge.ErrUnread)
	require.ErrorContains(t, err, `judge gave 4 replies, the first of them "Well, perhaps."; set the judge's Model to a more capable one`)
	config.Judge.Model = nil
	r := fixture.Evaluated(t, config).Systems[0].Records[0]
	require.Equal(t, answer.Incorrect, r.Verdict, "without a judge, what is open is wrong")
	require.Equal(t, decision.Undecided, r.Decision)
}

func TestEvaluateProgress(t *testing.T) {
	config := fixture.Village()
	last := map[string]eval.Progress{}
	config.Progress = func(p eval.Progress) {
		require.Greater(t, p.Done, last[p.Stage].Done, "progress goes forward")
		require.LessOrEqual(t, p.Done, p.Total)
		last[p.Stage] = p
	}
	fixture.Evaluated(t, config)
	require.Equal(t, eval.Progress{Stage: "search", System: "", Done: 6, Total: 6}, last["search"])
	require.Equal(t, eval.Progress{Stage: "answer", System: "base alone", Done: 18, Total: 18}, last["answer"])
	require.Equal(t, eval.Progress{Stage: "bootstrap", System: "", Done: 200, Total: 200}, last["bootstrap"])
}

func TestEvaluateBadConfig(t *testing.T) {
	change := func(f func(c *eval.Config)) error {
		config := fixture.Village()
		f(&config)
		_, err := eval.Run(context.Background(), config)
		return err
	}
	require.ErrorIs(t, change(func(c *eval.Config) { c.Systems = nil }), eval.ErrNothing)
	require.ErrorIs(t, change(func(c *eval.Config) { c.Questions = nil }), eval.ErrNothing)
	require.ErrorContains(t, change(func(c *eval.Config) { c.Systems[1].Name = c.Systems[0].Name }), "two systems named")
	require.ErrorContains(t, change(func(c *eval.Config) { c.Systems[1].Name = "" }), "without a name")
	require.ErrorContains(t, change(func(c *eval.Config) { c.Systems[1].Model = nil }), "has no model")
	require.ErrorContains(t, change(func(c *eval.Config) { c.Search = nil }), "needs a Searcher")
	require.ErrorContains(t, change(func(c *eval.Config) { c.Compare = []eval.Pair{{Base: "base alone", Other: "x"}} }), "no such system")
	require.ErrorContains(t, change(func(c *eval.Config) { c.Questions[1].ID = "mill" }), `id "mill"`)
	for what, f := range map[string]func(c *eval.Config){
		"Passages is -1":     func(c *eval.Config) { c.Passages = -1 },
		"MaxTokens is -1":    func(c *eval.Config) { c.MaxTokens = -1 },
		"Batch is -1":        func(c *eval.Config) { c.Batch = -1 },
		"Resamples is -1":    func(c *eval.Config) { c.Resamples = -1 },
		"Consistency is -1":  func(c *eval.Config) { c.Signals.Consistency = -1 },
		"Ensemble.Temperatu": func(c *eval.Config) { c.Systems[0].Ensemble = &answer.Ensemble{Temperature: -1} },
	} {
		require.ErrorContains(t, change(f), what)
	}

	broken := errors.New("out of memory")
	err := change(func(c *eval.Config) { c.Systems[1].Model = &fake.Scripted{Called: "m", Err: broken} })
	require.ErrorIs(t, err, broken)
	require.ErrorContains(t, err, "tuned, documents", "the error names the system")
	require.ErrorContains(t, err, "mill", "and the questions")

	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	_, err = eval.Run(ctx, fixture.Village())
	require.ErrorIs(t, err, context.Canceled)
}

// An empty list of pairs is the default, as nil is.
func TestEvaluateComparesByDefault(t *testing.T) {
	config := fixture.Village()
	for _, pairs := range [][]eval.Pair{nil, {}} {
		config.Compare = pairs
		comparisons := fixture.Evaluated(t, config).Comparisons
		require.Len(t, comparisons, 1, "of the two that are shown passages")
		require.Equal(t, []string{"base, documents", "tuned, documents"}, []string{comparisons[0].Base, comparisons[0].Other})
	}
}

// The hook sees each record with the passages that were shown, in the order of the questions.
func TestOnRecord(t *testing.T) {
	config := fixture.Village()
	var ids []string
	shown := map[string]int{}
	config.OnRecord = func(system string, r eval.Record, hits []retriever.Hit, cut bool) {
		require.False(t, cut)
		require.NotEmpty(t, r.Verdict, "it is judged")
		require.Len(t, hits, r.Passages)
		shown[system] += len(hits)
		if system == "base, documents" {
			ids = append(ids, r.QuestionID)
		}
	}
	fixture.Evaluated(t, config)
	require.Equal(t, []string{"mill", "inn", "tower", "boat", "door", "bird"}, ids)
	require.Equal(t, map[string]int{"base, documents": 6, "tuned, documents": 6, "base alone": 0}, shown)
}
