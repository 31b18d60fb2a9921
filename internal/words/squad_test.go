package words

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// Worked by hand from the steps of the script: lower case, remove punctuation, remove articles, split.
func TestSQuADMetrics(t *testing.T) {
	for in, want := range map[string]string{
		"The Mill":              "mill",
		"well-known":            "wellknown",
		"12.5 m":                "125 m",
		"U.S.A.":                "usa",
		"$5 a day":              "5 day",
		"1912–1915":             "1912–1915", // the dash is not ASCII and stays
		"Ada’s":                 "ada’s",
		"«The Lion»":            "« lion»",
		"ﬁne":                   "ﬁne",     // no NFKC
		"théa a l’an":           "théa l’", // articles are whole words; a word begins after ’
		"the a an":              "",
		"non\u00a0breaking\x1f": "non breaking",
		"A-the":                 "athe",
	} {
		require.Equal(t, want, strings.Join(squadTokens(in), " "), in)
	}
	require.True(t, SquadExactMatch("12.5", []string{"125"}), "as in the script")
	require.False(t, SquadExactMatch("well known", []string{"well-known"}))
	require.True(t, SquadExactMatch("the Old Mill!", []string{"inn", "old mill"}))
	require.False(t, SquadExactMatch("", []string{"mill", "the"}), "an empty gold answer counts only where there is no other")
	require.True(t, SquadExactMatch("an", []string{"the"}))

	// wellknown inn against well known inn: one word in common, P 1/2, R 1/3.
	require.InDelta(t, 0.4, SquadF1("the well-known inn", []string{"well known inn"}), 1e-12)
	require.Equal(t, 1.0, SquadF1("the", []string{"a"}))
	require.Zero(t, SquadF1("", []string{"mill"}))
	require.InDelta(t, 2.0/3, SquadF1("mill mill", []string{"inn", "mill"}), 1e-12) // P 1/2, R 1
}

// By the hash of a key, questions are divided into those to learn from and those to measure on. It must stay as it is.
func TestKeyHasNeitherSignsNorSlashes(t *testing.T) {
	for in, want := range map[string]string{
		"Is it -5 °C, or 1/2?": "is it 5 °c or 12", "The 24/7 shop": "247 shop", "\u22125": "\u22125", "12.5 well-known": "12.5 well known",
		"这座桥于1912年建成。": "这座桥于1912年建成", "L'Europe": "leurope",
	} {
		require.Equal(t, want, Key(in))
	}
	require.Equal(t, []string{"is", "it", "-5", "°c", "or", "1/2"}, Of("Is it -5 °C, or 1/2?"))
}
