package ragft

import (
	"testing"

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
	leaks := FindLeaks(training, evaluation, LeakOptions{})
	got := map[string]string{}
	for _, l := range leaks {
		got[l.Evaluation] = l.Training
	}
	// "half" begins like t1, but less than half of its runs of eight words stand there.
	require.Equal(t, map[string]string{"same": "t1", "short": "t2", "within": "t3"}, got)
	require.Equal(t, 1.0, leaks[0].Share)
	loose := FindLeaks(training, evaluation[1:2], LeakOptions{N: 4, MinShare: 0.3})
	require.Len(t, loose, 1)
	// who built old stone mill at harbour of brae and when was that: 13 words, 10 runs of 4, of which 5 stand in t1.
	require.Equal(t, 0.5, loose[0].Share)
	require.Equal(t, "who built old stone", loose[0].Text)

	kept := WithoutLeaks(evaluation, leaks)
	require.Equal(t, []string{"half", "other", "empty"}, []string{kept[0].ID, kept[1].ID, kept[2].ID})
	require.Empty(t, FindLeaks(nil, evaluation, LeakOptions{}))
	require.Empty(t, FindLeaks(training, nil, LeakOptions{}))
}
