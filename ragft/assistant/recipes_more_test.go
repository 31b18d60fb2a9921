package assistant

import (
	"math"
	"testing"

	"github.com/ragft/ragft/internal/fake"
	"github.com/ragft/ragft/internal/fixture"
	"github.com/ragft/ragft/ragft/answer"
	"github.com/ragft/ragft/ragft/eval"
	"github.com/ragft/ragft/ragft/model"
	"github.com/ragft/ragft/ragft/question"
	"github.com/ragft/ragft/retriever"
	"github.com/stretchr/testify/require"
)

func TestEnsemble(t *testing.T) {
	hit := func(score float64) retriever.Hit { return retriever.Hit{Score: score} }
	ans := func(text string, logProb float64, tokens int) model.Response {
		return model.Response{PromptTokens: 7, Seconds: 1, Samples: []model.Sample{{Text: text, Tokens: tokens, MeanLogProb: logProb}}}
	}
	// Scores 2 ln 2, ln 2 and ln 2 have the weights 1/2, 1/4 and 1/4. "Tom" has 1/2 * 1/4, "Mara Venn" 1/4 * 1/2 + 1/4 * 1.
	ln2 := math.Log(2)
	hits := []retriever.Hit{hit(2 * ln2), hit(ln2), hit(ln2)}
	require.InDeltaSlice(t, []float64{0.5, 0.25, 0.25}, answer.Ensemble{}.Weights(hits), 1e-12)
	r, from := answer.Ensemble{}.Vote(hits, []model.Response{ans("Tom", -ln2, 2), ans("Mara Venn", -ln2, 1), ans("mara venn.", 0, 1)}, nil)
	require.Equal(t, 2, from, "the passage that it was written from")
	require.Equal(t, 4, r.Samples[0].Tokens, "all that was generated")
	require.Equal(t, "mara venn.", r.Samples[0].Text, "the likeliest wording of the answer with the most mass")
	require.InDelta(t, 0.75, math.Exp(r.Samples[0].MeanLogProb), 1e-12) // 3/8 of 1/8 + 3/8
	require.Equal(t, 21, r.PromptTokens)
	require.Equal(t, 3.0, r.Seconds)
	// Refusals are one answer, however they are worded.
	r, _ = answer.Ensemble{}.Vote(hits, []model.Response{ans("Tom", 0, 1), ans(fake.Decline, 0, 1), ans("I don't know.", 0, 1)}, nil)
	require.Equal(t, "Tom", r.Samples[0].Text, "of equals the better passage's")
	require.Equal(t, []float64{1}, answer.Ensemble{Temperature: 9}.Weights(hits[:1]))

	// In an evaluation and an assistant, each passage is asked alone.
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
