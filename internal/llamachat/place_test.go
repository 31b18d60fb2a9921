//go:build cgo

package llamachat

import (
	"testing"

	"github.com/stretchr/testify/require"
)

// A token is in the characters that its bytes are part of, as a text has them that is cut where a character begins.
func TestPlace(t *testing.T) {
	for _, c := range []struct {
		tokens []string
		want   [][2]int
	}{
		{[]string{"a", "bc", "", "é"}, [][2]int{{0, 1}, {1, 3}, {3, 3}, {3, 5}}},
		{[]string{"\xe2", "\x82", "\xac", "x"}, [][2]int{{0, 1}, {0, 1}, {0, 3}, {3, 4}}},  // €
		{[]string{"\xe2", "\xe2\x82"}, [][2]int{{0, 1}, {3, 4}}},                           // U+FFFD, and half a €
		{[]string{"\xff", "\xc3", "a"}, [][2]int{{0, 3}, {3, 4}, {6, 7}}},                  // U+FFFD twice
		{[]string{"\xf0\x9f", "", "\x98\x80"}, [][2]int{{0, 1}, {0, 0}, {0, 4}}},           // an emoji
		{[]string{"x\xe2\x82", "\xacy\xe2", "\x82\xac"}, [][2]int{{0, 2}, {1, 6}, {5, 8}}}, // two of them
	} {
		var p Place
		for i, token := range c.tokens {
			from, to := p.Add(token)
			require.Equal(t, c.want[i], [2]int{from, to}, "%q, token %d", c.tokens, i)
		}
	}
}

// Marks that are control tokens are put where they belong in the text, although that comes later.
func TestHiddenMarksOfTextThatIsHeldBack(t *testing.T) {
	s := &answerStream{}
	s.Begun()
	require.Empty(t, s.push("a thou"))
	s.place.Add("a thought")
	s.marks = append(s.marks, hiddenMark{s.place.End, "</think>"})
	require.Empty(t, s.push(""), "the text before the mark has not come")
	require.Equal(t, "Ada", s.push("ght\n\nAda"))
	require.Equal(t, " Lee", s.push(" Lee"))

	s = &answerStream{}
	s.marks = append(s.marks, hiddenMark{1, "<|x|>"})
	require.Equal(t, " Ada", s.push(" Ada"), "a control token that is no mark")
}

func TestNumbersComeBack(t *testing.T) {
	for _, x := range []float64{0, 0.1, 0.7, 0.95, 1, 2, 1e-3} {
		require.Equal(t, x, Float64(Float32(x)))
	}
}
