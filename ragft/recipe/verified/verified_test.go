package verified_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/ragft/ragft/internal/fake"
	"github.com/ragft/ragft/internal/wordings"
	"github.com/ragft/ragft/ragft/answer"
	"github.com/ragft/ragft/ragft/model"
	"github.com/ragft/ragft/ragft/opt"
	"github.com/ragft/ragft/ragft/prompt"
	"github.com/ragft/ragft/ragft/question"
	"github.com/ragft/ragft/ragft/recipe"
	"github.com/ragft/ragft/ragft/recipe/verified"
	"github.com/ragft/ragft/ragft/rows"
	"github.com/stretchr/testify/require"
)

// replies are what a model says to a question: at once, drawn, and when it is
// shown the reference.
type replies struct {
	greedy, hinted string
	drawn          []string
}

// pupil replies by question.
type pupil struct {
	fake.Model
	says map[string]replies
}

func newPupil(says map[string]replies) *pupil {
	p := &pupil{says: says}
	p.Reply = func(req model.Request, sample int) model.Sample {
		user := req.Messages[len(req.Messages)-1].Content
		_, asked, _ := strings.Cut(user, "Question: ")
		asked, _, hinted := strings.Cut(asked, "\n")
		r := says[asked]
		switch {
		case hinted:
			return fake.Says(r.hinted)
		case req.Temperature > 0 && sample < len(r.drawn):
			return fake.Says(r.drawn[sample])
		case req.Temperature > 0:
			return fake.Says("No word of it.")
		}
		return fake.Says(r.greedy)
	}
	return p
}

// scoring is a model that finds one wording likelier than the others.
type scoring struct {
	*pupil
	likes  string
	scored [][]model.Completion
}

func (m *scoring) Score(_ context.Context, completions []model.Completion) ([]model.Score, error) {
	m.scored = append(m.scored, completions)
	scores := make([]model.Score, len(completions))
	for i, c := range completions {
		n := len(strings.Fields(c.Response))
		scores[i] = model.Score{Sum: -3 * float64(n), Tokens: n}
		if c.Response == m.likes {
			scores[i].Sum = -1 * float64(n)
		}
	}
	return scores, nil
}

func (m *scoring) ScoreTexts(context.Context, []string) ([]model.Score, error) {
	return nil, errors.New("not asked for")
}

const (
	asksMill  = "Who runs the mill?"
	asksLake  = "How deep is the lake?"
	asksInn   = "Who built the inn?"
	asksForge = "What does the forge make?"
	asksSea   = "How deep is the sea?"
	asksPier  = "Who owns the pier?"
)

func input(m model.Model) recipe.Input {
	return recipe.Input{
		Model: m, Passages: 2,
		Search: fake.Shelf{
			asksMill:  {"The mill of Orrin is run by Mara Venn.", "Mara Venn was born in Orrin.", "The mill is old.", "The village has a mill."},
			asksLake:  {"The lake is 12 metres deep in winter.", "The lake is cold.", "The lake is far.", "No fish live there."},
			asksInn:   {"The inn was built by Ann Lee, a mason from the north.", "The inn is closed.", "The inn is red.", "There is beer."},
			asksForge: {"The forge makes nails.", "The forge is hot.", "The forge is loud.", "Iron is heavy."},
			asksSea:   {"The sea is blue.", "The sea is salty."},
			asksPier:  {"The pier is long.", "The pier is new.", "The pier is owned by Jon Ash."},
		},
		Questions: []question.Question{
			{ID: "mill", Question: asksMill, Answer: "Mara Venn"}, {ID: "lake", Question: asksLake, Answer: "12"},
			{ID: "inn", Question: asksInn, Answer: "Ann Lee"}, {ID: "forge", Question: asksForge, Answer: "nails"},
			{ID: "sea", Question: asksSea}, {ID: "pier", Question: asksPier, Answer: "Jon Ash"},
		},
	}
}

// village replies in each of the ways that give a source.
func village() *pupil {
	return newPupil(map[string]replies{
		asksMill:  {greedy: "The mill of the village is run by Mara Venn, they say."},
		asksLake:  {greedy: "It was not 12.", drawn: []string{"Very.", "In winter the whole lake is 12 metres deep."}},
		asksInn:   {greedy: "The inn is red.", hinted: "Ann Lee, a mason from the north."},
		asksForge: {greedy: "Horseshoes.", drawn: []string{"Swords"}, hinted: "Nails."},
		asksSea:   {greedy: "3 miles."},
		asksPier:  {greedy: "Ann Lee"},
	})
}

func byID(t *testing.T, list []rows.Row) map[string]rows.Row {
	t.Helper()
	of := map[string]rows.Row{}
	for _, row := range list {
		require.NotContains(t, of, row.ID)
		require.NoError(t, row.Check())
		of[row.ID] = row
	}
	return of
}

func TestSources(t *testing.T) {
	m := village()
	in := input(m)
	var seen []model.Progress
	in.Progress = func(p model.Progress) { seen = append(seen, p) }
	r, err := verified.Recipe{Pairs: opt.Of(0.0)}.Rows(t.Context(), in)
	require.NoError(t, err)
	require.Empty(t, r.Dropped)
	want := []struct{ id, made, target string }{
		{"mill", "own", "Mara Venn"}, {"lake", "own", "12 metres"}, {"inn", "rationalised", "Ann Lee, a mason from the north"},
		{"forge", "reference", "nails"}, {"sea", "refusal", fake.Decline}, {"pier", "refusal", fake.Decline},
	}
	require.Len(t, r.Rows, len(want))
	for i, w := range want {
		row := r.Rows[i]
		require.Equal(t, w.id+"/verified", row.ID)
		require.Equal(t, "verified", row.Source)
		require.Equal(t, w.made, row.Made)
		require.Equal(t, w.target, row.Response())
		require.Equal(t, prompt.Set{}.ReadMessages(in.Questions[i].Question, fake.HitsOf(t, in.Search, row.Question)[:2]), row.Prompt())
		require.False(t, row.Provenance.Withheld)
		require.Equal(t, "fake", row.Provenance.Model)
	}
	require.Equal(t, answer.Absent, r.Rows[5].Context)
	require.Equal(t, []string{"Jon Ash"}, r.Rows[5].Golds)
	require.Equal(t, fake.Decline, r.Refusal)

	require.Equal(t, 4+3*3, r.Cost.Calls, "greedy replies, and where these are wrong, of one passage another, draws and hints")
	require.Equal(t, 2, m.Calls)
	done := []int{}
	for _, p := range seen {
		done = append(done, p.Done)
	}
	require.Equal(t, []int{3, 5, 6}, done)
	for _, req := range m.Requests {
		require.Equal(t, []string{"\n"}, req.Stop)
		require.Equal(t, 32, req.MaxTokens)
		if req.Temperature > 0 {
			require.NotContains(t, req.Messages[1].Content, "Document 2:")
			require.Equal(t, 16, req.Samples)
			require.InDelta(t, 0.1, req.MinP, 1e-9)
		}
		user := req.Messages[1].Content
		if strings.Contains(user, "The right answer is: ") {
			require.True(t, slices.ContainsFunc([]string{asksLake, asksInn, asksForge}, func(q string) bool {
				return strings.HasPrefix(user, prompt.Set{}.ReadMessages(q, fake.HitsOf(t, in.Search, q)[:1])[1].Content)
			}), "it goes on from the prompt with the one passage")
		}
	}
}

func TestPairs(t *testing.T) {
	m := village()
	in := input(m)
	r, err := verified.Recipe{Pairs: opt.Of(1.0)}.Rows(t.Context(), in)
	require.NoError(t, err)
	of := byID(t, r.Rows)
	require.Len(t, of, 10)
	mill := of["mill/verified/withheld"]
	require.Equal(t, rows.KindRefusal, mill.Kind)
	require.True(t, mill.Provenance.Withheld)
	require.Equal(t, []string{"Mara Venn"}, mill.Golds)
	require.Equal(t, answer.Absent, mill.Context)
	require.NotContains(t, mill.Messages[1].Content, "Venn")
	require.Len(t, mill.Chunks, 2, "the next best passages fill the places")
	require.Equal(t, "mill", mill.QuestionID)
	require.Equal(t, []string{"mill/verified", "mill/verified/withheld"}, []string{r.Rows[0].ID, r.Rows[1].ID})

	for i := range 200 {
		in.Questions = append(in.Questions, question.Question{ID: fmt.Sprint(i), Question: asksForge, Answer: "nails"})
	}
	r, err = verified.Recipe{}.Rows(t.Context(), in)
	require.NoError(t, err)
	withheld := 0
	for _, row := range r.Rows {
		if row.Provenance.Withheld {
			withheld++
		}
	}
	require.InDelta(t, 0.3*204, float64(withheld), 20)
}

func TestWeightsBalanceAnswersAndRefusals(t *testing.T) {
	r, err := verified.Recipe{Pairs: opt.Of(1.0), Preferences: true}.Rows(t.Context(), input(village()))
	require.NoError(t, err)
	mass := map[bool]float64{}
	pairs := map[bool]float64{}
	for _, row := range r.Rows {
		require.Positive(t, row.Weight)
		if len(row.Rejected) > 0 {
			pairs[row.Refuses()] += row.Weight
			continue
		}
		mass[row.Refuses()] += row.Weight * float64(len(strings.Fields(row.Response()))+1)
	}
	require.InDelta(t, mass[false], mass[true], 0.01*mass[true])
	require.InDelta(t, pairs[false], pairs[true], 0.01*pairs[true])

	in := input(village())
	in.Questions = in.Questions[:2]
	r, err = verified.Recipe{Pairs: opt.Of(0.0)}.Rows(t.Context(), in)
	require.NoError(t, err)
	for _, row := range r.Rows {
		require.Zero(t, row.Weight, "there is nothing to balance")
	}
}

func TestRefusalIsTheLikeliest(t *testing.T) {
	likes := wordings.Wordings("en")[5]
	m := &scoring{pupil: village(), likes: likes}
	in := input(m)
	r, err := verified.Recipe{Pairs: opt.Of(0.0)}.Rows(t.Context(), in)
	require.NoError(t, err)
	require.Equal(t, likes, r.Refusal)
	for _, row := range r.Rows {
		require.Equal(t, row.Made == "refusal", row.Response() == likes)
	}
	require.Len(t, m.scored, 2, "the prompts of the questions to be declined")
	for _, completions := range m.scored {
		require.Len(t, completions, len(wordings.Wordings("en")))
		_, asked, _ := strings.Cut(completions[0].Messages[1].Content, "Question: ")
		require.Contains(t, []string{asksSea, asksPier}, asked)
	}
	require.Equal(t, likes, toldRefusal(t, r.Rows[0]))

	m.scored = nil
	r, err = verified.Recipe{Refusal: "Sorry, I have nothing on that, whatever else may be said here or anywhere else."}.Rows(t.Context(), in)
	require.NoError(t, err)
	require.Empty(t, m.scored)
	require.Equal(t, r.Refusal, toldRefusal(t, r.Rows[0]))

	in = input(village())
	in.Questions = []question.Question{{ID: "de", Question: "Wer betreibt die Mühle?", Answer: "Mara Venn"}}
	in.Search = fake.Shelf{"Wer betreibt die Mühle?": {"Die Mühle ist alt.", "Die Mühle ist neu."}}
	r, err = verified.Recipe{}.Rows(t.Context(), in)
	require.NoError(t, err)
	require.Equal(t, wordings.Wordings("de")[0], r.Rows[0].Response())
	require.True(t, answer.IsRefusal(r.Refusal))
}

// toldRefusal is the refusal that a row's provenance tells, whole.
func toldRefusal(t *testing.T, row rows.Row) string {
	t.Helper()
	var options struct{ Refusal []string }
	require.NoError(t, json.Unmarshal(row.Provenance.Options, &options))
	require.Len(t, options.Refusal, 1)
	return options.Refusal[0]
}

func TestWordingsReadAsRefusals(t *testing.T) {
	for _, language := range []string{"en", "de", "fr", "es", "zh", "ja"} {
		for _, wording := range wordings.Wordings(language) {
			require.True(t, answer.IsRefusal(wording), wording)
		}
	}
}

func TestPreferences(t *testing.T) {
	in := input(village())
	r, err := verified.Recipe{Pairs: opt.Of(1.0), Preferences: true}.Rows(t.Context(), in)
	require.NoError(t, err)
	of := byID(t, r.Rows)
	mill := of["mill/verified/preference"]
	require.Equal(t, rows.Kind("correct>refusal"), mill.Kind)
	require.Equal(t, fake.Decline, mill.Rejected[0].Content)
	require.Equal(t, "Mara Venn", mill.Response())
	sea := of["sea/verified/preference"]
	require.Equal(t, rows.Kind("refusal>incorrect"), sea.Kind)
	require.Equal(t, "3 miles.", sea.Rejected[0].Content)
	require.Contains(t, of, "inn/verified/withheld/preference")
	require.NotContains(t, of, "mill/verified/withheld/preference", "its reply holds the reference, so it is not made up")
	require.Len(t, r.Rows, 10+4+2+3-1)
}

func TestDropped(t *testing.T) {
	m := village()
	in := input(m)
	in.Questions = []question.Question{
		{ID: "none", Question: "Who is nowhere?", Answer: "Ann"},
		{ID: "said", Question: asksSea, Answer: "documents"},
		{ID: "inn", Question: asksInn, Answer: "inn"},
	}
	in.Search = fake.Shelf{asksSea: {"The sea is blue."}, asksInn: {"The inn is red.", "The inn is closed."}}
	r, err := verified.Recipe{Pairs: opt.Of(1.0)}.Rows(t.Context(), in)
	require.NoError(t, err)
	require.Equal(t, map[string]int{"no-passage": 1, "answer-in-refusal": 1, "withheld-no-passage": 1}, r.Dropped)
	require.Len(t, r.Rows, 1)

	m.Before = func(int) error { return fmt.Errorf("%w", model.ErrPromptTooLong) }
	r, err = verified.Recipe{Pairs: opt.Of(0.0)}.Rows(t.Context(), in)
	require.NoError(t, err)
	require.Equal(t, 1, r.Dropped["too-long"])
}

// narrow takes prompts with one passage.
type narrow struct{ *pupil }

func (m narrow) Chat(ctx context.Context, reqs []model.Request) ([]model.Response, error) {
	if slices.ContainsFunc(reqs, func(r model.Request) bool { return strings.Contains(r.Messages[1].Content, "Document 2:") }) {
		return nil, model.ErrPromptTooLong
	}
	return m.pupil.Chat(ctx, reqs)
}

func TestPassagesThatDoNotFitAreLeftOut(t *testing.T) {
	in := input(narrow{village()})
	in.Search = fake.Shelf{
		asksMill: {"The mill is run by Mara Venn.", "The mill is old."}, asksLake: {"The lake is cold.", "The lake is 12 metres deep."},
	}
	in.Questions = in.Questions[:2]
	r, err := verified.Recipe{Pairs: opt.Of(0.0)}.Rows(t.Context(), in)
	require.NoError(t, err)
	require.Equal(t, []string{"own", "refusal"}, []string{r.Rows[0].Made, r.Rows[1].Made}, "the passage that holds it was left out")
}

func TestEstimate(t *testing.T) {
	m := &scoring{pupil: newPupil(nil), likes: "x"}
	in := input(m)
	for _, r := range []verified.Recipe{{}, {Preferences: true, Pairs: opt.Of(1.0)}, {Draws: opt.Of(0)}, {Refusal: "Sorry, I do not know."}} {
		most, err := r.Estimate(in)
		require.NoError(t, err)
		made, err := r.Rows(t.Context(), in)
		require.NoError(t, err)
		require.LessOrEqual(t, made.Cost.Calls, most.Calls)
		require.LessOrEqual(t, made.Cost.Tokens, most.Tokens)
	}
	most, err := verified.Recipe{Refusal: "Sorry, I do not know."}.Estimate(in)
	require.NoError(t, err)
	require.Equal(t, model.Cost{Calls: 5 * 4, Tokens: 5 * (3 + 16) * 32}, most)

	for message, r := range map[string]verified.Recipe{
		"Draws -1": {Draws: opt.Of(-1)}, "temperature": {Temperature: opt.Of(math.NaN())}, "MinP": {MinP: opt.Of(1.0)},
		"Pairs": {Pairs: opt.Of(1.5)}, "does not read as a refusal": {Refusal: "In 1912."},
	} {
		_, err := r.Rows(t.Context(), in)
		require.ErrorContains(t, err, message)
	}
	in.Model = nil
	_, err = verified.Recipe{}.Estimate(in)
	require.ErrorIs(t, err, recipe.ErrInput)
}

func TestErrorsOfTheModelAreReturned(t *testing.T) {
	m := village()
	m.Before = func(call int) error { return map[bool]error{true: errors.New("broken")}[call == 2] }
	_, err := verified.Recipe{}.Rows(t.Context(), input(m))
	require.ErrorContains(t, err, "verified: questions ")
	require.ErrorContains(t, err, "broken")
}

// A rationalised answer has a few words also where no blanks part them.
func TestRationalisedWithoutBlanks(t *testing.T) {
	const asked, long, short = "谁建造了客栈？", "客栈由来自北方山区的石匠李安和村里的人们一起建造", "石匠李安建造了客栈"
	for hinted, made := range map[string]string{long: "reference", short: "rationalised"} {
		in := input(newPupil(map[string]replies{asked: {greedy: "王五", hinted: hinted}}))
		in.Search = fake.Shelf{asked: {long + "。" + short + "。", "客栈是红色的。"}}
		in.Questions = []question.Question{{ID: "inn", Question: asked, Answer: "李安"}}
		r, err := verified.Recipe{Pairs: opt.Of(0.0)}.Rows(t.Context(), in)
		require.NoError(t, err)
		require.Len(t, r.Rows, 1, r.Dropped)
		require.Equal(t, made, r.Rows[0].Made, r.Rows[0].Response())
	}
}
