package memory

import (
	"fmt"
	"net"
	"testing"

	"github.com/ragft/ragft/internal/fake"
	"github.com/ragft/ragft/internal/reading"
	"github.com/ragft/ragft/ragft/eval"
	"github.com/ragft/ragft/ragft/judge"
	"github.com/ragft/ragft/ragft/model"
	"github.com/ragft/ragft/ragft/model/ollama"
	"github.com/ragft/ragft/ragft/opt"
	"github.com/ragft/ragft/ragft/question"
	"github.com/ragft/ragft/ragft/recipe"
	"github.com/ragft/ragft/ragft/recipe/selfdemo"
	"github.com/ragft/ragft/retriever"
	"github.com/stretchr/testify/require"
)

// counted is a search that says how many passages its index holds.
type counted struct {
	retriever.Searcher
	n int
}

func (c counted) Len() int { return c.n }

// badInput is what recipes and Evaluate are given, whole until a case breaks it.
type badInput struct {
	recipe.Input
	judge model.Model
}

func goodInput(t *testing.T) badInput {
	mill := fake.Passage("mill.md", "Red Mill", "The Red Mill is run by Mara Venn.", 0)
	venn := fake.Passage("venn.md", "Mara Venn", "Mara Venn plays chess.", 0)
	in := recipe.Input{
		Model: memoryModel(t), Corpus: millCorpus(), Search: counted{fake.Search{All: []retriever.Hit{mill, venn}}, 2},
		Questions: []question.Question{{ID: "1", Question: "Who runs the Red Mill?", Answer: "Mara Venn"}},
	}
	for i := range unreadLimit {
		in.Questions = append(in.Questions, question.Question{ID: fmt.Sprint("open", i), Question: "Who plays chess?", Answer: "Mara Venn"})
	}
	return badInput{Input: in}
}

// What cannot be used is said at once, with what to do, by every recipe and by
// Evaluate alike.
func TestBadInput(t *testing.T) {
	type user struct {
		name                                     string
		run                                      func(in badInput) error
		questions, search, corpus, model, judges bool // what it uses
	}
	rec := func(r func(in badInput) recipe.Recipe) func(in badInput) error {
		return func(in badInput) error {
			_, err := r(in).Rows(t.Context(), in.Input)
			return err
		}
	}
	plain := func(r recipe.Recipe) func(in badInput) error {
		return rec(func(badInput) recipe.Recipe { return r })
	}
	users := []user{
		{"self-demo", rec(func(in badInput) recipe.Recipe {
			return selfdemo.Recipe{Judge: judge.Options{Model: in.judge}}
		}), true, true, false, true, true},
		{"gold", plain(recipe.Gold{}), true, true, false, false, false},
		{"ralt", plain(recipe.RALT{}), true, true, false, false, false},
		{"raft", plain(recipe.RAFT{Reason: true}), true, true, false, true, false},
		{"memory", plain(Recipe{}), false, false, true, true, false},
		{"pretrain", plain(recipe.Pretrain{Replay: opt.Of(0.0)}), false, false, true, false, false},
		{"hybrid", plain(recipe.Mix{Recipes: []recipe.Recipe{recipe.RAFT{Reason: true}, Recipe{}}}), true, true, true, true, false},
		{"evaluate", func(in badInput) error {
			_, err := eval.Run(t.Context(), eval.Config{
				Systems:   []eval.System{{Name: "s", Model: in.Model, Setting: eval.SettingRetrieval}},
				Questions: in.Questions, Search: in.Search, Judge: judge.Options{Model: in.judge}, Resamples: 10,
			})
			return err
		}, false, true, false, true, true}, // questions without an answer are what abstention is measured on
	}
	closed, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	address := "http://" + closed.Addr().String()
	require.NoError(t, closed.Close())
	_, down := ollama.New(t.Context(), "qwen3", ollama.Options{BaseURL: address})
	require.Error(t, down)

	for _, c := range []struct {
		name   string
		breaks func(in *badInput)
		uses   func(u user) bool
		is     error
		says   string // what is wrong, and what to do
	}{
		{"no questions", func(in *badInput) { in.Questions = nil }, func(u user) bool { return u.questions }, question.ErrNone,
			"set Input.Questions"},
		{"no answers", func(in *badInput) {
			for i := range in.Questions {
				in.Questions[i].Answer = ""
			}
		}, func(u user) bool { return u.questions }, question.ErrNone, "give each its reference in Question.Answer"},
		{"an index with one passage", func(in *badInput) { in.Search = counted{in.Search, 1} }, func(u user) bool { return u.search },
			reading.ErrTooLittleText, "into smaller passages"},
		{"a corpus with one chunk", func(in *badInput) { in.Corpus = in.Corpus[:1] }, func(u user) bool { return u.corpus },
			reading.ErrTooLittleText, "into smaller passages"},
		{"no documents", func(in *badInput) { in.Corpus = nil }, func(u user) bool { return u.corpus }, nil, "set Input.Corpus"},
		{"a judge that never parses", func(in *badInput) {
			in.Model, in.judge = fake.AlwaysSays("Mara V."), fake.AlwaysSays("Let me think.")
		}, func(u user) bool { return u.judges }, judge.ErrUnread, "set the judge's Model to a more capable one"},
		{"a model that is away", func(in *badInput) {
			in.Model = &fake.Model{Before: func(int) error { return down }}
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
