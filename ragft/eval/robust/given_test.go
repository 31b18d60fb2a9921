package robust

import (
	"strings"
	"testing"

	"github.com/ragft/ragft/internal/fake"
	"github.com/ragft/ragft/internal/fixture"
	"github.com/ragft/ragft/ragft/answer"
	"github.com/ragft/ragft/ragft/eval"
	"github.com/ragft/ragft/ragft/model"
	"github.com/ragft/ragft/ragft/question"
	"github.com/ragft/ragft/retriever"
	"github.com/stretchr/testify/require"
)

// What came with a question is shown: the turns before it in every setting, the distractors and the altered passages in
// place of those that are found.
func TestEvaluateShowsWhatCameWithAQuestion(t *testing.T) {
	history := []model.Message{
		{Role: model.RoleUser, Content: "Do they play cards?"},
		{Role: model.RoleAssistant, Content: "Yes, on Sundays."},
	}
	given := func(text string) retriever.Hit { return fake.Passage("set", text, text, 0) }
	m := &fake.Model{Reply: func(req model.Request, _ int) model.Sample {
		if strings.Contains(req.Messages[len(req.Messages)-1].Content, "In Rome.") {
			return fake.Says("Rome")
		}
		return fake.Says("London")
	}}
	config := eval.Config{
		Questions: []question.Question{{ID: "where", Question: "Where?", Answer: "London", History: history}},
		Search:    fake.Shelf{"Where?": {"They play in London.", "They play often."}}, Passages: 2, Resamples: 10,
		Distractors: map[string][]retriever.Hit{"where": {given("They dance.")}},
	}
	for _, s := range []eval.Setting{eval.SettingClosed, eval.SettingRetrieval, eval.SettingDistractors} {
		config.Systems = append(config.Systems, eval.System{Name: "in " + string(s), Model: m, Setting: s})
	}
	config.Systems = append(config.Systems, eval.System{Name: "votes", Model: m, Setting: eval.SettingRetrieval, Ensemble: &answer.Ensemble{}})
	fixture.Evaluated(t, config)
	for _, req := range m.Requests {
		require.Equal(t, history, req.Messages[1:3])
		require.Contains(t, req.Messages[3].Content, "Where?")
	}
	require.Len(t, m.Requests, 5)
	require.Contains(t, m.Requests[2].Messages[3].Content, "They dance.")
	require.NotContains(t, m.Requests[2].Messages[3].Content, "They play")

	config.Systems = config.Systems[1:2]
	r, err := Run(
		t.Context(),
		config,
		Options{Altered: map[string]question.Altered{"where": {Shown: []retriever.Hit{given("In Rome.")}, False: "Rome"}}},
	)
	require.NoError(t, err)
	altered := r.Changes[len(r.Changes)-1]
	require.Equal(t, "evidence altered", altered.Name)
	require.Equal(t, []float64{1, 1, 1}, []float64{float64(altered.N), altered.Flipped.Value, altered.Followed.Value})
	r, err = Run(t.Context(), config, Options{})
	require.NoError(t, err)
	require.NotEqual(t, "evidence altered", r.Changes[len(r.Changes)-1].Name)
}
