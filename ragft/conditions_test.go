package ragft

import (
	"math"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/ragft/ragft/ragft/opt"
	"github.com/ragft/ragft/retriever"
)

// calibrated is a calibration of the model "m", made with four passages; the confidence is half the log probability's.
func calibrated() *Calibration {
	return &Calibration{
		Calibrator: Calibrator{Names: []string{SignalLogProb}, Mean: []float64{0}, Scale: []float64{1}, Weight: []float64{1}},
		Guarantee:  Guarantee{Threshold: 0.4, Answered: 9}, System: "tuned", Model: "m",
		Conditions: Conditions{Setting: string(SettingRetrieval), Passages: 4, Prompt: DefaultRead, Layout: layoutOf(Prompts{}.ReadMessages)},
	}
}

func TestCalibrationHoldsUnderItsConditions(t *testing.T) {
	const q = "Who runs the mill?"
	found := shelf{q: {"The mill is run by Mara Venn."}}
	ask := func(name string, o AssistantOptions) error {
		m := &scripted{name: name, answers: map[string]ChatSample{q: said("Mara Venn", 0.9)}}
		_, err := NewAssistant(m, found, o).Answer(t.Context(), q)
		require.Equal(t, err == nil, o.Check(t.Context(), m, found) == nil)
		return err
	}
	require.NoError(t, ask("m", AssistantOptions{Calibration: calibrated()}))
	extract := func(text string) string { return text }
	for what, o := range map[string]AssistantOptions{
		"4 passages, not 8":           {Passages: 8},
		"the instruction":             {Careful: true},
		`not "Use the documents."`:    {Prompts: Prompts{Read: "Use the documents."}},
		"temperature 0, not 0.5":      {Temperature: 0.5},
		"together, not a vote":        {Ensemble: &Ensemble{}},
		"all of the text":             {Extract: extract},
		"another layout":              {Prompts: Prompts{Template: FedRAGTemplate}},
		"4 passages, not 2; the inst": {Passages: 2, Careful: true},
	} {
		o.Calibration = calibrated()
		err := ask("m", o)
		require.ErrorIs(t, err, ErrOtherConditions, what)
		require.ErrorContains(t, err, what)
	}
	require.ErrorContains(t, ask("other", AssistantOptions{Calibration: calibrated()}), "of the model m, not other")

	for what, change := range map[string]func(c *Calibration){
		"a vote of the passages, not": func(c *Calibration) { c.Conditions.Ensemble = &Ensemble{} },
		"taken out of the text":       func(c *Calibration) { c.Conditions.Extracted = true },
		`evidence by "gold"`:          func(c *Calibration) { c.Conditions.Setting = string(SettingGold) },
		"P(True) by scores, which":    func(c *Calibration) { c.Signals.True, c.Conditions.ScoresTrue = true, true },
		"which it does not name":      func(c *Calibration) { c.Conditions = Conditions{} },
	} {
		c := calibrated()
		change(c)
		require.ErrorContains(t, ask("m", AssistantOptions{Calibration: c}), what)
	}
	c := calibrated()
	c.Conditions.Ensemble = &Ensemble{}
	require.NoError(t, ask("m", AssistantOptions{Calibration: c, Ensemble: &Ensemble{Temperature: 1}}), "1 is what 0 means")
}

// A calibration that guarantees nothing lets nothing through by itself.
func TestCalibrationWithoutGuarantee(t *testing.T) {
	const q = "Who runs the mill?"
	m := &scripted{name: "m", answers: map[string]ChatSample{q: said("Mara Venn", 0.9)}}
	found := shelf{q: {"The mill is run by Mara Venn."}}
	c := calibrated()
	c.Guarantee = Guarantee{Risk: 0.1}
	_, err := NewAssistant(m, found, AssistantOptions{Calibration: c}).Answer(t.Context(), q)
	require.ErrorIs(t, err, ErrNoGuarantee)
	require.Empty(t, m.seen, "the model is not asked")
	answer, err := NewAssistant(m, found, AssistantOptions{Calibration: c, MinConfidence: 0.3}).Answer(t.Context(), q)
	require.NoError(t, err, "a threshold of the caller's own")
	require.InDelta(t, sigmoid(math.Log(0.9)), answer.Confidence, 1e-12)
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
	m := &scripted{name: "m", other: "Mara Venn"}
	e := evaluated(t, EvalConfig{
		Systems:   []System{{Name: "tuned", Model: m, Setting: SettingRetrieval}},
		Questions: []Question{{ID: "q", Question: "Who runs the mill?", Answer: "Mara Venn"}}, Search: index, Resamples: 10,
	})
	require.NotEmpty(t, e.Index)
	c := calibrated()
	c.Conditions = pointsOf(t, e, e.Systems[0].Name).Conditions
	require.NoError(t, AssistantOptions{Calibration: c}.Check(t.Context(), m, index))
	tuned, err := index.Tuned(t.Context(), retriever.Tuning{})
	require.NoError(t, err)
	require.NoError(t, AssistantOptions{Calibration: c}.Check(t.Context(), m, tuned), "a tuning that changes nothing")
	tuned, err = index.Tuned(t.Context(), retriever.Tuning{B: opt.Of(0.9)})
	require.NoError(t, err)
	require.ErrorIs(t, AssistantOptions{Calibration: c}.Check(t.Context(), m, tuned), ErrOtherConditions)
	add("c", "The mill was sold.")
	err = AssistantOptions{Calibration: c}.Check(t.Context(), m, index)
	require.ErrorIs(t, err, ErrOtherConditions)
	require.ErrorContains(t, err, "the index was changed")
}

// What a model reasons before its answer has no part in what is said of the answer, in use as in an evaluation.
func TestAssistantExtracts(t *testing.T) {
	const q = "Who runs the mill?"
	m := &speaking{samples: []string{"Tom, says one. Answer: Mara Venn", "Mara Venn, says one. Answer: Tom"}, answer: `The page says "run by Mara Venn". Answer: Mara Venn`}
	found := shelf{q: {"The mill is run by Mara Venn."}}
	c := &Calibration{
		Calibrator: Calibrator{Names: []string{SignalConsistency}, Mean: []float64{0}, Scale: []float64{1}, Weight: []float64{1}},
		Signals:    SignalOptions{Consistency: 2}, Guarantee: Guarantee{Threshold: 0.1, Answered: 9}, Model: "speaking",
	}
	e := evaluated(t, EvalConfig{
		Systems:   []System{{Name: "s", Model: m, Setting: SettingRetrieval, Extract: FinalAnswer}},
		Questions: []Question{{ID: "q", Question: q, Answer: "Mara Venn"}}, Search: found, Resamples: 10, Signals: c.Signals,
	})
	c.Conditions = pointsOf(t, e, e.Systems[0].Name).Conditions
	shown := ""
	answer, err := NewAssistant(m, found, AssistantOptions{Calibration: c, Extract: FinalAnswer}).Stream(t.Context(), q, func(piece string) { shown += piece })
	require.NoError(t, err)
	require.Equal(t, "Mara Venn", answer.Text)
	require.Equal(t, "Mara Venn", shown, "the reasoning is not streamed")
	require.Equal(t, m.answer, answer.Draft)
	require.NotEmpty(t, answer.Citations)
	require.Equal(t, 0.5, answer.Signals[SignalConsistency], "of the two samples one answers the same")
	require.Equal(t, 0.5, e.Systems[0].Records[0].Signals[SignalConsistency])
}

// gated is an evaluation of "tuned" with answers of the given probabilities; negative = refused, odd places wrong.
func gated(probabilities ...float64) *Evaluation {
	e := &Evaluation{K: 4, Systems: []SystemResult{{Name: "tuned", Model: "m", Setting: SettingRetrieval, Prompt: DefaultRead, Layout: layoutOf(Prompts{}.ReadMessages)}}}
	for i, p := range probabilities {
		r := Record{Verdict: Refused}
		if p > 0 {
			r = Record{Verdict: []Verdict{Correct, Incorrect}[i%2], Confidence: &p, Signals: Signals{SignalLogProb: math.Log(p)}}
		}
		e.Systems[0].Records = append(e.Systems[0].Records, r)
		e.Questions = append(e.Questions, EvalQuestion{})
	}
	return e
}

func TestGateOnOtherQuestions(t *testing.T) {
	c := calibrated()
	// sigmoid(log p) = p / (1 + p) is at least 0.4 from p = 2/3 on: of the five answers, the first, the third and the fourth.
	e := gated(0.9, 0.5, 0.7, 0.8, 0.2, -1)
	require.NoError(t, c.Test(pointsOf(t, e, "tuned")))
	require.Equal(t, 6, c.Gate.N)
	require.Equal(t, []int{5, 3}, []int{c.Gate.Before.Answered, c.Gate.Before.Correct})
	require.Equal(t, []int{3, 2}, []int{c.Gate.After.Answered, c.Gate.After.Correct})
	require.Equal(t, 0.5, c.Gate.After.Coverage.Value)
	require.InDelta(t, 2.0/3, c.Gate.After.SelectiveAccuracy.Value, 1e-12)
	require.InDelta(t, 0.0943, c.Gate.After.SelectiveAccuracy.Low, 1e-4) // Clopper-Pearson for 2 of 3
	require.InDelta(t, 0.9916, c.Gate.After.SelectiveAccuracy.High, 1e-4)
	require.Len(t, c.Gate.Curve, 5)
	require.InDelta(t, 5.0/6, c.Gate.Curve[4].Coverage, 1e-12, "of all questions")
	require.InDelta(t, 0.4, c.Gate.Curve[4].Risk, 1e-12)
	require.Contains(t, c.Gate.String(), "With it 50.0 % (11.8..88.2) are answered, 66.7 % (9.4..99.2) of the answers right.")
	var table strings.Builder
	require.NoError(t, c.WriteTable(&table))
	require.Contains(t, strings.Join(strings.Fields(table.String()), " "), c.Gate.String())

	c.Guarantee = Guarantee{}
	require.NoError(t, c.Test(pointsOf(t, e, "tuned")))
	require.Nil(t, c.Gate.After, "no threshold, no gate")

	require.ErrorIs(t, c.Test(Points{}), ErrCalibration)
	e.K = 8
	require.ErrorIs(t, c.Test(pointsOf(t, e, "tuned")), ErrOtherConditions)
}
