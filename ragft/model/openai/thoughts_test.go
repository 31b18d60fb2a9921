package openai

import (
	"encoding/json"
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/ragft/ragft/internal/layout"
	"github.com/ragft/ragft/ragft/model"
)

// A reply that was cut off without a mark does not tell whether it is a thought: later streams are held back as the first is.
func TestACutOffReplyDoesNotTellHowTextsBegin(t *testing.T) {
	s := &answering{said: `{"content":"The documents do not"}`, finish: "length"}
	m := s.open(t, Options{})
	ask := func(pieces ...string) (shown string) {
		s.events = ""
		for _, piece := range pieces {
			text, err := json.Marshal(piece)
			require.NoError(t, err)
			s.events += fmt.Sprintf("data: {\"choices\":[{\"delta\":{\"content\":%s}}]}\n\n", text)
		}
		s.events += "data: [DONE]\n\n"
		_, err := m.Chat(t.Context(), []model.Request{{Messages: layout.Chat("a", "b"), OnText: func(piece string) { shown += piece }}})
		require.NoError(t, err)
		return shown
	}
	_, err := m.Chat(t.Context(), []model.Request{{Messages: layout.Chat("a", "b")}})
	require.NoError(t, err)
	require.False(t, m.known.Load())
	require.Equal(t, "Osk", ask("Not said. Wait.", "\n</think>\n\n", "Osk"))
	require.True(t, m.known.Load() && m.thinks.Load())

	for said, finish := range map[string]string{
		`{"content":"Osk"}`:                "stop",
		`{"content":"<think>Not said."}`:   "length",
		`{"reasoning_content":"Not said"}`: "length",
	} {
		s = &answering{said: said, finish: finish}
		m = s.open(t, Options{})
		_, err := m.Chat(t.Context(), []model.Request{{Messages: layout.Chat("a", "b")}})
		require.NoError(t, err)
		require.True(t, m.known.Load(), said)
	}
}
