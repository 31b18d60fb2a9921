package assistant

import (
	"context"
	"errors"
	"math"
	"strings"
	"testing"

	"github.com/ragft/ragft/internal/fake"
	"github.com/ragft/ragft/internal/layout"
	"github.com/ragft/ragft/ragft/answer"
	"github.com/ragft/ragft/ragft/model"
	"github.com/ragft/ragft/ragft/prompt"
	"github.com/ragft/ragft/retriever"
	"github.com/stretchr/testify/require"
)

func TestAssistantAnswers(t *testing.T) {
	model := &fake.Model{Reply: func(model.Request, int) model.Sample {
		return model.Sample{Text: " Ann Lee ", Tokens: 2, MeanLogProb: math.Log(0.5)}
	}}
	a := New(model, fake.Search{All: fake.InnHits()}, Options{MinConfidence: 0.5})
	got, err := a.Answer(t.Context(), " Who opened the Blue Inn?\n")
	require.NoError(t, err)
	require.Equal(t, "Ann Lee", got.Text)
	require.False(t, got.Abstained)
	require.Empty(t, got.Reason)
	require.InDelta(t, 0.5, got.Confidence, 1e-12)
	require.Len(t, got.Citations, 1)
	require.Equal(t, "It was opened in 1912 by Ann Lee.", got.Citations[0].Quote)
	require.Len(t, got.Hits, 2)

	require.Len(t, model.Requests, 1)
	req := model.Requests[0]
	require.Equal(t, prompt.Set{}.ReadMessages("Who opened the Blue Inn?", fake.InnHits()), req.Messages, "the prompt of the training rows")
	require.Zero(t, req.Temperature)

	a = New(model, fake.Search{All: fake.InnHits()}, Options{Careful: true, Passages: 1})
	_, err = a.Answer(t.Context(), "Who?")
	require.NoError(t, err)
	require.Equal(t, prompt.Set{}.CarefulMessages("Who?", fake.InnHits()[:1]), model.Requests[1].Messages)
}

func TestAssistantAbstains(t *testing.T) {
	const decline = "I cannot find that in the documents."
	sample := func(text string, confidence float64) model.Sample {
		return model.Sample{Text: text, MeanLogProb: math.Log(confidence)}
	}
	for name, c := range map[string]struct {
		sample  model.Sample
		min     float64
		text    string
		reason  Reason
		abstain bool
	}{
		"its own words":        {sample("Sorry, the documents do not say.", 0.9), 0, "Sorry, the documents do not say.", ReasonRefused, true},
		"nothing":              {sample(" \n", 0.9), 0, decline, ReasonEmpty, true},
		"not confident":        {sample("Ann Lee", 0.4), 0.5, decline, ReasonLowConfidence, true},
		"confidence not asked": {sample("Ann Lee", 0.4), 0, "Ann Lee", "", false},
		"confidence not known": {fake.Says("Ann Lee"), 0.5, decline, ReasonLowConfidence, true},
		"neither is asked for": {fake.Says("Ann Lee"), 0, "Ann Lee", "", false},
	} {
		t.Run(name, func(t *testing.T) {
			model := &fake.Model{Reply: func(model.Request, int) model.Sample { return c.sample }}
			a := New(model, fake.Search{All: fake.InnHits()}, Options{MinConfidence: c.min})
			var streamed strings.Builder
			got, err := a.Stream(t.Context(), "Who opened the inn?", func(piece string) { streamed.WriteString(piece) })
			require.NoError(t, err)
			require.Equal(t, c.text, got.Text)
			require.Equal(t, strings.TrimSpace(c.sample.Text), got.Draft)
			require.Equal(t, c.abstain, got.Abstained)
			require.Equal(t, c.reason, got.Reason)
			require.Equal(t, c.text, strings.TrimSpace(streamed.String()), "what is shown is what is answered")
			if c.abstain {
				require.Empty(t, got.Citations)
			}
		})
	}
}

func TestAssistantWithoutPassages(t *testing.T) {
	model := fake.AlwaysSays("Paris")
	a := New(model, fake.Search{}, Options{Decline: "No idea."})
	var streamed string
	got, err := a.Stream(t.Context(), "Capital of France?", func(piece string) { streamed += piece })
	require.NoError(t, err)
	require.Equal(t, "No idea.", got.Text)
	require.Equal(t, "No idea.", streamed)
	require.Equal(t, ReasonNoPassages, got.Reason)
	require.True(t, math.IsNaN(got.Confidence))
	require.Zero(t, model.Calls)
}

func TestAssistantStreams(t *testing.T) {
	var pieces []string
	a := New(fake.AlwaysSays("by Ann Lee"), fake.Search{All: fake.InnHits()}, Options{})
	got, err := a.Stream(t.Context(), "Who?", func(piece string) { pieces = append(pieces, piece) })
	require.NoError(t, err)
	require.Equal(t, []string{"by ", "Ann ", "Lee"}, pieces)
	require.Equal(t, "by Ann Lee", got.Text)

	pieces = nil
	known := &fake.Model{Reply: func(model.Request, int) model.Sample { return fake.Said("by Ann Lee", 0.9) }}
	a = New(known, fake.Search{All: fake.InnHits()}, Options{MinConfidence: 0.1})
	_, err = a.Stream(t.Context(), "Who?", func(piece string) { pieces = append(pieces, piece) })
	require.NoError(t, err)
	require.Equal(t, []string{"by Ann Lee"}, pieces, "held back until its confidence is known")
}

func TestAssistantRefusesBadQuestions(t *testing.T) {
	a := New(fake.AlwaysSays("x"), fake.Search{All: fake.InnHits()}, Options{MaxQuestion: 10})
	_, err := a.Answer(t.Context(), " \n")
	require.ErrorIs(t, err, ErrQuestion)
	require.ErrorContains(t, err, "empty")
	_, err = a.Answer(t.Context(), "Who opened it?")
	require.ErrorIs(t, err, ErrQuestion)
	require.ErrorContains(t, err, "14 bytes, at most 10")
	var refused *QuestionError
	require.ErrorAs(t, err, &refused)
	require.Equal(t, "it has 14 bytes, at most 10 are allowed", refused.Reason)

	broken := errors.New("index is closed")
	_, err = New(fake.AlwaysSays("x"), fake.Search{Err: broken}, Options{}).Answer(t.Context(), "Who?")
	require.ErrorIs(t, err, broken)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err = a.Answer(ctx, "Who?")
	require.ErrorIs(t, err, context.Canceled)
}

// The last passages are left out until the prompt fits.
func TestAssistantShortensThePrompt(t *testing.T) {
	fits := 1
	m := fake.AlwaysSays("Ann Lee")
	a := New(fake.Limited{Model: m, Documents: &fits}, fake.Search{All: append(fake.InnHits(), fake.Passage("x", "", "More.", 0))}, Options{})
	got, err := a.Answer(t.Context(), "Who opened the inn?")
	require.NoError(t, err)
	require.Equal(t, []retriever.Hit{fake.InnHits()[0]}, got.Hits)

	fits = 0
	_, err = a.Answer(t.Context(), "Who opened the inn?")
	require.ErrorIs(t, err, model.ErrPromptTooLong)
}

// TestAssistantHistory checks where earlier turns stand in the prompt, and that the search does not see them.
func TestAssistantHistory(t *testing.T) {
	m := fake.AlwaysSays("Ann Lee.")
	_, err := New(m, fake.Search{All: fake.InnHits()}, Options{}).Ask(t.Context(), Query{
		Question: " Who owns the inn? ",
		History: []model.Message{
			{
				Role:    model.RoleSystem,
				Content: "Be brief.",
			}, {Role: model.RoleUser, Content: "Hello."}, {Role: model.RoleAssistant, Content: "Good day."},
		},
	})
	require.NoError(t, err)
	asked := m.Requests[0].Messages
	require.Len(t, asked, 4)
	require.Equal(t, layout.System+"\n\nBe brief.", asked[0].Content)
	require.Equal(t, "Good day.", asked[2].Content)
	require.Contains(t, asked[3].Content, prompt.Default().Read+"\nQuestion: Who owns the inn?")
}

func TestAssistantOptionsAreNotNegative(t *testing.T) {
	m := &fake.Model{Called: "m"}
	for what, o := range map[string]Options{
		"Passages is -1": {Passages: -1}, "MaxTokens is -1": {MaxTokens: -1}, "Temperature is -1": {Temperature: -1}, "TopP is -1": {TopP: -1},
		"TopK is -1": {TopK: -1}, "MinConfidence is NaN": {MinConfidence: math.NaN()}, "MaxQuestion is -1": {MaxQuestion: -1},
	} {
		require.ErrorContains(t, o.Check(t.Context(), m, fake.Search{}), what)
		_, err := New(m, fake.Search{All: fake.InnHits()}, o).Answer(t.Context(), "Who?")
		require.ErrorContains(t, err, what)
	}
	require.ErrorContains(t, Options{Ensemble: &answer.Ensemble{Temperature: -1}}.Check(t.Context(), m, fake.Search{}), "Temperature is -1")
	require.Empty(t, m.Requests)
}
