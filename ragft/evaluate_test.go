package ragft

import (
	"bytes"
	"context"
	"errors"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/ragft/ragft/retriever"
)

// scripted answers by the question in the user message.
type scripted struct {
	name    string
	answers map[string]ChatSample
	other   string // answer to everything else
	seen    []ChatRequest
	err     error
}

func (m *scripted) Name() string { return m.name }

func (m *scripted) Chat(ctx context.Context, reqs []ChatRequest) ([]ChatResponse, error) {
	if m.err != nil {
		return nil, m.err
	}
	m.seen = append(m.seen, reqs...)
	out := make([]ChatResponse, len(reqs))
	for i, req := range reqs {
		user := req.Messages[len(req.Messages)-1].Content
		sample := ChatSample{Text: m.other, MeanLogProb: math.NaN()}
		for question, answer := range m.answers {
			if strings.HasSuffix(user, "Question: "+question) {
				sample = answer
			}
		}
		out[i] = ChatResponse{PromptTokens: 10, Seconds: 0.5}
		for range max(1, req.Samples) {
			out[i].Samples = append(out[i].Samples, sample)
		}
	}
	return out, nil
}

func said(text string, probability float64) ChatSample {
	return ChatSample{Text: text, Tokens: 3, MeanLogProb: math.Log(probability)}
}

// shelf finds fixed passages.
type shelf map[string][]string

func (s shelf) Search(_ context.Context, query string, k int) ([]retriever.Hit, error) {
	var hits []retriever.Hit
	for i, text := range s[query] {
		hit := retriever.Hit{Score: float64(len(s[query]) - i)}
		hit.ID, hit.Source, hit.Title, hit.Text = query+"#"+string(rune('0'+i)), "village.md", "The village", text
		hits = append(hits, hit)
	}
	return hits, nil
}

const noSay = "Sorry, the documents do not say."

// village is a small evaluation that can be worked by hand: three questions
// whose answer is found, one whose answer is missed, two without an answer.
func village() EvalConfig {
	questions := []Question{
		{ID: "mill", Question: "Who runs the mill?", Answer: "Mara Venn"},
		{ID: "inn", Question: "When was the inn built?", Answer: "1912"},
		{ID: "tower", Question: "How tall is the tower?", Answer: "30 metres", Aliases: []string{"thirty metres"}},
		{ID: "boat", Question: "Who owns the boat?", Answer: "Ada Lind"},
		{ID: "door", Question: "Who painted the door?"},
		{ID: "bird", Question: "What does the bird eat?"},
	}
	found := shelf{
		questions[0].Question: {"The inn is old.", "The mill is run by Mara Venn."},
		questions[1].Question: {"The inn was built in 1912."},
		questions[2].Question: {"The tower is thirty metres tall."},
		questions[3].Question: {"The boat is blue."},
		questions[4].Question: {"The door is red."},
	}
	base := &scripted{name: "base.gguf", answers: map[string]ChatSample{
		questions[0].Question: said("Mara Venn", 0.9),
		questions[1].Question: said("1915", 0.5),
		questions[2].Question: said("The tower is 30 metres.", 0.8),
		questions[3].Question: said("Tom", 0.85),
		questions[4].Question: said("Ada Lind", 0.7),
		questions[5].Question: said(noSay, 0.6),
	}}
	tuned := &scripted{name: "base.gguf+tuned", other: noSay, answers: map[string]ChatSample{
		questions[0].Question: said("Mara Venn", 0.95),
		questions[2].Question: said("30 metres", 0.9),
	}}
	closed := &scripted{name: "base.gguf", other: "Tom"}
	return EvalConfig{
		Systems: []System{
			{Name: "base, documents", Model: base, Setting: SettingRetrieval},
			{Name: "tuned, documents", Model: tuned, Setting: SettingRetrieval},
			{Name: "base alone", Model: closed},
		},
		Questions: questions, Search: found, Seed: 1, Resamples: 200, Batch: 4,
	}
}

func evaluated(t *testing.T, config EvalConfig) *Evaluation {
	t.Helper()
	e, err := Evaluate(t.Context(), config)
	require.NoError(t, err)
	return e
}

func TestEvaluateMatrix(t *testing.T) {
	e := evaluated(t, village())
	require.Equal(t, Matrix{
		Present: {Correct: 2, Incorrect: 1},
		Absent:  {Incorrect: 2, Refused: 1},
	}, e.System("base, documents").Matrix)
	require.Equal(t, Matrix{
		Present: {Correct: 2, Refused: 1},
		Absent:  {Refused: 3},
	}, e.System("tuned, documents").Matrix)
	require.Equal(t, Matrix{Present: {}, Absent: {Incorrect: 6}}, e.System("base alone").Matrix,
		"nothing shown holds nothing")
	require.Nil(t, e.System("no such"))
}

func TestEvaluateMetrics(t *testing.T) {
	e := evaluated(t, village())
	want := map[string][2]float64{ // base, tuned
		MetricExactMatch:        {1.0 / 4, 2.0 / 4},
		MetricF1:                {(1 + 2.0/3) / 4, 2.0 / 4}, // "tower is 30 metres": P 1/2, R 1
		MetricContainment:       {2.0 / 4, 2.0 / 4},
		MetricRougeL:            {(1 + 2.0/3) / 4, 2.0 / 4},
		MetricCorrect:           {2.0 / 4, 2.0 / 4},
		MetricCoverage:          {5.0 / 6, 2.0 / 6},
		MetricSelectiveAccuracy: {2.0 / 5, 1},
		MetricRisk:              {3.0 / 5, 0},
		MetricFalseRefusal:      {0, 1.0 / 3},
		MetricMadeUp:            {1.0 / 2, 0},
		MetricOverAnswer:        {2.0 / 3, 0},
		MetricTruthfulness:      {(2.0 - 3) / 6, 2.0 / 6},
		MetricAbstainPrecision:  {1, 3.0 / 4},
		MetricAbstainRecall:     {1.0 / 3, 1},
		MetricAbstainF1:         {0.5, 6.0 / 7},           // 2*1/(1+3), 2*3/(4+3)
		MetricCitationPrecision: {math.NaN(), math.NaN()}, // no answer cites anything
		MetricCitationRecall:    {0, 0},
		MetricPromptTokens:      {10, 10},
		MetricAnswerTokens:      {3, 3}, // of the answers whose length is known
		MetricSeconds:           {0.5, 0.5},
		// Answers of base by confidence: right .9, wrong .85, right .8, wrong .7, wrong .5:
		// risks 0, 1/2, 1/3, 2/4, 3/5; best order 0, 0, 1/3, 2/4, 3/5.
		MetricAURC:  {(0 + 1.0/2 + 1.0/3 + 2.0/4 + 3.0/5) / 5, 0},
		MetricEAURC: {0.5 / 5, 0},
		MetricAUROC: {5.0 / 6, math.NaN()}, // of 2*3 pairs, only .8 < .85; tuned has no wrong answer
		MetricECE:   {(0.1 + 0.85 + 0.2 + 0.7 + 0.5) / 5, 0.15 / 2},
		MetricBrier: {(0.01 + 0.7225 + 0.04 + 0.49 + 0.25) / 5, (0.0025 + 0.01) / 2},
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
	require.False(t, e.System("base alone").Estimate(MetricFalseRefusal).Defined(), "no answer was present")
	require.False(t, e.System("base alone").Estimate(MetricAURC).Defined(), "the model tells no confidence")
	require.False(t, e.Systems[0].Estimate("no such").Defined())
	require.Equal(t, 2, e.Systems[0].Estimate(MetricMadeUp).N)
}

func TestEvaluateComparison(t *testing.T) {
	e := evaluated(t, village())
	require.Len(t, e.Comparisons, 1, "systems of one setting are compared with its first")
	c := &e.Comparisons[0]
	require.Equal(t, []string{"base, documents", "tuned, documents"}, []string{c.Base, c.Other})

	coverage := c.Difference(MetricCoverage)
	require.InDelta(t, -0.5, coverage.Estimate.Value, 1e-12)
	require.Equal(t, []int{3, 0}, []int{coverage.OnlyBase, coverage.OnlyOther})
	require.InDelta(t, 0.25, *coverage.P, 1e-12)
	require.True(t, coverage.Estimate.Excludes(0))
	require.Equal(t, NoDifference, coverage.Finding, "three changes of six are too few for the exact test")

	require.Equal(t, NoDifference, c.Difference(MetricExactMatch).Finding)
	require.Equal(t, NoDifference, c.Difference(MetricCorrect).Finding)
	require.Equal(t, NotMeasured, c.Difference(MetricAUROC).Finding)
	require.Equal(t, NotMeasured, c.Difference("no such").Finding)
	// Truthfulness changes by +1 on three questions of six; both halves of a fair coin give as much one time in four.
	truth := c.Difference(MetricTruthfulness)
	require.True(t, truth.Estimate.Excludes(0))
	require.Equal(t, ByRandomisation, truth.Test)
	require.InDelta(t, 0.25, *truth.P, 0.1)
	require.Equal(t, NoDifference, truth.Finding)
	selective := c.Difference(MetricSelectiveAccuracy)
	require.Equal(t, 2, selective.Estimate.N, "paired counts need answers of both")
	require.Equal(t, ByRandomisation, selective.Test, "the rates are about other questions")
	require.Equal(t, NoDifference, selective.Finding)
	require.Equal(t, NotTested, c.Difference(MetricECE).Finding)
	require.True(t, math.IsNaN(c.Difference(MetricECE).Estimate.Low))
	// Of the two questions that both answered, base has .9 and .8, tuned .95 and .9, and all are right.
	brier := c.Difference(MetricBrier)
	require.Equal(t, 2, brier.Estimate.N)
	require.InDelta(t, (0.01+0.04)/2, *brier.Before, 1e-12)
	require.InDelta(t, (0.0025+0.01)/2, *brier.After, 1e-12)
}

func TestFinding(t *testing.T) {
	p := func(x float64) *float64 { return &x }
	for _, c := range []struct {
		d    Difference
		want Finding
	}{
		{Difference{Estimate: Estimate{0.2, 0.1, 0.3, 9}, P: p(0.04), Direction: HigherIsBetter}, Better},
		{Difference{Estimate: Estimate{0.2, 0.1, 0.3, 9}, P: p(0.04), Direction: LowerIsBetter}, Worse},
		{Difference{Estimate: Estimate{-0.2, -0.3, -0.1, 9}, P: p(0.04), Direction: LowerIsBetter}, Better},
		{Difference{Estimate: Estimate{-0.2, -0.3, -0.1, 9}, P: p(0.04), Direction: HigherIsBetter}, Worse},
		{Difference{Estimate: Estimate{-0.2, -0.3, -0.1, 9}, P: p(0.04)}, Lower},
		{Difference{Estimate: Estimate{0.2, 0.1, 0.3, 9}, P: p(0.04)}, Higher},
		{Difference{Estimate: Estimate{0.2, 0, 0.3, 9}, P: p(0.04), Direction: HigherIsBetter}, NoDifference},
		{Difference{Estimate: Estimate{0.2, 0.1, 0.3, 9}, P: p(0.05), Direction: HigherIsBetter}, NoDifference},
		{Difference{Estimate: Estimate{0.2, 0.1, 0.3, 9}, Direction: HigherIsBetter}, NoDifference},
		// The bootstrap repeats one value, as AURC 1 against 0: the test alone decides.
		{Difference{Estimate: Estimate{1, math.NaN(), math.NaN(), 9}, P: p(0.01), Direction: HigherIsBetter}, Better},
	} {
		require.Equal(t, c.want, c.d.find(), "%+v", c.d)
	}
}

// Where no question differs, the interval must not claim to be certain.
func TestDifferenceOfTheSameSystem(t *testing.T) {
	config := village()
	config.Compare = []Pair{{Base: "base, documents", Other: "base, documents"}}
	e := evaluated(t, config)
	for _, d := range e.Comparisons[0].Differences {
		want := NoDifference
		switch d.Key {
		case MetricECE, MetricSeconds:
			want = NotTested
		case MetricCitationPrecision: // nothing is cited
			require.Equal(t, NotMeasured, d.Finding)
			continue
		}
		require.Equal(t, want, d.Finding, d.Key)
		require.Equal(t, 0.0, d.Estimate.Value, d.Key)
		require.False(t, d.Estimate.High-d.Estimate.Low <= 0, d.Key)
	}
	// 4 questions: 1 - 0.025^(1/4).
	exact := e.Comparisons[0].Difference(MetricExactMatch).Estimate
	require.InDelta(t, 0.6024, exact.High, 1e-4)
	require.InDelta(t, -0.6024, exact.Low, 1e-4)
}

func TestEvaluateRecords(t *testing.T) {
	config := village()
	e := evaluated(t, config)
	r := e.Systems[0].Records[2]
	require.Equal(t, "tower", r.QuestionID)
	require.Equal(t, Present, r.Context, "an alias in a passage is the answer")
	require.Equal(t, Correct, r.Verdict)
	require.Equal(t, ByMatch, r.Decision)
	require.True(t, r.Contains)
	require.False(t, r.ExactMatch)
	require.InDelta(t, 0.8, *r.Confidence, 1e-9)
	require.Equal(t, 3, r.Tokens)
	require.Nil(t, e.Systems[2].Records[0].Confidence)
	require.Equal(t, "The mill is run by Mara Venn.", e.Questions[0].Documents[1].Text)
	require.Empty(t, e.Questions[5].Documents)

	seen := config.Systems[0].Model.(*scripted).seen
	require.Len(t, seen, 6)
	require.Equal(t, DefaultRead, seen[0].Messages[0].Content)
	require.Contains(t, seen[0].Messages[1].Content, "Document 2: The village\nThe mill is run by Mara Venn.")
	require.Zero(t, seen[0].Temperature, "answers are greedy")
	closed := config.Systems[2].Model.(*scripted).seen
	require.Equal(t, DefaultClosed, closed[0].Messages[0].Content)
	require.NotContains(t, closed[0].Messages[1].Content, "Document")
}

func TestEvaluatePromptOfASystem(t *testing.T) {
	config := village()
	config.Systems[0].Prompt = DefaultCareful
	e := evaluated(t, config)
	require.Equal(t, DefaultCareful, config.Systems[0].Model.(*scripted).seen[0].Messages[0].Content)
	require.Equal(t, DefaultCareful, e.Systems[0].Prompt)
	require.Equal(t, DefaultRead, e.Systems[1].Prompt)
}

func TestEvaluateRefusalSharesNoScore(t *testing.T) {
	config := village()
	config.Systems = config.Systems[:1]
	config.Systems[0].Model = &scripted{name: "m", other: "Sorry, the documents do not say who Mara Venn is."}
	r := evaluated(t, config).Systems[0].Records[0]
	require.Equal(t, Refused, r.Verdict)
	require.Zero(t, r.F1)
	require.False(t, r.Contains)
}

func TestEvaluateBlankAnswer(t *testing.T) {
	config := village()
	config.Systems = config.Systems[:1]
	for _, blank := range []string{"  \n", "...", "\u200b-"} {
		config.Systems[0].Model = &scripted{name: "m", other: blank}
		e := evaluated(t, config)
		for i, r := range e.Systems[0].Records {
			require.Equal(t, Refused, r.Verdict, "nothing is said, so it is no answer: %q", blank)
			require.Equal(t, ByEmpty, r.Decision)
			answer, err := NewAssistant(config.Systems[0].Model, config.Search, AssistantOptions{}).Answer(t.Context(), config.Questions[i].Question)
			require.NoError(t, err)
			require.True(t, answer.Abstained, "use and evaluation agree")
		}
		require.Zero(t, e.Systems[0].Estimate(MetricCoverage).Value)
	}
	require.False(t, isBlank("€"))
	require.False(t, isBlank("A"))
}

func TestEvaluateJudge(t *testing.T) {
	for reply, want := range map[string]Verdict{"Yes.": Correct, "no": Incorrect, "perhaps": Incorrect} {
		config := village()
		config.Systems = config.Systems[:1]
		// Shares a word with "Mara Venn", and is not it: open to the judge.
		config.Systems[0].Model = &scripted{name: "m", other: "Mara V."}
		judge := &scripted{name: "judge", other: reply}
		config.Judge.Model = judge
		e := evaluated(t, config)
		require.Equal(t, want, e.Systems[0].Records[0].Verdict, reply)
		require.NotNil(t, e.Systems[0].Records[0].Votes)
		require.Equal(t, "judge", e.Judge)
		require.Contains(t, judge.seen[0].Messages[1].Content, "Reference: Mara Venn")
	}
	config := village()
	config.Systems = config.Systems[:1]
	config.Systems[0].Model = &scripted{name: "m", other: "Mara V."}
	for range 3 {
		config.Questions = append(config.Questions, Question{Question: "Who runs the mill?", Answer: "Mara Venn"})
	}
	config.Judge.Model = &scripted{name: "judge", other: "Well, perhaps."}
	_, err := Evaluate(t.Context(), config)
	require.ErrorIs(t, err, ErrJudgeUnread)
	require.ErrorContains(t, err, `judge, in 4 replies, of which the first was "Well, perhaps."; set JudgeOptions.Model to a more able model`)
	config.Judge.Model = nil
	r := evaluated(t, config).Systems[0].Records[0]
	require.Equal(t, Incorrect, r.Verdict, "without a judge, what is open is wrong")
	require.Equal(t, ByUndecided, r.Decision)
}

func TestEvaluateIsReproducible(t *testing.T) {
	var a, b, c bytes.Buffer
	require.NoError(t, resultsOf(t, village()).WriteJSON(&a))
	require.NoError(t, resultsOf(t, village()).WriteJSON(&b))
	require.Equal(t, a.String(), b.String())
	other := village()
	other.Seed = 2
	require.NoError(t, resultsOf(t, other).WriteJSON(&c))
	require.NotEqual(t, a.String(), c.String(), "the seed draws other samples")
}

func TestEvaluationJSON(t *testing.T) {
	e := resultsOf(t, village())
	var data bytes.Buffer
	require.NoError(t, e.WriteJSON(&data))
	back, err := ReadEvaluation(bytes.NewReader(data.Bytes()))
	require.NoError(t, err)
	require.Equal(t, e.Table(), back.Table())
	require.Equal(t, e.Systems[0].Records, back.Systems[0].Records)
	require.Equal(t, e.Questions, back.Questions)
	require.Equal(t, e.Systems[0].Matrix, back.Systems[0].Matrix)

	_, err = ReadEvaluation(strings.NewReader(`{"questions": [{"id": "a"}], "systems": [{"name": "s"}]}`))
	require.ErrorContains(t, err, `"s" has 0 records for 1 questions`)
	_, err = ReadEvaluation(strings.NewReader(`{`))
	require.Error(t, err)
	_, err = ReadEvaluation(strings.NewReader(`{"comparisons": [{"base": "x"}]}`))
	require.ErrorContains(t, err, `"x"`)

	path := filepath.Join(t.TempDir(), "evaluation.json")
	require.NoError(t, e.WriteJSONFile(path))
	back, err = ReadEvaluationFile(path)
	require.NoError(t, err)
	require.Equal(t, e.Table(), back.Table())
	require.NoError(t, os.WriteFile(path, []byte("{"), 0o600))
	_, err = ReadEvaluationFile(path)
	require.ErrorContains(t, err, path)
	_, err = ReadEvaluationFile(filepath.Join(path, "none"))
	require.Error(t, err)
}

func TestEvaluateProgress(t *testing.T) {
	config := village()
	last := map[string]EvalProgress{}
	config.Progress = func(p EvalProgress) {
		require.Greater(t, p.Done, last[p.Stage].Done, "progress goes forward")
		require.LessOrEqual(t, p.Done, p.Total)
		last[p.Stage] = p
	}
	evaluated(t, config)
	require.Equal(t, EvalProgress{"search", "", 6, 6}, last["search"])
	require.Equal(t, EvalProgress{"answer", "base alone", 18, 18}, last["answer"])
	require.Equal(t, EvalProgress{"bootstrap", "", 200, 200}, last["bootstrap"])
}

func TestEvaluateBadConfig(t *testing.T) {
	change := func(f func(c *EvalConfig)) error {
		config := village()
		f(&config)
		_, err := Evaluate(context.Background(), config)
		return err
	}
	require.ErrorIs(t, change(func(c *EvalConfig) { c.Systems = nil }), ErrNothingToEvaluate)
	require.ErrorIs(t, change(func(c *EvalConfig) { c.Questions = nil }), ErrNothingToEvaluate)
	require.ErrorContains(t, change(func(c *EvalConfig) { c.Systems[1].Name = c.Systems[0].Name }), "two systems named")
	require.ErrorContains(t, change(func(c *EvalConfig) { c.Systems[1].Name = "" }), "without a name")
	require.ErrorContains(t, change(func(c *EvalConfig) { c.Systems[1].Model = nil }), "has no model")
	require.ErrorContains(t, change(func(c *EvalConfig) { c.Search = nil }), "needs a Searcher")
	require.ErrorContains(t, change(func(c *EvalConfig) { c.Compare = []Pair{{"base alone", "x"}} }), "no such system")
	require.ErrorContains(t, change(func(c *EvalConfig) { c.Questions[1].ID = "mill" }), `id "mill"`)

	broken := errors.New("out of memory")
	err := change(func(c *EvalConfig) { c.Systems[1].Model = &scripted{name: "m", err: broken} })
	require.ErrorIs(t, err, broken)
	require.ErrorContains(t, err, "tuned, documents", "the error names the system")
	require.ErrorContains(t, err, "mill", "and the questions")

	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	_, err = Evaluate(ctx, village())
	require.ErrorIs(t, err, context.Canceled)
}
