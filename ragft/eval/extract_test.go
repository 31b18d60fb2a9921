package eval_test

import (
	"testing"

	"github.com/ragft/ragft/internal/fake"
	"github.com/ragft/ragft/internal/fixture"
	"github.com/ragft/ragft/ragft/answer"
	"github.com/ragft/ragft/ragft/eval"
	"github.com/ragft/ragft/ragft/question"
	"github.com/ragft/ragft/retriever"
	"github.com/stretchr/testify/require"
)

func TestExtractAndQuotedCitations(t *testing.T) {
	const q = "Who runs the mill?"
	m := &fake.Scripted{Called: "m", Other: "The document says: \"The mill is run by Mara Venn.\"\nAnswer: Mara Venn"}
	e := fixture.Evaluated(t, eval.Config{
		Systems:   []eval.System{{Name: "s", Model: m, Setting: eval.SettingRetrieval, Extract: answer.Final}},
		Questions: []question.Question{{ID: "mill", Question: q, Answer: "Mara Venn"}},
		Search:    fake.Shelf{q: {"The mill is old.", "So wide.  The mill is\nrun by Mara Venn. So loud."}}, Resamples: 10,
	})
	r := e.Systems[0].Records[0]
	require.True(t, r.ExactMatch)
	require.Equal(t, m.Other, r.Text)
	require.Equal(t, 1, r.Cited)
	require.Equal(t, 1, r.CitedRight)

	hit := retriever.Hit{}
	hit.Start, hit.Text = 100, "So wide.  The mill is\nrun by Mara Venn. So loud."
	hit.End = 100 + len(hit.Text)
	citations, _ := answer.Cite(q, `He is "Mara Venn", since “The mill is run by Mara Venn.”`, []retriever.Hit{hit})
	require.Len(t, citations, 1, "a name in quotation marks is no evidence")
	require.Equal(t, "The mill is\nrun by Mara Venn.", citations[0].Quote)
	require.Equal(t, 110, citations[0].Start)
}
