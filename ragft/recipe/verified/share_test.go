package verified_test

import (
	"context"
	"testing"

	"github.com/ragft/ragft/internal/fake"
	"github.com/ragft/ragft/ragft/opt"
	"github.com/ragft/ragft/ragft/question"
	"github.com/ragft/ragft/ragft/recipe"
	"github.com/ragft/ragft/ragft/recipe/verified"
	"github.com/ragft/ragft/retriever"
	"github.com/stretchr/testify/require"
)

// byText finds the passages of a shelf with their texts as ids, as in an index a passage is the same for all questions.
type byText struct{ fake.Shelf }

func (s byText) Search(ctx context.Context, query string, k int) ([]retriever.Hit, error) {
	hits, err := s.Shelf.Search(ctx, query, k)
	for i := range hits {
		hits[i].ID = hits[i].Text
	}
	return hits, err
}

// Questions about one passage show the same passages in the same order, as long as that does not change what they show.
func TestQuestionsAboutOnePassageShareWhatIsShown(t *testing.T) {
	const mill, old, village, inn = "The mill is run by Mara Venn and was built in 1890.", "The mill is old.",
		"The village has a mill.", "An old inn."
	in := recipe.Input{
		Model: newPupil(nil), Passages: 2,
		Search: byText{fake.Shelf{
			"Who runs the mill?":            {old, mill},
			"When was the mill built?":      {mill, village},
			"Who painted the mill?":         {mill, village},
			"What is old?":                  {mill, inn},
			"Where does Mara Venn live?":    {village, old},
			"Which river drives the mills?": {village, mill},
		}},
		Questions: []question.Question{
			{ID: "who", Question: "Who runs the mill?", Answer: "Mara Venn"},
			{ID: "when", Question: "When was the mill built?", Answer: "1890"},
			{ID: "painted", Question: "Who painted the mill?", Unanswerable: true},
			{ID: "old", Question: "What is old?", Answer: "An old inn"},
			{ID: "where", Question: "Where does Mara Venn live?", Unanswerable: true},
			{ID: "river", Question: "Which river drives the mills?", Answer: "the village"},
		},
	}
	r, err := verified.Recipe{Pairs: opt.Of(0.0), Draws: opt.Of(0)}.Rows(t.Context(), in)
	require.NoError(t, err)
	of := byID(t, r.Rows)
	for id, want := range map[string][]string{
		"who": {old, mill}, "when": {old, mill}, "painted": {old, mill},
		"old":   {mill, inn},    // of the same head, but its answer is not in what the others are shown
		"where": {village, old}, // the first about the village
		"river": {village, old}, // held by the village's passage
	} {
		var shown []string
		for _, c := range of[id+"/verified"].Chunks {
			shown = append(shown, c.ID)
		}
		require.Equal(t, want, shown, id)
	}
	require.Equal(t, "1890", of["when/verified"].Response())
	require.Equal(t, "refusal", of["painted/verified"].Made)
	when := of["when/verified"].Chunks
	require.Equal(t, 2.0, when[1].Score, "the score is that of its own search")
	require.Zero(t, when[0].Score, "which did not find the other passage among the first two")
}
