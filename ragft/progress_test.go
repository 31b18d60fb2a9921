package ragft

import (
	"context"
	"errors"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/ragft/ragft/internal/fake"
	"github.com/ragft/ragft/ragft/model"
)

// heard is a step that tells what it does, without the ticks in between.
func heard(t *testing.T) (*work, *[]Progress) {
	t.Helper()
	var all []Progress
	p, err := Open(t.Context(), Config{Dir: t.TempDir(), Progress: func(s Progress) { all = append(all, s) }})
	require.NoError(t, err)
	w := &work{project: p, now: time.Now, state: Progress{Step: StepTrain}}
	p.current.Store(w)
	return w, &all
}

// A rate and a time left are told once they are known, and not before.
func TestRate(t *testing.T) {
	w, all := heard(t)
	now := time.Now()
	w.now = func() time.Time { return now }
	last := func() Progress { return (*all)[len(*all)-1] }
	w.phase("training", "steps")
	w.set(0, 10, "")
	require.Zero(t, last().Rate)
	now = now.Add(10 * time.Millisecond)
	w.set(1, 10, "loss 1")
	require.Equal(t, Progress{Step: "train", Phase: "training", Unit: "steps", Done: 1, Total: 10, Note: "loss 1"}, last())
	now = now.Add(1990 * time.Millisecond)
	w.set(4, 10, "")
	require.InDelta(t, 2, last().Rate, 1e-9)
	require.Equal(t, 3*time.Second, last().Remaining)
	now = now.Add(time.Second)
	w.tell() // as the ticker does
	require.Equal(t, 2*time.Second, last().Remaining, "it goes on while nothing is done")
	require.InDelta(t, 2, last().Rate, 1e-9)

	w.set(1, 5, "") // another round
	require.Zero(t, last().Rate)
	w.skip(1)
	now = now.Add(2 * time.Second)
	w.set(3, 5, "")
	require.InDelta(t, 1, last().Rate, 1e-9, "what an earlier run did is left out")
	w.say("%d rows", 3)
	require.Equal(t, Progress{Step: "train", Phase: "training", Note: "3 rows"}, last(), "a message has no total")
}

// A step at work is heard of every second, whatever it does.
func TestTick(t *testing.T) {
	var n atomic.Int32
	p, err := Open(t.Context(), Config{Dir: t.TempDir(), Progress: func(Progress) { n.Add(1) }})
	require.NoError(t, err)
	w, err := p.begin(StepTrain)
	require.NoError(t, err)
	w.phase("training", "steps")
	time.Sleep(2*tick + tick/2)
	w.end()
	require.GreaterOrEqual(t, n.Load(), int32(2))
	ended := n.Load()
	time.Sleep(tick + tick/2)
	require.Equal(t, ended, n.Load(), "and not after its end")
}

// Every call of a model is heard of, and what streams is counted.
func TestCallsAreHeardOf(t *testing.T) {
	w, all := heard(t)
	m := &watched{Model: fake.AlwaysSays("Mara Venn keeps it"), project: w.project, streams: true}
	w.phase("generating", "questions")
	w.set(3, 9, "2 accepted")
	n := len(*all)
	streamed := ""
	for range 2 {
		_, err := m.Chat(t.Context(), []model.Request{{OnText: func(s string) { streamed += s }}, {}})
		require.NoError(t, err)
	}
	require.Equal(t, "Mara Venn keeps itMara Venn keeps it", streamed)
	require.GreaterOrEqual(t, len(*all), n+2)
	last := (*all)[len(*all)-1]
	require.Equal(t, "2 accepted, 4 requests, about 16 tokens", last.Note)
	require.Equal(t, 3, last.Done)

	failing := &watched{Model: &fake.Model{Before: func(int) error { return errors.New("no") }}, project: w.project}
	_, err := failing.Chat(t.Context(), []model.Request{{}})
	require.ErrorContains(t, err, "no")
	require.Equal(t, "fake", failing.Name())
}

// scoring is a model that scores.
type scoring struct{ *fake.Model }

func (scoring) ScoreResponses(_ context.Context, pairs []model.Completion) ([][]float64, error) {
	return make([][]float64, len(pairs)), nil
}

func (scoring) ScoreTexts(_ context.Context, texts []string) ([][]float64, error) {
	return make([][]float64, len(texts)), nil
}

// A model behind the count can do what it could.
func TestWatchedModelScores(t *testing.T) {
	w, all := heard(t)
	w.phase("scoring", "questions")
	_, err := model.AsScorer(&watched{Model: fake.AlwaysSays("x"), project: w.project})
	require.ErrorIs(t, err, model.ErrNoScores)
	s, err := model.AsScorer(&watched{Model: scoring{fake.AlwaysSays("x")}, project: w.project})
	require.NoError(t, err)
	_, err = s.ScoreTexts(t.Context(), []string{"a", "b"})
	require.NoError(t, err)
	_, err = s.ScoreResponses(t.Context(), make([]model.Completion, 3))
	require.NoError(t, err)
	require.Equal(t, "5 requests", (*all)[len(*all)-1].Note)
}
