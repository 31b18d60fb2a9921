package eval_test

import (
	"testing"

	"github.com/ragft/ragft/internal/fake"
	"github.com/ragft/ragft/internal/fixture"
	"github.com/ragft/ragft/internal/metric"
	"github.com/ragft/ragft/ragft/answer"
	"github.com/ragft/ragft/ragft/eval"
	"github.com/ragft/ragft/ragft/model"
	"github.com/ragft/ragft/ragft/question"
	"github.com/stretchr/testify/require"
)

// Worked by hand. Six answerable questions, each with the two passages of the inn.
func TestCitationMetrics(t *testing.T) {
	hits := fake.InnHits()
	found := fake.FixedHits(hits)
	ask := func(id, answer string) question.Question {
		return question.Question{ID: id, Question: id + " inn", Answer: answer}
	}
	parts := question.Question{ID: "parts", Question: "parts inn", Answer: "Ann Lee, Dunmore", Parts: [][]string{{"Ann Lee"}, {"Dunmore"}}}
	e := fixture.Evaluated(t, eval.Config{
		Systems: []eval.System{{Name: "s", Setting: eval.SettingRetrieval, Model: &fake.Scripted{Called: "m", Answers: map[string]model.Sample{
			"quote inn":   {Text: `"It was opened in 1912 by Ann Lee." So Ann Lee.`},                 // 1 of 1, recalled
			"false inn":   {Text: `"It was opened by Ann Lee, they say." Ann Lee.`},                  // 0 of 1
			"both inn":    {Text: `"It was opened in 1912 by Ann Lee." "Ann Lee is very old now." `}, // 1 of 2, recalled
			"none inn":    {Text: "Ann Lee"},                                                         // 0 of 0
			"beyond inn":  {Text: "Ann Lee [7]"},                                                     // 0 of 1
			"parts inn":   {Text: "Ann Lee opened it [2] in Dunmore."},                               // 1 of 1: a part, so not recalled
			"nothing inn": {Text: "It was Ann Lee [2]."},                                             // not answerable
		}}}},
		Questions: []question.Question{
			ask("quote", "Ann Lee"),
			ask("false", "Ann Lee"),
			ask("both", "Ann Lee"),
			ask("none", "Ann Lee"),
			ask("beyond", "Ann Lee"),
			parts,
			ask("nothing", ""),
		},
		Search: found, Resamples: 10,
	})
	s := e.Systems[0]
	for i, r := range s.Records[:6] {
		require.Equal(t, answer.Correct, r.Verdict, e.Questions[i].ID)
		require.Equal(t, answer.Present, r.Context, e.Questions[i].ID)
	}
	require.InDelta(t, 3.0/6, s.Estimate(metric.CitationPrecision).Value, 1e-12) // 1 + 0 + 1 + 0 + 0 + 1 of 1 + 1 + 2 + 0 + 1 + 1
	require.InDelta(t, 2.0/6, s.Estimate(metric.CitationRecall).Value, 1e-12)
	require.True(t, s.Records[3].Citations[0].Attributed, "shown, and not counted")
	require.Equal(t, []string{"Ann Lee is very old now."}, s.Records[2].CitedNowhere)
	require.Equal(t, []string{"[7]"}, s.Records[4].CitedNowhere)
}
