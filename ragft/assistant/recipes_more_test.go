package assistant

import (
	"testing"

	"github.com/ragft/ragft/internal/fake"
	"github.com/ragft/ragft/internal/fixture"
	"github.com/ragft/ragft/ragft/answer"
	"github.com/ragft/ragft/ragft/eval"
	"github.com/ragft/ragft/ragft/model"
	"github.com/ragft/ragft/ragft/question"
	"github.com/stretchr/testify/require"
)

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
