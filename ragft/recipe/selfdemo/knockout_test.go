package selfdemo

import (
	"fmt"
	"strings"
	"testing"

	"github.com/ragft/ragft/internal/decision"
	"github.com/ragft/ragft/internal/fake"
	"github.com/ragft/ragft/ragft/answer"
	"github.com/ragft/ragft/ragft/judge"
	"github.com/ragft/ragft/ragft/model"
	"github.com/ragft/ragft/ragft/prompt"
	"github.com/ragft/ragft/ragft/question"
	"github.com/ragft/ragft/ragft/rows"
	"github.com/stretchr/testify/require"
)

// The judge prefers the text "right" wherever it stands. Empty candidates are
// not shown and keep their places: the published code counts them out of the
// list but not out of the index, and takes the wrong winner.
func TestKnockout(t *testing.T) {
	const knockoutPrompt = "Best: Prediction N"
	j := &fake.Model{Reply: func(req model.Request, _ int) model.Sample {
		user := req.Messages[1].Content
		require.Contains(t, req.Messages[0].Content, knockoutPrompt)
		require.Contains(t, user, "Reference: nine")
		require.NotContains(t, user, "Prediction 4")
		for n := 1; n <= 3; n++ {
			if strings.Contains(user, fmt.Sprintf("Prediction %d: right", n)) {
				return fake.Says(fmt.Sprintf("Best: Prediction %d", n))
			}
		}
		return fake.Says("Best: Prediction 1")
	}}
	for seed := range uint64(30) {
		g := newGenerator(
			fake.AlwaysSays(""),
			fake.Search{},
			Options{Seed: seed, Judge: judge.Options{Knockout: true, Model: j}},
		)
		d := &draft{
			question: question.Question{ID: "q", Question: "Rooms?", Answer: "nine rooms"},
			context:  answer.Present,
		}
		for i, text := range []string{"", "wrong", "", "wrong", "right rooms", "", "wrong", "wrong", "wrong"} {
			d.candidates = append(d.candidates, rows.Candidate{Arm: rows.ArmRead, Index: i, Text: text})
		}
		j.Requests = nil
		require.NoError(t, g.decide(t.Context(), []*draft{d}))
		require.Equal(t, 4, d.winner)
		require.Len(t, j.Requests, 3, "six that say something: two brackets and a final")
		require.Equal(t, decision.Knockout, d.candidates[4].Decision)
		c := g.opts.Policy.choose(d)
		require.Equal(t, rows.KindAnswer, c.kind)
		require.Same(t, &d.candidates[4], c.target)
	}
}

func TestKnockoutAsksAgainAndDrops(t *testing.T) {
	replies := 0
	j := &fake.Model{Reply: func(req model.Request, _ int) model.Sample {
		if replies++; replies < 3 {
			return fake.Says("hm")
		}
		return fake.Says("Best: Prediction 2")
	}}
	g := newGenerator(fake.AlwaysSays(""), fake.Search{}, Options{Judge: judge.Options{Knockout: true, Model: j}})
	d := &draft{question: question.Question{ID: "q", Unanswerable: true}, candidates: []rows.Candidate{
		{Arm: rows.ArmRefuse, Text: "Sorry, I do not know."}, {Arm: rows.ArmRead, Text: "Sorry, I cannot tell."}}}
	require.NoError(t, g.decide(t.Context(), []*draft{d}))
	require.Equal(t, 3, replies)
	require.Equal(
		t,
		[]float64{0, 0.7, 0.7},
		[]float64{j.Requests[0].Temperature, j.Requests[1].Temperature, j.Requests[2].Temperature},
	)
	require.NotEqual(t, j.Requests[1].Seed, j.Requests[2].Seed)
	require.Contains(t, j.Requests[0].Messages[1].Content, "Reference: none")
	c := g.opts.Policy.choose(d)
	require.Equal(t, rows.KindRefusal, c.kind)
	require.NotNil(t, c.target)

	g = newGenerator(
		fake.AlwaysSays(""),
		fake.Search{},
		Options{Judge: judge.Options{Knockout: true, Tries: 2, Model: fake.AlwaysSays("hm")}},
	)
	require.NoError(t, g.decide(t.Context(), []*draft{d}))
	require.Equal(t, DropUnjudged, g.opts.Policy.choose(d).reason)

	// A winner that the strings show to be wrong is no target.
	g = newGenerator(
		fake.AlwaysSays(""),
		fake.Search{},
		Options{Judge: judge.Options{Knockout: true, Model: fake.AlwaysSays("1")}},
	)
	d = &draft{
		question:   question.Question{ID: "q", Unanswerable: true},
		candidates: []rows.Candidate{{Arm: rows.ArmRead, Text: "Ann"}},
	}
	require.NoError(t, g.decide(t.Context(), []*draft{d}))
	require.Equal(t, DropWrongWinner, g.opts.Policy.choose(d).reason)
}

func TestJudgeThatNeverParses(t *testing.T) {
	questions, search, _ := inn()
	var many []question.Question
	for i := range 12 {
		q := questions[0]
		q.ID = fmt.Sprint(i)
		many = append(many, q)
	}
	m := &fake.Model{Reply: func(req model.Request, sample int) model.Sample {
		return fake.Says(fmt.Sprint("about ", 3+sample, " rooms"))
	}}
	j := &fake.Model{
		Called: "mute",
		Reply:  func(model.Request, int) model.Sample { return fake.Says("As a model, I think") },
	}
	_, err := Generate(t.Context(), m, search, many, Options{Batch: 2, Judge: judge.Options{Model: j}})
	require.ErrorIs(t, err, judge.ErrUnread)
	require.ErrorContains(t, err, `mute gave 6 replies, the first of them "As a model, I think"; set the judge's Model`)
	require.Equal(t, 1, j.Calls, "said after the first batch")

	j.Calls = 0
	_, err = Generate(t.Context(), m, search, many, Options{Batch: 2, Judge: judge.Options{Model: j, Knockout: true}})
	require.ErrorIs(t, err, judge.ErrUnread)
	require.ErrorContains(t, err, "set Knockout to false")
	require.Equal(t, 1, j.Calls, "said after the first try of the first batch")
}

func TestSummariseInTwoTurns(t *testing.T) {
	questions, search, _ := inn()
	model := &fake.Model{Reply: func(req model.Request, sample int) model.Sample {
		if len(req.Messages) == 4 {
			require.Equal(t, DefaultSummaryPrompt, req.Messages[3].Content)
			require.Equal(t, model.RoleAssistant, req.Messages[2].Role)
			return fake.Says("short " + req.Messages[2].Content)
		}
		require.Equal(t, 200, req.MaxTokens)
		if sample == 1 {
			return fake.Says("")
		}
		return fake.Says(fmt.Sprint("nine, long draft ", sample))
	}}
	got, err := Generate(
		t.Context(),
		model,
		search,
		questions[:1],
		Options{Summarise: true, DraftTokens: 200, Closed: -1, Refuse: -1},
	)
	require.NoError(t, err)
	row := got.Rows[0]
	require.Equal(t, "short nine, long draft 0", row.Response())
	require.Equal(
		t,
		prompt.Set{}.ReadMessages(questions[0].Question, search.All),
		row.Prompt(),
		"the row is made with the prompt of inference",
	)
	require.Equal(t, "nine, long draft 2", row.Candidates[2].Draft)
	require.Equal(t, 2, row.Candidates[2].Index)
	require.Equal(t, decision.Empty, row.Candidates[1].Decision, "an empty draft keeps its place and costs no call")
	require.Equal(t, 3, got.Summary.Calls)
}

func TestWordingsTakeTurns(t *testing.T) {
	questions, search, _ := inn()
	model := &fake.Model{Reply: func(req model.Request, sample int) model.Sample {
		return fake.Says(req.Messages[0].Content + fmt.Sprint(sample))
	}}
	got, err := Generate(t.Context(), model, search, questions[:1], Options{
		Closed: -1, Read: 5, Refuse: -1, ReadPrompts: []string{"nine A", "nine B"}, Judge: judge.Options{}})
	require.NoError(t, err)
	var texts []string
	for i, c := range got.Rows[0].Candidates {
		require.Equal(t, i, c.Index)
		texts = append(texts, c.Text)
	}
	require.Equal(t, []string{"nine A0", "nine B0", "nine A1", "nine B1", "nine A2"}, texts)
	require.Len(t, got.Rows[0].Provenance.Rendered, 2)
	require.Equal(t, prompt.DefaultRead, got.Rows[0].Messages[0].Content)
}
