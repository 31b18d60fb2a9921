package ollama

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/ragft/ragft/internal/layout"
	"github.com/ragft/ragft/ragft/model"
	"github.com/ragft/ragft/ragft/opt"
)

func TestThoughtsAreKeptApart(t *testing.T) {
	s := &standIn{}
	m := newOllama(t, s, Options{})
	ask := func() (model.Sample, string) {
		shown := ""
		got, err := m.Chat(t.Context(), []model.Request{{Messages: layout.Chat("a", "b"), OnText: func(p string) { shown += p }}})
		require.NoError(t, err)
		return got[0].Samples[0], shown
	}
	s.pieces = []string{"<thi", "nk>", "Not said.", "</think>", "\n\n", "Ada"}
	got, shown := ask()
	require.Equal(t, []string{"Ada", "Not said.", "Ada"}, []string{got.Text, got.Thinking, shown})
	s.pieces = []string{"The tag </think>", " closes."}
	got, shown = ask()
	require.Equal(t, []string{"The tag </think> closes.", "", "The tag </think> closes."}, []string{got.Text, got.Thinking, shown})
	s.pieces = []string{"<think>", "Not said."}
	got, shown = ask()
	require.Equal(t, []string{"", "Not said.", ""}, []string{got.Text, got.Thinking, shown})

	// A prompt that opens the thought: known from the first answer on.
	s.pieces = []string{"Not said.", "\n</think>\n\n", "Ada"}
	got, _ = ask()
	require.Equal(t, []string{"Ada", "Not said."}, []string{got.Text, got.Thinking})
	m = newOllama(t, s, Options{}) // it has answered nothing yet
	got, shown = ask()
	require.Equal(t, []string{"Ada", "Ada"}, []string{got.Text, shown}, "nothing of the thought in the first stream")
	got, shown = ask()
	require.Equal(t, []string{"Ada", "Ada"}, []string{got.Text, shown})
}

// A reply that was cut off without a mark does not tell whether it is a thought: later streams are held back as the first is.
func TestACutOffReplyDoesNotTellHowTextsBegin(t *testing.T) {
	s := &standIn{pieces: []string{"The documents do", " not"}}
	s.last = `{"model":"llama3.2","created_at":"2026-01-01T00:00:00Z","message":{"role":"assistant","content":""},` +
		`"done":true,"done_reason":"length","prompt_eval_count":11,"eval_count":3}` + "\n"
	m := newOllama(t, s, Options{})
	ask := func() (shown string) {
		_, err := m.Chat(t.Context(), []model.Request{{Messages: layout.Chat("a", "b"), OnText: func(p string) { shown += p }}})
		require.NoError(t, err)
		return shown
	}
	ask()
	require.False(t, m.known.Load())
	s.pieces, s.last = []string{"Not said.", "\n</think>\n\n", "Ada"}, ""
	require.Equal(t, "Ada", ask())
	require.True(t, m.known.Load() && m.thinks.Load())
}

func TestNamesTellModelsApart(t *testing.T) {
	url := serve(t, &standIn{})
	names := map[string]bool{}
	for _, o := range []Options{
		{}, {Think: true}, {ContextLength: 512}, {ContextLength: 1024}, {Options: map[string]any{"repeat_penalty": 1.1}},
		{Options: map[string]any{"repeat_penalty": 1.2}},
	} {
		o.BaseURL = url
		m, err := New(t.Context(), "llama3.2", o)
		require.NoError(t, err)
		require.False(t, names[m.Name()], m.Name())
		names[m.Name()] = true
	}
	same, err := New(t.Context(), "llama3.2", Options{BaseURL: url, KeepAlive: opt.Of(time.Minute), Concurrency: 3})
	require.NoError(t, err)
	require.True(t, names[same.Name()], "what changes no answer is not part of it")
}
