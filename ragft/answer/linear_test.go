package answer

import (
	"fmt"
	"strings"
	"testing"

	"github.com/ragft/ragft/internal/fake"
	"github.com/stretchr/testify/require"
)

// An answer ten times as long takes at most about ten times the work, whatever it is made of.
func TestWorkOfCitingIsLinear(t *testing.T) {
	hits := fake.InnHits()
	for name, part := range map[string]func(i int) string{
		"words":            func(i int) string { return fmt.Sprintf("word%d ", i) },
		"numbers":          func(i int) string { return fmt.Sprintf("%d ", i) },
		"sentences":        func(i int) string { return fmt.Sprintf("The inn was opened by guest number %d. ", i) },
		"equal sentences":  func(int) string { return "It was opened in 1912. " },
		"markers":          func(int) string { return "[1]" },
		"markers apart":    func(i int) string { return fmt.Sprintf("fact %d [1, 2] ", i) },
		"unknown markers":  func(i int) string { return fmt.Sprintf("fact [%d] ", 3+i%900) },
		"quotes":           func(int) string { return "“opened in 1912 by Ann Lee” " },
		"quotes of nobody": func(i int) string { return fmt.Sprintf("“never said by anybody %d” ", i) },
		"quotes, markers":  func(i int) string { return fmt.Sprintf("“never said by anybody %d” [1][2] ", i) },
		"open quotes":      func(int) string { return "“never closed by anybody " },
		"nested quotes":    func(i int) string { return strings.Repeat("“a b c d ", i%50) + strings.Repeat("”", i%50) },
		"code":             func(int) string { return "`list`[1] " },
	} {
		t.Run(name, func(t *testing.T) {
			work := func(size int) (steps, bytes int) {
				var text strings.Builder
				for i := 0; text.Len() < size; i++ {
					text.WriteString(part(i))
				}
				c := newCiter("Who opened the inn in 1912?", hits)
				if places, _ := c.written(text.String()); len(places) == 0 {
					c.attributed(text.String())
				}
				return c.looked, text.Len()
			}
			small, ofSmall := work(3_000)
			large, ofLarge := work(30_000)
			require.LessOrEqual(t, float64(large)/float64(ofLarge), 1.5*float64(small+100)/float64(ofSmall), "%d and %d", small, large)
		})
	}
}

// A word is looked at so far only, and of quotes within quotes the outer one counts.
func TestLongAnswersAreRead(t *testing.T) {
	require.Equal(t, "list", lastWord("a list"))
	require.LessOrEqual(t, len(lastWord(strings.Repeat("x", 100_000))), longestWord)
	require.Len(t, quotations(strings.Repeat("“a b c d ", 10_000)+strings.Repeat("”", 10_000)), 1)
	require.Len(t, markers(strings.Repeat("[1]", 40_000)), 40_000)
	require.Empty(t, markers("`"+strings.Repeat("[1]", 10)+"`"))
}
