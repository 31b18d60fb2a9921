package searchtune

import (
	"context"
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/ragft/ragft/internal/fake"
	"github.com/ragft/ragft/internal/reading"
	"github.com/ragft/ragft/internal/seed"
	"github.com/ragft/ragft/internal/stats"
	"github.com/ragft/ragft/ragft/answer"
	"github.com/ragft/ragft/ragft/assistant"
	"github.com/ragft/ragft/ragft/eval"
	"github.com/ragft/ragft/ragft/model"
	"github.com/ragft/ragft/ragft/model/cache"
	"github.com/ragft/ragft/ragft/opt"
	"github.com/ragft/ragft/ragft/question"
	"github.com/ragft/ragft/retriever"
	"github.com/stretchr/testify/require"
)

// fakeScorer is a model that scores responses by a function.
type fakeScorer struct {
	fake.Model
	score  func(prompt, response string) (float64, error)
	scored atomic.Int64
}

func (m *fakeScorer) Score(ctx context.Context, pairs []model.Completion) ([]model.Score, error) {
	out := make([]model.Score, len(pairs))
	for i, pair := range pairs {
		p, err := m.score(pair.Messages[len(pair.Messages)-1].Content, pair.Response)
		if err != nil {
			return nil, err
		}
		out[i] = model.Score{Sum: p, Last: p / 2, Tokens: 2}
	}
	m.scored.Add(int64(len(pairs)))
	return out, ctx.Err()
}

func (m *fakeScorer) ScoreTexts(context.Context, []string) ([]model.Score, error) {
	return nil, errors.New("not asked for")
}

// readsAnswers finds answers that stand in the passage likely.
func readsAnswers(prompt, response string) (float64, error) {
	if strings.Contains(prompt, response) {
		return math.Log(0.9), nil
	}
	return math.Log(0.05), nil
}

// scoresAtRandom has likelihoods that say nothing.
func scoresAtRandom(prompt, response string) (float64, error) {
	return math.Log(0.1 + 0.8*float64(seed.Derive(1, prompt, response)%1000)/1000), nil
}

// mills is an index of towns, each with a passage that answers and one that
// holds a misleading word of the question, and questions.
func mills(t *testing.T, towns int) (*retriever.Index, []question.Question) {
	t.Helper()
	index, err := retriever.NewMemory(retriever.IndexOptions{})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, index.Close()) })
	var chunks []retriever.Chunk
	var questions []question.Question
	for i := range towns {
		town, name := fmt.Sprintf("Town%03d", i), fmt.Sprintf("Keeper%03d", i)
		for _, text := range []string{
			fmt.Sprintf("The mill at %s was begun by %s.", town, name),
			fmt.Sprintf("The fair of %s, founded once, was founded again and founded anew.", town),
			fmt.Sprintf("A road leads to %s.", town),
		} {
			chunks = append(chunks, retriever.Chunk{ID: fmt.Sprint(len(chunks)), Source: town, Text: text, End: len(text)})
		}
		questions = append(questions, question.Question{ID: town, Question: fmt.Sprintf("Who founded the mill of %s?", town), Answer: name})
	}
	require.NoError(t, index.Add(context.Background(), chunks))
	return index, questions
}

// A frequent word of the questions that leads to wrong passages is weighed
// down, and the questions that were held out gain from it.
func TestLSRLearnsMisleadingTerm(t *testing.T) {
	ctx := context.Background()
	index, questions := mills(t, 40)
	m := &fakeScorer{score: readsAnswers}
	var last model.Progress
	o := Options{Seed: 1, Progress: func(p model.Progress) { last = p }}
	estimate, err := o.Estimate(questions)
	require.NoError(t, err)
	r, err := Learn(ctx, m, index, questions, o)
	require.NoError(t, err)
	require.True(t, r.On, "%+v", r.MRR)
	require.Equal(t, []int{15, 5, 20}, []int{r.Train, r.Stop, r.HeldOut})
	require.InDelta(t, 0.5, r.MRR.Before, 1e-9)
	require.InDelta(t, 1, r.MRR.After, 1e-9)
	require.InDelta(t, 1, r.Recall1.After, 1e-9)
	require.Negative(t, r.Divergence.Change.Value)
	require.Less(t, *r.Divergence.P, 0.01)
	require.Less(t, r.Tuning.Weights["term:found"], r.Tuning.Weights["term:mill"])
	require.LessOrEqual(t, r.Cost.Calls, estimate.Calls)
	require.LessOrEqual(t, r.Cost.Tokens, estimate.Tokens)
	require.EqualValues(t, m.scored.Load(), r.Cost.Calls)
	require.Equal(t, 40, last.Done)

	// What was learnt is used through the interface of every search.
	tuned, err := index.Tuned(ctx, r.Tuning)
	require.NoError(t, err)
	a, err := assistant.New(fake.AlwaysSays("Keeper007"), tuned, assistant.Options{Passages: 1}).Answer(ctx, questions[7].Question)
	require.NoError(t, err)
	require.Contains(t, a.Hits[0].Text, "Keeper007")
	e, err := eval.Run(ctx, eval.Config{
		Systems: []eval.System{{Name: "fake", Model: fake.AlwaysSays("x"), Setting: eval.SettingRetrieval},
			{Name: "long", Model: fake.AlwaysSays("x"), Setting: eval.SettingLong}},
		Questions: questions[:3], Search: tuned, Passages: 1})
	require.NoError(t, err)
	for _, record := range e.Systems[0].Records {
		require.Equal(t, answer.Present, record.Context)
	}
	require.Greater(t, e.Systems[1].Records[0].Passages, 3, "the whole corpus is listed behind a tuned search")

	again, err := Learn(ctx, m, index, questions, o)
	require.NoError(t, err)
	require.Equal(t, r.Tuning, again.Tuning, "the same input gives the same result")
}

// Where the model's likelihoods say nothing, or there is nothing to gain, the
// search stays as it is.
func TestLSRLeftOff(t *testing.T) {
	ctx := context.Background()
	index, questions := mills(t, 40)
	for i := range questions { // those that BM25 answers well by itself
		questions[i].Question = strings.Replace(questions[i].Question, "Who founded", "Who had begun", 1)
	}
	for name, score := range map[string]func(string, string) (float64, error){"nothing to gain": readsAnswers,
		"nothing said": scoresAtRandom} {
		r, err := Learn(ctx, &fakeScorer{score: score}, index, questions, Options{Seed: 1})
		require.NoError(t, err, name)
		require.False(t, r.On, "%s: %+v", name, r.MRR)
		require.Equal(t, retriever.Tuning{}, r.Tuning, name)
		require.NotEmpty(t, r.Learned.Index, name)
		require.InDelta(t, 1, r.MRR.Before, 1e-9, name)
	}
}

// Few questions that all gain are no proof, though a bootstrap cannot tell.
func TestLSRChangeOfFewQuestions(t *testing.T) {
	run := newLSR(nil, nil, nil, Options{Seed: 1})
	half := func(gained, same int) (before, after []float64) {
		for i := range gained + same {
			before = append(before, 0.5)
			after = append(after, 0.5+0.5*stats.Indicator(i < gained))
		}
		return before, after
	}
	two := run.changeOfRanks(half(2, 0))
	require.InDelta(t, 0.5, two.Change.Value, 1e-12)
	require.InDelta(t, 0.5-1.5*(1-math.Sqrt(0.025)), two.Change.Low, 1e-12)
	require.InDelta(t, 0.5, *two.P, 0.05, "two coins that fall alike")
	require.False(t, two.improved())
	three := run.changeOfRanks(half(3, 3))
	require.Positive(t, three.Change.Low, "the interval alone would say so")
	require.InDelta(t, 0.25, *three.P, 0.05)
	require.False(t, three.improved())
	none := run.changeOfRanks(half(0, 4))
	require.Equal(t, -none.Change.Low, none.Change.High)
	require.False(t, none.improved())
	require.True(t, run.changeOfRanks(half(12, 0)).improved())
	after, before := half(12, 0)
	require.False(t, run.changeOfRanks(before, after).improved(), "a fall that is shown")
	require.True(t, run.changeOfRanks(half(12, 3)).improved())

	// Questions about one paragraph gain or lose together.
	run.groups = stats.Groups(slices.Repeat([]string{"a", "b", "c"}, 4))
	grouped := run.changeOfRanks(half(12, 0))
	require.InDelta(t, 0.25, *grouped.P, 0.05, "three coins that fall alike")
	require.InDelta(t, 0.5-1.5*(1-math.Pow(0.025, 1.0/3)), grouped.Change.Low, 1e-12)
	require.False(t, grouped.improved())
	run.groups = nil

	// The divergence has no bounds, by which the interval could be told.
	same := run.change([]float64{1, 2, 3}, []float64{0.5, 1.5, 2.5})
	require.InDelta(t, -0.5, same.Change.Value, 1e-12)
	require.True(t, math.IsNaN(same.Change.Low))
}

// The divergence is KL(p_R || p_LSR), worked by hand, and not the other way round.
func TestLSRDivergence(t *testing.T) {
	index, questions := mills(t, 3)
	e, err := index.Explain(context.Background(), questions[0].Question, 2)
	require.NoError(t, err)
	q := &lsrQuestion{Question: questions[0], passages: e, logs: []float64{math.Log(0.8), math.Log(0.2)}}
	v := newLSRVector([]*lsrQuestion{q}, index.Options(), 0)
	at := append([]float64(nil), v.start...)
	at[lsrScale] = math.Inf(-1) // p_R is uniform
	kl, err := v.divergence(q, at, nil)
	require.NoError(t, err)
	require.InDelta(t, 0.5*math.Log(0.5/0.8)+0.5*math.Log(0.5/0.2), kl, 1e-12)

	// Scale ln 3 over the distance of the scores: p_R is 3/4, 1/4.
	at[lsrScale] = math.Log(math.Log(3) / (e.Hits[0].Score - e.Hits[1].Score))
	kl, err = v.divergence(q, at, nil)
	require.NoError(t, err)
	require.InDelta(t, 0.75*math.Log(0.75/0.8)+0.25*math.Log(0.25/0.2), kl, 1e-9)
}

// The slope of the mean divergence is that of central differences.
func TestLSRSlope(t *testing.T) {
	ctx := context.Background()
	index, questions := mills(t, 12)
	title := "Founded mill"
	text := "Town003 had another fair and a mill by the road, kept by Keeper003 and others for many years."
	require.NoError(t, index.Add(ctx, []retriever.Chunk{{ID: "titled", Source: "x", Title: title, Text: text, End: len(text)}}))
	model := &fakeScorer{score: scoresAtRandom}
	run := newLSR(model, index, questions, Options{Temperature: 0.3})
	scored, err := run.score(ctx)
	require.NoError(t, err)
	v := newLSRVector(scored, index.Options(), 5)
	require.Contains(t, v.features, "term:found")
	require.NotContains(t, v.features, "term:town003")
	at := append([]float64(nil), v.start...)
	for i := range at {
		at[i] += 0.1 + 0.05*float64(i%4)
	}
	slope := make([]float64, len(at))
	_, err = v.mean(ctx, scored, at, slope)
	require.NoError(t, err)
	moved := 0
	for i := range at {
		const h = 1e-6
		value := func(d float64) float64 {
			there := append([]float64(nil), at...)
			there[i] += d
			kl, err := v.mean(ctx, scored, there, nil)
			require.NoError(t, err)
			return kl
		}
		require.InDelta(t, (value(h)-value(-h))/(2*h), slope[i], 1e-6, "parameter %d", i)
		if math.Abs(slope[i]) > 1e-4 {
			moved++
		}
	}
	require.Greater(t, moved, 6, "the test is about slopes that are not zero: %v", slope)
}

// A run that was stopped goes on with the scores that it had.
func TestLSRResumes(t *testing.T) {
	ctx := context.Background()
	index, questions := mills(t, 16)
	stop := errors.New("stopped")
	model := &fakeScorer{}
	run := func(score func(string, string) (float64, error), dir string) (*Result, error) {
		model.score = score
		cached, err := cache.Open(model, dir)
		require.NoError(t, err)
		defer cached.Close()
		return Learn(ctx, cached, index, questions, Options{Seed: 1, Batch: 2})
	}
	dir := t.TempDir()
	_, err := run(func(prompt, response string) (float64, error) {
		if response == "Keeper009" {
			return 0, stop
		}
		return readsAnswers(prompt, response)
	}, dir)
	require.ErrorIs(t, err, stop)
	first := model.scored.Swap(0)
	require.Positive(t, first)
	resumed, err := run(readsAnswers, dir)
	require.NoError(t, err)
	require.EqualValues(t, first, resumed.Cost.Cached)
	require.EqualValues(t, resumed.Cost.Calls, first+model.scored.Swap(0), "nothing is scored twice")
	whole, err := run(readsAnswers, t.TempDir())
	require.NoError(t, err)
	require.Equal(t, whole.Tuning, resumed.Tuning)
	require.Equal(t, whole.MRR, resumed.MRR)
}

func TestLSRBadInput(t *testing.T) {
	ctx := context.Background()
	index, questions := mills(t, 16)
	m := &fakeScorer{score: readsAnswers}
	unanswerable := []question.Question{{ID: "1", Question: "Who?", Unanswerable: true}, {ID: "2", Question: "Where?"}}
	for name, few := range map[string][]question.Question{"unanswerable": unanswerable, "none": nil, "two": questions[:2]} {
		_, err := Learn(ctx, m, index, few, Options{})
		require.ErrorIs(t, err, question.ErrNone, name)
	}
	_, err := Learn(ctx, m, index, append(questions, questions[0]), Options{})
	require.ErrorContains(t, err, "an id of its own")
	_, err = Learn(ctx, fake.AlwaysSays("x"), index, questions, Options{})
	require.ErrorIs(t, err, model.ErrNoScores)
	_, err = Learn(ctx, nil, index, questions, Options{})
	require.ErrorContains(t, err, "there is no model")
	for _, o := range []Options{{HeldOut: 1}, {Stop: -0.1}, {Chunks: -1}, {Penalty: opt.Of(-1.0)}} {
		_, err = Learn(ctx, m, index, questions, o)
		require.Error(t, err, "%+v", o)
	}

	empty, err := retriever.NewMemory(retriever.IndexOptions{})
	require.NoError(t, err)
	defer empty.Close()
	_, err = Learn(ctx, m, empty, questions, Options{})
	require.ErrorIs(t, err, reading.ErrTooLittleText)
	one := retriever.Chunk{ID: "1", Text: "The mill of Town001 was founded.", End: 32}
	require.NoError(t, empty.Add(ctx, []retriever.Chunk{one}))
	_, err = Learn(ctx, m, empty, questions, Options{})
	require.ErrorIs(t, err, reading.ErrTooLittleText)

	changing := &fakeScorer{score: func(prompt, response string) (float64, error) {
		if response == "Keeper011" {
			if err := index.Add(ctx, []retriever.Chunk{one}); err != nil {
				return 0, err
			}
		}
		return readsAnswers(prompt, response)
	}}
	_, err = Learn(ctx, changing, index, questions, Options{})
	require.ErrorIs(t, err, retriever.ErrChanged)
	ended, cancel := context.WithCancel(ctx)
	cancel()
	_, err = Learn(ended, m, index, questions, Options{})
	require.ErrorIs(t, err, context.Canceled)
}

// Passages that do not fit the model's context are left out.
func TestLSRTooLong(t *testing.T) {
	index, questions := mills(t, 16)
	model := &fakeScorer{score: func(prompt, response string) (float64, error) {
		if strings.Contains(prompt, "A road") || response == "Keeper003" && strings.Contains(prompt, "fair") {
			return 0, model.ErrPromptTooLong
		}
		return readsAnswers(prompt, response)
	}}
	r, err := Learn(context.Background(), model, index, questions, Options{Chunks: 3})
	require.NoError(t, err)
	require.Equal(t, map[string]int{"one-passage": 1}, r.Dropped)
}
