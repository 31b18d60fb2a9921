package ragft

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/ragft/ragft/internal/version"

	"github.com/stretchr/testify/require"

	"github.com/ragft/ragft/retriever"
)

// inn is a small world: one question that the passages answer, one that the
// model knows though they do not say, one that nobody can answer.
func inn() ([]Question, fixedSearch, *fakeModel) {
	questions := []Question{
		{ID: "rooms", Question: "How many rooms does the inn have?", Answer: "nine rooms", Aliases: []string{"nine", "9"}},
		{ID: "capital", Question: "What is the capital of France?", Answer: "Paris"},
		{ID: "owner", Question: "Who owns the inn?", Unanswerable: true},
	}
	search := fixedSearch{all: []retriever.Hit{
		passage("inn.md", "The Blue Inn", "It has nine rooms.", 10), passage("mill.md", "The Mill", "It is old.", 0)}}
	answers := map[string]map[Arm][]string{
		"rooms":   {ArmClosed: {"four", "", "four"}, ArmRead: {"ten", "It has nine.", "It has nine."}, ArmRefuse: {"Sorry, I do not know.", "", "nine"}},
		"capital": {ArmClosed: {"Lyon", "It is Paris.", "Nice"}, ArmRead: {"Lyon", "Lyon", "Lyon"}, ArmRefuse: {"Sorry, I do not know.", "x", "y"}},
		"owner":   {ArmClosed: {"Ann", "Bob", "Cyd"}, ArmRead: {"Ann", "Bob", "Cyd"}, ArmRefuse: {"Ann", "Sorry, the documents do not say.", "Bob"}},
	}
	model := &fakeModel{reply: func(req ChatRequest, sample int) ChatSample {
		for _, q := range questions {
			if strings.HasSuffix(req.Messages[1].Content, "Question: "+q.Question) {
				return says(answers[q.ID][armOf(req)][sample])
			}
		}
		return says("no") // the judge
	}}
	return questions, search, model
}

func TestGenerate(t *testing.T) {
	questions, search, model := inn()
	var progress []Progress
	opts := GenerateOptions{Seed: 5, Batch: 2, Policy: PolicyOptions{MaxRefusals: 0.5, ClosedRows: true},
		Progress: func(p Progress) { progress = append(progress, p) }}
	got, err := Generate(t.Context(), model, search, questions, opts)
	require.NoError(t, err)

	var seen []string
	for _, row := range got.Rows {
		seen = append(seen, row.ID+": "+row.Response())
		require.NotContains(t, row.Golds, row.Response(), "a target is never the reference itself here")
	}
	require.Equal(t, []string{
		"rooms/answer: It has nine.", "capital/answer: It is Paris.", "capital/closed: It is Paris.",
		"owner/refusal: Sorry, the documents do not say."}, seen)
	require.Empty(t, got.Dropped)

	row := got.Rows[0]
	require.Equal(t, Prompts{}.ReadMessages(questions[0].Question, search.all), row.Prompt())
	require.Equal(t, RoleAssistant, row.Messages[2].Role)
	require.Equal(t, Target{Arm: ArmRead, Index: 1}, row.Target)
	require.Len(t, row.Candidates, 9, "empty and equal candidates keep their places")
	require.Equal(t, "", row.Candidates[1].Text)
	require.Equal(t, ByEmpty, row.Candidates[1].Decision)
	require.Equal(t, Present, row.Context)
	require.Equal(t, []ChunkRef{
		{ID: "inn.md#The Blue Inn", Source: "inn.md", Start: 10, End: 28, Score: 1},
		{ID: "mill.md#The Mill", Source: "mill.md", Start: 0, End: 10, Score: 1}}, row.Chunks)
	require.Equal(t, Provenance{
		Version: version.Version, Model: "fake", Judge: "fake", Prompts: Prompts{}.Hash(), Seed: 5, Options: row.Provenance.Options,
		ModelHash: "b5d54c39e66671c9731b9f471e585d8262cd4f54963f0c93082d8dcf334d4c78",
		Rendered: map[Arm]string{
			ArmClosed: hashMessages(Prompts{}.ClosedMessages(questions[0].Question)),
			ArmRead:   hashMessages(row.Prompt()),
			ArmRefuse: hashMessages(Prompts{}.RefuseMessages(questions[0].Question, search.all)),
		}}, row.Provenance)
	require.True(t, got.Rows[1].Known)
	require.Equal(t, Absent, got.Rows[1].Context)
	require.Equal(t, Prompts{}.ClosedMessages(questions[1].Question), got.Rows[2].Prompt())
	require.Empty(t, got.Rows[3].Golds)

	s := got.Summary
	require.Equal(t, map[Kind]int{KindAnswer: 2, KindClosed: 1, KindRefusal: 1}, s.Rows)
	require.Equal(t, map[Context]int{Present: 1, Absent: 2}, s.Contexts)
	require.Equal(t, map[Verdict]int{Correct: 2, Incorrect: 7}, s.Verdicts[ArmRead])
	require.Equal(t, 1, s.Known)
	require.Len(t, model.requests, s.Calls)
	require.Equal(t, 3*3+2, s.Calls, "three arms of three questions; the judge on four and ten against 9")
	require.Equal(t, 3, s.Decisions[ByJudge], "four came twice")
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
	_, err := Generate(t.Context(), model, search, questions[:1],
		GenerateOptions{Seed: 5, Judge: JudgeOptions{Votes: -1}})
	require.NoError(t, err)
	require.Len(t, model.requests, 3)
	seeds := map[uint64]bool{}
	for _, req := range model.requests {
		require.Equal(t, 3, req.Samples)
		require.Equal(t, 1.0, req.Temperature)
		require.Equal(t, 128, req.MaxTokens)
		seeds[req.Seed] = true
	}
	require.Len(t, seeds, 3, "each arm has its own seed")

	questions, search, model = inn()
	_, err = Generate(t.Context(), model, search, questions[:1],
		GenerateOptions{Closed: -1, Refuse: 1, GreedyFirst: true, Temperature: 0.5, Judge: JudgeOptions{Votes: -1}})
	require.NoError(t, err)
	var asked []string
	for _, req := range model.requests {
		asked = append(asked, fmt.Sprint(armOf(req), req.Samples, req.Temperature))
	}
	require.Equal(t, []string{"read1 0", "read2 0.5", "refuse1 0.5"}, asked)
}

// What a question gives depends on the seed, the question and the options,
// not on its neighbours or the size of the batch.
func TestGenerateDoesNotDependOnTheBatch(t *testing.T) {
	questions, search, _ := inn()
	run := func(batch int, seed uint64, questions []Question) []Row {
		model := &fakeModel{reply: func(req ChatRequest, sample int) ChatSample {
			return says(fmt.Sprint("Sorry, I do not know, ", deriveSeed(req.Seed, fmt.Sprint(sample))))
		}}
		got, err := Generate(t.Context(), model, search, questions, GenerateOptions{Batch: batch, Seed: seed, Policy: PolicyOptions{MaxRefusals: 1}})
		require.NoError(t, err)
		return got.Rows
	}
	one := run(1, 1, questions)
	require.Equal(t, one, run(3, 1, questions))
	require.Equal(t, one[1:], run(3, 1, questions[1:]))
	require.NotEqual(t, one, run(1, 2, questions))
}

func TestGenerateWithholds(t *testing.T) {
	questions, _, _ := inn()
	search := fixedSearch{all: []retriever.Hit{
		passage("inn.md", "The Blue Inn", "It has nine rooms.", 0), passage("a.md", "A", "Old.", 0), passage("b.md", "B", "New.", 0)}}
	got, err := Generate(t.Context(), alwaysSays("Sorry, I do not know."), search, questions,
		GenerateOptions{Passages: 2, Withhold: 1, Policy: PolicyOptions{MaxRefusals: 1}})
	require.NoError(t, err)
	require.Equal(t, Absent, got.Rows[0].Context)
	require.True(t, got.Rows[0].Provenance.Withheld)
	require.Len(t, got.Rows[0].Chunks, 2, "the next best takes the place")
	require.Equal(t, "a.md", got.Rows[0].Chunks[0].Source)
	require.False(t, got.Rows[2].Provenance.Withheld, "nothing to withhold")
}

func TestGenerateReportsDropped(t *testing.T) {
	questions, search, _ := inn()
	got, err := Generate(t.Context(), alwaysSays("Ann"), search, questions, GenerateOptions{})
	require.NoError(t, err)
	require.Empty(t, got.Rows)
	require.Equal(t, map[string]DropReason{"rooms": DropNoRefusal, "capital": DropNoRefusal, "owner": DropNoRefusal}, got.Dropped)
	require.Equal(t, map[DropReason]int{DropNoRefusal: 3}, got.Summary.Dropped)
	require.Zero(t, got.Summary.SecondsPerRow)

	got, err = Generate(t.Context(), alwaysSays("Sorry, I do not know."), search, questions, GenerateOptions{})
	require.NoError(t, err)
	require.Equal(t, map[DropReason]int{DropRefusalCap: 3}, got.Summary.Dropped, "without answers the cap takes all")
}

func TestGenerateRefusesBadInput(t *testing.T) {
	questions, search, model := inn()
	_, err := Generate(t.Context(), model, search, nil, GenerateOptions{})
	require.ErrorIs(t, err, ErrNoQuestions)
	_, err = Generate(t.Context(), model, search, append(questions, questions[0]), GenerateOptions{})
	require.ErrorContains(t, err, `two questions have the id "rooms"`)
	_, err = Generate(t.Context(), model, search, []Question{{Question: "Who?"}}, GenerateOptions{})
	require.ErrorContains(t, err, `question 1 ("Who?") has no id`)

	broken := errors.New("disk on fire")
	_, err = Generate(t.Context(), model, fixedSearch{err: broken}, questions, GenerateOptions{})
	require.ErrorIs(t, err, broken)
	require.ErrorContains(t, err, "search for question rooms")
	model.before = func(int) error { return broken }
	_, err = Generate(t.Context(), model, search, questions, GenerateOptions{})
	require.ErrorIs(t, err, broken)
	require.ErrorContains(t, err, "questions rooms to owner")
}

func TestGenerateStopsWhenCancelled(t *testing.T) {
	questions, search, model := inn()
	ctx, cancel := context.WithCancel(t.Context())
	calls := 0
	_, err := Generate(ctx, model, search, questions, GenerateOptions{Batch: 1, Progress: func(p Progress) {
		calls = model.calls
		cancel()
	}})
	require.ErrorIs(t, err, context.Canceled)
	require.Positive(t, calls)
	require.Equal(t, calls, model.calls, "nothing was asked after the first batch")
}

// A model that breaks its contract must not shift answers between questions.
type shortModel struct{ *fakeModel }

func (m shortModel) Chat(ctx context.Context, reqs []ChatRequest) ([]ChatResponse, error) {
	responses, err := m.fakeModel.Chat(ctx, reqs)
	return responses[:len(responses)-1], err
}

func TestGenerateChecksTheModel(t *testing.T) {
	questions, search, model := inn()
	_, err := Generate(t.Context(), shortModel{model}, search, questions, GenerateOptions{})
	require.ErrorContains(t, err, "8 responses")
}

func TestGenerateFitsTheContext(t *testing.T) {
	questions, search, model := inn()
	fits := 1
	opts := GenerateOptions{Policy: PolicyOptions{MaxRefusals: 1}}
	got, err := Generate(t.Context(), limited{model, &fits}, search, questions, opts)
	require.NoError(t, err)
	require.Len(t, got.Rows, 3)
	require.Equal(t, 3, got.Summary.Shortened)
	for i, row := range got.Rows {
		require.Equal(t, Prompts{}.ReadMessages(questions[i].Question, search.all[:1]), row.Prompt())
		require.Len(t, row.Chunks, 1)
		require.Len(t, row.Candidates, 9, "those of failed tries are not kept")
	}

	fits = 0
	got, err = Generate(t.Context(), limited{model, &fits}, search, questions, opts)
	require.NoError(t, err)
	require.Equal(t, map[DropReason]int{DropTooLong: 3}, got.Summary.Dropped)
}

func TestGenerationResumesAfterAKill(t *testing.T) {
	questions, search, undisturbed := inn()
	opts := GenerateOptions{Batch: 1, Seed: 4, Policy: PolicyOptions{MaxRefusals: 1}}
	want, err := Generate(t.Context(), undisturbed, search, questions, opts)
	require.NoError(t, err)
	total := len(undisturbed.requests)

	cached := func(m Model, dir string) Model {
		c, err := NewCachedModel(m, dir)
		require.NoError(t, err)
		t.Cleanup(func() { require.NoError(t, c.Close()) })
		return c
	}
	killed := errors.New("killed")
	for stop := 1; stop <= undisturbed.calls; stop++ {
		dir := t.TempDir()
		_, _, first := inn()
		first.before = func(call int) error {
			if call == stop {
				return killed
			}
			return nil
		}
		_, err = Generate(t.Context(), cached(first, dir), search, questions, opts)
		require.ErrorIs(t, err, killed)

		_, _, second := inn()
		got, err := Generate(t.Context(), cached(second, dir), search, questions, opts)
		require.NoError(t, err)
		require.Equal(t, want.Rows, got.Rows)
		require.Equal(t, total, len(first.requests)+len(second.requests), "stopped at call %d", stop)
		require.Equal(t, len(first.requests), got.Summary.Cached)

		_, _, third := inn()
		got, err = Generate(t.Context(), cached(third, dir), search, questions, opts)
		require.NoError(t, err)
		require.Zero(t, third.calls)
		require.Equal(t, want.Rows, got.Rows)
	}
}
