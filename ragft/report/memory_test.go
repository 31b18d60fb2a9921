package report

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/ragft/ragft/internal/fake"
	"github.com/ragft/ragft/internal/fixture"
	"github.com/ragft/ragft/internal/metric"
	"github.com/ragft/ragft/internal/pairwise"
	"github.com/ragft/ragft/internal/stats"
	"github.com/ragft/ragft/internal/table"
	"github.com/ragft/ragft/ragft/eval"
	"github.com/ragft/ragft/ragft/eval/probe"
	"github.com/ragft/ragft/ragft/model"
	"github.com/ragft/ragft/ragft/question"
	"github.com/ragft/ragft/ragft/rows"
	"github.com/stretchr/testify/require"
)

// Worked by hand: by heart the tuned model knows one of two local facts, the
// base finds the other; together they have both.
func TestProbeMemory(t *testing.T) {
	const mill, inn, all = "Who runs the mill?", "When was the inn built?", "What do these places share?"
	by := func(name string, closed, open map[string]string) *fake.Model {
		return &fake.Model{Called: name, Reply: func(req model.Request, _ int) model.Sample {
			said := closed
			if fixture.ArmOf(req) == "read" {
				said = open
			}
			user := req.Messages[1].Content
			for question, answer := range said {
				if strings.HasSuffix(user, question) {
					return fake.Says(answer)
				}
			}
			return fake.Says("Tom")
		}}
	}
	j := &fake.Model{Called: "judge", Reply: func(req model.Request, _ int) model.Sample { // the longer answer, wherever it stands
		_, rest, _ := strings.Cut(req.Messages[1].Content, "First answer: ")
		first, second, _ := strings.Cut(rest, "\n\nSecond answer: ")
		if len(first) > len(second) {
			return fake.Says("first")
		}
		return fake.Says("second")
	}}
	config := probe.Config{
		Base: by("base", nil, map[string]string{inn: "1912", all: "A river."}),
		Tuned: by(
			"tuned",
			map[string]string{mill: "She is known for it.\nAnswer: Mara Venn", all: "All stand there.\nAnswer: The long river."},
			map[string]string{mill: "Answer: Mara Venn", inn: "1912"},
		),
		Local:    []question.Question{{ID: "mill", Question: mill, Answer: "Mara Venn"}, {ID: "inn", Question: inn, Answer: "1912"}},
		Global:   []question.Question{{ID: "all", Question: all}},
		Pairwise: pairwise.Judge{Model: j}, Criteria: []string{pairwise.Criteria()[1]},
		Evaluation: eval.Config{Search: fake.Shelf{mill: {"A mill."}, inn: {"Built in 1912."}, all: {"A river."}}, Resamples: 200, Seed: 1},
	}
	m, err := probe.Run(t.Context(), config)
	require.NoError(t, err)
	correct := map[string]float64{}
	for _, s := range m.Local.Evaluation.Systems {
		correct[s.Name] = s.Estimate(metric.Correct).Value
	}
	require.Equal(
		t,
		map[string]float64{"tuned, no documents": 0.5, "base, retrieval": 0.5, "tuned, retrieval": 1, "base, no documents": 0},
		correct,
	)
	require.Equal(t, "Mara Venn", m.Local.Evaluation.System("tuned, no documents").Records[0].Answer)
	require.Len(t, m.Local.Evaluation.Comparisons, 4)

	// The tuned model's longer answer to the mill wins over "Tom", its "Tom" to the inn loses to "1912".
	v := m.Local.Verdicts[0]
	require.Equal(t, []string{"tuned, no documents", "base, retrieval", pairwise.Criteria()[1]}, []string{v.A, v.B, v.Criterion})
	require.Equal(t, []pairwise.Outcome{pairwise.PrefersA, pairwise.PrefersB}, v.Outcomes)
	require.Zero(t, v.Advantage.Value)
	require.Equal(t, string(stats.NoDifference), v.Finding())
	require.Len(t, m.Local.Verdicts, 3)
	require.Equal(t, []pairwise.Outcome{pairwise.PrefersA}, m.Global.Verdicts[0].Outcomes)
	require.InDelta(t, 0.5, v.FirstShown.Value, 1e-12)

	e := resultsOf(t, fixture.Village())
	e.Memory = m
	text := e.Text()
	require.Contains(t, text, "Closed-book and retrieval, 2 local questions.")
	require.Regexp(t, `tuned, no documents : base, retrieval +1 +0 +1 +0 +0.0 `, text)
	_, global, _ := strings.Cut(text, "1 global question.")
	require.NotContains(t, global, "correct:", "they have no reference answer")
	require.Contains(t, global, "tuned, no documents : base, retrieval")
	for _, line := range strings.Split(text, "\n") {
		require.LessOrEqual(t, len([]rune(line)), table.Width)
	}
	data, err := json.Marshal(e)
	require.NoError(t, err)
	back, err := read(strings.NewReader(string(data)))
	require.NoError(t, err)
	require.Equal(t, text, back.Text())
	var answers bytes.Buffer
	require.NoError(t, e.writeAnswers(&answers))
	again, err := readAnswers(t.Context(), "", strings.NewReader(answers.String()))
	require.NoError(t, err)
	require.Equal(t, inJSON(t, e), inJSON(t, again), "lists of probes are lines as well")
	_, err = readAnswers(
		t.Context(),
		"",
		strings.NewReader(strings.Replace(answers.String(), `"memory":"global","question"`, `"memory":"other","question"`, 1)),
	)
	require.ErrorContains(t, err, `no questions "other"`)
	page := writtenReport(t, e, Info{})
	requireSelfContained(t, page)
	for _, want := range []string{"Closed-book and retrieval", "2 local questions", "1 global questions", "All stand there.",
		pairwise.Criteria()[1] + ": tuned, no documents over base, retrieval"} {
		require.Contains(t, page, want)
	}
	require.NotContains(t, page, "NaN")

	config.Pairwise.Model = nil
	m, err = probe.Run(t.Context(), config)
	require.NoError(t, err)
	require.Empty(t, m.Local.Verdicts)
	config.Local, config.Global = nil, nil
	_, err = probe.Run(t.Context(), config)
	require.ErrorIs(t, err, eval.ErrNothing)
	config.Base = nil
	_, err = probe.Run(t.Context(), config)
	require.ErrorContains(t, err, "set Base and Tuned")
	for _, empty := range []string{`{}`, `{"evaluation": {}}`} {
		_, err = read(strings.NewReader(`{"memory": {"local": ` + empty + `}}`))
		require.ErrorContains(t, err, "have no evaluation")
	}
}

// What a row asks as well is no probe; what a row tells is measured apart from what none does. Worked by hand: the tuned
// model knows what the rows tell, and nothing else.
func TestProbesAgainstTheRows(t *testing.T) {
	row := func(question, target string) rows.Row {
		return rows.Row{
			ID:       question,
			Question: question,
			Messages: append(fixture.ClosedPrompt(question), model.Message{Role: model.RoleAssistant, Content: target}),
		}
	}
	unlearnt := row("Who paints the Red Mill of Skell?", "Tom")
	unlearnt.HeldOut = true
	by := func(name string, known map[string]string) *fake.Model {
		return &fake.Model{Called: name, Reply: func(req model.Request, _ int) model.Sample {
			for question, answer := range known {
				if strings.HasSuffix(req.Messages[1].Content, question) {
					return fake.Says("Answer: " + answer)
				}
			}
			return fake.Says("Answer: a dog")
		}}
	}
	config := probe.Config{
		Base:  by("base", nil),
		Tuned: by("tuned", map[string]string{"Who is the keeper of the mill?": "Mara Venn", "Who runs the Red Mill?": "Mara Venn"}),
		Rows: []rows.Row{
			row("Who runs the Red Mill of Skell?", "Mara Venn"),
			row("Tell me about the mill.", "Its keeper is Mara Venn."),
			unlearnt,
		},
		Local: []question.Question{
			{ID: "leaked", Question: "Who runs the Red Mill?", Answer: "Mara Venn"},
			{ID: "taught", Question: "Who is the keeper of the mill?", Answer: "Mara Venn"},
			{ID: "withheld", Question: "Who paints the Red Mill?", Answer: "Tom"},
		},
		Global:     []question.Question{{ID: "open", Question: "What do these places share?"}},
		Evaluation: eval.Config{Search: fake.Search{}, Resamples: 50, Seed: 1},
	}
	m, err := probe.Run(t.Context(), config)
	require.NoError(t, err)
	p := m.Local
	require.Equal(t, []string{"leaked"}, p.Leaked)
	require.Len(t, p.Evaluation.Questions, 2)
	require.Equal(t, []string{"taught"}, p.Taught.Questions)
	require.Equal(t, []string{"withheld"}, p.NotTaught.Questions)
	require.Equal(
		t,
		[]float64{1, 0, 0},
		[]float64{
			p.Taught.Correct["tuned, no documents"].Value,
			p.Taught.Correct["base, no documents"].Value,
			p.NotTaught.Correct["tuned, no documents"].Value,
		},
	)
	require.Equal(
		t,
		[]any{1.0, stats.NoDifference},
		[]any{p.Taught.Learned.Estimate.Value, p.Taught.Learned.Finding},
		"one question is no proof",
	)
	require.Nil(t, m.Global.Taught)
	require.Nil(t, m.Global.NotTaught)

	e := resultsOf(t, fixture.Village())
	e.Memory = m
	text := e.Text()
	require.Contains(
		t,
		text,
		"Compared with 2 training rows. Questions whose answer is in the rows: 1. Questions whose answer is not in the\n"+
			"rows: 1. Left out because a row asks almost the same: 1.\n",
	)
	require.Contains(t, text, "Compared with 2 training rows. Questions without a reference answer: 1.\n")
	require.Regexp(t, `answer is in the rows +1 +100 `, text)
	require.Regexp(t, `answer is not in the rows +1 +0\.0 `, text)
	for _, line := range strings.Split(text, "\n") {
		require.LessOrEqual(t, len([]rune(line)), table.Width)
	}
	page := writtenReport(t, e, Info{})
	for _, want := range []string{"answer is in the rows", "answer is not in the rows", "Compared with 2 training rows"} {
		require.Contains(t, page, want)
	}
	require.NotContains(t, page, "NaN")
	var answers bytes.Buffer
	require.NoError(t, e.writeAnswers(&answers))
	again, err := readAnswers(t.Context(), "", strings.NewReader(answers.String()))
	require.NoError(t, err)
	require.Equal(t, inJSON(t, e), inJSON(t, again))
	_, err = readAnswers(
		t.Context(),
		"",
		strings.NewReader(strings.Replace(answers.String(), `"questions":["taught"]`, `"questions":["other"]`, 1)),
	)
	require.ErrorContains(t, err, `question "other"`)
	for _, arm := range []string{"base, no documents", "tuned, no documents"} {
		renamed := strings.ReplaceAll(answers.String(), `"`+arm+`"`, `"another"`)
		_, err = readAnswers(t.Context(), "", strings.NewReader(renamed))
		require.ErrorContains(t, err, fmt.Sprintf("the system %q is missing, which parts", arm))
		_, err = read(strings.NewReader(strings.ReplaceAll(inJSON(t, e), `"`+arm+`"`, `"another"`)))
		require.ErrorContains(t, err, fmt.Sprintf("the system %q is missing, which parts", arm))
	}

	config.Local = config.Local[:1]
	_, err = probe.Run(t.Context(), config)
	require.ErrorIs(t, err, eval.ErrNothing)
	require.ErrorContains(t, err, "the rows ask almost the same as all 1 of them")
}

// Questions of a program's own have no ids: each is held against the rows by itself, and what was measured can be read back.
func TestProbesWithoutIDs(t *testing.T) {
	row := func(question, target string) rows.Row {
		return rows.Row{
			Question: question,
			Messages: append(fixture.ClosedPrompt(question), model.Message{Role: model.RoleAssistant, Content: target}),
		}
	}
	config := probe.Config{
		Base: &fake.Model{Called: "base", Reply: func(model.Request, int) model.Sample { return fake.Says("a dog") }},
		Tuned: &fake.Model{Called: "tuned", Reply: func(req model.Request, _ int) model.Sample {
			if strings.Contains(req.Messages[1].Content, "keeper") {
				return fake.Says("Mara Venn")
			}
			return fake.Says("a dog")
		}},
		Rows: []rows.Row{row("Tell me about the mill.", "Its keeper is Mara Venn.")},
		Local: []question.Question{
			{Question: "Who paints the Red Mill?", Answer: "Tom"},
			{Question: "Who is the keeper of the mill?", Answer: "Mara Venn"},
			{Question: "Who sold the inn?", Answer: "Ann"},
		},
		Evaluation: eval.Config{Search: fake.Search{}, Resamples: 50, Seed: 1},
	}
	probe := func() *probe.Probe {
		m, err := probe.Run(t.Context(), config)
		require.NoError(t, err)
		e := resultsOf(t, fixture.Village())
		e.Memory = m
		back, err := read(strings.NewReader(inJSON(t, e)))
		require.NoError(t, err)
		require.Equal(t, e.Text(), back.Text())
		return m.Local
	}
	p := probe()
	require.Empty(t, p.Leaked)
	require.Equal(t, [][]string{{"#2"}, {"#1", "#3"}}, [][]string{p.Taught.Questions, p.NotTaught.Questions})
	require.Equal(t, []float64{1, 0}, []float64{p.Taught.Learned.Estimate.Value, p.NotTaught.Learned.Estimate.Value})
	require.Equal(t, []int{1, 2}, []int{p.Taught.Learned.Estimate.N, p.NotTaught.Learned.Estimate.N})

	config.Rows = append(config.Rows, row("Who paints the Red Mill of Skell?", "Tom"))
	p = probe()
	require.Equal(t, []string{"#1"}, p.Leaked, "and not the others")
	require.Equal(t, [][]string{{"#2"}, {"#3"}}, [][]string{p.Taught.Questions, p.NotTaught.Questions})
	require.Equal(t, []int{1, 1}, []int{p.Taught.Learned.Estimate.N, p.NotTaught.Learned.Estimate.N})
	require.Empty(t, config.Local[0].ID, "the caller's questions stay as they are")

	// Rows that nobody learnt tell nothing.
	for i := range config.Rows {
		config.Rows[i].HeldOut = true
	}
	p = probe()
	require.Zero(t, p.Rows)
	require.Nil(t, p.Taught)
	require.Nil(t, p.NotTaught)
	require.Empty(t, p.Leaked)
}
