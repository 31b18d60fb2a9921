package assistant

import (
	"strings"
	"testing"

	"github.com/ragft/ragft/internal/fake"
	"github.com/ragft/ragft/internal/fixture"
	"github.com/ragft/ragft/ragft/answer"
	"github.com/ragft/ragft/ragft/eval"
	"github.com/ragft/ragft/ragft/model"
	"github.com/ragft/ragft/ragft/question"
	"github.com/stretchr/testify/require"
)

// The passage that the winning answer was written from is number 1, whatever its rank.
func TestEnsembleCitesThePassageThatWon(t *testing.T) {
	const q = "Who runs the mill?"
	found := fake.Shelf{q: {"The mill on the hill was run by Tom Hale.", "The mill is run by Mara Venn.", "The mill is old."}}
	model := &fake.Model{Reply: func(req model.Request, _ int) model.Sample {
		switch text := req.Messages[1].Content; {
		case strings.Contains(text, "Tom"):
			return model.Sample{Text: "Tom Hale [1]", Tokens: 3, MeanLogProb: -2}
		case strings.Contains(text, "Mara"):
			return model.Sample{Text: "Mara Venn [1]", Tokens: 3, MeanLogProb: -0.1}
		}
		return model.Sample{Text: "Mara Venn [2]", Tokens: 3, MeanLogProb: -0.2}
	}}
	ensemble := &answer.Ensemble{Temperature: 1000}
	e := fixture.Evaluated(t, eval.Config{
		Systems:   []eval.System{{Name: "s", Model: model, Setting: eval.SettingRetrieval, Ensemble: ensemble}},
		Questions: []question.Question{{ID: "mill", Question: q, Answer: "Mara Venn"}}, Search: found, Resamples: 10,
	})
	r := e.Systems[0].Records[0]
	require.Equal(t, "Mara Venn [1]", r.Answer)
	require.Len(t, r.Citations, 1)
	require.Equal(t, "The mill is run by Mara Venn.", r.Citations[0].Quote)
	require.Equal(t, []int{1, 1, 0, 3}, []int{r.Cited, r.CitedRight, len(r.CitedNowhere), r.Passages})
	require.Equal(t, 9, r.Tokens)

	a, err := New(model, found, Options{Ensemble: ensemble}).Answer(t.Context(), q)
	require.NoError(t, err)
	require.Len(t, a.Hits, 3)
	require.Len(t, a.Citations, 1)
	require.Equal(t, "The mill is run by Mara Venn.", a.Citations[0].Quote)
}

// Answers vote, not the reasoning before them.
func TestEnsembleComparesWhatIsTakenOut(t *testing.T) {
	const q = "Who keeps the inn?"
	found := fake.Shelf{q: {"Tom keeps it.", "Ann keeps the inn.", "The inn is Ann's."}}
	model := &fake.Model{Reply: func(req model.Request, _ int) model.Sample {
		switch text := req.Messages[1].Content; {
		case strings.Contains(text, "Tom"):
			return fake.Said("It says \"Tom keeps it\". Answer: Tom", 0.8) // 0.512 for three tokens
		case strings.Contains(text, "Ann keeps"):
			return fake.Said("It says \"Ann keeps the inn\". Answer: Ann", 0.74) // 0.405
		}
		return fake.Said("It says \"The inn is Ann's\". Answer: Ann", 0.73) // 0.389
	}}
	ensemble := &answer.Ensemble{Temperature: 1000}
	e := fixture.Evaluated(t, eval.Config{
		Systems:   []eval.System{{Name: "s", Model: model, Setting: eval.SettingRetrieval, Ensemble: ensemble, Extract: answer.Final}},
		Questions: []question.Question{{ID: "inn", Question: q, Answer: "Ann"}}, Search: found, Resamples: 10,
	})
	r := e.Systems[0].Records[0]
	require.Equal(t, "Ann", r.Answer)
	require.InDelta(t, 0.794/1.306, *r.Confidence, 1e-3)
	a, err := New(model, found, Options{Ensemble: ensemble, Extract: answer.Final}).Answer(t.Context(), q)
	require.NoError(t, err)
	require.Equal(t, "Ann", a.Text)
}

// An evaluation and an assistant ask about each passage separately.
func TestEnsemble(t *testing.T) {
	const q = "Who runs the mill?"
	m := &fake.Scripted{Called: "m", Answers: map[string]model.Sample{q: fake.Said("Mara Venn", 0.9)}}
	found := fake.Shelf{q: {"The mill is run by Mara Venn.", "The mill is old."}}
	e := fixture.Evaluated(t, eval.Config{
		Systems:   []eval.System{{Name: "s", Model: m, Setting: eval.SettingRetrieval, Ensemble: &answer.Ensemble{}}},
		Questions: []question.Question{{ID: "mill", Question: q, Answer: "Mara Venn"}}, Search: found, Resamples: 10,
	})
	require.Len(t, m.Seen, 2)
	require.Equal(t, answer.Correct, e.Systems[0].Records[0].Verdict)
	require.Equal(t, 20, e.Systems[0].Records[0].PromptTokens)
	require.True(t, e.Systems[0].Records[0].Citations[0].Right)
	a, err := New(m, found, Options{Ensemble: &answer.Ensemble{}}).Answer(t.Context(), q)
	require.NoError(t, err)
	require.Equal(t, "Mara Venn", a.Text)
	require.Len(t, m.Seen, 4)
}
