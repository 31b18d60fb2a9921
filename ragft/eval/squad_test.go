package eval

import (
	"strings"
	"testing"

	"github.com/ragft/ragft/ragft/answer"
	"github.com/ragft/ragft/ragft/question"
	"github.com/stretchr/testify/require"
)

// Worked by hand from the steps of the script: lower, remove punctuation, remove articles, split.
func TestSQuADMetrics(t *testing.T) {
	for in, want := range map[string]string{
		"The Mill":              "mill",
		"well-known":            "wellknown",
		"12.5 m":                "125 m",
		"U.S.A.":                "usa",
		"$5 a day":              "5 day",
		"1912–1915":             "1912–1915", // the dash is not ASCII, and stays
		"Ada’s":                 "ada’s",
		"«The Lion»":            "« lion»",
		"ﬁne":                   "ﬁne",     // no NFKC
		"théa a l’an":           "théa l’", // a word within a word is none; after ’ one begins
		"the a an":              "",
		"non\u00a0breaking\x1f": "non breaking",
		"A-the":                 "athe",
	} {
		require.Equal(t, want, strings.Join(answer.SquadTokens(in), " "), in)
	}
	require.True(t, answer.SquadExactMatch("12.5", []string{"125"}), "as the script has it")
	require.False(t, answer.ExactMatch("12.5", []string{"125"}))
	require.False(t, answer.SquadExactMatch("well known", []string{"well-known"}))
	require.True(t, answer.ExactMatch("well known", []string{"well-known"}))
	require.True(t, answer.SquadExactMatch("the Old Mill!", []string{"inn", "old mill"}))
	require.False(t, answer.SquadExactMatch("", []string{"mill", "the"}), "an empty gold answer counts only where there is no other")
	require.True(t, answer.SquadExactMatch("an", []string{"the"}))

	// wellknown inn against well known inn: one word in common, P 1/2, R 1/3.
	require.InDelta(t, 0.4, answer.SquadF1("the well-known inn", []string{"well known inn"}), 1e-12)
	require.Equal(t, 1.0, answer.F1("the well-known inn", []string{"well known inn"}))
	require.Equal(t, 1.0, answer.SquadF1("the", []string{"a"}))
	require.Zero(t, answer.SquadF1("", []string{"mill"}))
	require.InDelta(t, 2.0/3, answer.SquadF1("mill mill", []string{"inn", "mill"}), 1e-12) // P 1/2, R 1

	// The metrics follow the script, the verdict does not.
	q := question.Question{Question: "Q?", Answer: "well-known"}
	r := Record{Answer: "well known"}
	r.Verdict = decide(t, r.Answer, q).Verdict
	r.score(q)
	require.Equal(t, answer.Correct, r.Verdict)
	require.False(t, r.ExactMatch)
	require.Zero(t, r.F1)
}
