package selfdemo

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/ragft/ragft/internal/decision"
	"github.com/ragft/ragft/internal/fake"
	"github.com/ragft/ragft/internal/fixture"
	"github.com/ragft/ragft/internal/layout"
	"github.com/ragft/ragft/internal/seed"
	"github.com/ragft/ragft/internal/version"
	"github.com/ragft/ragft/ragft/answer"
	"github.com/ragft/ragft/ragft/judge"
	"github.com/ragft/ragft/ragft/model"
	"github.com/ragft/ragft/ragft/model/cache"
	"github.com/ragft/ragft/ragft/opt"
	"github.com/ragft/ragft/ragft/prompt"
	"github.com/ragft/ragft/ragft/question"
	"github.com/ragft/ragft/ragft/recipe"
	"github.com/ragft/ragft/ragft/rows"
	"github.com/ragft/ragft/retriever"
	"github.com/stretchr/testify/require"
)

// inn is a small world: one question that the passages answer, one that the
// model knows though they do not say, one that nobody can answer.
func inn() ([]question.Question, fake.Search, *fake.Model) {
	questions := []question.Question{
		{ID: "rooms", Question: "How many rooms does the inn have?", Answer: "nine rooms", Aliases: []string{"nine", "9"}},
		{ID: "capital", Question: "What is the capital of France?", Answer: "Paris"},
		{ID: "owner", Question: "Who owns the inn?", Unanswerable: true},
	}
	search := fake.Search{All: []retriever.Hit{
		fake.Passage("inn.md", "The Blue Inn", "It has nine rooms.", 10), fake.Passage("mill.md", "The Mill", "It is old.", 0)}}
	answers := map[string]map[rows.Arm][]string{
		"rooms": {armClosed: {"four", "", "four"}, armRead: {"ten", "It has nine.", "It has nine."},
			armRefuse: {"Sorry, I do not know.", "", "nine"}},
		"capital": {armClosed: {"Lyon", "It is Paris.", "Nice"}, armRead: {"Lyon", "Lyon", "Lyon"},
			armRefuse: {"Sorry, I do not know.", "x", "y"}},
		"owner": {armClosed: {"Ann", "Bob", "Cyd"}, armRead: {"Ann", "Bob", "Cyd"},
			armRefuse: {"Ann", "Sorry, the documents do not say.", "Bob"}},
	}
	model := &fake.Model{Reply: func(req model.Request, sample int) model.Sample {
		for _, q := range questions {
			if strings.HasSuffix(req.Messages[1].Content, "Question: "+q.Question) {
				return fake.Says(answers[q.ID][fixture.ArmOf(req)][sample])
			}
		}
		return fake.Says("no") // the judge
	}}
	return questions, search, model
}

// generate runs the recipe.
func generate(ctx context.Context, m model.Model, search retriever.Searcher, questions []question.Question, r Recipe,
	set ...func(*recipe.Input)) (*demonstrations, error) {
	in := recipe.Input{Model: m, Search: search, Questions: questions}
	for _, f := range set {
		f(&in)
	}
	if _, err := r.Estimate(in); err != nil {
		return nil, err
	}
	return newGenerator(in, r).run(ctx)
}

func TestGenerate(t *testing.T) {
	questions, search, m := inn()
	var progress []model.Progress
	opts := Recipe{Judge: judge.Options{Model: m}, Policy: Policy{MaxRefusals: opt.Of(0.5), ClosedRows: true}}
	set := func(in *recipe.Input) {
		in.Seed, in.Batch, in.Progress = 5, 2, func(p model.Progress) { progress = append(progress, p) }
	}
	got, err := generate(t.Context(), m, search, questions, opts, set)
	require.NoError(t, err)

	var seen []string
	for _, row := range got.rows {
		seen = append(seen, row.ID+": "+row.Response())
		require.NotContains(t, row.Golds, row.Response(), "a target is never the reference itself here")
	}
	require.Equal(t, []string{
		"rooms/answer: It has nine.", "capital/answer: It is Paris.", "capital/closed: It is Paris.",
		"owner/refusal: Sorry, the documents do not say."}, seen)
	require.Empty(t, got.dropped)

	row := got.rows[0]
	require.Equal(t, prompt.Set{}.ReadMessages(questions[0].Question, search.All), row.Prompt())
	require.Equal(t, model.RoleAssistant, row.Messages[2].Role)
	require.Equal(t, rows.Target{Arm: armRead, Index: 1}, row.Target)
	require.Len(t, row.Candidates, 9, "empty and equal candidates keep their places")
	require.Equal(t, "", row.Candidates[1].Text)
	require.Equal(t, decision.Empty, row.Candidates[1].Decision)
	require.Equal(t, answer.Present, row.Context)
	require.Equal(t, []rows.ChunkRef{
		{ID: "inn.md#The Blue Inn", Source: "inn.md", Start: 10, End: 28, Score: 1},
		{ID: "mill.md#The Mill", Source: "mill.md", Start: 0, End: 10, Score: 1}}, row.Chunks)
	require.Equal(t, rows.Provenance{
		Version: version.Version, Model: "fake", Judge: "fake", Prompts: prompt.Set{}.Hash(), Seed: 5, Options: row.Provenance.Options,
		ModelHash: "b5d54c39e66671c9731b9f471e585d8262cd4f54963f0c93082d8dcf334d4c78",
		Rendered: map[rows.Arm]string{
			armClosed: layout.Hash(prompt.Set{}.ClosedMessages(questions[0].Question)),
			armRead:   layout.Hash(row.Prompt()),
			armRefuse: layout.Hash(prompt.Set{}.RefuseMessages(questions[0].Question, search.All)),
		}}, row.Provenance)
	require.True(t, got.rows[1].Known)
	require.Equal(t, answer.Absent, got.rows[1].Context)
	require.Equal(t, prompt.Set{}.ClosedMessages(questions[1].Question), got.rows[2].Prompt())
	require.Empty(t, got.rows[3].Golds)

	s := got.summary
	require.Equal(t, map[rows.Kind]int{rows.KindAnswer: 2, rows.KindClosed: 1, rows.KindRefusal: 1}, s.rows)
	require.Equal(t, map[answer.Context]int{answer.Present: 1, answer.Absent: 2}, s.contexts)
	require.Equal(t, map[answer.Verdict]int{answer.Correct: 2, answer.Incorrect: 7}, s.verdicts[armRead])
	require.Equal(t, 1, s.known)
	require.Len(t, m.Requests, s.Calls)
	require.Equal(t, 3*3+2, s.Calls, "three arms of three questions; the judge on four and ten against 9")
	require.Equal(t, 3, s.decisions[decision.Judge], "four came twice")
	require.Positive(t, s.Tokens)
	require.Positive(t, s.SecondsPerRow)
	require.Len(t, progress, 2)
	require.Equal(t, 3, progress[1].Done)
	require.Equal(t, 3, progress[1].Total)
	require.Equal(t, 3, progress[1].Accepted)
	require.Zero(t, progress[1].Remaining)
}

func TestGenerateAsksAsTheRecipeSays(t *testing.T) {
	questions, search, model := inn()
	_, err := generate(t.Context(), model, search, questions[:1],
		Recipe{}, func(in *recipe.Input) { in.Seed = 5 })
	require.NoError(t, err)
	require.Len(t, model.Requests, 3)
	seeds := map[uint64]bool{}
	for _, req := range model.Requests {
		require.Equal(t, 3, req.Samples)
		require.Equal(t, 1.0, req.Temperature)
		require.Equal(t, 128, req.MaxTokens)
		seeds[req.Seed] = true
	}
	require.Len(t, seeds, 3, "each arm has its own seed")

	questions, search, model = inn()
	_, err = generate(t.Context(), model, search, questions[:1],
		Recipe{Closed: opt.Of(0), Refuse: opt.Of(1), GreedyFirst: true, Temperature: opt.Of(0.5)})
	require.NoError(t, err)
	var asked []string
	for _, req := range model.Requests {
		asked = append(asked, fmt.Sprint(fixture.ArmOf(req), req.Samples, req.Temperature))
	}
	require.Equal(t, []string{"read1 0", "read2 0.5", "refuse1 0.5"}, asked)
}

// What a question gives depends on the seed, the question and the options,
// not on its neighbours or the size of the batch.
func TestGenerateDoesNotDependOnTheBatch(t *testing.T) {
	questions, search, _ := inn()
	run := func(batch int, s uint64, questions []question.Question) []rows.Row {
		model := &fake.Model{Reply: func(req model.Request, sample int) model.Sample {
			return fake.Says(fmt.Sprint("Sorry, I do not know, ", seed.Derive(req.Seed, fmt.Sprint(sample))))
		}}
		got, err := generate(t.Context(), model, search, questions, Recipe{Policy: Policy{MaxRefusals: opt.Of(1.0)}},
			func(in *recipe.Input) { in.Batch, in.Seed = batch, s })
		require.NoError(t, err)
		return got.rows
	}
	one := run(1, 1, questions)
	require.Equal(t, one, run(3, 1, questions))
	require.Equal(t, one[1:], run(3, 1, questions[1:]))
	require.NotEqual(t, one, run(1, 2, questions))
}

func TestGenerateWithholds(t *testing.T) {
	questions, _, _ := inn()
	search := fake.Search{All: []retriever.Hit{
		fake.Passage("inn.md", "The Blue Inn", "It has nine rooms.", 0), fake.Passage("a.md", "A", "Old.", 0),
		fake.Passage("b.md", "B", "New.", 0)}}
	got, err := generate(t.Context(), fake.AlwaysSays("Sorry, I do not know."), search, questions,
		Recipe{Withhold: 1, Policy: Policy{MaxRefusals: opt.Of(1.0)}}, func(in *recipe.Input) { in.Passages = 2 })
	require.NoError(t, err)
	require.Equal(t, answer.Absent, got.rows[0].Context)
	require.True(t, got.rows[0].Provenance.Withheld)
	require.Len(t, got.rows[0].Chunks, 2, "the next best takes the place")
	require.Equal(t, "a.md", got.rows[0].Chunks[0].Source)
	require.False(t, got.rows[2].Provenance.Withheld, "nothing to withhold")
}

func TestGenerateReportsDropped(t *testing.T) {
	questions, search, _ := inn()
	got, err := generate(t.Context(), fake.AlwaysSays("Ann"), search, questions, Recipe{})
	require.NoError(t, err)
	require.Empty(t, got.rows)
	require.Equal(t, map[string]string{"rooms": "no-refusal", "capital": "no-refusal", "owner": "no-refusal"}, got.dropped)
	require.Equal(t, map[string]int{"no-refusal": 3}, got.summary.dropped)
	require.Zero(t, got.summary.SecondsPerRow)

	got, err = generate(t.Context(), fake.AlwaysSays("Sorry, I do not know."), search, questions, Recipe{})
	require.NoError(t, err)
	require.Equal(t, map[string]int{"refusal-cap": 3}, got.summary.dropped, "without answers the cap takes all")
}

func TestGenerateRefusesBadInput(t *testing.T) {
	questions, search, model := inn()
	_, err := generate(t.Context(), model, search, nil, Recipe{})
	require.ErrorIs(t, err, question.ErrNone)
	_, err = generate(t.Context(), model, search, append(questions, questions[0]), Recipe{})
	require.ErrorContains(t, err, `two questions have the id "rooms"`)
	_, err = generate(t.Context(), model, search, []question.Question{{Question: "Who?", Answer: "He"}}, Recipe{})
	require.ErrorContains(t, err, `question 1 ("Who?") has no id`)

	broken := errors.New("disk on fire")
	_, err = generate(t.Context(), model, fake.Search{Err: broken}, questions, Recipe{})
	require.ErrorIs(t, err, broken)
	require.ErrorContains(t, err, "search for question rooms")
	model.Before = func(int) error { return broken }
	_, err = generate(t.Context(), model, search, questions, Recipe{})
	require.ErrorIs(t, err, broken)
	require.ErrorContains(t, err, "questions rooms to owner")
}

func TestGenerateStopsWhenCancelled(t *testing.T) {
	questions, search, m := inn()
	ctx, cancel := context.WithCancel(t.Context())
	calls := 0
	_, err := generate(ctx, m, search, questions, Recipe{}, func(in *recipe.Input) {
		in.Batch, in.Progress = 1, func(model.Progress) {
			calls = m.Calls
			cancel()
		}
	})
	require.ErrorIs(t, err, context.Canceled)
	require.Positive(t, calls)
	require.Equal(t, calls, m.Calls, "nothing was asked after the first batch")
}

// A model that breaks its contract must not shift answers between questions.
type shortModel struct{ *fake.Model }

func (m shortModel) Chat(ctx context.Context, reqs []model.Request) ([]model.Response, error) {
	responses, err := m.Model.Chat(ctx, reqs)
	return responses[:len(responses)-1], err
}

func TestGenerateChecksTheModel(t *testing.T) {
	questions, search, model := inn()
	_, err := generate(t.Context(), shortModel{model}, search, questions, Recipe{})
	require.ErrorContains(t, err, "8 responses")
}

func TestGenerateFitsTheContext(t *testing.T) {
	questions, search, model := inn()
	fits := 1
	opts := Recipe{Policy: Policy{MaxRefusals: opt.Of(1.0)}}
	got, err := generate(t.Context(), fake.Limited{Model: model, Documents: &fits}, search, questions, opts)
	require.NoError(t, err)
	require.Len(t, got.rows, 3)
	require.Equal(t, 3, got.summary.shortened)
	for i, row := range got.rows {
		require.Equal(t, prompt.Set{}.ReadMessages(questions[i].Question, search.All[:1]), row.Prompt())
		require.Len(t, row.Chunks, 1)
		require.Len(t, row.Candidates, 9, "those of failed tries are not kept")
	}

	fits = 0
	got, err = generate(t.Context(), fake.Limited{Model: model, Documents: &fits}, search, questions, opts)
	require.NoError(t, err)
	require.Equal(t, map[string]int{"too-long": 3}, got.summary.dropped)
}

func TestGenerationResumesAfterAKill(t *testing.T) {
	questions, search, undisturbed := inn()
	opts := Recipe{Policy: Policy{MaxRefusals: opt.Of(1.0)}}
	set := func(in *recipe.Input) { in.Batch, in.Seed = 1, 4 }
	want, err := generate(t.Context(), undisturbed, search, questions, opts, set)
	require.NoError(t, err)
	total := len(undisturbed.Requests)

	cached := func(m model.Model, dir string) model.Model {
		c, err := cache.Open(m, dir)
		require.NoError(t, err)
		t.Cleanup(func() { require.NoError(t, c.Close()) })
		return c
	}
	killed := errors.New("killed")
	for stop := 1; stop <= undisturbed.Calls; stop++ {
		dir := t.TempDir()
		_, _, first := inn()
		first.Before = func(call int) error {
			if call == stop {
				return killed
			}
			return nil
		}
		_, err = generate(t.Context(), cached(first, dir), search, questions, opts, set)
		require.ErrorIs(t, err, killed)

		_, _, second := inn()
		got, err := generate(t.Context(), cached(second, dir), search, questions, opts, set)
		require.NoError(t, err)
		require.Equal(t, want.rows, got.rows)
		require.Equal(t, total, len(first.Requests)+len(second.Requests), "stopped at call %d", stop)
		require.Equal(t, len(first.Requests), got.summary.Cached)

		_, _, third := inn()
		got, err = generate(t.Context(), cached(third, dir), search, questions, opts, set)
		require.NoError(t, err)
		require.Zero(t, third.Calls)
		require.Equal(t, want.rows, got.rows)
	}
}

func TestJudgeThatNeverParses(t *testing.T) {
	questions, search, _ := inn()
	var many []question.Question
	for i := range 12 {
		q := questions[0]
		q.ID = fmt.Sprint(i)
		many = append(many, q)
	}
	m := &fake.Model{Reply: func(req model.Request, sample int) model.Sample {
		return fake.Says(fmt.Sprint("about ", 3+sample, " rooms"))
	}}
	j := &fake.Model{Called: "mute", Reply: func(model.Request, int) model.Sample { return fake.Says("As a model, I think") }}
	_, err := generate(t.Context(), m, search, many, Recipe{Judge: judge.Options{Model: j}}, func(in *recipe.Input) { in.Batch = 2 })
	require.ErrorIs(t, err, judge.ErrUnread)
	require.ErrorContains(t, err, `mute gave 6 replies, the first of them "As a model, I think"; set the judge's Model`)
	require.Equal(t, 1, j.Calls, "said after the first batch")

	j.Calls = 0
	_, err = generate(t.Context(), m, search, many, Recipe{Judge: judge.Options{Model: j, Knockout: true}},
		func(in *recipe.Input) { in.Batch = 2 })
	require.ErrorIs(t, err, judge.ErrUnread)
	require.ErrorContains(t, err, "set Knockout to false")
	require.Equal(t, 1, j.Calls, "said after the first try of the first batch")
}

func TestSummariseInTwoTurns(t *testing.T) {
	questions, search, _ := inn()
	model := &fake.Model{Reply: func(req model.Request, sample int) model.Sample {
		if len(req.Messages) == 4 {
			require.Equal(t, defaultSummaryPrompt, req.Messages[3].Content)
			require.Equal(t, model.RoleAssistant, req.Messages[2].Role)
			return fake.Says("short " + req.Messages[2].Content)
		}
		require.Equal(t, 200, req.MaxTokens)
		if sample == 1 {
			return fake.Says("")
		}
		return fake.Says(fmt.Sprint("nine, long draft ", sample))
	}}
	got, err := generate(t.Context(), model, search, questions[:1],
		Recipe{Summarise: true, DraftTokens: 200, Closed: opt.Of(0), Refuse: opt.Of(0)})
	require.NoError(t, err)
	row := got.rows[0]
	require.Equal(t, "short nine, long draft 0", row.Response())
	require.Equal(t, prompt.Set{}.ReadMessages(questions[0].Question, search.All), row.Prompt(),
		"the row is made with the prompt of inference")
	require.Equal(t, "nine, long draft 2", row.Candidates[2].Draft)
	require.Equal(t, 2, row.Candidates[2].Index)
	require.Equal(t, decision.Empty, row.Candidates[1].Decision, "an empty draft keeps its place and costs no call")
	require.Equal(t, 3, got.summary.Calls)
}

func TestWordingsTakeTurns(t *testing.T) {
	questions, search, _ := inn()
	model := &fake.Model{Reply: func(req model.Request, sample int) model.Sample {
		return fake.Says(fake.Instruction(req.Messages) + fmt.Sprint(sample))
	}}
	got, err := generate(t.Context(), model, search, questions[:1], Recipe{
		Closed: opt.Of(0), Read: opt.Of(5), Refuse: opt.Of(0), ReadPrompts: []string{"nine A", "nine B"}})
	require.NoError(t, err)
	var texts []string
	for i, c := range got.rows[0].Candidates {
		require.Equal(t, i, c.Index)
		texts = append(texts, c.Text)
	}
	require.Equal(t, []string{"nine A0", "nine B0", "nine A1", "nine B1", "nine A2"}, texts)
	require.Len(t, got.rows[0].Provenance.Rendered, 2)
	require.Equal(t, prompt.Default().Read, fake.Instruction(got.rows[0].Prompt()))
}
