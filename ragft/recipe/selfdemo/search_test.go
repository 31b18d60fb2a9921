package selfdemo

import (
	"fmt"
	"strings"
	"testing"

	"github.com/ragft/ragft/internal/fake"
	"github.com/ragft/ragft/ragft/judge"
	"github.com/ragft/ragft/ragft/model"
	"github.com/ragft/ragft/ragft/prompt"
	"github.com/ragft/ragft/ragft/question"
	"github.com/ragft/ragft/ragft/recipe"
	"github.com/ragft/ragft/ragft/rows"
	"github.com/ragft/ragft/retriever"
	"github.com/stretchr/testify/require"
)

// A model that answers rightly only under an instruction with the word "copy",
// and that proposes it in the second round, from what it proposed in the first.
func manyQuestions(n int) []question.Question {
	var questions []question.Question
	for i := range n {
		questions = append(questions, question.Question{ID: fmt.Sprint(i), Question: "Who?", Answer: "He"})
	}
	return questions
}

func TestOptimisePrompts(t *testing.T) {
	var questions []question.Question
	for i := range 8 {
		questions = append(questions, question.Question{ID: fmt.Sprint(i), Question: fmt.Sprintf("How many rooms has inn %d?", i),
			Answer: fmt.Sprintf("rooms%d", i)})
	}
	model := &fake.Model{Reply: func(req model.Request, sample int) model.Sample {
		instruction, user := fake.Instruction(req.Messages), req.Messages[1].Content
		if strings.HasPrefix(user, proposePrompt) {
			switch {
			case sample == 1:
				return fake.Says(strings.Repeat("看文档。", 40)) // too long
			case sample > 1:
				return fake.Says("Always say rooms0 rooms1 rooms2 rooms3 rooms4 rooms5 rooms6 rooms7.") // gives answers away
			case strings.Contains(user, "Instruction: Look"):
				return fake.Says(`Instruction: "Look and copy."`)
			default:
				return fake.Says("Look.")
			}
		}
		number := user[strings.LastIndex(user, "inn ")+4 : len(user)-1]
		if strings.Contains(instruction, "copy") || strings.Contains(instruction, "Look") && number < "3" {
			return fake.Says("rooms" + number)
		}
		return fake.Says("zebras")
	}}
	options := SearchOptions{Beam: 4, Rounds: 2, Keep: 2, Best: 2}
	bound, err := options.Estimate(recipe.Input{Questions: questions})
	require.NoError(t, err)
	found, err := SearchPrompts(t.Context(), recipe.Input{Model: model, Search: fake.Search{}, Questions: questions}, options)
	require.NoError(t, err)
	require.LessOrEqual(t, found.Cost.Calls, bound.Calls)
	require.LessOrEqual(t, found.Cost.Tokens, bound.Tokens)
	whole, err := SearchOptions{Judge: judge.Options{Model: model}}.Estimate(recipe.Input{Questions: manyQuestions(60)})
	require.NoError(t, err)
	require.Equal(t, 2*(2*(30*61+30*6)+21), whole.Calls, "answers with a vote for each, and proposals")
	_, err = options.Estimate(recipe.Input{Questions: questions[:1]})
	require.ErrorIs(t, err, question.ErrNone)
	for _, list := range [][]ScoredPrompt{found.Closed, found.Read} {
		require.Len(t, list, 2)
		require.Equal(t, "Look and copy.", list[0].Text)
		require.Equal(t, 1.0, list[0].Eval)
		require.Equal(t, "Look.", list[1].Text)
	}
	require.Len(t, model.Requests, found.Cost.Calls)
	for _, req := range model.Requests {
		require.NotContains(t, fake.Instruction(req.Messages), "rooms0")
		require.NotContains(t, fake.Instruction(req.Messages), "看")
	}
	var o Recipe
	found.Apply(&o)
	require.Equal(t, []string{"Look and copy.", "Look."}, o.ReadPrompts)

	_, err = SearchPrompts(t.Context(), recipe.Input{Model: model, Search: fake.Search{}, Questions: questions[:1]}, SearchOptions{})
	require.ErrorIs(t, err, question.ErrNone)
}

// The read arm is compared with its instruction: it cannot be with a template, which has no such.
func TestOptimisePromptsOfOneArm(t *testing.T) {
	m := fake.AlwaysSays("He")
	in := recipe.Input{Model: m, Search: fake.Search{All: fake.InnHits()}, Questions: manyQuestions(4),
		Prompts: prompt.Set{Template: prompt.RADIT}}
	options := SearchOptions{Beam: 1, Rounds: 1}
	_, err := SearchPrompts(t.Context(), in, options)
	require.ErrorContains(t, err, "Prompts.Template is ra-dit")
	_, err = options.Estimate(in)
	require.ErrorContains(t, err, "Prompts.Template is ra-dit")
	for _, arms := range [][]rows.Arm{{armRefuse}, {armClosed, armClosed}} {
		_, err = SearchOptions{Arms: arms}.Estimate(in)
		require.ErrorContains(t, err, "SearchOptions.Arms has")
	}
	_, err = SearchOptions{Beam: -1}.Estimate(in)
	require.ErrorContains(t, err, "SearchOptions.Beam is -1")
	require.Empty(t, m.Requests)

	plain := in
	plain.Prompts = prompt.Set{}
	both, err := options.Estimate(plain)
	require.NoError(t, err)
	options.Arms = []rows.Arm{armClosed}
	one, err := options.Estimate(in)
	require.NoError(t, err)
	require.Equal(t, both.Calls, 2*one.Calls)
	var last model.Progress
	in.Progress = func(p model.Progress) { last = p }
	found, err := SearchPrompts(t.Context(), in, options)
	require.NoError(t, err)
	require.Equal(t, last.Total, last.Done)
	require.NotEmpty(t, found.Closed)
	require.Empty(t, found.Read)
	for _, req := range m.Requests {
		require.NotContains(t, req.Messages[1].Content, "Document ")
	}
	found, err = SearchPrompts(t.Context(), plain, SearchOptions{Beam: 1, Rounds: 1, Arms: []rows.Arm{armRead}})
	require.NoError(t, err)
	require.Empty(t, found.Closed)
	require.NotEmpty(t, found.Read)
}

// What is too long to be shown does not keep the closed arm from an answer.
func TestOptimiseClosedPromptsWithoutPassages(t *testing.T) {
	model := &fake.Counting{Scripted: fake.Scripted{Called: "m", Other: "He"}, Context: 200}
	found := fake.Search{All: []retriever.Hit{fake.Passage("a.md", "A", strings.Repeat("long ", 300), 0)}}
	best, err := SearchPrompts(t.Context(), recipe.Input{Model: model, Search: found, Questions: manyQuestions(4)},
		SearchOptions{Beam: 1, Rounds: 1, MaxTokens: 5, ProposalTokens: 5})
	require.NoError(t, err)
	require.Equal(t, []float64{1, 1}, []float64{best.Closed[0].Train, best.Closed[0].Eval})
	require.Equal(t, []float64{0, 0}, []float64{best.Read[0].Train, best.Read[0].Eval})
}

func TestSearchPromptsRefusesInputOfNoUse(t *testing.T) {
	in := recipe.Input{Model: fake.AlwaysSays("x"), Search: fake.Search{}, Questions: manyQuestions(4), Passages: -1}
	for _, arm := range []rows.Arm{armClosed, armRead} {
		_, err := SearchPrompts(t.Context(), in, SearchOptions{Arms: []rows.Arm{arm}})
		require.ErrorIs(t, err, recipe.ErrInput)
		require.ErrorContains(t, err, "Passages is -1")
	}
}
