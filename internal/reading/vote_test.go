package reading

import (
	"math"
	"testing"

	"github.com/ragft/ragft/internal/fake"
	"github.com/ragft/ragft/ragft/answer"
	"github.com/ragft/ragft/ragft/model"
	"github.com/ragft/ragft/retriever"
	"github.com/stretchr/testify/require"
)

func TestVote(t *testing.T) {
	hit := func(score float64) retriever.Hit { return retriever.Hit{Score: score} }
	ans := func(text string, logProb float64, tokens int) model.Response {
		return model.Response{PromptTokens: 7, Seconds: 1, Samples: []model.Sample{{Text: text, Tokens: tokens, MeanLogProb: logProb}}}
	}
	// Scores 2 ln 2, ln 2 and ln 2 have the weights 1/2, 1/4 and 1/4. "Tom" has 1/2 * 1/4, "Mara Venn" 1/4 * 1/2 + 1/4 * 1.
	ln2 := math.Log(2)
	hits := []retriever.Hit{hit(2 * ln2), hit(ln2), hit(ln2)}
	require.InDeltaSlice(t, []float64{0.5, 0.25, 0.25}, weights(answer.Ensemble{}, hits), 1e-12)
	r, from := vote(answer.Ensemble{}, hits, []model.Response{ans("Tom", -ln2, 2), ans("Mara Venn", -ln2, 1), ans("mara venn.", 0, 1)}, nil)
	require.Equal(t, 2, from, "the passage that it was written from")
	require.Equal(t, 4, r.Samples[0].Tokens, "all that was generated")
	require.Equal(t, "mara venn.", r.Samples[0].Text, "the likeliest wording of the answer with the most mass")
	require.InDelta(t, 0.75, math.Exp(r.Samples[0].MeanLogProb), 1e-12) // 3/8 of 1/8 + 3/8
	require.Equal(t, 21, r.PromptTokens)
	require.Equal(t, 3.0, r.Seconds)
	// Refusals are one answer, however they are worded.
	r, _ = vote(answer.Ensemble{}, hits, []model.Response{ans("Tom", 0, 1), ans(fake.Decline, 0, 1), ans("I don't know.", 0, 1)}, nil)
	require.Equal(t, "Tom", r.Samples[0].Text, "of equals the better passage's")
	require.Equal(t, []float64{1}, weights(answer.Ensemble{Temperature: 9}, hits[:1]))
}
