package question

import (
	"testing"

	"github.com/ragft/ragft/ragft/model"
	"github.com/stretchr/testify/require"
)

func TestFindLeaks(t *testing.T) {
	training := []Question{
		{ID: "t1", Question: "Who built the old stone mill at the harbour of Orrin in 1912?"},
		{ID: "t2", Question: "When was the lighthouse lit?"},
		{ID: "t3", Question: "Please tell me, who keeps the ferry of Skell?"},
	}
	evaluation := []Question{
		{ID: "same", Question: "who built the old stone mill at the harbour of Orrin in 1912"},
		{ID: "half", Question: "Who built the old stone mill at the harbour of Brae, and when was that?"},
		{ID: "short", Question: "When was the lighthouse lit"},
		{ID: "within", Question: "Who keeps the ferry of Skell?"},
		{ID: "other", Question: "When was the lighthouse painted?"},
		{ID: "empty", Question: "?"},
	}
	found := FindLeaks(training, evaluation, LeakOptions{})
	leaks := found.Leaks
	got := map[string]string{}
	for _, l := range leaks {
		got[l.Evaluation] = l.Training
	}
	// "half" begins like t1, but less than half of its runs of eight words stand there.
	require.Equal(t, map[string]string{"same": "t1", "short": "t2", "within": "t3"}, got)
	require.Equal(t, 1.0, leaks[0].Share)
	loose := FindLeaks(training, evaluation[1:2], LeakOptions{N: 4, MinShare: 0.3}).Leaks
	require.Len(t, loose, 1)
	// who built old stone mill at harbour of brae and when was that: 13 words, 10 runs of 4, of which 5 stand in t1.
	require.Equal(t, 0.5, loose[0].Share)
	require.Equal(t, "who built old stone", loose[0].Text)

	// A few words of a long question are not that question.
	require.Empty(t, FindLeaks([]Question{{ID: "t4", Question: "In the year of the great flood, who keeps the lighthouse?"}},
		[]Question{{ID: "who", Question: "Who keeps it? Who keeps?"}, {ID: "keeps", Question: "Who keeps"}}, LeakOptions{}).Leaks)
	require.Len(t, FindLeaks([]Question{{ID: "t4", Question: "And who keeps it?"}}, []Question{{ID: "keeps", Question: "Who keeps"}},
		LeakOptions{}).Leaks, 1)

	where := []Question{{ID: "t5", Question: "Where?", History: []model.Message{{Content: "They play."}}}}
	require.Len(t, FindLeaks(where, where, LeakOptions{}).Leaks, 1)
	require.Empty(t, FindLeaks(where, []Question{{ID: "where", Question: "Where?", History: []model.Message{{Content: "They dance."}}}},
		LeakOptions{}).Leaks)

	kept := found.Without(evaluation)
	require.Equal(t, []string{"half", "other", "empty"}, []string{kept[0].ID, kept[1].ID, kept[2].ID})
	require.Empty(t, FindLeaks(nil, evaluation, LeakOptions{}).Leaks)
	require.Empty(t, FindLeaks(training, nil, LeakOptions{}).Leaks)
}

func TestLeakageInWords(t *testing.T) {
	l := FindLeaks([]Question{{ID: "t", Question: "Who runs the mill?"}},
		[]Question{{ID: "e", Question: "Who runs the mill"}, {ID: "o", Question: "Who owns the boat?"}}, LeakOptions{})
	const found = "1 of 2 evaluation questions overlaps a training question (of 1), with at least 50 % of its runs of 8 words, or all " +
		"words of a shorter one."
	require.Equal(t, found+" It is included in all figures.", l.String())
	l.LeftOut = true
	require.Equal(t, found+" It is left out of all figures.", l.String())
	l.Leaks = nil
	require.Equal(t, "No evaluation question (of 2) overlaps a training question (of 1) with at least 50 % of its runs of 8 words, or all "+
		"words of a shorter one.", l.String())
}

func TestLeaksOfQuestionsWithoutIDs(t *testing.T) {
	asked := []Question{{Question: "Who runs the red mill of Skell?"}, {Question: "How deep is the sea at Crow Point?"},
		{Question: "Who keeps the light?"}}
	found := FindLeaks(asked[1:2], asked, LeakOptions{})
	leaks := found.Leaks
	require.Len(t, leaks, 1)
	require.Equal(t, []string{"#2", "#1"}, []string{leaks[0].Evaluation, leaks[0].Training})
	require.Equal(t, []Question{asked[0], asked[2]}, found.Without(asked))
}
