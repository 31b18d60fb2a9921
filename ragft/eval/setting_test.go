package eval_test

import (
	"strings"
	"testing"

	"github.com/ragft/ragft/internal/fake"
	"github.com/ragft/ragft/internal/fixture"
	"github.com/ragft/ragft/internal/layout"
	"github.com/ragft/ragft/internal/signals"
	"github.com/ragft/ragft/ragft/answer"
	"github.com/ragft/ragft/ragft/confidence"
	"github.com/ragft/ragft/ragft/eval"
	"github.com/ragft/ragft/ragft/model"
	"github.com/ragft/ragft/ragft/prompt"
	"github.com/ragft/ragft/ragft/question"
	"github.com/ragft/ragft/retriever"
	"github.com/stretchr/testify/require"
)

func TestSettingsShowTheRightPassages(t *testing.T) {
	const q = "Who runs the mill?"
	found := fake.Library{
		Shelf: fake.Shelf{q: {"The inn is old.", "The mill is run by Mara Venn.", "A mill has sails.", "Mara Venn sings."}},
		Rest:  []string{"Far away."},
	}
	type change = func(question.Question, []retriever.Hit, []retriever.Hit) []retriever.Hit
	shown := func(setting eval.Setting, change change) (string, eval.Record, *eval.Evaluation) {
		m := &fake.Scripted{Called: "m", Other: "Mara Venn"}
		e := fixture.Evaluated(t, eval.Config{
			Systems:   []eval.System{{Name: "s", Model: m, Setting: setting, Change: change}},
			Questions: []question.Question{{ID: "mill", Question: q, Answer: "Mara Venn"}}, Search: found, Passages: 2, Resamples: 10,
		})
		return m.Seen[0].Messages[1].Content, e.Systems[0].Records[0], e
	}
	text := func(passages ...string) string {
		var hits []retriever.Hit
		for _, p := range passages {
			hit := retriever.Hit{}
			hit.Title, hit.Text = "The village", p
			if p == "Far away." {
				hit.Title = ""
			}
			hits = append(hits, hit)
		}
		if hits == nil {
			return layout.Ask(prompt.Default().Closed, q, nil)
		}
		return layout.Ask(prompt.Default().Read, q, hits)
	}
	for _, c := range []struct {
		setting eval.Setting
		want    string
		context answer.Context
	}{
		{eval.SettingClosed, text(), answer.Absent},
		{eval.SettingRetrieval, text("The inn is old.", "The mill is run by Mara Venn."), answer.Present},
		{eval.SettingGold, text("The mill is run by Mara Venn."), answer.Present},
		{eval.SettingDistractors, text("The inn is old.", "A mill has sails."), answer.Absent},
		{eval.SettingLong, text("The inn is old.", "The mill is run by Mara Venn.", "A mill has sails.", "Mara Venn sings.",
			"Far away."), answer.Present},
	} {
		got, r, _ := shown(c.setting, nil)
		require.Equal(t, c.want, got, c.setting)
		require.Equal(t, c.context, r.Context, c.setting)
		require.Equal(t, strings.Count(c.want, "Document "), r.Passages, c.setting)
	}
	got, r, e := shown(eval.SettingRetrieval, func(_ question.Question, hits, _ []retriever.Hit) []retriever.Hit { return hits[:1] })
	require.Equal(t, text("The inn is old."), got)
	require.Equal(t, answer.Absent, r.Context)
	require.Len(t, e.Questions[0].Documents, 1, "only what was shown is kept")
}

func TestGoldTakesTheEvidenceOfTheSet(t *testing.T) {
	m := &fake.Scripted{Called: "m", Other: "x"}
	given := retriever.Hit{}
	given.ID, given.Text = "e", "Evidence of the set."
	fixture.Evaluated(t, eval.Config{
		Systems:   []eval.System{{Name: "s", Model: m, Setting: eval.SettingGold}},
		Questions: []question.Question{{ID: "a", Question: "A?", Answer: "x"}, {ID: "b", Question: "B?"}},
		Search:    fake.Shelf{"B?": {"First.", "Second."}}, Evidence: map[string][]retriever.Hit{"a": {given}}, Resamples: 10,
	})
	require.Contains(t, m.Seen[0].Messages[1].Content, "Evidence of the set.")
	require.Contains(t, m.Seen[1].Messages[1].Content, "First.")
	require.NotContains(t, m.Seen[1].Messages[1].Content, "Second.")
}

// Where a question names its evidence, that is what counts as the answer's being shown.
func TestEvidenceOfTheQuestionDecides(t *testing.T) {
	const evidence = "We gave it to forty patients. All of them slept better."
	q := question.Question{ID: "q", Question: "Does it help?", Answer: "yes", Evidence: []string{evidence}}
	hit := func(text string) retriever.Hit { return retriever.Hit{Chunk: retriever.Chunk{Text: text}} }
	for text, want := range map[string]answer.Context{
		evidence:                         answer.Present,
		"We gave it to\nforty patients.": answer.Present, // a piece of it
		"METHODS\n" + evidence:           answer.Present,
		"Yes, said the mayor.":           answer.Absent,
		"All of":                         answer.Absent, // too short to be from there
		"":                               answer.Absent,
	} {
		require.Equal(t, want, q.Context([]retriever.Hit{hit("Another."), hit(text)}), text)
		require.Equal(t, want == answer.Present, q.HeldBy(hit(text)), text)
	}
	require.Equal(
		t,
		answer.Absent,
		question.Question{Evidence: []string{evidence}}.Context([]retriever.Hit{hit(evidence)}),
		"nothing to be found",
	)

	chinese := question.Question{Answer: "是", Evidence: []string{"这座桥于1912年建成。"}}
	require.True(t, chinese.IsEvidence(hit("桥梁 这座桥于1912年建成。它很长。")), "as many words as characters")
	require.False(t, chinese.IsEvidence(hit("这座桥")))

	named := question.Question{Answer: "1912"}
	named.NameEvidence([]string{"Built in 1912.", "Or so they say."})
	require.Empty(t, named.Evidence, "the words tell")
	named = question.Question{Answer: "It was built by the whole village."}
	named.NameEvidence([]string{"Built in 1912."})
	require.Equal(t, []string{"Built in 1912."}, named.Evidence)

	// In all settings, given with the question or with the configuration.
	found := fake.Shelf{
		q.Question: {"Yes, said the mayor.", "We gave it to forty patients.", "No trial is perfect.", "All of them slept better."},
	}
	bare := q
	bare.Evidence = nil
	for _, c := range []struct {
		q     question.Question
		given map[string][]retriever.Hit
		gold  int // passages
	}{{q: q, gold: 2}, {q: bare, given: map[string][]retriever.Hit{"q": {hit(evidence)}}, gold: 1}} {
		m := &fake.Scripted{Called: "m", Other: `Yes: "We gave it to forty patients."`}
		e := fixture.Evaluated(t, eval.Config{
			Systems: []eval.System{
				{Name: "two", Model: m, Setting: eval.SettingRetrieval},
				{Name: "gold", Model: m, Setting: eval.SettingGold},
				{Name: "distractors", Model: m, Setting: eval.SettingDistractors},
				{
					Name:    "one",
					Model:   m,
					Setting: eval.SettingRetrieval,
					Change:  func(_ question.Question, shown, _ []retriever.Hit) []retriever.Hit { return shown[:1] },
				},
			},
			Questions: []question.Question{c.q}, Search: found, Passages: 2, Resamples: 10, Evidence: c.given,
		})
		for i, want := range []answer.Context{answer.Present, answer.Present, answer.Absent, answer.Absent} {
			require.Equal(t, want, e.Systems[i].Records[0].Context, e.Systems[i].Name)
			require.Equal(t, answer.Correct, e.Systems[i].Records[0].Verdict)
			require.True(t, e.Systems[i].Records[0].Contains)
		}
		require.Equal(t, c.gold, e.Systems[1].Records[0].Passages)
		require.Equal(t, 1, e.Systems[0].Records[0].CitedRight, "what it quotes is of the evidence")
		require.Zero(t, e.Systems[2].Records[0].CitedRight)
	}
}

func TestPassagesAreCutToTheContext(t *testing.T) {
	const q = "Who runs the mill?"
	found := fake.Library{Shelf: fake.Shelf{q: {"one two three four", "five six seven eight", "nine ten eleven twelve"}}, Rest: nil}
	m := &fake.Counting{Scripted: fake.Scripted{Called: "m", Other: "x"}}
	config := eval.Config{
		Systems:   []eval.System{{Name: "s", Model: m, Setting: eval.SettingRetrieval}, {Name: "long", Model: m, Setting: eval.SettingLong}},
		Questions: []question.Question{{ID: "a", Question: q, Answer: "x"}}, Search: found, Passages: 3, MaxTokens: 5, Resamples: 10,
	}
	whole, err := m.CountTokens(prompt.Set{}.ReadMessages(q, fake.HitsOf(t, found, q)))
	require.NoError(t, err)
	m.Context = whole + 5
	e := fixture.Evaluated(t, config)
	require.Equal(t, 3, e.Systems[0].Records[0].Passages)
	require.False(t, e.Systems[0].Records[0].Shortened)
	m.Context--
	e = fixture.Evaluated(t, config)
	require.Equal(t, 2, e.Systems[0].Records[0].Passages)
	require.True(t, e.Systems[0].Records[0].Shortened)
	require.Equal(t, 2, e.Systems[1].Records[0].Passages)
}

func TestSignals(t *testing.T) {
	const q = "Who runs the mill?"
	m := &fixture.Speaking{
		Samples: []string{"Mara Venn", "It is Mara Venn.", "Tom", fake.Decline},
		Yes:     model.Sample{Text: "No", Tokens: 1, MeanLogProb: -0.2},
	}
	e := fixture.Evaluated(t, eval.Config{
		Systems:   []eval.System{{Name: "s", Model: m, Setting: eval.SettingRetrieval}},
		Questions: []question.Question{{ID: "mill", Question: q, Answer: "Mara Venn"}},
		Search:    fake.Shelf{q: {"The mill is run by Mara Venn.", "The inn is old."}}, Resamples: 10,
		Signals: confidence.SignalOptions{Consistency: 4, True: true},
	})
	s := e.Systems[0].Records[0].Signals
	require.Equal(t, 0.5, s[signals.Consistency])
	require.InDelta(t, 1-0.8187, s[signals.True], 1e-4) // 1 - exp(-0.2)
	require.InDelta(t, -0.5, s[signals.LogProb], 1e-12)
	require.InDelta(t, 0.6931, s[signals.Retrieval], 1e-4) // scores 2 and 1
	require.InDelta(t, 0.6931, s[signals.Margin], 1e-4)
}
