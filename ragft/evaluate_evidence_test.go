package ragft

import (
	"cmp"
	"context"
	"errors"
	"iter"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/ragft/ragft/retriever"
)

// library finds passages as a shelf does, and lists a corpus.
type library struct {
	shelf
	rest []string
}

func (l library) Chunks(context.Context) iter.Seq2[retriever.Chunk, error] {
	return func(yield func(retriever.Chunk, error) bool) {
		for _, text := range l.rest {
			if !yield(retriever.Chunk{ID: text, Source: "rest.md", Text: text}, nil) {
				return
			}
		}
	}
}

// counting is a model whose tokens are words.
type counting struct {
	scripted
	context int
	counted int // words of all prompts that were counted
}

func (m *counting) CountTokens(messages []Message) (int, error) {
	n := 0
	for _, message := range messages {
		n += len(strings.Fields(message.Content))
	}
	m.counted += n
	return n, nil
}
func (m *counting) CountText(text string) (int, error) { return len(strings.Fields(text)), nil }

func (m *counting) ContextTokens() int { return m.context }

func TestSettingsShowTheRightPassages(t *testing.T) {
	const q = "Who runs the mill?"
	found := library{shelf{q: {"The inn is old.", "The mill is run by Mara Venn.", "A mill has sails.", "Mara Venn sings."}}, []string{"Far away."}}
	shown := func(setting Setting, change func(Question, []retriever.Hit, []retriever.Hit) []retriever.Hit) (string, Record, *Evaluation) {
		m := &scripted{name: "m", other: "Mara Venn"}
		e := evaluated(t, EvalConfig{
			Systems:   []System{{Name: "s", Model: m, Setting: setting, Change: change}},
			Questions: []Question{{ID: "mill", Question: q, Answer: "Mara Venn"}}, Search: found, K: 2, Resamples: 10,
		})
		return m.seen[0].Messages[1].Content, e.Systems[0].Records[0], e
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
		return documentsMessage(q, hits)
	}
	for _, c := range []struct {
		setting Setting
		want    string
		context Context
	}{
		{SettingClosed, text(), Absent},
		{SettingRetrieval, text("The inn is old.", "The mill is run by Mara Venn."), Present},
		{SettingGold, text("The mill is run by Mara Venn."), Present},
		{SettingDistractors, text("The inn is old.", "A mill has sails."), Absent},
		{SettingLong, text("The inn is old.", "The mill is run by Mara Venn.", "A mill has sails.", "Mara Venn sings.", "Far away."), Present},
	} {
		got, r, _ := shown(c.setting, nil)
		require.Equal(t, c.want, got, c.setting)
		require.Equal(t, c.context, r.Context, c.setting)
		require.Equal(t, strings.Count(c.want, "Document "), r.Passages, c.setting)
	}
	got, r, e := shown(SettingRetrieval, func(_ Question, hits, _ []retriever.Hit) []retriever.Hit { return hits[:1] })
	require.Equal(t, text("The inn is old."), got)
	require.Equal(t, Absent, r.Context)
	require.Len(t, e.Questions[0].Documents, 1, "only what was shown is kept")
}

func TestGoldTakesTheEvidenceOfTheSet(t *testing.T) {
	m := &scripted{name: "m", other: "x"}
	given := retriever.Hit{}
	given.ID, given.Text = "e", "Evidence of the set."
	evaluated(t, EvalConfig{
		Systems:   []System{{Name: "s", Model: m, Setting: SettingGold}},
		Questions: []Question{{ID: "a", Question: "A?", Answer: "x"}, {ID: "b", Question: "B?"}},
		Search:    shelf{"B?": {"First.", "Second."}}, Evidence: map[string][]retriever.Hit{"a": {given}}, Resamples: 10,
	})
	require.Contains(t, m.seen[0].Messages[1].Content, "Evidence of the set.")
	require.Contains(t, m.seen[1].Messages[1].Content, "First.")
	require.NotContains(t, m.seen[1].Messages[1].Content, "Second.")
}

// Where a question names its evidence, that is what counts as the answer's being shown.
func TestEvidenceOfTheQuestionDecides(t *testing.T) {
	const evidence = "We gave it to forty patients. All of them slept better."
	q := Question{ID: "q", Question: "Does it help?", Answer: "yes", Evidence: []string{evidence}}
	hit := func(text string) retriever.Hit { return retriever.Hit{Chunk: retriever.Chunk{Text: text}} }
	for text, want := range map[string]Context{
		evidence:                         Present,
		"We gave it to\nforty patients.": Present, // a piece of it
		"METHODS\n" + evidence:           Present,
		"Yes, said the mayor.":           Absent,
		"All of":                         Absent, // too short to be from there
		"":                               Absent,
	} {
		require.Equal(t, want, labelContext(q, []retriever.Hit{hit("Another."), hit(text)}), text)
		require.Equal(t, want == Present, holdsPart(hit(text), q), text)
	}
	require.Equal(t, Absent, labelContext(Question{Evidence: []string{evidence}}, []retriever.Hit{hit(evidence)}), "nothing to be found")

	named := Question{Answer: "1912"}
	named.NameEvidence([]string{"Built in 1912.", "Or so they say."})
	require.Empty(t, named.Evidence, "the words tell")
	named = Question{Answer: "It was built by the whole village."}
	named.NameEvidence([]string{"Built in 1912."})
	require.Equal(t, []string{"Built in 1912."}, named.Evidence)

	// In all settings, given with the question or with the configuration.
	found := shelf{q.Question: {"Yes, said the mayor.", "We gave it to forty patients.", "No trial is perfect.", "All of them slept better."}}
	bare := q
	bare.Evidence = nil
	for _, c := range []struct {
		q     Question
		given map[string][]retriever.Hit
		gold  int // passages
	}{{q: q, gold: 2}, {q: bare, given: map[string][]retriever.Hit{"q": {hit(evidence)}}, gold: 1}} {
		m := &scripted{name: "m", other: `Yes: "We gave it to forty patients."`}
		e := evaluated(t, EvalConfig{
			Systems: []System{
				{Name: "two", Model: m, Setting: SettingRetrieval},
				{Name: "gold", Model: m, Setting: SettingGold},
				{Name: "distractors", Model: m, Setting: SettingDistractors},
				{Name: "one", Model: m, Setting: SettingRetrieval, Change: func(_ Question, shown, _ []retriever.Hit) []retriever.Hit { return shown[:1] }},
			},
			Questions: []Question{c.q}, Search: found, K: 2, Resamples: 10, Evidence: c.given,
		})
		for i, want := range []Context{Present, Present, Absent, Absent} {
			require.Equal(t, want, e.Systems[i].Records[0].Context, e.Systems[i].Name)
			require.Equal(t, Correct, e.Systems[i].Records[0].Verdict)
			require.True(t, e.Systems[i].Records[0].Contains)
		}
		require.Equal(t, c.gold, e.Systems[1].Records[0].Passages)
		require.Equal(t, 1, e.Systems[0].Records[0].CitedRight, "what it quotes is of the evidence")
		require.Zero(t, e.Systems[2].Records[0].CitedRight)
	}
}

func TestPassagesAreCutToTheContext(t *testing.T) {
	const q = "Who runs the mill?"
	found := library{shelf{q: {"one two three four", "five six seven eight", "nine ten eleven twelve"}}, nil}
	m := &counting{scripted: scripted{name: "m", other: "x"}}
	config := EvalConfig{
		Systems:   []System{{Name: "s", Model: m, Setting: SettingRetrieval}, {Name: "long", Model: m, Setting: SettingLong}},
		Questions: []Question{{ID: "a", Question: q, Answer: "x"}}, Search: found, K: 3, MaxTokens: 5, Resamples: 10,
	}
	whole, err := m.CountTokens(Prompts{}.ReadMessages(q, hitsOf(t, found, q)))
	require.NoError(t, err)
	m.context = whole + 5
	e := evaluated(t, config)
	require.Equal(t, 3, e.Systems[0].Records[0].Passages)
	require.False(t, e.Systems[0].Records[0].Shortened)
	m.context--
	e = evaluated(t, config)
	require.Equal(t, 2, e.Systems[0].Records[0].Passages)
	require.True(t, e.Systems[0].Records[0].Shortened)
	require.Equal(t, 2, e.Systems[1].Records[0].Passages)
}

// As many passages are shown as fit, whatever there are, and what does not fit is not counted over and over.
func TestLongContextCountsWhatMayFit(t *testing.T) {
	q := Question{ID: "a", Question: "Who runs the mill?"}
	var hits []retriever.Hit
	for i := range 3000 {
		hits = append(hits, passage("s", "", strings.Repeat("word ", 3+i%5), 0))
	}
	m := &counting{scripted: scripted{name: "m"}}
	s := System{Model: m, Setting: SettingLong}
	messages := func(hits []retriever.Hit) []Message { return s.Setting.messages(Prompts{}, q, hits) }
	for _, passages := range []int{1, 3, 4, 5, 8, 9, 100, 255, 256, 2999, 3000} {
		for spare := range 3 {
			whole, err := m.CountTokens(messages(hits[:passages]))
			require.NoError(t, err)
			m.context, m.counted = whole+spare+5, 0
			shown, err := fit(m, 5, messages, hits)
			require.NoError(t, err)
			require.Len(t, shown, passages, "%d words to spare, and a passage has more", spare)
			require.LessOrEqual(t, m.counted, 16*(whole+100), "%d fit", passages)
		}
	}
	m.context = 6
	shown, err := fit(m, 5, messages, hits)
	require.NoError(t, err)
	require.Empty(t, shown)
}

func hitsOf(t *testing.T, s retriever.Searcher, q string) []retriever.Hit {
	hits, err := s.Search(t.Context(), q, 9)
	require.NoError(t, err)
	return hits
}

func TestUnknownSetting(t *testing.T) {
	_, err := Evaluate(t.Context(), EvalConfig{Systems: []System{{Name: "s", Model: &scripted{}, Setting: "oracle"}}, Questions: []Question{{ID: "a", Question: "A?"}}})
	require.ErrorContains(t, err, `"oracle"`)
}

func TestSignals(t *testing.T) {
	const q = "Who runs the mill?"
	m := &speaking{samples: []string{"Mara Venn", "It is Mara Venn.", "Tom", noSay}, yes: ChatSample{Text: "No", Tokens: 1, MeanLogProb: -0.2}}
	e := evaluated(t, EvalConfig{
		Systems:   []System{{Name: "s", Model: m, Setting: SettingRetrieval}},
		Questions: []Question{{ID: "mill", Question: q, Answer: "Mara Venn"}},
		Search:    shelf{q: {"The mill is run by Mara Venn.", "The inn is old."}}, Resamples: 10,
		Signals: SignalOptions{Consistency: 4, True: true},
	})
	s := e.Systems[0].Records[0].Signals
	require.Equal(t, 0.5, s[SignalConsistency])
	require.InDelta(t, 1-0.8187, s[SignalTrue], 1e-4) // 1 - exp(-0.2)
	require.InDelta(t, -0.5, s[SignalLogProb], 1e-12)
	require.InDelta(t, 0.6931, s[SignalRetrieval], 1e-4) // scores 2 and 1
	require.InDelta(t, 0.6931, s[SignalMargin], 1e-4)
}

// speaking answers "Mara Venn", samples what it is given, and says yes or no.
type speaking struct {
	samples []string
	yes     ChatSample
	answer  string // "" = Mara Venn
}

func (m *speaking) Name() string { return "speaking" }
func (m *speaking) Chat(_ context.Context, reqs []ChatRequest) ([]ChatResponse, error) {
	out := make([]ChatResponse, len(reqs))
	for i, req := range reqs {
		switch {
		case req.Messages[0].Content == DefaultTruePrompt:
			if !strings.Contains(req.Messages[1].Content, "Proposed answer: Mara Venn") {
				return nil, errors.New("the answer is missing")
			}
			out[i].Samples = []ChatSample{m.yes}
		case req.Samples > 1:
			for _, text := range m.samples {
				out[i].Samples = append(out[i].Samples, ChatSample{Text: text})
			}
		default:
			out[i].Samples = []ChatSample{{Text: cmp.Or(m.answer, "Mara Venn"), Tokens: 2, MeanLogProb: -0.5}}
		}
	}
	return out, nil
}

// What came with a question is shown: the turns before it in every setting, the distractors and the altered passages in
// place of those that are found.
func TestEvaluateShowsWhatCameWithAQuestion(t *testing.T) {
	history := []Message{{Role: RoleUser, Content: "Do they play cards?"}, {Role: RoleAssistant, Content: "Yes, on Sundays."}}
	given := func(text string) retriever.Hit { return passage("set", text, text, 0) }
	m := &fakeModel{reply: func(req ChatRequest, _ int) ChatSample {
		if strings.Contains(req.Messages[len(req.Messages)-1].Content, "In Rome.") {
			return says("Rome")
		}
		return says("London")
	}}
	config := EvalConfig{
		Questions: []Question{{ID: "where", Question: "Where?", Answer: "London", History: history}},
		Search:    shelf{"Where?": {"They play in London.", "They play often."}}, K: 2, Resamples: 10,
		Distractors: map[string][]retriever.Hit{"where": {given("They dance.")}},
	}
	for _, s := range []Setting{SettingClosed, SettingRetrieval, SettingDistractors} {
		config.Systems = append(config.Systems, System{Name: "in " + string(s), Model: m, Setting: s})
	}
	config.Systems = append(config.Systems, System{Name: "votes", Model: m, Setting: SettingRetrieval, Ensemble: &Ensemble{}})
	evaluated(t, config)
	for _, req := range m.requests {
		require.Equal(t, history, req.Messages[1:3])
		require.Contains(t, req.Messages[3].Content, "Where?")
	}
	require.Len(t, m.requests, 5)
	require.Contains(t, m.requests[2].Messages[3].Content, "They dance.")
	require.NotContains(t, m.requests[2].Messages[3].Content, "They play")

	config.Systems = config.Systems[1:2]
	r, err := Perturb(t.Context(), config, PerturbOptions{Altered: map[string]Altered{"where": {Shown: []retriever.Hit{given("In Rome.")}, False: "Rome"}}})
	require.NoError(t, err)
	altered := r.Results[len(r.Results)-1]
	require.Equal(t, "evidence altered", altered.Name)
	require.Equal(t, []float64{1, 1, 1}, []float64{float64(altered.N), altered.Flipped.Value, altered.Followed.Value})
	r, err = Perturb(t.Context(), config, PerturbOptions{})
	require.NoError(t, err)
	require.NotEqual(t, "evidence altered", r.Results[len(r.Results)-1].Name)
}
