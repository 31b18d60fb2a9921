package recipe_test

import (
	"testing"

	"github.com/ragft/ragft/internal/fake"
	"github.com/ragft/ragft/internal/fixture"
	"github.com/ragft/ragft/ragft/answer"
	"github.com/ragft/ragft/ragft/opt"
	"github.com/ragft/ragft/ragft/question"
	"github.com/ragft/ragft/ragft/recipe"
	"github.com/stretchr/testify/require"
)

// The passage that a data set names is the oracle, and not the first that has the word.
func TestRAFTQuotesTheEvidenceThatIsNamed(t *testing.T) {
	const who, whether = "Who runs the mill?", "Does the mill run at night?"
	in := recipe.Input{
		Search:    fake.Shelf{who: {"A song: Mara Venn, hey.", "It rains.", "The mill is run by Mara Venn. It is loud."}},
		Questions: []question.Question{{ID: "q", Question: who, Answer: "Mara Venn"}},
	}
	made := func() *recipe.Result {
		t.Helper()
		r, err := recipe.RAFT{OracleShare: opt.Of(1.0)}.Rows(t.Context(), in)
		require.NoError(t, err)
		return r
	}
	require.Contains(t, made().Rows[0].Response(), "hey", "without evidence, the best passage with the answer")
	in.Evidence = fixture.GivenEvidence("q", "The mill is run by Mara Venn. It is loud.")
	row := made().Rows[0]
	require.Equal(t, "The document says: \"The mill is run by Mara Venn.\"\nAnswer: Mara Venn", row.Response())
	require.Len(t, row.Chunks, 2, "the other passage with the answer is no distractor")
	in.Evidence = fixture.GivenEvidence("q", "Mara Venn is the miller of the mill on Orrin.")
	require.Contains(t, made().Rows[0].Response(), "hey", "where the search does not find the evidence")

	in.Search = fake.Shelf{whether: {"There is no lamp at night.", "It grinds. Then the mill stands still at night. It is old.", "It rains."}}
	in.Questions = []question.Question{{ID: "q", Question: whether, Answer: "no"}}
	in.Evidence = fixture.GivenEvidence("q", "It grinds. Then the mill stands still at night. It is old.")
	row = made().Rows[0]
	require.Equal(t, "The document says: \"Then the mill stands still at night.\"\nAnswer: no", row.Response())
	require.Equal(t, answer.Present, row.Context)
	require.Len(t, row.Chunks, 3, "a passage with the word no is a distractor")
	in.Evidence = fixture.GivenEvidence("q", "The mill is still from dusk on and all night long.")
	require.Equal(t, map[string]int{"no-oracle": 1}, made().Dropped)
}
