//go:build cgo

package ragft_test

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/ragft/ragft/internal/metric"
	"github.com/ragft/ragft/ragft/answer"
	"github.com/ragft/ragft/ragft/assistant"
	"github.com/ragft/ragft/ragft/opt"
	"github.com/ragft/ragft/ragft/question"
)

// The rule is fitted on questions that no row asks, travels in the adapter, and decides in an assistant.
func TestRuleFromTrainingToAnswer(t *testing.T) {
	c := tiny(t)
	all, err := question.ReadFile("../examples/quickstart/questions.jsonl")
	require.NoError(t, err)
	require.NoError(t, question.WriteFile(c.Questions, all))
	c.TestShare = opt.Of(0.2)
	p := open(t, c)
	_, err = p.Index(t.Context())
	require.NoError(t, err)
	_, err = p.Demonstrate(t.Context())
	require.NoError(t, err)
	list, err := p.ReadRows()
	require.NoError(t, err)
	train, _, err := p.Split()
	require.NoError(t, err)
	asked := map[string]bool{}
	for _, row := range list {
		asked[row.QuestionID] = true
	}
	require.LessOrEqual(t, len(asked), len(train)-20, "at least 20 questions are kept")

	r, err := p.Train(t.Context())
	require.NoError(t, err)
	require.NotNil(t, r.Rule, r.NoRule)
	n := r.Rule.Calibration
	require.Positive(t, n.Held)
	require.Positive(t, n.Without)
	require.LessOrEqual(t, float64(n.Declined), 0.1*float64(n.Held))
	require.NoError(t, r.Rule.Check())
	settings, err := assistant.ReadAdapter(r.Adapter)
	require.NoError(t, err)
	require.Equal(t, r.Rule, settings.Rule)
	require.Equal(t, c.Passages, settings.Passages)
	again, err := p.Train(t.Context())
	require.NoError(t, err)
	require.True(t, again.UpToDate)
	require.Equal(t, r.Rule, again.Rule)

	a, err := p.Assistant(t.Context())
	require.NoError(t, err)
	reply, err := a.Answer(t.Context(), train[0].Question)
	require.NoError(t, err)
	require.Equal(t, reply.Chance < r.Rule.Threshold, reply.Reason == assistant.ReasonDeclined)
	require.True(t, reply.Chance >= 0 && reply.Chance <= 1)

	found, err := p.Evaluate(t.Context())
	require.NoError(t, err)
	untuned := found.Systems[len(found.Systems)-1]
	require.Equal(t, "base, with a rule", untuned.Name)
	require.NotEqual(t, r.Rule, untuned.Rule, "it is fitted to the base")
	require.Equal(t, r.Rule.Refusal, untuned.Rule.Refusal)
	require.NotEmpty(t, untuned.Tradeoff)
	last := found.Comparisons[len(found.Comparisons)-1]
	require.Equal(t, [2]string{untuned.Name, "tuned"}, [2]string{last.Base, last.Other})

	settings.Rule.Threshold = 1 // declines everything
	require.NoError(t, settings.WriteAdapter(r.Adapter))
	a, err = p.Assistant(t.Context())
	require.NoError(t, err)
	reply, err = a.Answer(t.Context(), train[0].Question)
	require.NoError(t, err)
	require.Equal(t, assistant.ReasonDeclined, reply.Reason)
	require.Equal(t, r.Rule.Refusal, reply.Text)

	// Robustness and scales are of the same systems as the table.
	measured := c
	measured.Evaluate.Robustness, measured.Evaluate.RobustnessDistractors = true, []int{1}
	measured.Evaluate.Scales = []float64{0, 1}
	p = open2(t, p, measured)
	found, err = p.Evaluate(t.Context())
	require.NoError(t, err)
	require.Zero(t, found.System("tuned").Estimate(metric.Coverage).Value)
	for i, name := range []string{"base", "tuned"} {
		require.Equal(t, name, found.Robustness[i].System)
		require.Equal(t, found.System(name).Estimate(metric.Coverage), found.Sweep.Points[i].Estimate(metric.Coverage), name)
	}
	outcomes := 0
	for _, change := range found.Robustness[1].Changes {
		for _, o := range change.Outcomes {
			outcomes++
			require.Equal(t, [2]answer.Verdict{answer.Refused, answer.Refused}, [2]answer.Verdict{o.From, o.To}, change.Name)
		}
	}
	require.Positive(t, outcomes)
	p = open2(t, p, c)

	// As after a kill between the two: the settings of the adapter are not those that were recorded, its weights are.
	again, err = p.Train(t.Context())
	require.NoError(t, err)
	require.Equal(t, r.Seconds, again.Seconds, "it is not trained again")
	require.Equal(t, r.Rule, again.Rule, "the rule is fitted again")

	c.Assistant.Decide = opt.Of(false)
	p = open2(t, p, c)
	a, err = p.Assistant(t.Context())
	require.NoError(t, err)
	reply, err = a.Answer(t.Context(), train[0].Question)
	require.NoError(t, err)
	require.NotEqual(t, assistant.ReasonDeclined, reply.Reason)
}

// Rows neither ask the questions that the rule is fitted on nor show the passages that answer them.
func TestRowsDoNotShowWhatTheRuleIsFittedOn(t *testing.T) {
	c := tiny(t)
	c.Documents = t.TempDir()
	trades := []string{"baker", "smith", "tailor", "miller", "printer", "potter", "cooper", "weaver", "glazier", "tanner"}
	var all []question.Question
	for i := range 30 {
		trade, year := trades[i%10], 1700+7*i
		name := fmt.Sprintf("house-%d.md", i)
		text := fmt.Sprintf("The house at number %d was built in %d by a %s, whose family lived there.\n", i+100, year, trade)
		require.NoError(t, os.WriteFile(filepath.Join(c.Documents, name), []byte(text), 0o600))
		when, who := fmt.Sprintf("When was number %d built?", i+100), fmt.Sprintf("Who built number %d?", i+100)
		all = append(all,
			question.Question{ID: fmt.Sprint(i, "a"), Question: when, Answer: fmt.Sprint(year), Group: name},
			question.Question{ID: fmt.Sprint(i, "b"), Question: who, Answer: trade, Group: name})
	}
	require.NoError(t, question.WriteFile(c.Questions, all))
	c.TestShare = opt.Of(0.0)
	p := open(t, c)
	_, err := p.Index(t.Context())
	require.NoError(t, err)
	_, err = p.Demonstrate(t.Context())
	require.NoError(t, err)
	list, err := p.ReadRows()
	require.NoError(t, err)
	asked, shown := map[string]bool{}, map[string]bool{}
	for _, row := range list {
		asked[row.QuestionID] = true
		for _, chunk := range row.Chunks {
			shown[filepath.Base(chunk.Source)] = true
		}
	}
	kept := 0
	for i := 0; i < len(all); i += 2 {
		require.Equal(t, asked[all[i].ID], asked[all[i+1].ID], "a group is kept as a whole")
		require.Equal(t, asked[all[i].ID], shown[all[i].Group], all[i].Group)
		if !asked[all[i].ID] {
			kept += 2
		}
	}
	require.Equal(t, 20, kept)
}
