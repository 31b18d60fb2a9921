package report

import (
	"bytes"
	"strings"
	"testing"

	"github.com/ragft/ragft/internal/stats"
	"github.com/ragft/ragft/internal/table"
	"github.com/ragft/ragft/ragft/answer"
	"github.com/ragft/ragft/ragft/eval/robust"
	"github.com/stretchr/testify/require"
)

// outcomes reads "a cc, b ci!": the verdicts before and after by their first letters, ! where the answer followed it.
func outcomes(t *testing.T, text string) (out []robust.Outcome) {
	t.Helper()
	verdicts := map[byte]answer.Verdict{'c': answer.Correct, 'i': answer.Incorrect, 'r': answer.Refused}
	for one := range strings.SplitSeq(text, ", ") {
		id, moved, _ := strings.Cut(one, " ")
		out = append(
			out,
			robust.Outcome{QuestionID: id, From: verdicts[moved[0]], To: verdicts[moved[1]], Followed: strings.HasSuffix(moved, "!")},
		)
	}
	return out
}

func TestCompareRobustness(t *testing.T) {
	followed := stats.ExactShare(0, 6)
	base := &robust.Result{System: "base", Changes: []robust.Change{
		{Name: "order reversed", Outcomes: outcomes(t, "a cc, b ci, c cr, d ii, e cc, f rr, alone ci")},
		{Name: "answer swapped", Followed: followed, Outcomes: outcomes(t, "a ci!, b ci!, c cc")},
		{Name: "passages doubled", Outcomes: outcomes(t, "a ci, b ci, c ci, d ci, e ci, f ci, g ci, h ci")},
		{Name: "0 distractors", Outcomes: outcomes(t, "alone ci")},
		{Name: "1 distractors", Outcomes: outcomes(t, "a ci")},
	}}
	tuned := &robust.Result{System: "tuned", Changes: []robust.Change{
		{Name: "order reversed", Outcomes: outcomes(t, "f rc, e ci, d ci, c cc, b cc, a cc, other ci")}, // in another order
		{Name: "answer swapped", Followed: followed, Outcomes: outcomes(t, "a cc, b cc, c cc")},
		{Name: "passages doubled", Outcomes: outcomes(t, "a cc, b cc, c cc, d cc, e cc, f cc, g cc, h cc")},
		{Name: "0 distractors", Outcomes: outcomes(t, "a ci")},
	}}
	for _, r := range []*robust.Result{base, tuned} {
		for i := range r.Changes {
			r.Changes[i].N = len(r.Changes[i].Outcomes)
			require.NoError(t, r.Changes[i].Recompute())
		}
	}
	const resamples, seed = 200, 1 // as those of measured
	tuned.Compare(base, resamples, seed)
	require.Equal(t, "base", tuned.Base)
	require.Len(t, tuned.Differences, 3, "of the others nothing is known of both")

	// Of a to f the base flips on b and c, the tuned model on d, e and f; McNemar for 2 against 3 is 1.
	d := tuned.Differences[0].Flipped
	require.Equal(t, []int{6, 2, 3}, []int{d.Estimate.N, d.OnlyBase, d.OnlyOther})
	require.InDelta(t, 1.0/3, *d.Before, 1e-12)
	require.InDelta(t, 1.0/2, *d.After, 1e-12)
	require.InDelta(t, 1.0/6, d.Estimate.Value, 1e-12)
	require.InDelta(t, 1, *d.P, 1e-12)
	require.Equal(t, []any{stats.ByMcNemar, stats.NoDifference}, []any{d.Test, d.Finding})
	require.Less(t, d.Estimate.Low, 0.0)
	require.Greater(t, d.Estimate.High, 1.0/6)
	// Both had a, b, c and e right: the base loses b and c of these, the tuned model e.
	d = tuned.Differences[0].Lost
	require.Equal(t, []int{4, 2, 1}, []int{d.Estimate.N, d.OnlyBase, d.OnlyOther})
	require.InDelta(t, -0.25, d.Estimate.Value, 1e-12)
	require.Equal(t, stats.NotMeasured, tuned.Differences[0].Followed.Finding, "nothing was put there")
	// Two of three followed it, and none: 2 x (1/2)^2.
	d = tuned.Differences[1].Followed
	require.InDelta(t, -2.0/3, d.Estimate.Value, 1e-12)
	require.InDelta(t, 0.5, *d.P, 1e-12)
	// All eight, and none: 2 x (1/2)^8, and the exact interval of eight equal differences, -1 + 2 (1 - 0.025^(1/8)).
	d = tuned.Differences[2].Flipped
	require.Equal(t, stats.Lower, d.Finding)
	require.InDelta(t, 2.0/256, *d.P, 1e-12)
	require.Equal(t, -1.0, d.Estimate.Low)
	require.InDelta(t, -0.2612, d.Estimate.High, 1e-4)

	// Shown in the table and the report, and kept in both files.
	e := measured(t)
	e.Robustness = []*robust.Result{base, tuned}
	var text strings.Builder
	require.NoError(t, tuned.WriteTable(&text))
	require.Regexp(t, `passages doubled +flipped +8 +100 +0\.0 +-100 +-100\.\.-26\.1 +0\.008 +lower`, text.String())
	require.Regexp(t, `\n +lost +4 +50\.0 +25\.0 +-25\.0 .* no difference shown`, text.String())
	for _, line := range strings.Split(text.String(), "\n") {
		require.LessOrEqual(t, len(line), table.Width)
	}
	page := writtenReport(t, e, Info{})
	require.Contains(t, page, "tuned minus base, over the questions whose passages the change affected for both")
	require.Regexp(t, `passages doubled<small>flipped; n = 8</small></th><td>100</td><td>0.0</td>`, page)
	require.Equal(t, 1, strings.Count(page, "tuned minus base"), "base is compared with nothing")

	var kept bytes.Buffer
	require.NoError(t, e.writeAnswers(&kept))
	again, err := readAnswers(t.Context(), "", &kept)
	require.NoError(t, err)
	require.Equal(t, tuned.Changes[0].Outcomes, again.Robustness[1].Changes[0].Outcomes)
	require.Equal(t, inJSON(t, e), inJSON(t, again))
	require.NotEmpty(t, tuned.Changes[0].Outcomes, "what was written stays as it is")
}

// A person who corrects outcomes has shares, moves, flips and differences by them. The base flips on all eight, the tuned
// model on none; with six of the eight corrected, the base flips on two: McNemar for 2 against 0 is 2 x (1/2)^2.
func TestOutcomesCorrectedByHand(t *testing.T) {
	ids := strings.Split("abcdefgh", "")
	base, tuned := robust.Change{Name: "answer swapped"}, robust.Change{Name: "answer swapped"}
	for _, id := range ids {
		base.Outcomes = append(base.Outcomes, robust.Outcome{QuestionID: id, From: answer.Correct, To: answer.Incorrect, Followed: true})
		base.Flips = append(base.Flips, robust.Flip{QuestionID: id, From: answer.Correct, To: answer.Incorrect, Before: "Mara", After: "Tom"})
		tuned.Outcomes = append(tuned.Outcomes, robust.Outcome{QuestionID: id, From: answer.Correct, To: answer.Correct, Followed: false})
	}
	for _, c := range []*robust.Change{&base, &tuned} {
		c.N, c.Followed = len(ids), stats.ExactShare(0, len(ids))
		require.NoError(t, c.Recompute())
	}
	e := measured(t)
	e.Robustness = []*robust.Result{{System: "base", Changes: []robust.Change{base}}, {System: "tuned", Changes: []robust.Change{tuned}}}
	e.Robustness[1].Compare(e.Robustness[0], e.Resamples, e.Seed)
	require.Equal(t, stats.Lower, e.Robustness[1].Differences[0].Flipped.Finding)
	var kept bytes.Buffer
	require.NoError(t, e.writeAnswers(&kept))
	again, err := readAnswers(t.Context(), "", strings.NewReader(kept.String()))
	require.NoError(t, err)
	require.Equal(t, inJSON(t, e), inJSON(t, again))

	outcome := func(id string) string {
		return `"outcome":{"question_id":"` + id + `","from":"correct","to":"incorrect","followed":true}`
	}
	flip := func(id string) string { return `"flip":{"question_id":"` + id + `","from":"correct","to":"incorrect",` }
	edited := kept.String()
	for _, id := range ids[:6] {
		for _, old := range []string{outcome(id), flip(id)} {
			require.Equal(t, 1, strings.Count(edited, old))
			edited = strings.Replace(edited, old, strings.ReplaceAll(old, `"incorrect"`, `"correct"`), 1)
		}
	}
	edited = strings.Replace(edited, outcome("g"), strings.Replace(outcome("g"), `,"followed":true`, "", 1), 1)
	again, err = readAnswers(t.Context(), "", strings.NewReader(edited))
	require.NoError(t, err)
	p := again.Robustness[0].Changes[0]
	require.Equal(
		t,
		[]stats.Estimate{stats.ExactShare(2, 8), stats.ExactShare(2, 8), stats.ExactShare(7, 8), stats.ExactShare(6, 8), stats.ExactShare(0, 8)},
		[]stats.Estimate{p.Flipped, p.Lost, p.Followed, p.Correct, p.Refused},
	)
	require.Equal(t, map[answer.Verdict]map[answer.Verdict]int{answer.Correct: {answer.Correct: 6, answer.Incorrect: 2}}, p.Moves)
	require.Len(t, p.Flips, 2)
	require.Equal(t, "g", p.Flips[0].QuestionID)
	d := again.Robustness[1].Differences[0]
	require.InDelta(t, -0.25, d.Flipped.Estimate.Value, 1e-12)
	require.InDelta(t, 0.5, *d.Flipped.P, 1e-12)
	require.Equal(t, stats.NoDifference, d.Flipped.Finding)
	require.InDelta(t, -7.0/8, d.Followed.Estimate.Value, 1e-12)

	for _, c := range []struct{ old, to, want string }{
		{outcome("a"), strings.Replace(outcome("a"), `"incorrect"`, `"correct"`, 1),
			`robustness of "base", answer swapped: the flip of question "a" is from correct to incorrect, ` +
				`but its outcome is from correct to correct: correct both`},
		{flip("a"), strings.Replace(flip("a"), `"incorrect"`, `"refused"`, 1), "correct both"},
		{flip("a"), flip("z"), `the flip of question "z" has no outcome`},
		{outcome("a"), strings.Replace(outcome("a"), `"incorrect"`, `"perhaps"`, 1), `verdicts "correct" and "perhaps"`},
		{outcome("a"), outcome("b"), `two outcomes of question "b"`},
		{`"base":"base"`, `"base":"other"`, `compared with that of "other"`},
	} {
		require.Equal(t, 1, strings.Count(kept.String(), c.old), c.old)
		_, err = readAnswers(t.Context(), "", strings.NewReader(strings.Replace(kept.String(), c.old, c.to, 1)))
		require.ErrorContains(t, err, c.want)
	}
	lines := strings.SplitAfter(kept.String(), "\n")
	_, err = readAnswers(t.Context(), "", strings.NewReader(strings.Join(lines[:len(lines)-2], "")))
	require.ErrorContains(t, err, `7 outcomes of 8 questions`)
}
