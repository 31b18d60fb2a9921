package ragft

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/ragft/ragft/retriever"
)

// The passage that a vote's answer was written from is the only one of its prompt: [1] is that, whatever its place.
func TestEnsembleCitesThePassageThatWon(t *testing.T) {
	const q = "Who runs the mill?"
	found := shelf{q: {"The mill on the hill was run by Tom Hale.", "The mill is run by Mara Venn.", "The mill is old."}}
	model := &fakeModel{reply: func(req ChatRequest, _ int) ChatSample {
		switch text := req.Messages[1].Content; {
		case strings.Contains(text, "Tom"):
			return ChatSample{Text: "Tom Hale [1]", Tokens: 3, MeanLogProb: -2}
		case strings.Contains(text, "Mara"):
			return ChatSample{Text: "Mara Venn [1]", Tokens: 3, MeanLogProb: -0.1}
		}
		return ChatSample{Text: "Mara Venn [2]", Tokens: 3, MeanLogProb: -0.2}
	}}
	ensemble := &Ensemble{Temperature: 1000}
	e := evaluated(t, EvalConfig{
		Systems:   []System{{Name: "s", Model: model, Setting: SettingRetrieval, Ensemble: ensemble}},
		Questions: []Question{{ID: "mill", Question: q, Answer: "Mara Venn"}}, Search: found, Resamples: 10,
	})
	r := e.Systems[0].Records[0]
	require.Equal(t, "Mara Venn [1]", r.Answer)
	require.Len(t, r.Citations, 1)
	require.Equal(t, "The mill is run by Mara Venn.", r.Citations[0].Quote)
	require.Equal(t, []int{1, 1, 0, 3}, []int{r.Cited, r.CitedRight, len(r.CitedNowhere), r.Passages})
	require.Equal(t, 9, r.Tokens)

	a, err := NewAssistant(model, found, AssistantOptions{Ensemble: ensemble}).Answer(t.Context(), q)
	require.NoError(t, err)
	require.Len(t, a.Hits, 3)
	require.Len(t, a.Citations, 1)
	require.Equal(t, "The mill is run by Mara Venn.", a.Citations[0].Quote)
}

// Answers vote, and not the ways to them.
func TestEnsembleComparesWhatIsTakenOut(t *testing.T) {
	const q = "Who keeps the inn?"
	found := shelf{q: {"Tom keeps it.", "Ann keeps the inn.", "The inn is Ann's."}}
	model := &fakeModel{reply: func(req ChatRequest, _ int) ChatSample {
		switch text := req.Messages[1].Content; {
		case strings.Contains(text, "Tom"):
			return said("It says \"Tom keeps it\". Answer: Tom", 0.8) // 0.512 for three tokens
		case strings.Contains(text, "Ann keeps"):
			return said("It says \"Ann keeps the inn\". Answer: Ann", 0.74) // 0.405
		}
		return said("It says \"The inn is Ann's\". Answer: Ann", 0.73) // 0.389
	}}
	ensemble := &Ensemble{Temperature: 1000}
	e := evaluated(t, EvalConfig{
		Systems:   []System{{Name: "s", Model: model, Setting: SettingRetrieval, Ensemble: ensemble, Extract: FinalAnswer}},
		Questions: []Question{{ID: "inn", Question: q, Answer: "Ann"}}, Search: found, Resamples: 10,
	})
	r := e.Systems[0].Records[0]
	require.Equal(t, "Ann", r.Answer)
	require.InDelta(t, 0.794/1.306, *r.Confidence, 1e-3)
	a, err := NewAssistant(model, found, AssistantOptions{Ensemble: ensemble, Extract: FinalAnswer}).Answer(t.Context(), q)
	require.NoError(t, err)
	require.Equal(t, "Ann", a.Text)
}

// shownBy tells how many passages an evaluation, an assistant and a demonstration show, 0 where they say that even one is
// too long.
func shownBy(t *testing.T, model Model, q string, found retriever.Searcher, ensemble *Ensemble) (evaluation, assistant, demonstration int) {
	t.Helper()
	questions := []Question{{ID: "a", Question: q, Answer: "x"}}
	e := evaluated(t, EvalConfig{
		Systems:   []System{{Name: "s", Model: model, Setting: SettingRetrieval, Ensemble: ensemble}},
		Questions: questions, Search: found, K: 3, MaxTokens: 5, Resamples: 10,
	})
	answer, err := NewAssistant(model, found, AssistantOptions{Passages: 3, MaxTokens: 5, Ensemble: ensemble}).Answer(t.Context(), q)
	if err == nil {
		assistant = len(answer.Hits)
	} else {
		require.ErrorIs(t, err, ErrPromptTooLong)
	}
	made, err := Generate(t.Context(), model, found, questions, GenerateOptions{Passages: 3, MaxTokens: 5, Refuse: -1, Judge: JudgeOptions{Votes: -1}})
	require.NoError(t, err)
	if len(made.Rows) > 0 {
		demonstration = len(made.Rows[0].Chunks)
		require.Equal(t, demonstration < 3, made.Summary.Shortened == 1)
	} else {
		require.Equal(t, 1, made.Summary.Dropped[DropTooLong])
	}
	return e.Systems[0].Records[0].Passages, assistant, demonstration
}

// With the same options the same passages are shown, however near they come to the end of the context.
func TestPassagesAreCutAlike(t *testing.T) {
	const q = "Who runs the mill?"
	found := shelf{q: {"one two three four", "five six seven eight", "nine ten eleven twelve"}}
	m := &counting{scripted: scripted{name: "m", other: "x"}}
	prompt := func(passages int) int {
		n, err := m.CountTokens(Prompts{}.ReadMessages(q, hitsOf(t, found, q)[:passages]))
		require.NoError(t, err)
		return n
	}
	for context, want := range map[int]int{
		prompt(3) + 5: 3, prompt(3) + 4: 2, prompt(3) + 1: 2, prompt(2) + 5: 2, prompt(2) + 4: 1, prompt(1) + 5: 1, prompt(1) + 1: 1, prompt(1): 0,
	} {
		m.context = context
		evaluation, assistant, demonstration := shownBy(t, m, q, found, nil)
		require.Equal(t, []int{want, want, want}, []int{evaluation, assistant, demonstration}, context-prompt(3))
	}
	for fits := range 5 {
		// One that cannot count says so when it is asked.
		evaluation, assistant, demonstration := shownBy(t, limited{alwaysSays("x"), &fits}, q, found, nil)
		want := min(fits, 3)
		require.Equal(t, []int{want, want, want}, []int{evaluation, assistant, demonstration})
	}
}

// A vote is asked about each passage alone, so that one that is too long is no matter to the others.
func TestEnsembleFitsEachPassageAlone(t *testing.T) {
	const q = "Who runs the mill?"
	found := shelf{q: {strings.Repeat("long ", 50), "The mill is run by x.", "The mill is old."}}
	m := &counting{scripted: scripted{name: "m", other: "x"}}
	one, err := m.CountTokens(Prompts{}.ReadMessages(q, hitsOf(t, found, q)[1:2]))
	require.NoError(t, err)
	m.context = one + 5
	evaluation, assistant, _ := shownBy(t, m, q, found, &Ensemble{})
	require.Equal(t, []int{2, 2}, []int{evaluation, assistant})
	fits := 1
	evaluation, assistant, _ = shownBy(t, limited{alwaysSays("x"), &fits}, q, found, &Ensemble{})
	require.Equal(t, []int{3, 3}, []int{evaluation, assistant})
	evaluation, assistant, _ = shownBy(t, noLongWord{alwaysSays("x")}, q, found, &Ensemble{})
	require.Equal(t, []int{2, 2}, []int{evaluation, assistant})

	// How sure the model is of its answer is asked about the passage that it is from: all would not fit.
	e := evaluated(t, EvalConfig{
		Systems:   []System{{Name: "s", Model: noLongWord{alwaysSays("x")}, Setting: SettingRetrieval, Ensemble: &Ensemble{}}},
		Questions: []Question{{ID: "a", Question: q, Answer: "x"}}, Search: found, K: 3, Resamples: 10, Signals: SignalOptions{Consistency: 2},
	})
	require.Equal(t, 1.0, e.Systems[0].Records[0].Signals[SignalConsistency])
}

// noLongWord takes no prompt with the long passage.
type noLongWord struct{ *fakeModel }

func (m noLongWord) Chat(ctx context.Context, reqs []ChatRequest) ([]ChatResponse, error) {
	for _, req := range reqs {
		if strings.Contains(req.Messages[1].Content, "long") || strings.Count(req.Messages[1].Content, "Document ") > 1 {
			return nil, ErrPromptTooLong
		}
	}
	return m.fakeModel.Chat(ctx, reqs)
}

// A prompt that is too long costs its row a distractor, whether or not the oracle is shown, or the row, but not the recipe.
func TestRAFTFitsTheContext(t *testing.T) {
	model := &counting{scripted: scripted{name: "m", other: noSay}, context: 1000}
	in, search := RecipeInput{Model: model}, shelf{}
	for i := range 40 {
		q := Question{ID: fmt.Sprint(i), Question: fmt.Sprintf("Who keeps inn %d?", i), Answer: "Ann"}
		search[q.Question] = []string{"Ann keeps the inn.", "It rains all day.", "It snows all night.", "It hails at noon."}
		in.Questions = append(in.Questions, q)
	}
	in.Search = search
	made := func(r RAFT) (map[Kind]map[int]int, *RecipeResult) {
		t.Helper()
		out, err := r.Rows(t.Context(), in)
		require.NoError(t, err)
		shown := map[Kind]map[int]int{KindAnswer: {}, KindRefusal: {}}
		for _, row := range out.Rows {
			shown[row.Kind][len(row.Chunks)]++
			require.Len(t, row.Chunks, strings.Count(row.Messages[1].Content, "Document "))
		}
		return shown, out
	}
	self := RAFT{OracleShare: 0.5, WhenAbsent: AbsentSelf, MaxTokens: 5}
	all, _ := made(self)
	require.Positive(t, all[KindAnswer][4])
	q := in.Questions[0]
	two, err := model.CountTokens(q.RefuseMessages(Prompts{}, hitsOf(t, search, q.Question)[:2]))
	require.NoError(t, err)
	model.context = two + 5
	few, out := made(self)
	require.Positive(t, few[KindAnswer][2])
	require.Positive(t, few[KindRefusal][2])
	require.Equal(t, 40, few[KindAnswer][2]+few[KindRefusal][2], "whether the oracle is shown or not")
	require.Len(t, out.Rows, 40)
	model.context = 5
	_, out = made(self)
	require.Equal(t, map[DropReason]int{DropTooLong: 40}, out.Dropped)

	// One that cannot count refuses the prompts that it is asked, and shows in the end what one that counts shows.
	fits := 2
	in.Model = limited{alwaysSays(noSay), &fits}
	cost, err := self.Estimate(in)
	require.NoError(t, err)
	refused, out := made(self)
	require.Equal(t, few, refused)
	require.Empty(t, out.Dropped)
	require.LessOrEqual(t, out.Cost.Calls, cost.Calls)
	fits = 4
	refused, out = made(self)
	require.Equal(t, all, refused)
	require.Equal(t, refused[KindRefusal][3], out.Cost.Calls, "the rows with the oracle ask nothing where all fit")
	fits = 0
	_, out = made(self)
	require.Equal(t, map[DropReason]int{DropTooLong: 40}, out.Dropped)
	_, out = made(RAFT{OracleShare: 1, Reason: true})
	require.Equal(t, map[DropReason]int{DropTooLong: 40}, out.Dropped)

	// What the model wrote of the oracle stays where the row loses its distractors.
	fits = 2
	const reason = `As "Ann keeps the inn." says, Ann.`
	in.Model = limited{&fakeModel{reply: func(req ChatRequest, _ int) ChatSample {
		if req.Messages[0].Content == DefaultReasonPrompt {
			return says(reason)
		}
		return says(noSay)
	}}, &fits}
	self.Reason = true
	cost, err = self.Estimate(in)
	require.NoError(t, err)
	reasoned, out := made(self)
	require.Equal(t, few, reasoned)
	require.LessOrEqual(t, out.Cost.Calls, cost.Calls)
	for _, row := range out.Rows {
		if row.Kind == KindAnswer {
			require.Equal(t, reason+"\nAnswer: Ann", row.Response())
			require.Contains(t, row.Messages[1].Content, "Ann keeps the inn.")
			require.NotEmpty(t, row.Provenance.Model)
		}
	}
}

// Where only some questions have a passage that is too long, it and those after it are left out by the same rule with the
// oracle as without.
func TestRAFTFitsMixedPassages(t *testing.T) {
	in, search := RecipeInput{Model: noLong{alwaysSays(noSay)}}, shelf{}
	for i := range 80 {
		q := Question{ID: fmt.Sprint(i), Question: fmt.Sprintf("Who keeps inn %d?", i), Answer: "Ann"}
		search[q.Question] = []string{"Ann keeps the inn.", "It rains all day.", "It snows all night.", "It hails at noon.", "It is foggy at dawn."}
		if i%2 == 0 {
			search[q.Question][2] = "A long story."
		}
		in.Questions = append(in.Questions, q)
	}
	in.Search = search
	out, err := RAFT{OracleShare: 0.5, WhenAbsent: AbsentSelf}.Rows(t.Context(), in)
	require.NoError(t, err)
	require.Equal(t, 80, len(out.Rows), out.Dropped)
	for i, row := range out.Rows {
		want := 4
		if i%2 == 0 {
			if want = 2; row.Kind == KindRefusal {
				want = 1 // no oracle goes before the long one
			}
		}
		require.Len(t, row.Chunks, want, "%d %s", i, row.Kind)
	}
}

// noLong takes no prompt with the long passage.
type noLong struct{ *fakeModel }

func (m noLong) Chat(ctx context.Context, reqs []ChatRequest) ([]ChatResponse, error) {
	for _, req := range reqs {
		if strings.Contains(req.Messages[1].Content, "long") {
			return nil, ErrPromptTooLong
		}
	}
	return m.fakeModel.Chat(ctx, reqs)
}

// A passage that is too long gives memory no rows, and the others do.
func TestMemoryLeavesOutWhatIsTooLong(t *testing.T) {
	refuses := "run by"
	model := refusing{memoryModel(t), &refuses}
	in := RecipeInput{Model: model, Corpus: millCorpus()}
	r, err := Memory{}.Build(t.Context(), in)
	require.NoError(t, err)
	require.Equal(t, 1, r.Dropped[DropTooLong])
	require.Len(t, r.Graph.Entities, 1)
	require.NotEmpty(t, r.Rows)
	refuses = "Document"
	_, err = Memory{}.Build(t.Context(), in)
	require.ErrorIs(t, err, ErrNoEntities)
	require.ErrorContains(t, err, "2 passages longer than the model's context")
}

// A model that writes no JSON is found out as soon, whichever passage of a batch is too long.
func TestMemoryFindsOutPastWhatIsTooLong(t *testing.T) {
	for _, long := range []int{-1, 0, 3, 7} {
		var corpus []retriever.Chunk
		for i := range 200 {
			text := "A mill."
			if i == long || i == 13 {
				text = "Too long."
			}
			corpus = append(corpus, retriever.Chunk{ID: fmt.Sprint(i), Text: text})
		}
		refuses := "Too long."
		model := refusing{alwaysSays("I like mills"), &refuses}
		_, err := Memory{}.Rows(t.Context(), RecipeInput{Model: model, Corpus: corpus})
		require.ErrorIs(t, err, ErrNoEntities)
		require.ErrorContains(t, err, "is whole JSON")
		require.LessOrEqual(t, len(model.requests), 8, "of the first batch alone")
	}
}

// refusing takes no prompt with some text.
type refusing struct {
	*fakeModel
	text *string
}

func (m refusing) Chat(ctx context.Context, reqs []ChatRequest) ([]ChatResponse, error) {
	for _, req := range reqs {
		if strings.Contains(req.Messages[1].Content, *m.text) {
			return nil, ErrPromptTooLong
		}
	}
	return m.fakeModel.Chat(ctx, reqs)
}
