//go:build cgo

package main

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/ragft/ragft/ragft"
	"github.com/ragft/ragft/ragft/dataset"
)

func TestEveryRecipeTrainsOnTheSameTokens(t *testing.T) {
	lengths := []int{30, 10, 20}
	order := draw(lengths, 150, 1) // twice all of them, and a half
	require.Equal(t, order, draw(lengths, 150, 1))
	require.ElementsMatch(t, []int{0, 1, 2}, order[:3])
	require.ElementsMatch(t, []int{0, 1, 2}, order[3:6])
	used := 0
	for _, i := range order {
		used += lengths[i]
	}
	require.GreaterOrEqual(t, used, 150)
	require.Less(t, used-lengths[order[len(order)-1]], 150)

	require.Len(t, draw([]int{100, 100, 100}, 200, 1), 2, "where there are too many rows, they are drawn")
}

func TestQuestionsAreMadeUnanswerable(t *testing.T) {
	set := &dataset.Set{}
	for _, name := range []string{"mill", "inn", "quay", "light"} {
		set.Items = append(set.Items, dataset.Item{
			Question: ragft.Question{ID: name, Question: "Who owns the " + name + "?", Answer: "Ann"},
			Evidence: []dataset.Passage{{Text: "Ann owns the " + name + "."}},
		})
	}
	(&comparison{options: options{unanswerable: 0.5, seed: 1}}).leaveOut(set)
	require.Len(t, set.Documents(), 2)
	for _, item := range set.Items {
		require.Equal(t, item.Unanswerable, len(item.Evidence) == 0)
		require.Equal(t, item.Unanswerable, len(item.Golds()) == 0)
		require.NotEmpty(t, item.Question.Question)
	}
}

func TestRecipesThatBuildOnOthers(t *testing.T) {
	chosen, err := chooseContenders(" pretrain+self-demo, pretrain")
	require.NoError(t, err)
	require.Equal(t, "pretrain", chosen[0].name)
	_, err = chooseContenders("pretrain+self-demo")
	require.ErrorContains(t, err, "pretrain")
	_, err = chooseContenders("self-demo,nothing")
	require.ErrorContains(t, err, "nothing")
}

func TestWhatIsReplayedIsNotAsked(t *testing.T) {
	g, err := makeGeneral(1)
	require.NoError(t, err)
	require.NotEmpty(t, g.replayed)
	require.Empty(t, ragft.FindLeaks(g.replayed, g.asked, ragft.LeakOptions{N: 50}))
	require.Len(t, g.scored, generalTexts)
	for _, text := range g.scored {
		require.NotContains(t, g.replayText, text)
	}
}

func TestTableSaysWhyThereIsNoAdapter(t *testing.T) {
	table := table{Lines: []line{
		{Recipe: "gold", Rows: 240, Steps: 162, Metrics: map[string]ragft.Estimate{"correct": {Value: 0.519, Low: 0.44, High: 0.6, N: 160}}},
		{Recipe: "memory", Failed: "no entities | in\n173 passages"},
	}}
	text := table.markdown()
	require.Contains(t, text, "| gold | 51.9 (44.0 to 60.0) | – |")
	require.Contains(t, text, "| memory | no adapter, see below |")
	require.Contains(t, text, "no entities / in 173 passages |")
}
