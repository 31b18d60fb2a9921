package main

import (
	"math"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/ragft/ragft/internal/fake"
	"github.com/ragft/ragft/ragft/answer"
	"github.com/ragft/ragft/ragft/assistant"
	"github.com/ragft/ragft/retriever"
)

// What stands before a source is the number in the answer, whatever the order there.
func TestSourcesAreNumberedAsInTheAnswer(t *testing.T) {
	hits := []retriever.Hit{
		fake.Passage("mill.md", "The mill", "It was built in 1912 by Ann Lee.", 0),
		fake.Passage("light.md", "The light", "Osk Varley keeps the light at Dunmore.", 0),
	}
	list := func(text string) (lines []string, markers []int) {
		a := &assistant.Answer{Text: text, Confidence: math.NaN(), Chance: math.NaN(), Hits: hits}
		a.Citations, _ = answer.Cite("Who keeps the light, and when was it built?", text, hits)
		var out strings.Builder
		require.NoError(t, writeCitations(&out, a))
		for _, line := range strings.Split(strings.TrimSpace(out.String()), "\n") {
			before, _, _ := strings.Cut(line, ",")
			lines = append(lines, before)
		}
		for _, c := range toJSON("", a).Citations {
			markers = append(markers, c.Marker)
		}
		return lines, markers
	}
	lines, markers := list("Osk Varley keeps it [2]. It was built in 1912 [1].")
	require.Equal(t, []string{"[2] light.md", "[1] mill.md"}, lines)
	require.Equal(t, []int{2, 1}, markers)
	lines, _ = list(`"Osk Varley keeps the light at Dunmore". It was built in 1912 [1].`)
	require.Equal(t, []string{"[-] light.md", "[1] mill.md"}, lines, "a quote without a number")
	lines, markers = list("Osk Varley keeps the light. It was built in 1912.")
	require.Equal(t, []string{"[1] light.md", "[2] mill.md"}, lines, "no numbers in the answer")
	require.Equal(t, []int{0, 0}, markers)
}
