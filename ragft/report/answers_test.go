package report

import (
	"bytes"
	"context"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/ragft/ragft/internal/fake"
	"github.com/ragft/ragft/internal/fixture"
	"github.com/ragft/ragft/internal/jsonl"
	"github.com/ragft/ragft/internal/metric"
	"github.com/ragft/ragft/internal/signals"
	"github.com/ragft/ragft/internal/stats"
	"github.com/ragft/ragft/internal/table"
	"github.com/ragft/ragft/internal/trainlog"
	"github.com/ragft/ragft/ragft/abstain"
	"github.com/ragft/ragft/ragft/answer"
	"github.com/ragft/ragft/ragft/confidence"
	"github.com/ragft/ragft/ragft/eval"
	"github.com/ragft/ragft/ragft/eval/forget"
	"github.com/ragft/ragft/ragft/eval/robust"
	"github.com/ragft/ragft/ragft/model"
	"github.com/ragft/ragft/ragft/question"
	"github.com/stretchr/testify/require"
)

func resultsOf(t *testing.T, config eval.Config) *Results {
	t.Helper()
	return &Results{Evaluation: fixture.Evaluated(t, config)}
}

// measured is the village with everything that an evaluation can keep.
func measured(t *testing.T) *Results {
	t.Helper()
	e := resultsOf(t, fixture.Village())
	config := fixture.Village()
	config.Systems = config.Systems[:1]
	config.Systems[0].Model = &fake.Model{Reply: func(req model.Request, _ int) model.Sample {
		switch shown := req.Messages[len(req.Messages)-1].Content; {
		case strings.Contains(shown, "BANANA"):
			return fake.Says("banana")
		case strings.Contains(shown, "Mara Venn"):
			return fake.Says("Mara Venn")
		}
		return fake.Says(fake.Decline)
	}}
	r, err := robust.Run(t.Context(), config, robust.Options{})
	require.NoError(t, err)
	e.Robustness = []*robust.Result{r}
	forgot := func(scale float64) *forget.Result {
		return &forget.Result{Base: "base.gguf", Tuned: "base.gguf+tuned", Losses: []forget.Loss{
			{Key: "closed", Name: "closed-book questions, correct", N: 40, Before: 0.5, After: 0.5 - scale/10,
				Change: stats.Estimate{Value: -scale / 10, Low: -scale/10 - 0.1, High: -scale/10 + 0.1, N: 40}, Budget: 0.2},
			{Key: "kl", Name: "divergence from the base, nats a token", N: 40, After: scale / 4,
				Change: stats.Estimate{
					Value: scale / 4,
					Low:   scale / 5,
					High:  scale / 3,
					N:     40,
				}, Budget: 0.1, Exceeded: scale > 0.4, Shown: scale > 0},
		}}
	}
	e.Forgetting = forgot(1)
	e.Sweep = &forget.SweepResult{Points: []forget.SweepPoint{
		{Scale: 0, Metrics: e.Systems[0].Metrics, Forgetting: forgot(0)},
		{Scale: 0.5, Metrics: e.Systems[0].Metrics, Forgetting: forgot(0.5)},
		{Scale: 1, Metrics: e.Systems[1].Metrics, Forgetting: forgot(1)},
	}}
	value := func(x float64) *float64 { return &x }
	e.Calibration = &confidence.Calibration{
		Calibrator: stats.Logistic{Names: []string{signals.LogProb, signals.Retrieval}, N: 50},
		Before:     stats.Quality{AUROC: value(0.61), ECE: value(0.2)},
		After:      stats.Quality{AUROC: value(0.83), AURC: value(0.05), ECE: value(0.04)},
		Guarantee: confidence.Guarantee{
			Threshold: 0.625,
			Risk:      0.1,
			Delta:     0.1,
			N:         60,
			Answered:  30,
			Wrong:     1,
			Bound:     0.09,
			Coverage:  0.5,
			Empirical: 1.0 / 30,
		},
	}
	e.Calibration.Calibrator.Mean, e.Calibration.Calibrator.Scale, e.Calibration.Calibrator.Weight = []float64{
		0,
		0,
	}, []float64{
		1,
		1,
	}, []float64{
		1,
		1,
	}
	points, conditions, err := e.Points("tuned, documents")
	require.NoError(t, err)
	e.Calibration.Conditions = conditions
	require.NoError(t, e.Calibration.Test(points, conditions))
	e.Leakage = question.FindLeaks(
		[]question.Question{{ID: "t1", Question: "Who runs the mill?"}},
		fixture.Village().Questions,
		question.LeakOptions{},
	)
	e.Info = &Info{
		Title:        "The village, measured",
		Loss:         []trainlog.LossPoint{{Step: 1, Train: 2, HeldOut: math.NaN()}, {Step: 2, Train: 1.5, HeldOut: 1.8}},
		LossBySource: map[string]float64{"raft": 0.5, "plain text": 2.25},
		Timings: []Fact{
			{"training", "1m3s"},
		}, Settings: []Fact{{"rank", "16"}}, Created: time.Date(2026, 5, 1, 12, 0, 0, 0, time.UTC),
	}
	return e
}

func inJSON(t *testing.T, e *Results) string {
	t.Helper()
	var b bytes.Buffer
	require.NoError(t, e.writeJSON(&b))
	return b.String()
}

// One file holds all, and everything that is shown comes from it again.
func TestEvaluationKeepsEverything(t *testing.T) {
	e := measured(t)
	back, err := read(strings.NewReader(inJSON(t, e)))
	require.NoError(t, err)
	require.Equal(t, inJSON(t, e), inJSON(t, back))
	require.Equal(t, e.Text(), back.Text())
	require.Equal(t, writtenReport(t, e, Info{}), writtenReport(t, back, Info{}))
}

func TestAnswers(t *testing.T) {
	e := measured(t)
	path := filepath.Join(t.TempDir(), "answers.jsonl")
	require.NoError(t, e.WriteAnswersFile(path))
	data, err := os.ReadFile(path)
	require.NoError(t, err)
	lines := strings.Split(strings.TrimSpace(string(data)), "\n")
	flips, outcomes := 0, 0
	for _, p := range e.Robustness[0].Changes {
		flips += len(p.Flips)
		outcomes += len(p.Outcomes)
	}
	require.Len(t, lines, 1+6+3*6+len(e.Robustness[0].Documents)+flips+outcomes,
		"a head, the questions, a line for each question and system, the passages, flips and outcomes of perturbing")
	require.Positive(t, flips)
	require.Contains(t, lines[7], `"system":"base, documents","question_id":"mill"`)
	require.Contains(t, lines[7], `"answer":"Mara Venn","verdict":"correct"`)
	require.Contains(t, lines[7], `"quote":"The mill is run by Mara Venn."`)
	require.Contains(t, lines[7], `"log_prob":`)
	require.NotContains(t, lines[0], "records\":[", "the head holds what is not computed")

	back, err := ReadAnswersFile(t.Context(), path)
	require.NoError(t, err)
	require.Equal(t, inJSON(t, e), inJSON(t, back), "metrics, intervals and comparisons are computed again")

	// Lines may come in another order.
	last := 6 + 3*6
	lines[8], lines[last] = lines[last], lines[8]
	back, err = readAnswers(t.Context(), "", strings.NewReader(strings.Join(lines, "\n")))
	require.NoError(t, err)
	require.Equal(t, inJSON(t, e), inJSON(t, back))
}

// Without the rule, the report that is made again has no curve of it.
func TestAnswersKeepTheRule(t *testing.T) {
	e := resultsOf(t, fixture.Village())
	s := e.System("tuned, documents")
	s.Rule = &abstain.Rule{Refusal: fake.Decline, Threshold: 0.5, Chance: stats.Logistic{
		Names: []string{abstain.Declining}, Mean: []float64{-2}, Scale: []float64{1}, Weight: []float64{-3}}}
	for i := range s.Records {
		chance := float64(i) / 8
		s.Records[i].Chance = &chance
	}
	require.NoError(t, e.Recompute(t.Context()))
	require.NotEmpty(t, s.Tradeoff)
	var data bytes.Buffer
	require.NoError(t, e.writeAnswers(&data))
	back, err := readAnswers(t.Context(), "", &data)
	require.NoError(t, err)
	require.Equal(t, inJSON(t, e), inJSON(t, back))
	require.Equal(t, s.Tradeoff, back.System("tuned, documents").Tradeoff)
}

// An evaluation of many questions and long passages can be read back, and keeps
// each passage once, however often it was shown.
func TestAnswersOfManyFlips(t *testing.T) {
	const n, passages, size = 200, 4, 1000
	// It reads as many passages as are usual, and declines where there are more or fewer.
	model := &fake.Model{Reply: func(req model.Request, _ int) model.Sample {
		text := req.Messages[1].Content
		if strings.Count(text, "keeper ") != passages {
			return fake.Says(fake.Decline)
		}
		_, text, _ = strings.Cut(text, "keeper ")
		who, _, _ := strings.Cut(text, " of")
		return fake.Says("keeper " + who)
	}}
	config := eval.Config{Systems: []eval.System{{Name: "base", Setting: eval.SettingRetrieval, Model: model}}, Resamples: 10, Seed: 1}
	found := fake.Shelf{}
	for i := range n {
		q := question.Question{
			ID:       fmt.Sprint("q", i),
			Question: fmt.Sprintf("Who keeps house %d?", i),
			Answer:   fmt.Sprintf("keeper %d", i),
		}
		config.Questions = append(config.Questions, q)
		for k := range passages {
			found[q.Question] = append(found[q.Question], fmt.Sprintf("keeper %d of %d ", i, k)+strings.Repeat("stone ", size/6))
		}
	}
	config.Search = found
	e := resultsOf(t, config)
	r, err := robust.Run(t.Context(), config, robust.Options{})
	require.NoError(t, err)
	e.Robustness = []*robust.Result{r}
	shown := 0
	for _, p := range r.Changes {
		for _, f := range p.Flips {
			shown += len(f.ShownBefore) + len(f.ShownAfter)
		}
	}
	require.Greater(t, shown*size, jsonl.MaxLine/2, "what made the first line too long")
	require.Less(t, len(inJSON(t, e)), shown*size)
	var data bytes.Buffer
	require.NoError(t, e.writeAnswers(&data))
	longest := 0
	for line := range strings.Lines(data.String()) {
		longest = max(longest, len(line))
	}
	require.Less(t, longest, 50*size)
	back, err := readAnswers(t.Context(), "", &data)
	require.NoError(t, err)
	require.Equal(t, inJSON(t, e), inJSON(t, back))

	r.Changes[0].Flips = append(r.Changes[0].Flips, robust.Flip{ShownAfter: []int{len(r.Documents)}})
	require.ErrorContains(t, e.writeAnswers(&data), "refers to document")
	require.ErrorContains(
		t,
		jsonl.Write(&data, []question.Question{{Question: strings.Repeat("x", jsonl.MaxLine)}}),
		"bytes long; the limit is",
		"what could not be read back is not written",
	)
}

// A person who reads the answers may know better than the judge.
func TestAnswersCorrectedByHand(t *testing.T) {
	var data bytes.Buffer
	require.NoError(t, resultsOf(t, fixture.Village()).writeAnswers(&data))
	old := `"question_id":"boat","context":"absent","answer":"Tom","verdict":"incorrect"`
	require.Contains(t, data.String(), old)
	edited := strings.Replace(data.String(), old, strings.Replace(old, "incorrect", "correct", 1), 1)
	back, err := readAnswers(t.Context(), "", strings.NewReader(edited))
	require.NoError(t, err)
	base := back.System("base, documents")
	require.Equal(t, 3.0/4, base.Estimate(metric.Correct).Value)
	require.Equal(t, 1, base.Matrix[answer.Absent][answer.Correct])
	require.Zero(t, base.Records[3].F1, "the words of the answer are what they were")
}

func TestAnswersBadInput(t *testing.T) {
	var data bytes.Buffer
	require.NoError(t, resultsOf(t, fixture.Village()).writeAnswers(&data))
	lines := strings.SplitAfter(strings.TrimSpace(data.String())+"\n", "\n")
	read := func(lines ...string) error {
		_, err := readAnswers(t.Context(), "", strings.NewReader(strings.Join(lines, "")))
		return err
	}
	require.NoError(t, read(lines...))
	for _, c := range []struct {
		want  string
		lines []string
	}{
		{"nothing to evaluate", nil},
		{"nothing to evaluate", lines[:1]},
		{"line 1: the first line", lines[1:]},
		{"a second \"evaluation\"", []string{lines[0], lines[0]}},
		{`a second question "mill"`, []string{lines[0], lines[1], lines[1]}},
		{`system "base alone" has no answer to question "bird"`, lines[:len(lines)-2]},
		{`answers question "mill" twice`, append(append([]string{}, lines...), lines[7])},
		{`unknown question "mill"`, append([]string{lines[0]}, lines[2:]...)},
		{`no system "x"`, []string{lines[0], `{"system": "x", "question_id": "mill"}`}},
		{`verdict "perhaps"`, []string{lines[0], strings.Replace(lines[7], `"verdict":"correct"`, `"verdict":"perhaps"`, 1)}},
		{`has no robustness of "x"`, []string{lines[0], `{"robustness": "x", "flip": {}}`}},
		{"line 2: neither", []string{lines[0], "{}"}},
		{"line 2", []string{lines[0], "{"}},
		{"0 bootstrap samples", append([]string{strings.Replace(lines[0], `"resamples":200`, `"resamples":0`, 1)}, lines[1:]...)},
	} {
		require.ErrorContains(t, read(c.lines...), c.want)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err := readAnswers(ctx, "", &data)
	require.ErrorIs(t, err, context.Canceled)
	require.ErrorContains(t, resultsOf(t, fixture.Village()).writeAnswers(fake.FullDisk{}), "no space left")
	_, err = ReadAnswersFile(t.Context(), filepath.Join(t.TempDir(), "none"))
	require.ErrorIs(t, err, os.ErrNotExist)
}

func TestTableOfEverything(t *testing.T) {
	e := measured(t)
	text := e.Text()
	at := 0
	for _, part := range []string{
		"6 questions, 2 unanswerable", "Evidence and outcome", "Cost per answer", "Difference: ",
		"Leakage. 1 of 6 evaluation questions overlaps a training question (of 1)", "\nmill ",
		"Calibration of tuned, documents: log_prob, retrieval, fitted on 50 answers.", "\nAUROC ",
		"Answers with a confidence of at least 0.625", "Robustness of base, documents to changes of its passages", "evidence removed",
		"Forgetting", "over budget", "The adapter at several scales",
	} {
		next := strings.Index(text[at:], part)
		require.GreaterOrEqual(t, next, 0, "%s, in this order", part)
		at += next
	}
	for _, line := range strings.Split(text, "\n") {
		require.LessOrEqual(t, len([]rune(line)), table.Width, line)
	}
	for _, part := range e.parts() {
		require.ErrorContains(t, part.WriteTable(fake.FullDisk{}), "no space left")
	}
	e.Sweep.Points[1].Forgetting = nil
	_, err := read(strings.NewReader(inJSON(t, e)))
	require.ErrorContains(t, err, "sweep has the losses")
}

func TestGuaranteeInWords(t *testing.T) {
	g := measured(t).Calibration.Guarantee
	require.Equal(
		t,
		"Answers with a confidence of at least 0.625 are given, others withheld. Of 60 answers that the confidence was not fitted on, "+
			"30 pass (50.0 %), of which 1 is wrong (3.3 %). For new questions of the same kind at most 10.0 % of the answers given are wrong; "+
			"this guarantee fails with a probability of at most 10.0 %.",
		g.String(),
	)
	require.Contains(
		t,
		confidence.Guarantee{Risk: 0.1, N: 12}.String(),
		"No threshold keeps the share of wrong answers at or below 10.0 %: the 12 answers",
	)
}
