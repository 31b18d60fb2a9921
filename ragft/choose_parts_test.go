//go:build cgo

package ragft

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/ragft/ragft/ragft/abstain"
	"github.com/ragft/ragft/ragft/answer"
	"github.com/ragft/ragft/ragft/model"
	"github.com/ragft/ragft/ragft/question"
	"github.com/ragft/ragft/ragft/rows"
	"github.com/ragft/ragft/retriever"
)

func TestDivided(t *testing.T) {
	some := func(n int) (list []question.Question) {
		for i := range n {
			list = append(list, question.Question{ID: fmt.Sprint(i), Question: fmt.Sprintf("What is %d?", i), Answer: fmt.Sprint(i)})
		}
		return list
	}
	p := &Project{config: Config{Train: TrainConfig{Keep: keepAnswers}}}
	for n, want := range map[int]int{20: 0, 31: 0, 32: 12, 36: 16, 40: 20, 400: 20} {
		choose, fit := p.divided(some(n))
		require.Len(t, choose, want, n)
		require.Len(t, fit, n-want, n)
		seen := map[string]bool{}
		for _, q := range append(choose, fit...) {
			require.False(t, seen[q.ID])
			seen[q.ID] = true
		}
	}
	p.config.Train.Keep = "last"
	choose, fit := p.divided(some(400))
	require.Empty(t, choose)
	require.Len(t, fit, 400)
}

func TestAffordable(t *testing.T) {
	text := func(n int) []model.Message {
		return []model.Message{{Role: model.RoleUser, Content: strings.Repeat("x", n)}}
	}
	asks := make([]abstain.Ask, 100)
	for i := range asks {
		asks[i] = abstain.Ask{Messages: func([]retriever.Hit) []model.Message { return text(744) }} // 1000 with the answer
	}
	list := make([]rows.Row, 10)
	for i := range list {
		list[i] = rows.Row{Messages: text(10_000)}
	}
	require.Equal(t, 15, affordable(asks, list, 1), "a tenth of three times 100,000, at two points")
	require.Equal(t, 30, affordable(asks, list, 2), "twice as much at two points")
	require.Equal(t, 30, affordable(asks, list, 4), "as much at each of four points")
	require.Equal(t, 40, affordable(asks, list, 8))
	require.Equal(t, 7, affordable(asks[:7], list, 8))
	require.Zero(t, affordable(asks, list[:0], 8))
}

func TestScoreOfOutcomes(t *testing.T) {
	require.Equal(t, []float64{1, -1, 0, 0, 0, 1}, []float64{
		value(true, answer.Correct), value(true, answer.Incorrect), value(true, answer.Refused),
		value(false, answer.Correct), value(false, answer.Incorrect), value(false, answer.Refused),
	})
}
