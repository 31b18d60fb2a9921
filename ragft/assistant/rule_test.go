package assistant

import (
	"math"
	"strings"
	"testing"

	"github.com/ragft/ragft/internal/fake"
	"github.com/ragft/ragft/internal/stats"
	"github.com/ragft/ragft/internal/wordings"
	"github.com/ragft/ragft/ragft/abstain"
	"github.com/ragft/ragft/ragft/answer"
	"github.com/ragft/ragft/ragft/confidence"
	"github.com/ragft/ragft/ragft/model"
	"github.com/ragft/ragft/ragft/prompt"
	"github.com/stretchr/testify/require"
)

// ruleFor declines where the model finds the refusal likelier than even.
func ruleFor(m model.Model, passages int) *abstain.Rule {
	return &abstain.Rule{
		Refusal: fake.Decline, Threshold: 0.5, Conditions: abstain.Conditions(m, nil, prompt.Set{}, passages),
		Chance: stats.Logistic{Names: []string{abstain.Declining}, Mean: []float64{math.Log(0.5)}, Scale: []float64{1}, Weight: []float64{-1}},
	}
}

// undecided is a model that finds the refusal this likely.
func undecided(probability float64) *fake.Model {
	return &fake.Model{Reply: func(model.Request, int) model.Sample {
		return model.Sample{Text: "Ann Lee", Tokens: 2, MeanLogProb: math.Log(0.5), Excluded: math.Log(probability)}
	}}
}

func TestRuleDecides(t *testing.T) {
	for name, c := range map[string]struct {
		refusal float64
		decline string
		text    string
		reason  Reason
		chance  float64
	}{
		"answers":            {0.25, "", "Ann Lee", "", 2. / 3},
		"at the threshold":   {0.5, "", "Ann Lee", "", 0.5},
		"declines":           {0.75, "", fake.Decline, ReasonDeclined, 0.4},
		"in words of others": {0.75, "No idea.", "No idea.", ReasonDeclined, 0.4},
	} {
		t.Run(name, func(t *testing.T) {
			m := undecided(c.refusal)
			a := New(m, fake.Search{All: fake.InnHits()}, Options{Rule: ruleFor(m, 4), Decline: c.decline})
			var streamed strings.Builder
			got, err := a.Stream(t.Context(), "Who opened the Blue Inn?", func(piece string) { streamed.WriteString(piece) })
			require.NoError(t, err)
			require.Equal(t, c.text, got.Text)
			require.Equal(t, c.text, streamed.String())
			require.Equal(t, c.reason, got.Reason)
			require.Equal(t, c.reason != "", got.Abstained)
			require.InDelta(t, c.chance, got.Chance, 1e-9)
			require.Equal(t, c.reason != "", math.IsNaN(got.Confidence), "nothing was generated that one could be sure of")
			require.Equal(t, c.reason != "", len(got.Citations) == 0)
			require.Len(t, m.Requests, 1, "decided while it is answered, without another request")
			require.Equal(t, wordings.With(fake.Decline), m.Requests[0].Exclude)
		})
	}
}

// Where the rule goes by the answer, none of it is shown before it is decided, and a question that no answer could save is
// declined at once.
func TestRuleThatNeedsTheAnswer(t *testing.T) {
	for name, c := range map[string]struct {
		refusal, certainty float64 // probabilities
		reason             Reason
		chance             float64
	}{
		"certain":   {0.25, 0.5, "", 0.8},                // 0.5/0.25 * 0.5/0.25, so that the odds are 4 to 1
		"uncertain": {0.25, 0.1, ReasonDeclined, 0.4444}, // 2 * 0.4
		"hopeless":  {0.99, 0.5, ReasonDeclined, 0.3355}, // 0.505: even 4 times as much, of a certain answer, is too little
	} {
		t.Run(name, func(t *testing.T) {
			m := &fake.Model{Reply: func(model.Request, int) model.Sample {
				return model.Sample{Text: "Ann Lee", Tokens: 2, MeanLogProb: math.Log(c.certainty), Excluded: math.Log(c.refusal)}
			}}
			rule := ruleFor(m, 4)
			rule.Chance = stats.Logistic{
				Names: []string{abstain.Certainty, abstain.Declining}, Mean: []float64{math.Log(0.25), math.Log(0.5)},
				Scale: []float64{1, 1}, Weight: []float64{1, -1},
			}
			if name == "hopeless" {
				rule.Threshold = 0.7
			}
			var pieces []string
			a := New(m, fake.Search{All: fake.InnHits()}, Options{Rule: rule})
			got, err := a.Stream(t.Context(), "Who opened the Blue Inn?", func(piece string) { pieces = append(pieces, piece) })
			require.NoError(t, err)
			require.Equal(t, c.reason, got.Reason)
			require.Equal(t, []string{got.Text}, pieces, "in one piece, after the decision")
			require.InDelta(t, c.chance, got.Chance, 1e-3)
		})
	}
}

func TestRuleSeesThePassagesShown(t *testing.T) {
	m := undecided(0.5)
	rule := ruleFor(m, 1)
	rule.Chance = stats.Logistic{Names: []string{abstain.Coverage}, Mean: []float64{0.5}, Scale: []float64{1}, Weight: []float64{9}}
	hits := fake.InnHits() // the second holds the answer, and only the first is shown
	got, err := New(m, fake.Search{All: hits}, Options{Rule: rule, Passages: 1}).Answer(t.Context(), "What stands in Dunmore?")
	require.NoError(t, err)
	want := rule.Probability(abstain.Match("What stands in Dunmore?", hits[:1]))
	require.InDelta(t, want, got.Chance, 1e-9)
	require.NotEqual(t, want, rule.Probability(abstain.Match("What stands in Dunmore?", hits)))
}

func TestRuleConditions(t *testing.T) {
	m := undecided(0.5)
	m.Called = "base@0123456789abcdef+adapter@aaaaaaaaaaaaaaaa*1"
	good := Options{Rule: ruleFor(m, 4)}
	require.NoError(t, good.Check(t.Context(), m, fake.Search{}))
	renamed := &fake.Model{Called: "other@0123456789abcdef+mine@aaaaaaaaaaaaaaaa*1"}
	require.NoError(t, good.Check(t.Context(), renamed, fake.Search{}), "the names of files do not matter")
	for name, c := range map[string]struct {
		change func(*Options)
		model  string
		says   string
	}{
		"passages":  {func(o *Options) { o.Passages = 3 }, "", "passages 4, not 3"},
		"prompt":    {func(o *Options) { o.Prompts.Read = "Reply." }, "", "a different prompt"},
		"scale":     {nil, "base@0123456789abcdef+adapter@aaaaaaaaaaaaaaaa*0.5", "*0.5"},
		"base":      {nil, "base@1123456789abcdef+adapter@aaaaaaaaaaaaaaaa*1", "1123456789abcdef"},
		"no names":  {func(o *Options) { o.Rule.Conditions = nil }, "", "does not name"},
		"careful":   {func(o *Options) { o.Careful = true }, "", "leave out Rule or Careful"},
		"server":    {nil, "openai/host/x", "not openai/host/x"},
		"one alone": {nil, "base@0123456789abcdef", "not 0123456789abcdef"},
	} {
		t.Run(name, func(t *testing.T) {
			o := Options{Rule: ruleFor(m, 4)}
			if c.change != nil {
				c.change(&o)
			}
			is := &fake.Model{Called: m.Called, Reply: m.Reply}
			if c.model != "" {
				is.Called = c.model
			}
			err := o.Check(t.Context(), is, fake.Search{})
			require.ErrorIs(t, err, abstain.ErrConditions)
			require.ErrorContains(t, err, c.says)
			_, err = New(is, fake.Search{All: fake.InnHits()}, o).Answer(t.Context(), "Who?")
			require.ErrorIs(t, err, abstain.ErrConditions)
			require.Empty(t, is.Requests)
		})
	}
	for _, change := range []func(*Options){
		func(o *Options) { o.Ensemble = &answer.Ensemble{} },
		func(o *Options) { o.Calibration = &confidence.Calibration{} },
		func(o *Options) { o.Rule.Refusal = "Nine rooms." },
	} {
		o := Options{Rule: ruleFor(m, 4)}
		change(&o)
		require.Error(t, o.Check(t.Context(), m, fake.Search{}))
	}
}

func TestRuleNeedsTheModelsSignal(t *testing.T) {
	m := fake.AlwaysSays("Ann Lee")
	_, err := New(m, fake.Search{All: fake.InnHits()}, Options{Rule: ruleFor(m, 4)}).Answer(t.Context(), "Who?")
	require.ErrorIs(t, err, model.ErrRequest)
	require.ErrorContains(t, err, "does not tell how likely")
}
