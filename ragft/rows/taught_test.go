package rows_test

import (
	"testing"

	"github.com/ragft/ragft/internal/fixture"
	"github.com/ragft/ragft/ragft/model"
	"github.com/ragft/ragft/ragft/question"
	"github.com/ragft/ragft/ragft/rows"
	"github.com/stretchr/testify/require"
)

func TestTaught(t *testing.T) {
	r := []rows.Row{{ID: "r", Question: "What do you know about the Red Mill?",
		Messages: append(fixture.ClosedPrompt("x"), model.Message{Role: model.RoleAssistant, Content: "Mara Venn runs the Red Mill."})}}
	taught, notTaught, leaked := rows.Taught([]question.Question{
		{ID: "taught", Question: "Who runs the Red Mill?", Answer: "Mara Venn"},
		{ID: "leaked", Question: "What do you know about the red mill", Answer: "Mara Venn"},
		{ID: "elsewhere", Question: "Who won chess in Tolsay?", Answer: "Mara Venn"},
		{ID: "withheld", Question: "When was the Red Mill built?", Answer: "1820"},
		{ID: "no answer", Question: "Who painted the Red Mill?", Unanswerable: true},
	}, r, question.LeakOptions{})
	ids := func(questions []question.Question) (out []string) {
		for _, q := range questions {
			out = append(out, q.ID)
		}
		return out
	}
	require.Equal(t, []string{"taught"}, ids(taught))
	require.Equal(t, []string{"leaked"}, ids(leaked))
	require.Equal(t, []string{"elsewhere", "withheld"}, ids(notTaught))
}
