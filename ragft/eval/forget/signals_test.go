package forget

import (
	"context"
	"testing"

	"github.com/ragft/ragft/internal/fake"
	"github.com/ragft/ragft/internal/signals"
	"github.com/ragft/ragft/ragft/confidence"
	"github.com/ragft/ragft/ragft/eval"
	"github.com/ragft/ragft/ragft/eval/probe"
	"github.com/ragft/ragft/ragft/eval/robust"
	"github.com/ragft/ragft/ragft/model"
	"github.com/ragft/ragft/ragft/question"
	"github.com/stretchr/testify/require"
)

// Measurements that only look at answers do not collect signals.
func TestSignalsAreNotCollectedWhereNothingUsesThem(t *testing.T) {
	const q = "Who runs the mill?"
	m := fake.AlwaysSays("Mara Venn")
	config := eval.Config{
		Questions: []question.Question{
			{ID: "mill", Question: q, Answer: "Mara Venn"},
		}, Search: fake.Shelf{q: {"The mill is run by Mara Venn.", "It rains."}},
		Resamples: 10, Signals: confidence.SignalOptions{Consistency: 5, True: true},
	}
	asked := func(what string, err error) {
		t.Helper()
		require.NoError(t, err)
		require.NotEmpty(t, m.Requests, what)
		for _, req := range m.Requests {
			require.LessOrEqual(t, req.Samples, 1, what)
			require.NotContains(t, req.Messages[1].Content, signals.DefaultTruePrompt, what)
		}
		m.Requests = nil
	}
	_, err := probe.Run(t.Context(), probe.Config{Base: m, Tuned: m, Local: config.Questions, Evaluation: config})
	asked("memory", err)
	_, err = Sweep(
		t.Context(),
		SweepConfig{
			Evaluation: config,
			Setting:    eval.SettingRetrieval,
			Open:       func(context.Context, float64) (model.Model, func() error, error) { return m, nil, nil },
		},
	)
	asked("sweep", err)
	config.Systems = []eval.System{{Name: "s", Model: m, Setting: eval.SettingRetrieval}}
	_, err = robust.Run(t.Context(), config, robust.Options{})
	asked("perturbations", err)
}
