package report

import (
	"testing"

	"github.com/ragft/ragft/ragft/eval"
	"github.com/stretchr/testify/require"
)

func TestFlipSides(t *testing.T) {
	mill, inn, swapped := eval.Document{
		ID:    "m",
		Title: "Mill",
		Text:  "The mill is run by Mara Venn. It is old.",
	}, eval.Document{
		ID:     "i",
		Source: "inn.md",
		Text:   "The inn.",
	},
		eval.Document{
			ID:    "m",
			Title: "Mill",
			Text:  "The mill is run by Ada. It is old.",
		}
	notes := func(s flipSide) (out []string) {
		for _, p := range s.Passages {
			out = append(out, p.Title+" "+p.Note)
		}
		return out
	}
	sides := flipSides([]eval.Document{mill, inn}, []eval.Document{swapped, inn})
	require.Equal(t, []string{"Mill changed", "inn.md unchanged"}, notes(sides[1]))
	require.Equal(t, []flipPart{{"The mill is run by ", false}, {"Mara Venn. ", true}, {"It is old.", false}}, sides[0].Passages[0].Parts)
	require.Equal(t, []flipPart{{"The mill is run by ", false}, {"Ada. ", true}, {"It is old.", false}}, sides[1].Passages[0].Parts)
	require.Empty(t, sides[1].Passages[1].Parts, "what is equal is not shown twice")

	sides = flipSides([]eval.Document{mill, inn}, []eval.Document{inn})
	require.Equal(t, []string{"Mill removed", "inn.md then number 1"}, notes(sides[0]))
	require.Equal(t, []string{"inn.md was number 2"}, notes(sides[1]))
	require.Equal(t, []string{"Mill new"}, notes(flipSides(nil, []eval.Document{mill})[1]))
	require.Equal(t, []string{"inn.md unchanged", "inn.md repeated"}, notes(flipSides([]eval.Document{inn}, []eval.Document{inn, inn})[1]))
	require.Empty(t, flipSides(nil, nil))
}
