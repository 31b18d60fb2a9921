package eval

import (
	"strings"
	"testing"

	"github.com/ragft/ragft/internal/fake"
	"github.com/ragft/ragft/internal/reading"
	"github.com/ragft/ragft/ragft/model"
	"github.com/ragft/ragft/ragft/prompt"
	"github.com/ragft/ragft/ragft/question"
	"github.com/ragft/ragft/retriever"
	"github.com/stretchr/testify/require"
)

// As many passages are shown as fit, whatever there are, and what does not fit is not counted over and over.
func TestLongContextCountsWhatMayFit(t *testing.T) {
	q := question.Question{ID: "a", Question: "Who runs the mill?"}
	var hits []retriever.Hit
	for i := range 3000 {
		hits = append(hits, fake.Passage("s", "", strings.Repeat("word ", 3+i%5), 0))
	}
	m := &fake.Counting{Scripted: fake.Scripted{Called: "m"}}
	s := System{Model: m, Setting: SettingLong}
	messages := func(hits []retriever.Hit) []model.Message { return s.Setting.messages(prompt.Set{}, q, hits) }
	for _, passages := range []int{1, 3, 4, 5, 8, 9, 100, 255, 256, 2999, 3000} {
		for spare := range 3 {
			whole, err := m.CountTokens(messages(hits[:passages]))
			require.NoError(t, err)
			m.Context, m.Counted = whole+spare+5, 0
			shown, err := reading.Fit(m, 5, messages, hits)
			require.NoError(t, err)
			require.Len(t, shown, passages, "%d words to spare, and a passage has more", spare)
			require.LessOrEqual(t, m.Counted, 16*(whole+100), "%d fit", passages)
		}
	}
	m.Context = 6
	shown, err := reading.Fit(m, 5, messages, hits)
	require.NoError(t, err)
	require.Empty(t, shown)
}

func TestUnknownSetting(t *testing.T) {
	_, err := Run(
		t.Context(),
		Config{
			Systems:   []System{{Name: "s", Model: &fake.Scripted{}, Setting: "oracle"}},
			Questions: []question.Question{{ID: "a", Question: "A?"}},
		},
	)
	require.ErrorContains(t, err, `"oracle"`)
}
