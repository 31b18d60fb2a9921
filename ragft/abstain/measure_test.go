package abstain_test

import (
	"math"
	"testing"

	"github.com/ragft/ragft/internal/fake"
	"github.com/ragft/ragft/internal/wordings"
	"github.com/ragft/ragft/ragft/abstain"
	"github.com/ragft/ragft/ragft/model"
	"github.com/ragft/ragft/ragft/prompt"
	"github.com/ragft/ragft/retriever"
	"github.com/stretchr/testify/require"
)

func asks(questions ...string) []abstain.Ask {
	out := make([]abstain.Ask, len(questions))
	for i, q := range questions {
		out[i] = abstain.Ask{Question: q, Hits: fake.InnHits(), Messages: func(hits []retriever.Hit) []model.Message {
			return prompt.Set{}.ReadMessages(q, hits)
		}}
	}
	return out
}

func TestMeasure(t *testing.T) {
	chance := 0.0
	m := &fake.Model{Reply: func(model.Request, int) model.Sample {
		chance += 0.25
		return model.Sample{Text: "Ann", Tokens: 1, MeanLogProb: -chance, Excluded: math.Log(chance)}
	}}
	got, err := abstain.Measure(t.Context(), m, fake.Decline, 0, asks("Who opened the Blue Inn?", "Who keeps horses?")...)
	require.NoError(t, err)
	require.Equal(t, 1, m.Calls, "one batch")
	require.Equal(t, wordings.With(fake.Decline), m.Requests[1].Exclude)
	require.Equal(t, 17, m.Requests[1].MaxTokens)
	require.Equal(t, prompt.Set{}.ReadMessages("Who keeps horses?", fake.InnHits()), m.Requests[1].Messages)
	for i, q := range []string{"Who opened the Blue Inn?", "Who keeps horses?"} {
		want := abstain.Match(q, fake.InnHits())
		want[abstain.Declining], want[abstain.Certainty] = math.Log(0.25*float64(i+1)), -0.25*float64(i+1)
		require.Equal(t, want, got[i])
	}
}

// An answer is as certain as its tokens, if it has at most 16 of them and their probabilities are known.
func TestCertaintyOfShortAnswers(t *testing.T) {
	for _, c := range []struct {
		tokens int
		mean   float64
		known  bool
	}{{16, -0.5, true}, {17, -0.5, false}, {0, -0.5, false}, {3, math.NaN(), false}} {
		s := model.Sample{Text: "Ann", Tokens: c.tokens, MeanLogProb: c.mean, Excluded: math.Log(0.1)}
		got, err := abstain.Of(&fake.Model{}, "Who keeps horses?", fake.InnHits(), s)
		require.NoError(t, err)
		certainty, known := got[abstain.Certainty]
		require.Equal(t, c.known, known, "%d tokens", c.tokens)
		if known {
			require.InDelta(t, c.mean, certainty, 1e-12)
		}
	}
}

func TestMeasureNeedsTheModelsSignal(t *testing.T) {
	_, err := abstain.Measure(t.Context(), fake.AlwaysSays("Ann"), fake.Decline, 0, asks("Who?")...)
	require.ErrorIs(t, err, model.ErrRequest)
	require.ErrorContains(t, err, "a server does not")
}

func TestMeasureOfPromptsThatDoNotFit(t *testing.T) {
	m := &fake.Counting{Context: 5, Scripted: fake.Scripted{Other: "Ann"}}
	_, err := abstain.Measure(t.Context(), m, fake.Decline, 1, asks("Who?")...)
	require.ErrorIs(t, err, model.ErrPromptTooLong)
}
