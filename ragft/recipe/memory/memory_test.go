package memory

import (
	"fmt"
	"strings"
	"testing"

	"github.com/ragft/ragft/internal/fake"
	"github.com/ragft/ragft/internal/jsonschema"
	"github.com/ragft/ragft/ragft/model"
	"github.com/ragft/ragft/ragft/opt"
	"github.com/ragft/ragft/ragft/prompt"
	"github.com/ragft/ragft/ragft/question"
	"github.com/ragft/ragft/ragft/recipe"
	"github.com/ragft/ragft/retriever"
	"github.com/stretchr/testify/require"
)

func millCorpus() []retriever.Chunk {
	return []retriever.Chunk{
		{ID: "a", Source: "mill.md", Title: "Red Mill", Text: "The Red Mill is run by Mara Venn.", Start: 0, End: 33},
		{ID: "b", Source: "venn.md", Title: "Mara Venn", Text: "Mara Venn plays chess.", Start: 0, End: 22},
	}
}

// memoryModel extracts by hand, and writes one question a subject.
func memoryModel(t *testing.T) *fake.Model {
	return &fake.Model{Called: "m", Reply: func(req model.Request, _ int) model.Sample {
		_, err := jsonschema.Grammar(req.Schema)
		require.NoError(t, err, "local models have to be able to use it")
		user := req.Messages[1].Content
		subject := user[strings.LastIndex(user, "Subject: ")+len("Subject: "):]
		switch fake.Instruction(req.Messages) {
		case extractPrompt:
			if strings.Contains(user, "run by") {
				return fake.Says(`{"entities": [{"name": "Red Mill", "type": "place", "description": "A mill."}, {"name": "mara venn", "type": ` +
					`"person", "description": "Runs the mill."}, {"name": "Atlantis", "type": "place", "description": "Sunk."}],
					"relations": [{"source": "Mara Venn", "target": "Red Mill", "description": "She runs it."}, {"source": "Mara Venn", "target": ` +
					`"Atlantis", "description": "x"}]}`)
			}
			return fake.Says(`{"entities": [{"name": "Mara Venn", "type": "person", "description": "A chess player."}, {"name": "Mara Venn", ` +
				`"type": "person", "description": "a chess player"}], "relations": []}`)
		case globalPrompt:
			if strings.HasPrefix(subject, "Red Mill.") {
				return fake.Says(`{"able": false, "question": "", "thought": "", "answer": ""}`)
			}
			if strings.HasPrefix(subject, "all these") {
				return fake.Says(`{"able": true, "question": "What do these places share?", "thought": "Both name her.", "answer": "Mara Venn"}`)
			}
			return fake.Says(`{"able": true, "question": "Who matters to the mill?", "thought": "She runs it.", "answer": "Mara Venn"}`)
		case localQuestionPrompt:
			if subject == "Red Mill" {
				return fake.Says(`{"able": true, "thought": "t", "question": "What does the document say of it?"}`)
			}
			return fake.Says(fmt.Sprintf(`{"able": true, "thought": "t", "question": "What is told of %s?"}`, subject))
		case localAnswerPrompt:
			if strings.Contains(user, "chess") {
				return fake.Says(`{"able": true, "thought": "It says so.", "answer": "She plays chess."}`)
			}
			return fake.Says(`{"able": true, "thought": "", "answer": "Sorry, the documents do not say."}`)
		}
		t.Fatal(fake.Instruction(req.Messages))
		return model.Sample{}
	}}
}

func TestMemory(t *testing.T) {
	in := recipe.Input{Model: memoryModel(t), Corpus: millCorpus()}
	rec := Recipe{CorpusRows: opt.Of(2)}
	bound, err := rec.Estimate(in)
	require.NoError(t, err)
	r, err := rec.Build(t.Context(), in)
	require.NoError(t, err)

	require.Equal(t, []entity{
		{name: "Red Mill", descriptions: []string{"A mill."}, chunks: []int{0}},
		{name: "Mara Venn", descriptions: []string{"Runs the mill.", "A chess player."}, chunks: []int{0, 1}},
	}, r.graph.entities, "merged over passages, whatever the case; descriptions that say the same once")
	require.Equal(t, []relation{{source: "Mara Venn", target: "Red Mill", descriptions: []string{"She runs it."}, chunks: []int{0}}},
		r.graph.relations)
	require.Equal(t, []int{1, 1, 0, 0}, []int{r.graph.invented, r.graph.dangling, r.graph.unread, r.graph.truncated})

	var seen []string
	for _, row := range r.Rows {
		require.NoError(t, row.Check())
		require.Equal(t, prompt.Set{}.ClosedMessages(row.Question), row.Prompt(), "from the question alone")
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
	require.Equal(t, map[string]int{"unable": 3, "contextual": 1, "duplicate": 2}, r.Dropped,
		"the mill as a whole, and two refusals; questions written twice")
	require.Len(t, r.Rows[4].Chunks, 2, "a row about the corpus goes stale with any passage that it was written from")
	require.LessOrEqual(t, r.Cost.Calls, bound.Calls)
	require.LessOrEqual(t, r.Cost.Tokens, bound.Tokens)

	rec.HeldOut = 0.999999999
	r, err = rec.Build(t.Context(), in)
	require.NoError(t, err)
	require.Len(t, r.Probes, 1)
	require.Equal(t, []question.Question{
		{ID: "entity/2/asked", Question: "Who matters to the mill?", Answer: "Mara Venn"},
		{ID: "corpus/1", Question: "What do these places share?", Answer: "Mara Venn"},
	}, r.GlobalProbes)
	require.Equal(t, "What is told of Mara Venn?", r.Probes[0].Question)
	require.Equal(t, "b", r.Probes[0].Group, "the passage: questions about one are not independent")
	for _, row := range r.Rows {
		require.NotEqual(t, "memory/local", row.Source)
		require.NotEqual(t, "memory/corpus", row.Source)
	}
}

// A probe that a row asks as well is not held out: here the local question is nearly that of the entity's row. One that is the
// same would teach two answers, and is no row either.
func TestMemoryGatesItsProbes(t *testing.T) {
	m := memoryModel(t)
	usual := m.Reply
	local := "Who is told of as Mara Venn?"
	m.Reply = func(req model.Request, n int) model.Sample {
		if fake.Instruction(req.Messages) == localQuestionPrompt {
			return fake.Says(fmt.Sprintf(`{"able": true, "thought": "t", "question": %q}`, local))
		}
		return usual(req, n)
	}
	heldOut := 0.999999999
	build := func() *Result {
		r, err := Recipe{HeldOut: heldOut, CorpusRows: opt.Of(0)}.Build(t.Context(), recipe.Input{Model: m, Corpus: millCorpus()})
		require.NoError(t, err)
		return r
	}
	r := build()
	require.Len(t, r.Probes, 1)
	require.Zero(t, r.Dropped["leaked"])
	held := r.Dropped["held-out"]
	local = "me about Mara Venn"
	r = build()
	require.Equal(t, "Tell me about Mara Venn.", r.Rows[1].Question)
	require.Empty(t, r.Probes)
	require.Len(t, r.GlobalProbes, 1, "which no row asks")
	require.Equal(t, []int{1, held - 1}, []int{r.Dropped["leaked"], r.Dropped["held-out"]})

	heldOut, local = 0, "tell me about Mara Venn"
	r = build()
	asked := 0
	for _, row := range r.Rows {
		if strings.EqualFold(strings.Trim(row.Question, "."), local) {
			asked++
		}
	}
	require.Equal(t, 1, asked)
}

// A Chinese question has no blanks, and yet words enough.
func TestMemoryTakesChineseQuestions(t *testing.T) {
	b := &build{out: &Result{Result: recipe.Result{Dropped: map[string]int{}}}}
	for q, usable := range map[string]bool{"红磨坊是谁经营的？": true, "谁？": false, "Who runs it?": true, "Who is?": false} {
		_, ok := b.read(model.Sample{Text: fmt.Sprintf(`{"able": true, "question": %q, "answer": "Mara"}`, q)}, true, true)
		require.Equal(t, usable, ok, q)
	}
	require.Equal(t, map[string]int{"unread": 2}, b.out.Dropped)
}

func TestMemoryFitsTheContext(t *testing.T) {
	fits := 1
	var corpus []retriever.Chunk
	for i := range 6 {
		corpus = append(corpus, retriever.Chunk{ID: fmt.Sprint(i), Source: "venn.md", Title: fmt.Sprint("Part ", i),
			Text: "Mara Venn plays chess."})
	}
	r, err := Recipe{CorpusRows: opt.Of(0), MaxLocal: opt.Of(0)}.Build(t.Context(),
		recipe.Input{Model: fake.Limited{Model: memoryModel(t), Documents: &fits}, Corpus: corpus})
	require.NoError(t, err)
	require.Len(t, r.Rows, 2)
	require.Len(t, r.Rows[0].Chunks, 6)
}

func TestMemorySaysWhatIsWrong(t *testing.T) {
	var corpus []retriever.Chunk
	for i := range 20 {
		corpus = append(corpus, retriever.Chunk{ID: fmt.Sprint(i), Text: "A mill."})
	}
	model := fake.AlwaysSays("I like mills")
	_, err := Recipe{}.Rows(t.Context(), recipe.Input{Model: model, Corpus: corpus})
	require.ErrorIs(t, err, errNoEntities)
	require.ErrorContains(t, err, `"I like mills"`)
	require.Equal(t, 1, model.Calls, "at once")
	_, err = Recipe{}.Rows(t.Context(), recipe.Input{Model: fake.AlwaysSays(`{"entities": [], "relations": []}`), Corpus: corpus[:2]})
	require.ErrorIs(t, err, errNoEntities)
	_, err = Recipe{}.Rows(t.Context(), recipe.Input{Model: model})
	require.ErrorContains(t, err, "there are no documents")
	_, err = Recipe{HeldOut: 1}.Rows(t.Context(), recipe.Input{Model: model, Corpus: corpus})
	require.ErrorContains(t, err, "HeldOut is 1")
}
