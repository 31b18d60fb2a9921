package assistant

import (
	"math"
	"testing"

	"github.com/ragft/ragft/internal/fake"
	"github.com/ragft/ragft/internal/fixture"
	"github.com/ragft/ragft/internal/signals"
	"github.com/ragft/ragft/internal/stats"
	"github.com/ragft/ragft/ragft/answer"
	"github.com/ragft/ragft/ragft/confidence"
	"github.com/ragft/ragft/ragft/eval"
	"github.com/ragft/ragft/ragft/model"
	"github.com/ragft/ragft/ragft/opt"
	"github.com/ragft/ragft/ragft/prompt"
	"github.com/ragft/ragft/ragft/question"
	"github.com/ragft/ragft/retriever"
	"github.com/stretchr/testify/require"
)

func TestCalibrationHoldsUnderItsConditions(t *testing.T) {
	const q = "Who runs the mill?"
	found := fake.Shelf{q: {"The mill is run by Mara Venn."}}
	ask := func(name string, o Options) error {
		m := &fake.Scripted{Called: name, Answers: map[string]model.Sample{q: fake.Said("Mara Venn", 0.9)}}
		_, err := New(m, found, o).Answer(t.Context(), q)
		require.Equal(t, err == nil, o.Check(t.Context(), m, found) == nil)
		return err
	}
	require.NoError(t, ask("m", Options{Calibration: fixture.Calibrated()}))
	extract := func(text string) string { return text }
	for what, o := range map[string]Options{
		"4 passages, not 8":          {Passages: 8},
		"the instruction":            {Careful: true},
		`not "Use the documents."`:   {Prompts: prompt.Set{Read: "Use the documents."}},
		"temperature 0, not 0.5":     {Temperature: 0.5},
		"together, not a vote":       {Ensemble: &answer.Ensemble{}},
		"the whole text":             {Extract: extract},
		"a different prompt layout":  {Prompts: prompt.Set{Template: prompt.FedRAG}},
		"4 passages, not 2; the ins": {Passages: 2, Careful: true},
	} {
		o.Calibration = fixture.Calibrated()
		err := ask("m", o)
		require.ErrorIs(t, err, confidence.ErrConditions, what)
		require.ErrorContains(t, err, what)
	}
	require.ErrorContains(t, ask("other", Options{Calibration: fixture.Calibrated()}), "for the model m, not other")

	for what, change := range map[string]func(c *confidence.Calibration){
		"a vote of the passages, not": func(c *confidence.Calibration) { c.Conditions.Ensemble = &answer.Ensemble{} },
		"extracted from the text":     func(c *confidence.Calibration) { c.Conditions.Extracted = true },
		`the setting "gold"`:          func(c *confidence.Calibration) { c.Conditions.Setting = string(eval.SettingGold) },
		"p_true from scores, which":   func(c *confidence.Calibration) { c.Conditions.Signals.True, c.Conditions.ScoresTrue = true, true },
		"which it does not name":      func(c *confidence.Calibration) { c.Conditions = confidence.Conditions{} },
	} {
		c := fixture.Calibrated()
		change(c)
		require.ErrorContains(t, ask("m", Options{Calibration: c}), what)
	}
	c := fixture.Calibrated()
	c.Conditions.Ensemble = &answer.Ensemble{}
	require.NoError(t, ask("m", Options{Calibration: c, Ensemble: &answer.Ensemble{Temperature: 1}}), "1 is what 0 means")
}

// A calibration that guarantees nothing lets nothing through by itself.
func TestCalibrationWithoutGuarantee(t *testing.T) {
	const q = "Who runs the mill?"
	m := &fake.Scripted{Called: "m", Answers: map[string]model.Sample{q: fake.Said("Mara Venn", 0.9)}}
	found := fake.Shelf{q: {"The mill is run by Mara Venn."}}
	c := fixture.Calibrated()
	c.Guarantee = confidence.Guarantee{Risk: 0.1}
	_, err := New(m, found, Options{Calibration: c}).Answer(t.Context(), q)
	require.ErrorIs(t, err, confidence.ErrNoGuarantee)
	require.Empty(t, m.Seen, "the model is not asked")
	answer, err := New(m, found, Options{Calibration: c, MinConfidence: 0.3}).Answer(t.Context(), q)
	require.NoError(t, err, "a threshold of the caller's own")
	require.InDelta(t, stats.Sigmoid(math.Log(0.9)), answer.Confidence, 1e-12)
}

func TestCalibrationKnowsItsIndex(t *testing.T) {
	index, err := retriever.NewMemory(retriever.IndexOptions{})
	require.NoError(t, err)
	defer index.Close()
	add := func(id, text string) {
		require.NoError(t, index.Add(t.Context(), []retriever.Chunk{{ID: id, Source: id, Text: text, End: len(text)}}))
	}
	add("a", "The mill is run by Mara Venn.")
	add("b", "The inn was built in 1912.")
	m := &fake.Scripted{Called: "m", Other: "Mara Venn"}
	e := fixture.Evaluated(t, eval.Config{
		Systems:   []eval.System{{Name: "tuned", Model: m, Setting: eval.SettingRetrieval}},
		Questions: []question.Question{{ID: "q", Question: "Who runs the mill?", Answer: "Mara Venn"}}, Search: index, Resamples: 10,
	})
	require.NotEmpty(t, e.Index)
	c := fixture.Calibrated()
	_, c.Conditions = fixture.PointsOf(t, e, e.Systems[0].Name)
	require.NoError(t, Options{Calibration: c}.Check(t.Context(), m, index))
	tuned, err := index.Tuned(t.Context(), retriever.Tuning{})
	require.NoError(t, err)
	require.NoError(t, Options{Calibration: c}.Check(t.Context(), m, tuned), "a tuning that changes nothing")
	tuned, err = index.Tuned(t.Context(), retriever.Tuning{B: opt.Of(0.9)})
	require.NoError(t, err)
	require.ErrorIs(t, Options{Calibration: c}.Check(t.Context(), m, tuned), confidence.ErrConditions)
	add("c", "The mill was sold.")
	err = Options{Calibration: c}.Check(t.Context(), m, index)
	require.ErrorIs(t, err, confidence.ErrConditions)
	require.ErrorContains(t, err, "the index or its tuning has changed")
}

// What a model reasons before its answer has no part in what is said of the answer, in use as in an evaluation.
func TestAssistantExtracts(t *testing.T) {
	const q = "Who runs the mill?"
	m := &fixture.Speaking{
		Samples: []string{"Tom, says one. Answer: Mara Venn", "Mara Venn, says one. Answer: Tom"},
		Answer:  `The page says "run by Mara Venn". Answer: Mara Venn`,
	}
	found := fake.Shelf{q: {"The mill is run by Mara Venn."}}
	c := &confidence.Calibration{
		Calibrator: stats.Logistic{Names: []string{signals.Consistency}, Mean: []float64{0}, Scale: []float64{1}, Weight: []float64{1}},
		Guarantee:  confidence.Guarantee{Threshold: 0.1, Answered: 9},
	}
	e := fixture.Evaluated(t, eval.Config{
		Systems: []eval.System{{Name: "s", Model: m, Setting: eval.SettingRetrieval, Extract: answer.Final}},
		Questions: []question.Question{
			{ID: "q", Question: q, Answer: "Mara Venn"},
		}, Search: found, Resamples: 10, Signals: confidence.SignalOptions{Consistency: 2},
	})
	_, c.Conditions = fixture.PointsOf(t, e, e.Systems[0].Name)
	shown := ""
	answer, err := New(m, found, Options{Calibration: c, Extract: answer.Final}).Stream(t.Context(), q, func(piece string) { shown += piece })
	require.NoError(t, err)
	require.Equal(t, "Mara Venn", answer.Text)
	require.Equal(t, "Mara Venn", shown, "the reasoning is not streamed")
	require.Equal(t, m.Answer, answer.Draft)
	require.NotEmpty(t, answer.Citations)
	require.Equal(t, 0.5, answer.Signals[signals.Consistency], "of the two samples one answers the same")
	require.Equal(t, 0.5, e.Systems[0].Records[0].Signals[signals.Consistency])
}
