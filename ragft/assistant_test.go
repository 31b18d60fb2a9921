package ragft

import (
	"context"
	"errors"
	"math"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/ragft/ragft/retriever"
)

func TestAssistantAnswers(t *testing.T) {
	model := &fakeModel{reply: func(ChatRequest, int) ChatSample {
		return ChatSample{Text: " Ann Lee ", Tokens: 2, MeanLogProb: math.Log(0.5)}
	}}
	a := NewAssistant(model, fixedSearch{all: innHits()}, AssistantOptions{MinConfidence: 0.5})
	got, err := a.Answer(t.Context(), " Who opened the Blue Inn?\n")
	require.NoError(t, err)
	require.Equal(t, "Ann Lee", got.Text)
	require.False(t, got.Abstained)
	require.Empty(t, got.Reason)
	require.InDelta(t, 0.5, got.Confidence, 1e-12)
	require.Len(t, got.Citations, 1)
	require.Equal(t, "It was opened in 1912 by Ann Lee.", got.Citations[0].Quote)
	require.Len(t, got.Hits, 2)

	require.Len(t, model.requests, 1)
	req := model.requests[0]
	require.Equal(t, Prompts{}.ReadMessages("Who opened the Blue Inn?", innHits()), req.Messages, "the prompt of the training rows")
	require.Zero(t, req.Temperature)

	a = NewAssistant(model, fixedSearch{all: innHits()}, AssistantOptions{Careful: true, Passages: 1})
	_, err = a.Answer(t.Context(), "Who?")
	require.NoError(t, err)
	require.Equal(t, Prompts{}.CarefulMessages("Who?", innHits()[:1]), model.requests[1].Messages)
}

func TestAssistantAbstains(t *testing.T) {
	const decline = "I cannot find that in the documents."
	sample := func(text string, confidence float64) ChatSample {
		return ChatSample{Text: text, MeanLogProb: math.Log(confidence)}
	}
	for name, c := range map[string]struct {
		sample  ChatSample
		min     float64
		text    string
		reason  Reason
		abstain bool
	}{
		"its own words":        {sample("Sorry, the documents do not say.", 0.9), 0, "Sorry, the documents do not say.", ReasonRefused, true},
		"nothing":              {sample(" \n", 0.9), 0, decline, ReasonEmpty, true},
		"not confident":        {sample("Ann Lee", 0.4), 0.5, decline, ReasonLowConfidence, true},
		"confidence not asked": {sample("Ann Lee", 0.4), 0, "Ann Lee", "", false},
		"confidence not known": {says("Ann Lee"), 0.5, "Ann Lee", "", false},
	} {
		t.Run(name, func(t *testing.T) {
			model := &fakeModel{reply: func(ChatRequest, int) ChatSample { return c.sample }}
			a := NewAssistant(model, fixedSearch{all: innHits()}, AssistantOptions{MinConfidence: c.min})
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
	model := alwaysSays("Paris")
	a := NewAssistant(model, fixedSearch{}, AssistantOptions{Decline: "No idea."})
	var streamed string
	got, err := a.Stream(t.Context(), "Capital of France?", func(piece string) { streamed += piece })
	require.NoError(t, err)
	require.Equal(t, "No idea.", got.Text)
	require.Equal(t, "No idea.", streamed)
	require.Equal(t, ReasonNoPassages, got.Reason)
	require.True(t, math.IsNaN(got.Confidence))
	require.Zero(t, model.calls)
}

func TestAssistantStreams(t *testing.T) {
	var pieces []string
	a := NewAssistant(alwaysSays("by Ann Lee"), fixedSearch{all: innHits()}, AssistantOptions{})
	got, err := a.Stream(t.Context(), "Who?", func(piece string) { pieces = append(pieces, piece) })
	require.NoError(t, err)
	require.Equal(t, []string{"by ", "Ann ", "Lee"}, pieces)
	require.Equal(t, "by Ann Lee", got.Text)

	pieces = nil
	a = NewAssistant(alwaysSays("by Ann Lee"), fixedSearch{all: innHits()}, AssistantOptions{MinConfidence: 0.1})
	_, err = a.Stream(t.Context(), "Who?", func(piece string) { pieces = append(pieces, piece) })
	require.NoError(t, err)
	require.Equal(t, []string{"by Ann Lee"}, pieces, "held back until its confidence is known")
}

func TestAssistantRefusesBadQuestions(t *testing.T) {
	a := NewAssistant(alwaysSays("x"), fixedSearch{all: innHits()}, AssistantOptions{MaxQuestion: 10})
	_, err := a.Answer(t.Context(), " \n")
	require.ErrorIs(t, err, ErrEmptyQuestion)
	_, err = a.Answer(t.Context(), "Who opened it?")
	require.ErrorIs(t, err, ErrQuestionTooLong)
	require.ErrorContains(t, err, "14 bytes, at most 10")

	broken := errors.New("index is closed")
	_, err = NewAssistant(alwaysSays("x"), fixedSearch{err: broken}, AssistantOptions{}).Answer(t.Context(), "Who?")
	require.ErrorIs(t, err, broken)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err = a.Answer(ctx, "Who?")
	require.ErrorIs(t, err, context.Canceled)
}

// The last passages are left out until the prompt fits.
func TestAssistantShortensThePrompt(t *testing.T) {
	fits := 1
	model := alwaysSays("Ann Lee")
	a := NewAssistant(limited{model, &fits}, fixedSearch{all: append(innHits(), passage("x", "", "More.", 0))}, AssistantOptions{})
	got, err := a.Answer(t.Context(), "Who opened the inn?")
	require.NoError(t, err)
	require.Equal(t, []retriever.Hit{innHits()[0]}, got.Hits)

	fits = 0
	_, err = a.Answer(t.Context(), "Who opened the inn?")
	require.ErrorIs(t, err, ErrPromptTooLong)
}

// limited takes prompts of a few documents.
type limited struct {
	*fakeModel
	documents *int
}

func (m limited) Chat(ctx context.Context, reqs []ChatRequest) ([]ChatResponse, error) {
	for _, req := range reqs {
		if strings.Count(req.Messages[1].Content, "Document ") > *m.documents {
			return nil, ErrPromptTooLong
		}
	}
	return m.fakeModel.Chat(ctx, reqs)
}

// TestAssistantHistory checks where earlier turns stand in the prompt, and that the search does not see them.
func TestAssistantHistory(t *testing.T) {
	model := alwaysSays("Ann Lee.")
	_, err := NewAssistant(model, fixedSearch{all: innHits()}, AssistantOptions{}).Ask(t.Context(), Query{
		Question: " Who owns the inn? ",
		History: []Message{
			{Role: RoleSystem, Content: "Be brief."}, {Role: RoleUser, Content: "Hello."}, {Role: RoleAssistant, Content: "Good day."},
		},
	})
	require.NoError(t, err)
	asked := model.requests[0].Messages
	require.Len(t, asked, 4)
	require.Equal(t, DefaultRead+"\n\nBe brief.", asked[0].Content)
	require.Equal(t, "Good day.", asked[2].Content)
	require.Contains(t, asked[3].Content, "Question: Who owns the inn?")
}
