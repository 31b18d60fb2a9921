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
	"github.com/ragft/ragft/ragft/prompt"
	"github.com/ragft/ragft/ragft/question"
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
		"rooms":   {rows.ArmClosed: {"four", "", "four"}, rows.ArmRead: {"ten", "It has nine.", "It has nine."}, rows.ArmRefuse: {"Sorry, I do not know.", "", "nine"}},
		"capital": {rows.ArmClosed: {"Lyon", "It is Paris.", "Nice"}, rows.ArmRead: {"Lyon", "Lyon", "Lyon"}, rows.ArmRefuse: {"Sorry, I do not know.", "x", "y"}},
		"owner":   {rows.ArmClosed: {"Ann", "Bob", "Cyd"}, rows.ArmRead: {"Ann", "Bob", "Cyd"}, rows.ArmRefuse: {"Ann", "Sorry, the documents do not say.", "Bob"}},
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

func TestGenerate(t *testing.T) {
	questions, search, m := inn()
	var progress []model.Progress
	opts := Options{Seed: 5, Batch: 2, Judge: judge.Options{Model: m}, Policy: Policy{MaxRefusals: 0.5, ClosedRows: true},
		Progress: func(p model.Progress) { progress = append(progress, p) }}
	got, err := Generate(t.Context(), m, search, questions, opts)
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
	require.Equal(t, prompt.Set{}.ReadMessages(questions[0].Question, search.All), row.Prompt())
	require.Equal(t, model.RoleAssistant, row.Messages[2].Role)
	require.Equal(t, rows.Target{Arm: rows.ArmRead, Index: 1}, row.Target)
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
			rows.ArmClosed: layout.Hash(prompt.Set{}.ClosedMessages(questions[0].Question)),
			rows.ArmRead:   layout.Hash(row.Prompt()),
			rows.ArmRefuse: layout.Hash(prompt.Set{}.RefuseMessages(questions[0].Question, search.All)),
		}}, row.Provenance)
	require.True(t, got.Rows[1].Known)
	require.Equal(t, answer.Absent, got.Rows[1].Context)
	require.Equal(t, prompt.Set{}.ClosedMessages(questions[1].Question), got.Rows[2].Prompt())
	require.Empty(t, got.Rows[3].Golds)

	s := got.Summary
	require.Equal(t, map[rows.Kind]int{rows.KindAnswer: 2, rows.KindClosed: 1, rows.KindRefusal: 1}, s.Rows)
	require.Equal(t, map[answer.Context]int{answer.Present: 1, answer.Absent: 2}, s.Contexts)
	require.Equal(t, map[answer.Verdict]int{answer.Correct: 2, answer.Incorrect: 7}, s.Verdicts[rows.ArmRead])
	require.Equal(t, 1, s.Known)
	require.Len(t, m.Requests, s.Calls)
	require.Equal(t, 3*3+2, s.Calls, "three arms of three questions; the judge on four and ten against 9")
	require.Equal(t, 3, s.Decisions[decision.Judge], "four came twice")
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
		Options{Seed: 5, Judge: judge.Options{}})
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
	_, err = Generate(t.Context(), model, search, questions[:1],
		Options{Closed: -1, Refuse: 1, GreedyFirst: true, Temperature: 0.5, Judge: judge.Options{}})
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
		got, err := Generate(t.Context(), model, search, questions, Options{Batch: batch, Seed: s, Policy: Policy{MaxRefusals: 1}})
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
	search := fake.Search{All: []retriever.Hit{
		fake.Passage("inn.md", "The Blue Inn", "It has nine rooms.", 0), fake.Passage("a.md", "A", "Old.", 0), fake.Passage("b.md", "B", "New.", 0)}}
	got, err := Generate(t.Context(), fake.AlwaysSays("Sorry, I do not know."), search, questions,
		Options{Passages: 2, Withhold: 1, Policy: Policy{MaxRefusals: 1}})
	require.NoError(t, err)
	require.Equal(t, answer.Absent, got.Rows[0].Context)
	require.True(t, got.Rows[0].Provenance.Withheld)
	require.Len(t, got.Rows[0].Chunks, 2, "the next best takes the place")
	require.Equal(t, "a.md", got.Rows[0].Chunks[0].Source)
	require.False(t, got.Rows[2].Provenance.Withheld, "nothing to withhold")
}

func TestGenerateReportsDropped(t *testing.T) {
	questions, search, _ := inn()
	got, err := Generate(t.Context(), fake.AlwaysSays("Ann"), search, questions, Options{})
	require.NoError(t, err)
	require.Empty(t, got.Rows)
	require.Equal(t, map[string]rows.DropReason{"rooms": rows.DropNoRefusal, "capital": rows.DropNoRefusal, "owner": rows.DropNoRefusal}, got.Dropped)
	require.Equal(t, map[rows.DropReason]int{rows.DropNoRefusal: 3}, got.Summary.Dropped)
	require.Zero(t, got.Summary.SecondsPerRow)

	got, err = Generate(t.Context(), fake.AlwaysSays("Sorry, I do not know."), search, questions, Options{})
	require.NoError(t, err)
	require.Equal(t, map[rows.DropReason]int{DropRefusalCap: 3}, got.Summary.Dropped, "without answers the cap takes all")
}

func TestGenerateRefusesBadInput(t *testing.T) {
	questions, search, model := inn()
	_, err := Generate(t.Context(), model, search, nil, Options{})
	require.ErrorIs(t, err, question.ErrNone)
	_, err = Generate(t.Context(), model, search, append(questions, questions[0]), Options{})
	require.ErrorContains(t, err, `two questions have the id "rooms"`)
	_, err = Generate(t.Context(), model, search, []question.Question{{Question: "Who?"}}, Options{})
	require.ErrorContains(t, err, `question 1 ("Who?") has no id`)

	broken := errors.New("disk on fire")
	_, err = Generate(t.Context(), model, fake.Search{Err: broken}, questions, Options{})
	require.ErrorIs(t, err, broken)
	require.ErrorContains(t, err, "search for question rooms")
	model.Before = func(int) error { return broken }
	_, err = Generate(t.Context(), model, search, questions, Options{})
	require.ErrorIs(t, err, broken)
	require.ErrorContains(t, err, "questions rooms to owner")
}

func TestGenerateStopsWhenCancelled(t *testing.T) {
	questions, search, m := inn()
	ctx, cancel := context.WithCancel(t.Context())
	calls := 0
	_, err := Generate(ctx, m, search, questions, Options{Batch: 1, Progress: func(p model.Progress) {
		calls = m.Calls
		cancel()
	}})
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
	_, err := Generate(t.Context(), shortModel{model}, search, questions, Options{})
	require.ErrorContains(t, err, "8 responses")
}

func TestGenerateFitsTheContext(t *testing.T) {
	questions, search, model := inn()
	fits := 1
	opts := Options{Policy: Policy{MaxRefusals: 1}}
	got, err := Generate(t.Context(), fake.Limited{Model: model, Documents: &fits}, search, questions, opts)
	require.NoError(t, err)
	require.Len(t, got.Rows, 3)
	require.Equal(t, 3, got.Summary.Shortened)
	for i, row := range got.Rows {
		require.Equal(t, prompt.Set{}.ReadMessages(questions[i].Question, search.All[:1]), row.Prompt())
		require.Len(t, row.Chunks, 1)
		require.Len(t, row.Candidates, 9, "those of failed tries are not kept")
	}

	fits = 0
	got, err = Generate(t.Context(), fake.Limited{Model: model, Documents: &fits}, search, questions, opts)
	require.NoError(t, err)
	require.Equal(t, map[rows.DropReason]int{rows.DropTooLong: 3}, got.Summary.Dropped)
}

func TestGenerationResumesAfterAKill(t *testing.T) {
	questions, search, undisturbed := inn()
	opts := Options{Batch: 1, Seed: 4, Policy: Policy{MaxRefusals: 1}}
	want, err := Generate(t.Context(), undisturbed, search, questions, opts)
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
		_, err = Generate(t.Context(), cached(first, dir), search, questions, opts)
		require.ErrorIs(t, err, killed)

		_, _, second := inn()
		got, err := Generate(t.Context(), cached(second, dir), search, questions, opts)
		require.NoError(t, err)
		require.Equal(t, want.Rows, got.Rows)
		require.Equal(t, total, len(first.Requests)+len(second.Requests), "stopped at call %d", stop)
		require.Equal(t, len(first.Requests), got.Summary.Cached)

		_, _, third := inn()
		got, err = Generate(t.Context(), cached(third, dir), search, questions, opts)
		require.NoError(t, err)
		require.Zero(t, third.Calls)
		require.Equal(t, want.Rows, got.Rows)
	}
}

func candidatesOf(verdicts ...answer.Verdict) []rows.Candidate {
	out := make([]rows.Candidate, len(verdicts))
	for i, v := range verdicts {
		out[i] = rows.Candidate{Arm: rows.ArmRead, Index: i, Text: fmt.Sprint(v, " ", i), Verdict: v}
	}
	return out
}

// All three kinds of arXiv 2502.10596, worked by hand.
func TestPreferences(t *testing.T) {
	for _, c := range []struct {
		name       string
		context    answer.Context
		candidates []rows.Candidate
		rejected   int
		want       map[rows.Kind]string
	}{
		{"present", answer.Present, candidatesOf(answer.Correct, answer.Incorrect, answer.Refused, answer.Incorrect), 2,
			map[rows.Kind]string{rows.KindPreferCorrect: "correct 0 > incorrect 1, incorrect 3", rows.KindPreferAnswer: "correct 0 > refused 2"}},
		{"one each", answer.Present, candidatesOf(answer.Incorrect, answer.Correct, answer.Incorrect), 1, map[rows.Kind]string{rows.KindPreferCorrect: "correct 1 > incorrect 0"}},
		{"known, not shown", answer.Absent, candidatesOf(answer.Correct, answer.Incorrect, answer.Refused), 2, map[rows.Kind]string{rows.KindPreferCorrect: "correct 0 > incorrect 1"}},
		{"nothing correct", answer.Absent, candidatesOf(answer.Incorrect, answer.Refused, answer.Incorrect), 9, map[rows.Kind]string{rows.KindPreferRefusal: "refused 1 > incorrect 0, incorrect 2"}},
		{"none asked for", answer.Present, candidatesOf(answer.Correct, answer.Incorrect), 0, map[rows.Kind]string{}},
	} {
		t.Run(c.name, func(t *testing.T) {
			o := Options{Policy: Policy{Preferences: Preferences{Rejected: c.rejected}}}
			g := newGenerator(fake.AlwaysSays(""), fake.Search{}, o)
			d := &draft{question: question.Question{ID: "q", Answer: "x"}, context: c.context, candidates: c.candidates}
			got := map[rows.Kind]string{}
			for _, row := range g.rows(d, g.opts.Policy.choose(d)) {
				if len(row.Rejected) == 0 {
					continue
				}
				require.NoError(t, row.Check())
				var texts []string
				for i, r := range row.Rejected {
					texts = append(texts, r.Content)
					require.Equal(t, r.Content, c.candidates[row.RejectedTargets[i].Index].Text)
				}
				got[row.Kind] = row.Response() + " > " + strings.Join(texts, ", ")
			}
			require.Equal(t, c.want, got)
		})
	}
}

// Empty, cut, undecided and equal texts are nothing to learn from.
func TestPreferencesLeaveOut(t *testing.T) {
	all := candidatesOf(answer.Correct, answer.Incorrect, answer.Incorrect, answer.Incorrect, answer.Incorrect, answer.Incorrect)
	all[1].Text = ""
	all[2].Truncated = true
	all[3].Decision = decision.Undecided
	all[4].Text, all[5].Text = "same", "same"
	d := &draft{candidates: all}
	got := Preferences{Rejected: 9}.rejected(d, &all[0], answer.Incorrect)
	require.Equal(t, []*rows.Candidate{&all[4]}, got)
	all[4].Text, all[5].Text = all[0].Text, all[0].Text
	require.Empty(t, Preferences{Rejected: 9}.rejected(d, &all[0], answer.Incorrect))
}

func TestGenerateOnlyPreferencesUnderTheCap(t *testing.T) {
	questions, search, model := inn()
	got, err := Generate(t.Context(), model, search, questions, Options{Seed: 5, Judge: judge.Options{Model: model},
		Policy: Policy{MaxRefusals: 0.5, Preferences: Preferences{Rejected: 1, Only: true}}})
	require.NoError(t, err)
	var seen []string
	for _, row := range got.Rows {
		seen = append(seen, row.ID+": "+row.Response()+" > "+row.Rejected[0].Content)
	}
	require.Equal(t, []string{
		"rooms/correct>incorrect: It has nine. > ten", "rooms/correct>refusal: It has nine. > Sorry, I do not know.",
		"capital/correct>incorrect: It is Paris. > Lyon", "owner/refusal>incorrect: Sorry, the documents do not say. > Ann"}, seen)
	require.Equal(t, 1, got.Summary.Rows[rows.KindPreferRefusal])

	got, err = Generate(t.Context(), model, search, questions, Options{Seed: 5,
		Policy: Policy{MaxRefusals: -1, Preferences: Preferences{Rejected: 1}}})
	require.NoError(t, err)
	for _, row := range got.Rows {
		require.NotContains(t, []rows.Kind{rows.KindRefusal, rows.KindPreferRefusal}, row.Kind, "the cap takes both")
	}
}

// The judge prefers the text "right" wherever it stands. Empty candidates are
// not shown and keep their places: the published code counts them out of the
// list but not out of the index, and takes the wrong winner.
func TestKnockout(t *testing.T) {
	const knockoutPrompt = "Best: Prediction N"
	j := &fake.Model{Reply: func(req model.Request, _ int) model.Sample {
		user := req.Messages[1].Content
		require.Contains(t, req.Messages[0].Content, knockoutPrompt)
		require.Contains(t, user, "Reference: nine")
		require.NotContains(t, user, "Prediction 4")
		for n := 1; n <= 3; n++ {
			if strings.Contains(user, fmt.Sprintf("Prediction %d: right", n)) {
				return fake.Says(fmt.Sprintf("Best: Prediction %d", n))
			}
		}
		return fake.Says("Best: Prediction 1")
	}}
	for seed := range uint64(30) {
		g := newGenerator(fake.AlwaysSays(""), fake.Search{}, Options{Seed: seed, Judge: judge.Options{Knockout: true, Model: j}})
		d := &draft{question: question.Question{ID: "q", Question: "Rooms?", Answer: "nine rooms"}, context: answer.Present}
		for i, text := range []string{"", "wrong", "", "wrong", "right rooms", "", "wrong", "wrong", "wrong"} {
			d.candidates = append(d.candidates, rows.Candidate{Arm: rows.ArmRead, Index: i, Text: text})
		}
		j.Requests = nil
		require.NoError(t, g.decide(t.Context(), []*draft{d}))
		require.Equal(t, 4, d.winner)
		require.Len(t, j.Requests, 3, "six that say something: two brackets and a final")
		require.Equal(t, decision.Knockout, d.candidates[4].Decision)
		c := g.opts.Policy.choose(d)
		require.Equal(t, rows.KindAnswer, c.kind)
		require.Same(t, &d.candidates[4], c.target)
	}
}

func TestKnockoutAsksAgainAndDrops(t *testing.T) {
	replies := 0
	j := &fake.Model{Reply: func(req model.Request, _ int) model.Sample {
		if replies++; replies < 3 {
			return fake.Says("hm")
		}
		return fake.Says("Best: Prediction 2")
	}}
	g := newGenerator(fake.AlwaysSays(""), fake.Search{}, Options{Judge: judge.Options{Knockout: true, Model: j}})
	d := &draft{question: question.Question{ID: "q", Unanswerable: true}, candidates: []rows.Candidate{
		{Arm: rows.ArmRefuse, Text: "Sorry, I do not know."}, {Arm: rows.ArmRead, Text: "Sorry, I cannot tell."}}}
	require.NoError(t, g.decide(t.Context(), []*draft{d}))
	require.Equal(t, 3, replies)
	require.Equal(t, []float64{0, 0.7, 0.7}, []float64{j.Requests[0].Temperature, j.Requests[1].Temperature, j.Requests[2].Temperature})
	require.NotEqual(t, j.Requests[1].Seed, j.Requests[2].Seed)
	require.Contains(t, j.Requests[0].Messages[1].Content, "Reference: none")
	c := g.opts.Policy.choose(d)
	require.Equal(t, rows.KindRefusal, c.kind)
	require.NotNil(t, c.target)

	g = newGenerator(fake.AlwaysSays(""), fake.Search{}, Options{Judge: judge.Options{Knockout: true, Tries: 2, Model: fake.AlwaysSays("hm")}})
	require.NoError(t, g.decide(t.Context(), []*draft{d}))
	require.Equal(t, DropUnjudged, g.opts.Policy.choose(d).reason)

	// A winner that the strings show to be wrong is no target.
	g = newGenerator(fake.AlwaysSays(""), fake.Search{}, Options{Judge: judge.Options{Knockout: true, Model: fake.AlwaysSays("1")}})
	d = &draft{question: question.Question{ID: "q", Unanswerable: true}, candidates: []rows.Candidate{{Arm: rows.ArmRead, Text: "Ann"}}}
	require.NoError(t, g.decide(t.Context(), []*draft{d}))
	require.Equal(t, DropWrongWinner, g.opts.Policy.choose(d).reason)
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
	_, err := Generate(t.Context(), m, search, many, Options{Batch: 2, Judge: judge.Options{Model: j}})
	require.ErrorIs(t, err, judge.ErrUnread)
	require.ErrorContains(t, err, `mute gave 6 replies, the first of them "As a model, I think"; set the judge's Model`)
	require.Equal(t, 1, j.Calls, "said after the first batch")

	j.Calls = 0
	_, err = Generate(t.Context(), m, search, many, Options{Batch: 2, Judge: judge.Options{Model: j, Knockout: true}})
	require.ErrorIs(t, err, judge.ErrUnread)
	require.ErrorContains(t, err, "set Knockout to false")
	require.Equal(t, 1, j.Calls, "said after the first try of the first batch")
}

func TestSummariseInTwoTurns(t *testing.T) {
	questions, search, _ := inn()
	model := &fake.Model{Reply: func(req model.Request, sample int) model.Sample {
		if len(req.Messages) == 4 {
			require.Equal(t, DefaultSummaryPrompt, req.Messages[3].Content)
			require.Equal(t, model.RoleAssistant, req.Messages[2].Role)
			return fake.Says("short " + req.Messages[2].Content)
		}
		require.Equal(t, 200, req.MaxTokens)
		if sample == 1 {
			return fake.Says("")
		}
		return fake.Says(fmt.Sprint("nine, long draft ", sample))
	}}
	got, err := Generate(t.Context(), model, search, questions[:1], Options{Summarise: true, DraftTokens: 200, Closed: -1, Refuse: -1})
	require.NoError(t, err)
	row := got.Rows[0]
	require.Equal(t, "short nine, long draft 0", row.Response())
	require.Equal(t, prompt.Set{}.ReadMessages(questions[0].Question, search.All), row.Prompt(), "the row is made with the prompt of inference")
	require.Equal(t, "nine, long draft 2", row.Candidates[2].Draft)
	require.Equal(t, 2, row.Candidates[2].Index)
	require.Equal(t, decision.Empty, row.Candidates[1].Decision, "an empty draft keeps its place and costs no call")
	require.Equal(t, 3, got.Summary.Calls)
}

func TestWordingsTakeTurns(t *testing.T) {
	questions, search, _ := inn()
	model := &fake.Model{Reply: func(req model.Request, sample int) model.Sample {
		return fake.Says(req.Messages[0].Content + fmt.Sprint(sample))
	}}
	got, err := Generate(t.Context(), model, search, questions[:1], Options{
		Closed: -1, Read: 5, Refuse: -1, ReadPrompts: []string{"nine A", "nine B"}, Judge: judge.Options{}})
	require.NoError(t, err)
	var texts []string
	for i, c := range got.Rows[0].Candidates {
		require.Equal(t, i, c.Index)
		texts = append(texts, c.Text)
	}
	require.Equal(t, []string{"nine A0", "nine B0", "nine A1", "nine B1", "nine A2"}, texts)
	require.Len(t, got.Rows[0].Provenance.Rendered, 2)
	require.Equal(t, prompt.Default().Read, got.Rows[0].Messages[0].Content)
}

// A model that answers rightly only under an instruction with the word "copy",
// and that proposes it in the second round, from what it proposed in the first.
func manyQuestions(n int) []question.Question {
	var questions []question.Question
	for i := range n {
		questions = append(questions, question.Question{ID: fmt.Sprint(i), Question: "Who?", Answer: "He"})
	}
	return questions
}

func TestOptimisePrompts(t *testing.T) {
	var questions []question.Question
	for i := range 8 {
		questions = append(questions, question.Question{ID: fmt.Sprint(i), Question: fmt.Sprintf("How many rooms has inn %d?", i), Answer: fmt.Sprintf("rooms%d", i)})
	}
	model := &fake.Model{Reply: func(req model.Request, sample int) model.Sample {
		system, user := req.Messages[0].Content, req.Messages[1].Content
		if system == DefaultProposePrompt {
			switch {
			case sample > 0:
				return fake.Says("Always say rooms0 rooms1 rooms2 rooms3 rooms4 rooms5 rooms6 rooms7.") // gives answers away
			case strings.Contains(user, "Instruction: Look"):
				return fake.Says(`Instruction: "Look and copy."`)
			default:
				return fake.Says("Look.")
			}
		}
		number := user[strings.LastIndex(user, "inn ")+4 : len(user)-1]
		if strings.Contains(system, "copy") || strings.Contains(system, "Look") && number < "3" {
			return fake.Says("rooms" + number)
		}
		return fake.Says("zebras")
	}}
	options := SearchOptions{Beam: 4, Rounds: 2, Keep: 2, Best: 2}
	bound, err := options.Estimate(questions)
	require.NoError(t, err)
	found, err := SearchPrompts(t.Context(), model, fake.Search{}, questions, options)
	require.NoError(t, err)
	require.LessOrEqual(t, found.Cost.Calls, bound.Calls)
	require.LessOrEqual(t, found.Cost.Tokens, bound.Tokens)
	whole, err := SearchOptions{Judge: judge.Options{Model: model}}.Estimate(manyQuestions(60))
	require.NoError(t, err)
	require.Equal(t, 2*(2*(30*61+30*6)+21), whole.Calls, "answers with a vote for each, and proposals")
	_, err = options.Estimate(questions[:1])
	require.ErrorIs(t, err, question.ErrNone)
	for _, list := range [][]ScoredPrompt{found.Closed, found.Read} {
		require.Len(t, list, 2)
		require.Equal(t, "Look and copy.", list[0].Text)
		require.Equal(t, 1.0, list[0].Eval)
		require.Equal(t, "Look.", list[1].Text)
	}
	require.Len(t, model.Requests, found.Cost.Calls)
	for _, req := range model.Requests {
		require.NotContains(t, req.Messages[0].Content, "rooms0")
	}
	var o Options
	found.Apply(&o)
	require.Equal(t, []string{"Look and copy.", "Look."}, o.ReadPrompts)

	_, err = SearchPrompts(t.Context(), model, fake.Search{}, questions[:1], SearchOptions{})
	require.ErrorIs(t, err, question.ErrNone)
}

// The read arm is compared with its system message: it cannot be with a template, which has no such.
func TestOptimisePromptsOfOneArm(t *testing.T) {
	questions := manyQuestions(4)
	m := fake.AlwaysSays("He")
	options := SearchOptions{Beam: 1, Rounds: 1, Prompts: prompt.Set{Template: prompt.RADIT}}
	_, err := SearchPrompts(t.Context(), m, fake.Search{}, questions, options)
	require.ErrorContains(t, err, "Prompts.Template is ra-dit")
	_, err = options.Estimate(questions)
	require.ErrorContains(t, err, "Prompts.Template is ra-dit")
	for _, arms := range [][]rows.Arm{{rows.ArmRefuse}, {rows.ArmClosed, rows.ArmClosed}} {
		_, err = SearchOptions{Arms: arms}.Estimate(questions)
		require.ErrorContains(t, err, "OptimiseOptions.Arms has")
	}
	require.Empty(t, m.Requests)

	both, err := SearchOptions{Beam: 1, Rounds: 1}.Estimate(questions)
	require.NoError(t, err)
	options.Arms = []rows.Arm{rows.ArmClosed}
	one, err := options.Estimate(questions)
	require.NoError(t, err)
	require.Equal(t, both.Calls, 2*one.Calls)
	var last model.Progress
	options.Progress = func(p model.Progress) { last = p }
	found, err := SearchPrompts(t.Context(), m, fake.Search{All: fake.InnHits()}, questions, options)
	require.NoError(t, err)
	require.Equal(t, last.Total, last.Done)
	require.NotEmpty(t, found.Closed)
	require.Empty(t, found.Read)
	for _, req := range m.Requests {
		require.NotContains(t, req.Messages[1].Content, "Document ")
	}
	options = SearchOptions{Beam: 1, Rounds: 1, Arms: []rows.Arm{rows.ArmRead}}
	found, err = SearchPrompts(t.Context(), m, fake.Search{All: fake.InnHits()}, questions, options)
	require.NoError(t, err)
	require.Empty(t, found.Closed)
	require.NotEmpty(t, found.Read)
}

// What is too long to be shown does not keep the closed arm from an answer.
func TestOptimiseClosedPromptsWithoutPassages(t *testing.T) {
	model := &fake.Counting{Scripted: fake.Scripted{Called: "m", Other: "He"}, Context: 200}
	found := fake.Search{All: []retriever.Hit{fake.Passage("a.md", "A", strings.Repeat("long ", 300), 0)}}
	best, err := SearchPrompts(t.Context(), model, found, manyQuestions(4), SearchOptions{Beam: 1, Rounds: 1, MaxTokens: 5, ProposalTokens: 5})
	require.NoError(t, err)
	require.Equal(t, []float64{1, 1}, []float64{best.Closed[0].Train, best.Closed[0].Eval})
	require.Equal(t, []float64{0, 0}, []float64{best.Read[0].Train, best.Read[0].Eval})
}
