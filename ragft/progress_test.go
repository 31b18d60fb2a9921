package ragft

import (
	"context"
	"errors"
	"slices"
	"sync"
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
	w, err := p.begin(t.Context(), StepTrain)
	require.NoError(t, err)
	w.phase("training", "steps")
	time.Sleep(2*tick + tick/2)
	w.end()
	require.GreaterOrEqual(t, n.Load(), int32(2))
	ended := n.Load()
	time.Sleep(tick + tick/2)
	require.Equal(t, ended, n.Load(), "and not after its end")
}

// notes are the notes that were told, each once.
func notes(all []Progress) (list []string) {
	for _, s := range all {
		list = append(list, s.Note)
	}
	return slices.Compact(list)
}

// Every answer of a model of this process is heard of when it is there, and what streams is counted.
func TestAnswersAreHeardOf(t *testing.T) {
	w, all := heard(t)
	m := &watched{Model: batch{fake.AlwaysSays("Mara Venn keeps it")}, project: w.project, local: true}
	w.phase("generating", "questions")
	w.set(3, 9, "2 accepted")
	streamed, done := "", 0
	responses, err := m.Chat(t.Context(), []model.Request{{OnText: func(s string) { streamed += s }, OnDone: func() { done++ }}, {}})
	require.NoError(t, err)
	require.Len(t, responses, 2)
	require.Equal(t, "Mara Venn keeps it", streamed, "the caller's own stream is kept")
	require.Equal(t, 1, done)
	require.Equal(t, []string{"2 accepted", "2 accepted, 1 request, about 8 tokens", "2 accepted, 2 requests, about 8 tokens"}, notes(*all))
	require.Equal(t, 3, (*all)[len(*all)-1].Done)
}

// batch tells when it is done with each request of a batch, as local models do.
type batch struct{ *fake.Model }

func (b batch) Chat(ctx context.Context, requests []model.Request) ([]model.Response, error) {
	responses, err := b.Model.Chat(ctx, requests)
	for _, r := range requests {
		r.OnDone()
	}
	return responses, err
}

// A server is asked request by request, the first error ends the others, and the order is kept.
func TestServersAnswersAreHeardOf(t *testing.T) {
	w, all := heard(t)
	w.phase("generating", "questions")
	echo := &fake.Model{Reply: func(r model.Request, _ int) model.Sample { return fake.Says(r.Messages[0].Content) }}
	m := &watched{Model: echo, project: w.project}
	var requests []model.Request
	for _, text := range []string{"a", "b", "c"} {
		requests = append(requests, model.Request{Messages: []model.Message{{Role: model.RoleUser, Content: text}}})
	}
	responses, err := m.Chat(t.Context(), requests)
	require.NoError(t, err)
	require.Equal(t, 3, echo.Calls)
	for i, text := range []string{"a", "b", "c"} {
		require.Equal(t, text, responses[i].Samples[0].Text)
	}
	require.Equal(t, []string{"1 request", "2 requests", "3 requests"}, notes(*all))

	echo.Before = func(int) error { return errors.New("no") }
	_, err = m.Chat(t.Context(), requests)
	require.ErrorContains(t, err, "no")
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err = m.Chat(ctx, requests)
	require.ErrorIs(t, err, context.Canceled)
	require.Equal(t, "fake", m.Name())
}

// scoring is a model that scores.
type scoring struct{ *fake.Model }

func (scoring) Score(_ context.Context, completions []model.Completion) ([]model.Score, error) {
	return make([]model.Score, len(completions)), nil
}

func (scoring) ScoreTexts(_ context.Context, texts []string) ([]model.Score, error) {
	return make([]model.Score, len(texts)), nil
}

// A model behind the count can do what it could.
func TestWatchedModelScores(t *testing.T) {
	w, all := heard(t)
	w.phase("scoring", "questions")
	_, able := model.As[model.Scorer](&watched{Model: fake.AlwaysSays("x"), project: w.project})
	require.False(t, able)
	s, able := model.As[model.Scorer](&watched{Model: scoring{fake.AlwaysSays("x")}, project: w.project})
	require.True(t, able)
	_, err := s.ScoreTexts(t.Context(), []string{"a", "b"})
	require.NoError(t, err)
	_, err = s.Score(t.Context(), make([]model.Completion, 3))
	require.NoError(t, err)
	require.Equal(t, "5 requests", (*all)[len(*all)-1].Note)
}

// What was read of prompts and what was shared is counted once, and not what a cache answered.
func TestPromptsAreCounted(t *testing.T) {
	w, _ := heard(t)
	w.prompt(false, 100, 0)
	w.prompt(false, 120, 90)
	w.prompt(true, 50, 0)
	w.prompt(false, 10, 0)
	require.Equal(t, []int{140, 90}, []int{w.read, w.reused})
}

// Scoring reads prompts, too.
func TestPromptsOfScoresAreCounted(t *testing.T) {
	w, _ := heard(t)
	m := &watched{Model: readScores{fake.AlwaysSays("x")}, project: w.project}
	s, able := model.As[model.Scorer](m)
	require.True(t, able)
	_, err := s.Score(t.Context(), make([]model.Completion, 3))
	require.NoError(t, err)
	require.Equal(t, []int{10, 20}, []int{w.read, w.reused})
}

// readScores scores a prompt of ten tokens, which it reads once.
type readScores struct{ *fake.Model }

func (readScores) Score(_ context.Context, completions []model.Completion) ([]model.Score, error) {
	out := make([]model.Score, len(completions))
	for i := range out {
		out[i] = model.Score{Tokens: 1, PromptTokens: 10, ReusedTokens: min(i, 1) * 10}
	}
	return out, nil
}

func (readScores) ScoreTexts(context.Context, []string) ([]model.Score, error) { return nil, nil }

// An answer that a server gives after the end of the step during which it was asked is not heard of: another step may be at work.
func TestAnswerAfterTheEndOfAStep(t *testing.T) {
	var mu sync.Mutex
	var all []Progress
	p, err := Open(t.Context(), Config{Dir: t.TempDir(), Progress: func(s Progress) {
		mu.Lock()
		defer mu.Unlock()
		all = append(all, s)
	}})
	require.NoError(t, err)
	asked, answer := make(chan struct{}), make(chan struct{})
	m := &watched{Model: &fake.Model{Reply: func(model.Request, int) model.Sample { return fake.Says("x") }, Before: func(int) error {
		close(asked)
		<-answer
		return nil
	}}, project: p}
	w, err := p.begin(t.Context(), StepEvaluate)
	require.NoError(t, err)
	w.phase("answering", "answers")
	done := make(chan error, 1)
	go func() {
		_, err := m.Chat(t.Context(), make([]model.Request, 1))
		done <- err
	}()
	<-asked
	go w.prompt(false, 1, 0) // of another answer, while it ends
	w.end()
	mu.Lock()
	told := len(all)
	mu.Unlock()
	close(answer)
	require.NoError(t, <-done)
	w.say("more")
	require.Len(t, all, told)
}
