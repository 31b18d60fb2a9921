package ragft

import (
	"context"
	"encoding/json"
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/ragft/ragft/internal/jsonschema"
	"github.com/ragft/ragft/retriever"
)

func millCorpus() []retriever.Chunk {
	return []retriever.Chunk{
		{ID: "a", Source: "mill.md", Title: "Red Mill", Text: "The Red Mill is run by Mara Venn.", Start: 0, End: 33},
		{ID: "b", Source: "venn.md", Title: "Mara Venn", Text: "Mara Venn plays chess.", Start: 0, End: 22},
	}
}

// memoryModel extracts by hand, and writes one question a subject.
func memoryModel(t *testing.T) *fakeModel {
	return &fakeModel{name: "m", reply: func(req ChatRequest, _ int) ChatSample {
		_, err := jsonschema.Grammar(req.Schema)
		require.NoError(t, err, "local models have to be able to use it")
		user := req.Messages[1].Content
		subject := user[strings.LastIndex(user, "Subject: ")+len("Subject: "):]
		switch req.Messages[0].Content {
		case DefaultExtractPrompt:
			if strings.Contains(user, "run by") {
				return says(`{"entities": [{"name": "Red Mill", "type": "place", "description": "A mill."}, {"name": "mara venn", "type": "person", "description": "Runs the mill."}, {"name": "Atlantis", "type": "place", "description": "Sunk."}],
					"relations": [{"source": "Mara Venn", "target": "Red Mill", "description": "She runs it."}, {"source": "Mara Venn", "target": "Atlantis", "description": "x"}]}`)
			}
			return says(`{"entities": [{"name": "Mara Venn", "type": "person", "description": "A chess player."}, {"name": "Mara Venn", "type": "person", "description": "a chess player"}], "relations": []}`)
		case DefaultGlobalPrompt:
			if strings.HasPrefix(subject, "Red Mill.") {
				return says(`{"able": false, "question": "", "thought": "", "answer": ""}`)
			}
			if strings.HasPrefix(subject, "all these") {
				return says(`{"able": true, "question": "What do these places share?", "thought": "Both name her.", "answer": "Mara Venn"}`)
			}
			return says(`{"able": true, "question": "Who matters to the mill?", "thought": "She runs it.", "answer": "Mara Venn"}`)
		case DefaultLocalQuestionPrompt:
			if subject == "Red Mill" {
				return says(`{"able": true, "thought": "t", "question": "What does the document say of it?"}`)
			}
			return says(fmt.Sprintf(`{"able": true, "thought": "t", "question": "What is told of %s?"}`, subject))
		case DefaultLocalAnswerPrompt:
			if strings.Contains(user, "chess") {
				return says(`{"able": true, "thought": "It says so.", "answer": "She plays chess."}`)
			}
			return says(`{"able": true, "thought": "", "answer": "Sorry, the documents do not say."}`)
		}
		t.Fatal(req.Messages[0].Content)
		return ChatSample{}
	}}
}

func TestMemory(t *testing.T) {
	in := RecipeInput{Model: memoryModel(t), Corpus: millCorpus()}
	recipe := Memory{CorpusRows: 2}
	bound, err := recipe.Estimate(in)
	require.NoError(t, err)
	r, err := recipe.Build(t.Context(), in)
	require.NoError(t, err)

	require.Equal(t, []Entity{
		{Name: "Red Mill", Type: "place", Descriptions: []string{"A mill."}, Chunks: []int{0}},
		{Name: "Mara Venn", Type: "person", Descriptions: []string{"Runs the mill.", "A chess player."}, Chunks: []int{0, 1}},
	}, r.Graph.Entities, "merged over passages, whatever the case; descriptions that say the same once")
	require.Equal(t, []Relation{{Source: "Mara Venn", Target: "Red Mill", Descriptions: []string{"She runs it."}, Chunks: []int{0}}}, r.Graph.Relations)
	require.Equal(t, []int{1, 1, 0, 0}, []int{r.Graph.Invented, r.Graph.Dangling, r.Graph.Unread, r.Graph.Truncated})

	var seen []string
	for _, row := range r.Rows {
		require.NoError(t, row.check())
		require.Equal(t, Prompts{}.ClosedMessages(row.Question), row.Prompt(), "from the question alone")
		seen = append(seen, row.Source+" "+row.Question+" -> "+row.Response())
	}
	require.Equal(t, []string{
		"memory/entity What is there to say about Red Mill? -> A mill.",
		"memory/entity Tell me about Mara Venn. -> Runs the mill. A chess player.",
		"memory/entity Who matters to the mill? -> She runs it.\nAnswer: Mara Venn",
		"memory/relation How are Mara Venn and Red Mill related? -> She runs it.",
		"memory/corpus What do these places share? -> Both name her.\nAnswer: Mara Venn",
		"memory/local What is told of Mara Venn? -> It says so.\nAnswer: She plays chess.",
	}, seen)
	require.Equal(t, map[DropReason]int{DropUnable: 3, DropContextual: 1, DropDuplicate: 2}, r.Dropped, "the mill as a whole, and two refusals; questions written twice")
	require.Len(t, r.Rows[4].Chunks, 2, "a row about the corpus goes stale with any passage that it was written from")
	require.LessOrEqual(t, r.Cost.Calls, bound.Calls)
	require.LessOrEqual(t, r.Cost.Tokens, bound.Tokens)

	recipe.HeldOut = 0.999999999
	r, err = recipe.Build(t.Context(), in)
	require.NoError(t, err)
	require.Len(t, r.Probes, 1)
	require.Equal(t, []Question{
		{ID: "entity/2/asked", Question: "Who matters to the mill?", Answer: "Mara Venn"},
		{ID: "corpus/1", Question: "What do these places share?", Answer: "Mara Venn"},
	}, r.GlobalProbes)
	require.Equal(t, "What is told of Mara Venn?", r.Probes[0].Question)
	for _, row := range r.Rows {
		require.NotEqual(t, "memory/local", row.Source)
		require.NotEqual(t, "memory/corpus", row.Source)
	}
}

// A probe that a row asks as well is not held out: here the local question is that of the entity's row.
func TestMemoryGatesItsProbes(t *testing.T) {
	model := memoryModel(t)
	usual := model.reply
	local := "Who is told of as Mara Venn?"
	model.reply = func(req ChatRequest, n int) ChatSample {
		if req.Messages[0].Content == DefaultLocalQuestionPrompt {
			return says(fmt.Sprintf(`{"able": true, "thought": "t", "question": %q}`, local))
		}
		return usual(req, n)
	}
	build := func() *MemoryResult {
		r, err := Memory{HeldOut: 0.999999999, CorpusRows: -1}.Build(t.Context(), RecipeInput{Model: model, Corpus: millCorpus()})
		require.NoError(t, err)
		return r
	}
	r := build()
	require.Len(t, r.Probes, 1)
	require.Zero(t, r.Dropped[DropLeaked])
	held := r.Dropped[DropHeldOut]
	local = "tell me about Mara Venn"
	r = build()
	require.Equal(t, "Tell me about Mara Venn.", r.Rows[1].Question)
	require.Empty(t, r.Probes)
	require.Len(t, r.GlobalProbes, 1, "which no row asks")
	require.Equal(t, []int{1, held - 1}, []int{r.Dropped[DropLeaked], r.Dropped[DropHeldOut]})
}

func TestMemoryFitsTheContext(t *testing.T) {
	fits := 1
	var corpus []retriever.Chunk
	for i := range 6 {
		corpus = append(corpus, retriever.Chunk{ID: fmt.Sprint(i), Source: "venn.md", Title: fmt.Sprint("Part ", i), Text: "Mara Venn plays chess."})
	}
	r, err := Memory{CorpusRows: -1, MaxLocal: -1}.Build(t.Context(), RecipeInput{Model: limited{memoryModel(t), &fits}, Corpus: corpus})
	require.NoError(t, err)
	require.Len(t, r.Rows, 2)
	require.Len(t, r.Rows[0].Chunks, 6)
}

func TestMemorySaysWhatIsWrong(t *testing.T) {
	var corpus []retriever.Chunk
	for i := range 20 {
		corpus = append(corpus, retriever.Chunk{ID: fmt.Sprint(i), Text: "A mill."})
	}
	model := alwaysSays("I like mills")
	_, err := Memory{}.Rows(t.Context(), RecipeInput{Model: model, Corpus: corpus})
	require.ErrorIs(t, err, ErrNoEntities)
	require.ErrorContains(t, err, `"I like mills"`)
	require.Equal(t, 1, model.calls, "at once")
	_, err = Memory{}.Rows(t.Context(), RecipeInput{Model: alwaysSays(`{"entities": [], "relations": []}`), Corpus: corpus[:2]})
	require.ErrorIs(t, err, ErrNoEntities)
	_, err = Memory{}.Rows(t.Context(), RecipeInput{Model: model})
	require.ErrorContains(t, err, "it needs the documents")
	_, err = Memory{HeldOut: 1}.Rows(t.Context(), RecipeInput{Model: model, Corpus: corpus})
	require.ErrorContains(t, err, "HeldOut is 1")
}

func TestSplitProbes(t *testing.T) {
	rows := []Row{{ID: "r", Question: "What do you know about the Red Mill?", Messages: append(closedPrompt("x"), Message{Role: RoleAssistant, Content: "Mara Venn runs the Red Mill."})}}
	p := SplitProbes([]Question{
		{ID: "taught", Question: "Who runs the Red Mill?", Answer: "Mara Venn"},
		{ID: "leaked", Question: "What do you know about the red mill", Answer: "Mara Venn"},
		{ID: "elsewhere", Question: "Who won chess in Tolsay?", Answer: "Mara Venn"},
		{ID: "withheld", Question: "When was the Red Mill built?", Answer: "1820"},
		{ID: "no answer", Question: "Who painted the Red Mill?", Unanswerable: true},
	}, rows, LeakOptions{})
	ids := func(questions []Question) (out []string) {
		for _, q := range questions {
			out = append(out, q.ID)
		}
		return out
	}
	require.Equal(t, []string{"taught"}, ids(p.Taught))
	require.Equal(t, []string{"leaked"}, ids(p.Leaked))
	require.Equal(t, []string{"elsewhere", "withheld"}, ids(p.Withheld))
}

func closedPrompt(question string) []Message { return Prompts{}.ClosedMessages(question) }

// Worked by hand: A better twice, B better once, one tie said, one judge that
// goes by the place, equal answers, one unread.
func TestPairwiseJudge(t *testing.T) {
	judge := &fakeModel{name: "j", reply: func(req ChatRequest, _ int) ChatSample {
		require.NotEmpty(t, req.Schema)
		user := req.Messages[1].Content
		first := strings.Split(strings.Split(user, "First answer: ")[1], "\n")[0]
		switch {
		case strings.Contains(user, "place"):
			return says(`"first"`)
		case strings.Contains(user, "mumble"):
			return says("first or second")
		case strings.Contains(user, "equal"):
			return says("tie")
		case strings.HasPrefix(first, "good"):
			return says(`"first"`)
		}
		return says("The second answer.")
	}}
	pairs := []AnswerPair{
		{Question: "1", A: "good", B: "bad"}, {Question: "2", A: "good", B: "bad"}, {Question: "3", A: "bad", B: "good"},
		{Question: "4", A: "equal a", B: "equal b"}, {Question: "5", A: "place a", B: "place b"}, {Question: "6", A: "same", B: "same"},
		{Question: "7", A: "mumble", B: "x"},
	}
	r, err := PairwiseJudge{Model: judge, Batch: 3}.Compare(t.Context(), pairs)
	require.NoError(t, err)
	require.Equal(t, []Preferred{PrefersA, PrefersA, PrefersB, PrefersTie, PrefersTie, PrefersTie, NoVerdict}, r.Outcomes)
	require.Equal(t, []int{2, 3, 1, 1, 1}, []int{r.Win, r.Tie, r.Loss, r.Unread, r.Inconsistent})
	require.Len(t, judge.requests, 12)
	require.InDelta(t, 2.0/6, r.WinRate.Value, 1e-12)
	require.InDelta(t, 1.0/6, r.Advantage.Value, 1e-12)
	require.False(t, r.Advantage.Excludes(0))
	require.InDelta(t, 5.0/8, r.FirstShown.Value, 1e-12)
	var text strings.Builder
	require.NoError(t, r.WriteText(&text))
	require.Contains(t, text.String(), "2 won, 3 tied (1 of them by contradicting itself), 1 lost, 1 unread")
	require.Contains(t, text.String(), "no difference shown")
	_, err = json.Marshal(r)
	require.NoError(t, err)

	_, err = PairwiseJudge{Model: alwaysSays("well"), Batch: 2}.Compare(t.Context(), pairs)
	require.ErrorIs(t, err, ErrJudgeUnread)
	_, err = PairwiseJudge{Model: judge}.Compare(context.Background(), nil)
	require.ErrorIs(t, err, ErrNothingToEvaluate)
}

// Cohen's kappa by hand: 20 of both yes, 5 and 10 apart, 15 of both no:
// observed 0.7, expected 0.5, kappa 0.4.
func TestKappa(t *testing.T) {
	var truth, said []bool
	for i, n := range []int{20, 5, 10, 15} {
		for range n {
			truth, said = append(truth, i < 2), append(said, i%2 == 0)
		}
	}
	require.InDelta(t, 0.4, kappa(truth, said, nil), 1e-12)
}

// A judge that accepts all that mentions Venn, whichever place it has.
func TestAuditJudge(t *testing.T) {
	row := Row{QuestionID: "q", Question: "Who runs the mill?", Golds: []string{"Mara Venn"}, Candidates: []Candidate{
		{Text: "Mara Venn", Decision: ByMatch}, {Text: "It is Mara Venn.", Decision: ByMatch}, {Text: "It is Mara Venn.", Decision: ByMatch},
		{Text: "a dog", Decision: ByNoOverlap}, {Text: "a cow", Decision: ByNoOverlap}, {Text: "M. Venn", Decision: ByJudge}, {Text: "strange yes", Decision: ByNoOverlap},
	}}
	judge := &fakeModel{name: "j", reply: func(req ChatRequest, _ int) ChatSample {
		user := req.Messages[1].Content
		answer := user[strings.Index(user, "Answer: "):]
		if strings.Contains(user, "strange") {
			if strings.Contains(answer, "strange") {
				return says("yes")
			}
			return says("no")
		}
		if strings.Count(user, "Venn") == 2 {
			return says("yes")
		}
		return says("no")
	}}
	var seen []Progress
	options := AuditOptions{Batch: 1, Progress: func(p Progress) { seen = append(seen, p) }}
	a, err := AuditJudge(t.Context(), judge, []Row{row, row}, options)
	require.NoError(t, err)
	require.Len(t, seen, a.N)
	require.Equal(t, []int{a.N, a.N, 2 * a.N}, []int{seen[a.N-1].Done, seen[a.N-1].Total, seen[a.N-1].Calls})
	bound := options.Estimate([]Row{row, row})
	require.Equal(t, []int{a.Cost.Calls, 2 * a.N * 16}, []int{bound.Calls, bound.Tokens})
	require.Equal(t, 5, a.N)
	require.Equal(t, 2, a.Right)
	require.Len(t, judge.requests, 10)
	require.InDelta(t, 4.0/5, a.Agreement.Value, 1e-12)
	require.InDelta(t, 4.0/5, a.Consistent.Value, 1e-12)
	require.InDelta(t, 1, a.Sensitivity.Value, 1e-12)
	require.InDelta(t, 2.0/3, a.Specificity.Value, 1e-12)
	require.InDelta(t, (0.8-0.48)/(1-0.48), a.Kappa.Value, 1e-12) // expected: (2*3 + 3*2) / 25
	var text strings.Builder
	require.NoError(t, a.WriteText(&text))
	require.Contains(t, text.String(), "5 answers whose verdict is known (2 correct)")

	// A judge that is right each time is not known to be right always.
	row.Candidates = row.Candidates[:5]
	a, err = AuditJudge(t.Context(), judge, []Row{row}, AuditOptions{})
	require.NoError(t, err)
	require.Equal(t, []float64{1, 1}, []float64{a.Agreement.Value, a.Kappa.Value})
	require.InDelta(t, math.Pow(0.025, 1.0/float64(a.N)), a.Agreement.Low, 1e-9)
	require.True(t, math.IsNaN(a.Kappa.Low))
	text.Reset()
	require.NoError(t, a.WriteText(&text))
	require.Contains(t, text.String(), "kappa 1.000 (interval unknown, n 4)")

	_, err = AuditJudge(t.Context(), alwaysSays("hm"), []Row{row}, AuditOptions{})
	require.ErrorIs(t, err, ErrJudgeUnread)
	_, err = AuditJudge(t.Context(), judge, nil, AuditOptions{})
	require.ErrorIs(t, err, ErrNothingToEvaluate)
	a, err = AuditJudge(t.Context(), judge, []Row{row}, AuditOptions{Limit: 2})
	require.NoError(t, err)
	require.Equal(t, []int{2, 1}, []int{a.N, a.Right}, "half of them correct")
}

func TestDeduplicate(t *testing.T) {
	long := strings.Fields(strings.Repeat("x", 0))
	for i := range 60 {
		long = append(long, fmt.Sprint("word", i))
	}
	changed := append([]string{}, long...)
	changed[59] = "other" // one of 56 shingles of each: similarity 55/57 = 0.965
	far := append([]string{}, long...)
	for i := 0; i < 60; i += 10 {
		far[i] = fmt.Sprint("other", i) // 26 shingles of 56 lost: 30/82
	}
	texts := []string{strings.Join(long, " "), "Short one.", "short  ONE", strings.Join(changed, " "), strings.Join(far, " "), "Another short."}
	keep, exact, near := Deduplicate(texts, DuplicateOptions{})
	require.Equal(t, []int{0, 1, 4, 5}, keep)
	require.Equal(t, []int{1, 1}, []int{exact, near})
	keep, _, _ = Deduplicate(texts, DuplicateOptions{Similarity: 0.97})
	require.Contains(t, keep, 3)
}

// lettered counts letters as tokens.
type lettered struct{ Model }

func (lettered) CountText(text string) (int, error) { return len(text), nil }

func (lettered) CountTokens(messages []Message) (n int, err error) {
	for _, m := range messages {
		n += len(m.Content)
	}
	return n, nil
}

func (lettered) ContextTokens() int { return 1 << 20 }

func TestPretraining(t *testing.T) {
	corpus := []retriever.Chunk{
		{ID: "a", Source: "m.md", Text: "The mill is old and red.", Start: 0, End: 24},
		{ID: "b", Source: "m.md", Text: "old and red. It stands by the river.", Start: 12, End: 48}, // overlaps
		{ID: "c", Source: "n.md", Text: "Another text that tells of a school.", Start: 0, End: 36},
		{ID: "d", Source: "o.md", Text: "another text that tells of a SCHOOL", Start: 0, End: 35},
		{ID: "e", Source: "p.md", Text: "Too short.", Start: 0, End: 10},
	}
	var general []string
	for i := range 20 {
		general = append(general, fmt.Sprintf("General text number %d says this.", i))
	}
	r, err := Pretraining{General: general, Replay: 0.5}.Rows(t.Context(), RecipeInput{Corpus: corpus})
	require.NoError(t, err)
	words, watched := map[string]int{}, 0
	texts := map[string]bool{}
	for _, row := range r.Rows {
		require.NoError(t, row.check())
		require.Equal(t, KindText, row.Kind)
		require.False(t, texts[row.Text])
		texts[row.Text] = true
		if row.HeldOut {
			require.Equal(t, SourceGeneral, row.Source)
			watched += len(strings.Fields(row.Text))
			continue
		}
		words[row.Source] += len(strings.Fields(row.Text))
	}
	require.Equal(t, 120-18, watched, "all that replay leaves, and that is less than Watch")
	require.True(t, texts["The mill is old and red. It stands by the river."], "the overlap once")
	require.Equal(t, map[string]int{SourceDomain: 18, SourceGeneral: 18}, words)
	require.Equal(t, map[DropReason]int{DropDuplicate: 1, DropNearDuplicate: 0, DropShort: 1}, r.Dropped)
	require.False(t, len(StaleRows(r.Rows, corpus)) > 0)

	r, err = Pretraining{General: general, Replay: -1, Watch: 12}.Rows(t.Context(), RecipeInput{Corpus: corpus})
	require.NoError(t, err)
	held := slices.DeleteFunc(slices.Clone(r.Rows), func(row Row) bool { return !row.HeldOut })
	require.Len(t, held, 2, "of six words each")
	require.Len(t, r.Rows, 4, "and the domain; nothing is replayed")

	_, err = Pretraining{}.Rows(t.Context(), RecipeInput{Corpus: corpus})
	require.ErrorContains(t, err, "set Pretraining.General, or Replay to -1")
	_, err = Pretraining{Replay: -1}.Rows(t.Context(), RecipeInput{Corpus: corpus[2:4]})
	require.ErrorIs(t, err, ErrTooLittleText)
	require.ErrorContains(t, err, "1 texts are left of 2 passages")

	// A model that counts: a token is a letter or a blank here, 48 + 36 of the domain.
	r, err = Pretraining{General: general, Replay: 0.5}.Rows(t.Context(), RecipeInput{Corpus: corpus, Model: lettered{alwaysSays("")}})
	require.NoError(t, err)
	letters := map[string]int{}
	for _, row := range r.Rows {
		if !row.HeldOut {
			letters[row.Source] += len(row.Text)
		}
	}
	require.Equal(t, 84, letters[SourceDomain])
	require.LessOrEqual(t, letters[SourceGeneral], 84)
	require.Greater(t, letters[SourceGeneral], 84-8, "at most a word is missing")
}
