package selfdemo

import (
	"fmt"
	"strings"
	"testing"

	"github.com/ragft/ragft/internal/decision"
	"github.com/ragft/ragft/internal/fake"
	"github.com/ragft/ragft/ragft/answer"
	"github.com/ragft/ragft/ragft/judge"
	"github.com/ragft/ragft/ragft/opt"
	"github.com/ragft/ragft/ragft/question"
	"github.com/ragft/ragft/ragft/recipe"
	"github.com/ragft/ragft/ragft/rows"
	"github.com/stretchr/testify/require"
)

func candidatesOf(verdicts ...answer.Verdict) []rows.Candidate {
	out := make([]rows.Candidate, len(verdicts))
	for i, v := range verdicts {
		out[i] = rows.Candidate{Arm: armRead, Index: i, Text: fmt.Sprint(v, " ", i), Verdict: v}
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
			map[rows.Kind]string{preferCorrect: "correct 0 > incorrect 1, incorrect 3", preferAnswer: "correct 0 > refused 2"}},
		{"one each", answer.Present, candidatesOf(answer.Incorrect, answer.Correct, answer.Incorrect), 1,
			map[rows.Kind]string{preferCorrect: "correct 1 > incorrect 0"}},
		{"known, not shown", answer.Absent, candidatesOf(answer.Correct, answer.Incorrect, answer.Refused), 2,
			map[rows.Kind]string{preferCorrect: "correct 0 > incorrect 1"}},
		{"nothing correct", answer.Absent, candidatesOf(answer.Incorrect, answer.Refused, answer.Incorrect), 9,
			map[rows.Kind]string{preferRefusal: "refused 1 > incorrect 0, incorrect 2"}},
		{"none asked for", answer.Present, candidatesOf(answer.Correct, answer.Incorrect), 0, map[rows.Kind]string{}},
	} {
		t.Run(c.name, func(t *testing.T) {
			o := Recipe{Policy: Policy{Preferences: Preferences{Rejected: c.rejected}}}
			g := newGenerator(recipe.Input{Model: fake.AlwaysSays("")}, o)
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
	got, err := generate(t.Context(), model, search, questions, Recipe{Judge: judge.Options{Model: model},
		Policy: Policy{MaxRefusals: opt.Of(0.5), Preferences: Preferences{Rejected: 1, Only: true}}}, func(in *recipe.Input) { in.Seed = 5 })
	require.NoError(t, err)
	var seen []string
	for _, row := range got.rows {
		seen = append(seen, row.ID+": "+row.Response()+" > "+row.Rejected[0].Content)
	}
	require.Equal(t, []string{
		"rooms/correct>incorrect: It has nine. > ten", "rooms/correct>refusal: It has nine. > Sorry, I do not know.",
		"capital/correct>incorrect: It is Paris. > Lyon", "owner/refusal>incorrect: Sorry, the documents do not say. > Ann"}, seen)
	require.Equal(t, 1, got.summary.rows[preferRefusal])

	got, err = generate(t.Context(), model, search, questions,
		Recipe{Policy: Policy{MaxRefusals: opt.Of(0.0), Preferences: Preferences{Rejected: 1}}}, func(in *recipe.Input) { in.Seed = 5 })
	require.NoError(t, err)
	for _, row := range got.rows {
		require.NotContains(t, []rows.Kind{rows.KindRefusal, preferRefusal}, row.Kind, "the cap takes both")
	}
}
