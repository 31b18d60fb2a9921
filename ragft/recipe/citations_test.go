package recipe

import (
	"slices"
	"testing"

	"github.com/ragft/ragft/internal/fake"
	"github.com/ragft/ragft/ragft/answer"
	"github.com/ragft/ragft/ragft/question"
	"github.com/ragft/ragft/retriever"
	"github.com/stretchr/testify/require"
)

func TestQuotesWithinQuotes(t *testing.T) {
	const sentence = `Ann Lee said "nobody stays hungry here" and opened the “Blue Inn” in 1912.`
	oracle := fake.Passage("inn.md", "", "It is old. "+sentence+" It is full.", 0)
	target := quoteTarget(question.Question{Question: "Who opened the inn?", Answer: "Ann Lee"}, oraclesOf(question.Question{Answer: "Ann Lee"}, []retriever.Hit{oracle}))
	require.Equal(t, "The document says: \"Ann Lee said 'nobody stays hungry here' and opened the “Blue Inn” in 1912.\"\nAnswer: Ann Lee", target)
	for _, a := range []string{
		target,
		`The document says: "` + sentence + `"`,
		`The document says: “` + sentence + `”`,
		`("` + sentence + `")`,
		"He never closes \"this mark, but `" + `"` + sentence + `"` + "`.",
	} {
		places, nowhere := answer.Cite("", a, []retriever.Hit{oracle})
		require.Empty(t, nowhere, a)
		require.Len(t, places, 1, a)
		require.False(t, places[0].Attributed, a)
		require.Equal(t, sentence, places[0].Quote, a)
	}
	places, nowhere := answer.Cite("", `"`+"`"+`"nobody stays hungry here"`+"`"+`, said Ann Tom Fox Lee"`, []retriever.Hit{oracle})
	require.Empty(t, slices.DeleteFunc(places, func(c answer.Citation) bool { return c.Attributed }))
	require.Len(t, nowhere, 1, "a true quote within a false one is not counted for itself")
}
