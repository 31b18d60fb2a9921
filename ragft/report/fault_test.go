package report

import (
	"testing"

	"github.com/ragft/ragft/internal/fake"
	"github.com/ragft/ragft/internal/fixture"
	"github.com/ragft/ragft/internal/metric"
	"github.com/ragft/ragft/ragft/eval"
	"github.com/ragft/ragft/ragft/question"
	"github.com/stretchr/testify/require"
)

// In the village the mill, the inn and the tower have their answer shown, the boat has not. Tuned answers mill and tower
// correctly and declines both others: one answer lost on either side.
func TestFault(t *testing.T) {
	village := fixture.Village()
	equal := "tuned, documents gets 2 of 4 answerable questions wrong or declines them; " +
		"the passage with the answer was not shown for 1 of them, and shown for 1."
	e := resultsOf(t, village)
	require.Equal(t, "Search and model lose equally many answers: "+equal, e.Fault())
	require.Contains(t, e.Text(), "Search and model lose equally many answers")
	require.Contains(t, writtenReport(t, e, Info{}), equal)

	shelf := village.Search.(fake.Shelf)
	inn := village.Questions[1].Question
	passages := shelf[inn]
	shelf[inn] = nil
	require.Equal(t, "Improve the search first: tuned, documents gets 2 of 4 answerable questions wrong or declines them; "+
		"the passage with the answer was not shown for 2 of them, and shown for 0.", resultsOf(t, village).Fault())
	shelf[inn] = passages

	shelf[village.Questions[3].Question] = []string{"The boat belongs to Ada Lind."}
	require.Equal(t, "Improve the model first: tuned, documents gets 2 of 4 answerable questions wrong or declines them; "+
		"the passage with the answer was not shown for 0 of them, and shown for 2.", resultsOf(t, village).Fault())

	village.Questions = []question.Question{village.Questions[0], village.Questions[2], village.Questions[4]}
	require.Equal(t, "Neither search nor model loses an answer: tuned, documents answers all 2 answerable questions correctly.",
		resultsOf(t, village).Fault())
	village.Questions = village.Questions[1:]
	require.Equal(t, "Neither search nor model loses an answer: tuned, documents answers the only answerable question correctly.",
		resultsOf(t, village).Fault())
	village.Questions = village.Questions[1:]
	require.Empty(t, resultsOf(t, village).Fault(), "no question is answerable")
}

// Without an adapter the base with retrieval counts, and without retrieval nothing is known of the search.
func TestFaultOfTheSystemThatSearched(t *testing.T) {
	village := fixture.Village()
	village.Systems = []eval.System{village.Systems[0], village.Systems[2]}
	village.Compare = []eval.Pair{{Base: "base, documents", Other: "base alone"}}
	require.Contains(t, resultsOf(t, village).Fault(), "base, documents gets 2 of 4 answerable questions wrong")

	village.Systems, village.Compare = village.Systems[1:], nil
	e := resultsOf(t, village)
	require.Empty(t, e.Fault())
	require.False(t, e.Systems[0].Estimate(metric.Shown).Defined(), "nothing was shown")
	require.Empty(t, (&Results{Evaluation: &eval.Evaluation{}}).Fault())
}

func TestUnread(t *testing.T) {
	e := resultsOf(t, fixture.Village())
	require.Empty(t, e.Unread())
	require.NotContains(t, e.Text(), "another language")
	e.UnreadLanguage = "it"
	require.Contains(t, e.Text(), "another language (it)")
	require.Contains(t, writtenReport(t, e, Info{}), "another language (it)")
	e.UnreadLanguage = "de"
	require.Contains(t, e.Text(), "only 76 % of replies")
}
