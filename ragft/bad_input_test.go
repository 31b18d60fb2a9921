package ragft

import (
	"bytes"
	"fmt"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/ragft/ragft/retriever"
)

// counted is a search that says how many passages its index holds.
type counted struct {
	retriever.Searcher
	n int
}

func (c counted) Len() int { return c.n }

// badInput is what recipes and Evaluate are given, whole until a case breaks it.
type badInput struct {
	RecipeInput
	judge Model
}

func goodInput(t *testing.T) badInput {
	mill := passage("mill.md", "Red Mill", "The Red Mill is run by Mara Venn.", 0)
	venn := passage("venn.md", "Mara Venn", "Mara Venn plays chess.", 0)
	in := RecipeInput{
		Model: memoryModel(t), Corpus: millCorpus(), Search: counted{fixedSearch{all: []retriever.Hit{mill, venn}}, 2},
		Questions: []Question{{ID: "1", Question: "Who runs the Red Mill?", Answer: "Mara Venn"}},
	}
	for i := range enoughReplies {
		in.Questions = append(in.Questions, Question{ID: fmt.Sprint("open", i), Question: "Who plays chess?", Answer: "Mara Venn"})
	}
	return badInput{RecipeInput: in}
}

// What cannot be used is said at once, with what to do, by every recipe and by
// Evaluate alike.
func TestBadInput(t *testing.T) {
	type user struct {
		name                                     string
		run                                      func(in badInput) error
		questions, search, corpus, model, judges bool // what it uses
	}
	recipe := func(r func(in badInput) Recipe) func(in badInput) error {
		return func(in badInput) error {
			_, err := r(in).Rows(t.Context(), in.RecipeInput)
			return err
		}
	}
	plain := func(r Recipe) func(in badInput) error {
		return recipe(func(badInput) Recipe { return r })
	}
	users := []user{
		{"self-demo", recipe(func(in badInput) Recipe {
			return SelfDemonstrations{Options: GenerateOptions{Judge: JudgeOptions{Model: in.judge}}}
		}), true, true, false, true, true},
		{"gold", plain(GoldAnswers{}), true, true, false, false, false},
		{"ralt", plain(RALT{}), true, true, false, false, false},
		{"raft", plain(RAFT{Reason: true}), true, true, false, true, false},
		{"memory", plain(Memory{}), false, false, true, true, false},
		{"pretrain", plain(Pretraining{Replay: -1}), false, false, true, false, false},
		{"hybrid", plain(Hybrid{Parts: []HybridPart{{Recipe: RAFT{Reason: true}}, {Recipe: Memory{}}}}), true, true, true, true, false},
		{"evaluate", func(in badInput) error {
			_, err := Evaluate(t.Context(), EvalConfig{
				Systems:   []System{{Name: "s", Model: in.Model, Setting: SettingRetrieval}},
				Questions: in.Questions, Search: in.Search, Judge: JudgeOptions{Model: in.judge}, Resamples: 10,
			})
			return err
		}, false, true, false, true, true}, // questions without an answer are what abstention is measured on
	}
	closed, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	address := "http://" + closed.Addr().String()
	require.NoError(t, closed.Close())
	_, down := NewOllamaModel(t.Context(), "qwen3", OllamaOptions{BaseURL: address})
	require.Error(t, down)

	for _, c := range []struct {
		name   string
		breaks func(in *badInput)
		uses   func(u user) bool
		is     error
		says   string // what is wrong, and what to do
	}{
		{"no questions", func(in *badInput) { in.Questions = nil }, func(u user) bool { return u.questions }, ErrNoQuestions, "set RecipeInput.Questions"},
		{"no answers", func(in *badInput) {
			for i := range in.Questions {
				in.Questions[i].Answer = ""
			}
		}, func(u user) bool { return u.questions }, ErrNoQuestions, "give each its reference in Question.Answer"},
		{"an index with one passage", func(in *badInput) { in.Search = counted{in.Search, 1} }, func(u user) bool { return u.search }, ErrTooLittleText, "divide them into smaller passages"},
		{"a corpus with one chunk", func(in *badInput) { in.Corpus = in.Corpus[:1] }, func(u user) bool { return u.corpus }, ErrTooLittleText, "divide them into smaller passages"},
		{"no documents", func(in *badInput) { in.Corpus = nil }, func(u user) bool { return u.corpus }, nil, "set RecipeInput.Corpus"},
		{"a judge that never parses", func(in *badInput) {
			in.Model, in.judge = alwaysSays("Mara V."), alwaysSays("Let me think.")
		}, func(u user) bool { return u.judges }, ErrJudgeUnread, "set JudgeOptions.Model to a more able model"},
		{"a model that is away", func(in *badInput) {
			in.Model = &fakeModel{before: func(int) error { return down }}
		}, func(u user) bool { return u.model }, down, "ollama serve"},
	} {
		for _, u := range users {
			if !c.uses(u) {
				continue
			}
			t.Run(c.name+"/"+u.name, func(t *testing.T) {
				in := goodInput(t)
				c.breaks(&in)
				err := u.run(in)
				require.Error(t, err)
				if c.is != nil {
					require.ErrorIs(t, err, c.is)
				}
				require.ErrorContains(t, err, c.says)
			})
		}
	}
}

// A cache whose last line was cut off by a kill is used as far as it goes.
func TestHalfWrittenCache(t *testing.T) {
	dir := t.TempDir()
	model := alwaysSays("Mara Venn")
	ask := func() CacheStats {
		t.Helper()
		cached, err := NewCachedModel(model, dir)
		require.NoError(t, err)
		for _, q := range []string{"a?", "b?"} {
			_, err = cached.Chat(t.Context(), []ChatRequest{{Messages: closedPrompt(q)}})
			require.NoError(t, err)
		}
		stats := cached.Stats()
		require.NoError(t, cached.Close())
		return stats
	}
	require.Zero(t, ask().Hits)
	files, err := filepath.Glob(filepath.Join(dir, "*.jsonl"))
	require.NoError(t, err)
	require.Len(t, files, 1)
	data, err := os.ReadFile(files[0])
	require.NoError(t, err)
	var said bytes.Buffer
	before := slog.Default()
	defer slog.SetDefault(before)
	slog.SetDefault(slog.New(slog.NewTextHandler(&said, nil)))
	require.NoError(t, os.WriteFile(files[0], data[:len(data)-20], 0o644))
	require.Equal(t, 1, ask().Hits, "the whole line counts, the half one is asked again")
	require.Contains(t, said.String(), "unfinished write")
	require.Contains(t, said.String(), "asked for again")
	require.Contains(t, said.String(), dir)
	require.Equal(t, 2, ask().Hits)

	said.Reset()
	require.NoError(t, os.WriteFile(files[0], append([]byte("x"), data...), 0o644)) // the first line is damaged
	require.Equal(t, 1, ask().Hits, "the damaged line is asked again")
	require.Contains(t, said.String(), "damaged lines")
	require.Contains(t, said.String(), files[0]+":1")
}
