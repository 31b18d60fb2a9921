//go:build cgo

package main

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/ragft/ragft/internal/stats"
	"github.com/ragft/ragft/ragft/answer"
	"github.com/ragft/ragft/ragft/eval"
	"github.com/ragft/ragft/ragft/model"
	"github.com/ragft/ragft/ragft/model/cache"
	"github.com/ragft/ragft/ragft/model/local"
	"github.com/ragft/ragft/ragft/prompt"
	"github.com/ragft/ragft/ragft/question"
	"github.com/ragft/ragft/ragft/question/dataset"
	"github.com/ragft/ragft/ragft/recipe"
	"github.com/ragft/ragft/ragft/rows"
	"github.com/ragft/ragft/retriever"
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
			Question: question.Question{ID: name, Question: "Who owns the " + name + "?", Answer: "Ann"},
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

func TestSearchMissesAnswers(t *testing.T) {
	index, err := retriever.NewMemory(retriever.IndexOptions{})
	require.NoError(t, err)
	defer index.Close()
	c := &comparison{options: options{missed: 0.5, seed: 1}, index: index}
	var chunks []retriever.Chunk
	for _, name := range []string{"mill", "inn", "quay", "light"} {
		chunks = append(chunks,
			retriever.Chunk{ID: name, Source: name, Text: "The owner of the " + name + " is " + name + " Ann."},
			retriever.Chunk{ID: name + "2", Source: name, Text: "The " + name + " has a red door."})
		c.train = append(c.train, question.Question{ID: name, Question: "Who owns the " + name + "?", Answer: name + " Ann"})
	}
	require.NoError(t, index.Add(t.Context(), chunks))
	c.train = append(c.train, question.Question{ID: "none", Question: "Who owns the sea?", Unanswerable: true})
	c.unlabelled()
	require.Len(t, c.train, 4, "no question is marked unanswerable")
	made, err := recipe.Gold{Refusal: declines}.Rows(t.Context(), recipe.Input{Search: c.learnt, Questions: c.train})
	require.NoError(t, err)
	contexts := map[answer.Context]int{}
	for _, row := range made.Rows {
		require.Equal(t, rows.KindAnswer, row.Kind)
		require.NotEmpty(t, row.Chunks)
		contexts[row.Context]++
	}
	require.Equal(t, map[answer.Context]int{answer.Present: 2, answer.Absent: 2}, contexts)
	hits, err := c.index.Search(t.Context(), "Who owns the sea?", 3)
	require.NoError(t, err)
	missed, err := c.learnt.Search(t.Context(), "Who owns the sea?", 3)
	require.NoError(t, err)
	require.Equal(t, hits, missed, "other questions are searched as ever")
}

func TestRecipesThatBuildOnOthers(t *testing.T) {
	chosen, err := chooseContenders(" pretrain+self-demo, pretrain")
	require.NoError(t, err)
	require.Equal(t, "pretrain", chosen[0].name)
	for _, name := range []string{"pretrain+self-demo", "pretrain-merged+self-demo"} {
		_, err = chooseContenders(name)
		require.ErrorContains(t, err, name+" goes on from pretrain")
	}
	_, err = chooseContenders("self-demo,nothing")
	require.ErrorContains(t, err, "nothing")
}

func TestWhatIsReplayedIsNotAsked(t *testing.T) {
	g, err := makeGeneral(1)
	require.NoError(t, err)
	require.NotEmpty(t, g.replayed)
	require.Empty(t, question.FindLeaks(g.replayed, g.asked, question.LeakOptions{N: 50}).Leaks)
	require.Len(t, g.scored, generalTexts)
	for _, text := range g.scored {
		require.NotContains(t, g.replayText, text)
	}
}

func TestTableSaysWhyThereIsNoAdapter(t *testing.T) {
	table := table{Lines: []line{
		{Recipe: "gold", Rows: 240, Steps: 162, Metrics: map[string]stats.Estimate{"correct": {Value: 0.519, Low: 0.44, High: 0.6, N: 160}}},
		{Recipe: "memory", Failed: "no entities | in\n173 passages"},
	}}
	text := table.markdown()
	require.Contains(t, text, "| gold | 51.9 (44.0 to 60.0) | – |")
	require.Contains(t, text, "| memory | no adapter, see below |")
	require.Contains(t, text, "no entities / in 173 passages |")
}

func TestTableOverSeeds(t *testing.T) {
	at := func(seed uint64, correct float64, finding stats.Finding, failed string) *table {
		return &table{
			Seed: seed,
			Lines: []line{
				{Recipe: "gold", Metrics: map[string]stats.Estimate{"correct": {Value: correct, N: 9}}},
				{Recipe: "raft", Failed: failed, Metrics: map[string]stats.Estimate{"correct": {Value: correct, N: 9}}},
			},
			Differences: []difference{{Base: "base", Other: "gold", Metrics: map[string]eval.Difference{
				"correct": {Estimate: stats.Estimate{Value: correct - 0.5, N: 9}, Finding: finding},
			}}},
		}
	}
	text := overSeeds([]*table{at(4, 0.5, stats.NoDifference, ""), at(5, 0.75, stats.Better, "")})
	require.Contains(t, text, "2 seeds, from 4 to 5")
	require.Contains(t, text, "| gold | 62.5 (50.0 to 75.0) | – |")
	require.Contains(t, text, "| gold less base | +12.5 (better 1, worse 0 of 2) | – |")
	failed := at(5, 0.75, stats.Better, "no rows")
	failed.Lines[1].Metrics = nil
	text = overSeeds([]*table{at(4, 0.5, stats.NoDifference, ""), failed})
	require.Contains(t, text, "| raft (1 of 2 came to nothing) | 50.0 (50.0 to 50.0) | – |")
}

// The recipes are shown as many passages as the evaluation shows, which cuts them by the tokens of the model behind the cache.
func TestMeteredModelCountsTokens(t *testing.T) {
	base, err := local.Open(t.Context(), "../basemodel/ragft-base-f16.gguf", local.Options{})
	require.NoError(t, err)
	defer base.Close()
	cached, err := cache.Open(base, t.TempDir())
	require.NoError(t, err)
	defer cached.Close()
	var m model.Model = (&comparison{base: base, cached: cached}).metered()
	counter, ok := model.As[model.TokenCounter](m)
	require.True(t, ok)
	messages := prompt.Set{}.ClosedMessages("Who keeps the inn?")
	want, err := base.CountTokens(messages)
	require.NoError(t, err)
	got, err := counter.CountTokens(messages)
	require.NoError(t, err)
	require.Equal(t, []int{want, base.ContextTokens()}, []int{got, counter.ContextTokens()})
}
