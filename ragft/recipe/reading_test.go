package recipe

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"github.com/ragft/ragft/internal/fake"
	"github.com/ragft/ragft/ragft/model"
	"github.com/ragft/ragft/ragft/opt"
	"github.com/ragft/ragft/ragft/prompt"
	"github.com/ragft/ragft/ragft/question"
	"github.com/ragft/ragft/ragft/rows"
	"github.com/stretchr/testify/require"
)

// A prompt that is too long costs its row a distractor, whether or not the oracle is shown, or the row, but not the recipe.
func TestRAFTFitsTheContext(t *testing.T) {
	m := &fake.Counting{Scripted: fake.Scripted{Called: "m", Other: fake.Decline}, Context: 1000}
	in, search := Input{Model: m}, fake.Shelf{}
	for i := range 40 {
		q := question.Question{ID: fmt.Sprint(i), Question: fmt.Sprintf("Who keeps inn %d?", i), Answer: "Ann"}
		search[q.Question] = []string{"Ann keeps the inn.", "It rains all day.", "It snows all night.", "It hails at noon."}
		in.Questions = append(in.Questions, q)
	}
	in.Search = search
	made := func(r RAFT) (map[rows.Kind]map[int]int, *Result) {
		t.Helper()
		out, err := r.Rows(t.Context(), in)
		require.NoError(t, err)
		shown := map[rows.Kind]map[int]int{rows.KindAnswer: {}, rows.KindRefusal: {}}
		for _, row := range out.Rows {
			shown[row.Kind][len(row.Chunks)]++
			require.Len(t, row.Chunks, strings.Count(row.Messages[1].Content, "Document "))
		}
		return shown, out
	}
	self := RAFT{OracleShare: opt.Of(0.5), WhenAbsent: "self", MaxTokens: 5}
	all, _ := made(self)
	require.Positive(t, all[rows.KindAnswer][4])
	q := in.Questions[0]
	two, err := m.CountTokens(q.ReadMessages(prompt.Set{}, fake.HitsOf(t, search, q.Question)[:2]))
	require.NoError(t, err)
	m.Context = two + 5
	few, out := made(self)
	require.Positive(t, few[rows.KindAnswer][2])
	require.Positive(t, few[rows.KindRefusal][2])
	require.Equal(t, 40, few[rows.KindAnswer][2]+few[rows.KindRefusal][2], "whether the oracle is shown or not")
	require.Len(t, out.Rows, 40)
	m.Context = 5
	_, out = made(self)
	require.Equal(t, map[string]int{"too-long": 40}, out.Dropped)

	// One that cannot count refuses the prompts that it is asked, and shows in the end what one that counts shows.
	fits := 2
	in.Model = fake.Limited{Model: fake.AlwaysSays(fake.Decline), Documents: &fits}
	cost, err := self.Estimate(in)
	require.NoError(t, err)
	refused, out := made(self)
	require.Equal(t, few, refused)
	require.Empty(t, out.Dropped)
	require.LessOrEqual(t, out.Cost.Calls, cost.Calls)
	fits = 4
	refused, out = made(self)
	require.Equal(t, all, refused)
	require.Equal(t, refused[rows.KindRefusal][3], out.Cost.Calls, "the rows with the oracle ask nothing where all fit")
	fits = 0
	_, out = made(self)
	require.Equal(t, map[string]int{"too-long": 40}, out.Dropped)
	_, out = made(RAFT{OracleShare: opt.Of(1.0), Reason: true})
	require.Equal(t, map[string]int{"too-long": 40}, out.Dropped)

	// What the model wrote of the oracle stays where the row loses its distractors.
	fits = 2
	const reason = `As "Ann keeps the inn." says, Ann.`
	in.Model = fake.Limited{Model: &fake.Model{Reply: func(req model.Request, _ int) model.Sample {
		if fake.Instruction(req.Messages) == reasonPrompt {
			return fake.Says(reason)
		}
		return fake.Says(fake.Decline)
	}}, Documents: &fits}
	self.Reason = true
	cost, err = self.Estimate(in)
	require.NoError(t, err)
	reasoned, out := made(self)
	require.Equal(t, few, reasoned)
	require.LessOrEqual(t, out.Cost.Calls, cost.Calls)
	for _, row := range out.Rows {
		if row.Kind == rows.KindAnswer {
			require.Equal(t, reason+"\nAnswer: Ann", row.Response())
			require.Contains(t, row.Messages[1].Content, "Ann keeps the inn.")
			require.NotEmpty(t, row.Provenance.Model)
		}
	}
}

// Where only some questions have a passage that is too long, it and those after it are left out by the same rule with the
// oracle as without.
func TestRAFTFitsMixedPassages(t *testing.T) {
	in, search := Input{Model: noLong{fake.AlwaysSays(fake.Decline)}}, fake.Shelf{}
	for i := range 80 {
		q := question.Question{ID: fmt.Sprint(i), Question: fmt.Sprintf("Who keeps inn %d?", i), Answer: "Ann"}
		search[q.Question] = []string{"Ann keeps the inn.", "It rains all day.", "It snows all night.", "It hails at noon.",
			"It is foggy at dawn."}
		if i%2 == 0 {
			search[q.Question][2] = "A long story."
		}
		in.Questions = append(in.Questions, q)
	}
	in.Search = search
	out, err := RAFT{OracleShare: opt.Of(0.5), WhenAbsent: "self"}.Rows(t.Context(), in)
	require.NoError(t, err)
	require.Equal(t, 80, len(out.Rows), out.Dropped)
	for i, row := range out.Rows {
		want := 4
		if i%2 == 0 {
			if want = 2; row.Kind == rows.KindRefusal {
				want = 1 // no oracle goes before the long one
			}
		}
		require.Len(t, row.Chunks, want, "%d %s", i, row.Kind)
	}
}

// noLong takes no prompt with the long passage.
type noLong struct{ *fake.Model }

func (m noLong) Chat(ctx context.Context, reqs []model.Request) ([]model.Response, error) {
	for _, req := range reqs {
		if strings.Contains(req.Messages[1].Content, "long") {
			return nil, model.ErrPromptTooLong
		}
	}
	return m.Model.Chat(ctx, reqs)
}
