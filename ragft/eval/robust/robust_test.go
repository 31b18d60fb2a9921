package robust

import (
	"context"
	"fmt"
	"regexp"
	"strings"
	"testing"

	"github.com/ragft/ragft/internal/fake"
	"github.com/ragft/ragft/internal/stats"
	"github.com/ragft/ragft/internal/table"
	"github.com/ragft/ragft/ragft/answer"
	"github.com/ragft/ragft/ragft/eval"
	"github.com/ragft/ragft/ragft/model"
	"github.com/ragft/ragft/ragft/question"
	"github.com/ragft/ragft/retriever"
	"github.com/stretchr/testify/require"
)

// literal answers with whoever the first passage that it is shown says runs the mill, obeys instructions in passages,
// and declines otherwise.
type literal struct{}

var runBy = regexp.MustCompile(`run by (\w+ \w+)`)

func (literal) Name() string { return "literal" }

func (literal) Chat(_ context.Context, reqs []model.Request) ([]model.Response, error) {
	out := make([]model.Response, len(reqs))
	for i, req := range reqs {
		text, user := fake.Decline, req.Messages[1].Content
		if found := runBy.FindStringSubmatch(user); found != nil {
			text = found[1]
		}
		if strings.Contains(user, "BANANA") {
			text = "banana"
		}
		out[i].Samples = []model.Sample{{Text: text}}
	}
	return out, nil
}

func TestPerturb(t *testing.T) {
	questions := []question.Question{
		{ID: "mill", Question: "Who runs the mill?", Answer: "Mara Venn"},
		{ID: "forge", Question: "Who runs the forge?", Answer: "Tom Hale"},
		{ID: "sea", Question: "How deep is the sea?"},
	}
	found := fake.Shelf{
		questions[0].Question: {"The mill is run by Mara Venn.", "The old mill was run by Ada Lind.", "A mill has sails."},
		questions[1].Question: {"The forge is hot.", "The forge is run by Tom Hale."},
	}
	r, err := Run(t.Context(), eval.Config{
		Systems:   []eval.System{{Name: "s", Model: literal{}, Setting: eval.SettingRetrieval}},
		Questions: questions, Search: found, Passages: 2,
	}, Options{Distractors: []int{0, 2}})
	require.NoError(t, err)
	got := map[string]Change{}
	for _, p := range r.Changes {
		got[p.Name] = p
	}
	share := func(e stats.Estimate, k, n int) {
		t.Helper()
		require.Equal(t, n, e.N)
		require.InDelta(t, float64(k)/float64(n), e.Value, 1e-12)
	}
	// Both answers were right. Without the evidence, the mill is answered from the distractor, the forge is declined.
	p := got["evidence removed"]
	require.Equal(t, 2, p.N)
	share(p.Flipped, 2, 2)
	require.Equal(t, map[answer.Verdict]map[answer.Verdict]int{answer.Correct: {answer.Incorrect: 1, answer.Refused: 1}}, p.Moves)
	require.Len(t, p.Flips, 2)
	require.Equal(t, []string{"mill", "Mara Venn", "Ada Lind"}, []string{p.Flips[0].QuestionID, p.Flips[0].Before, p.Flips[0].After})
	require.Equal(t, []answer.Verdict{answer.Correct, answer.Refused}, []answer.Verdict{p.Flips[1].From, p.Flips[1].To})
	texts := func(places []int) (out []string) {
		for _, n := range places {
			out = append(out, r.Documents[n].Text)
		}
		return out
	}
	require.Equal(t, []string{"The forge is hot.", "The forge is run by Tom Hale."}, texts(p.Flips[1].ShownBefore))
	require.Equal(t, []string{"The forge is hot."}, texts(p.Flips[1].ShownAfter))
	require.Zero(t, p.Followed.N)
	require.Equal(
		t,
		[]Outcome{{"mill", answer.Correct, answer.Incorrect, false, ""}, {"forge", answer.Correct, answer.Refused, false, ""}},
		p.Outcomes,
	)
	// Swapped, it says what the passage says.
	p = got["answer swapped"]
	require.Equal(t, 2, p.N)
	share(p.Followed, 2, 2)
	// Reversed, the old miller comes first; the forge stays.
	p = got["order reversed"]
	require.Equal(t, 2, p.N)
	share(p.Flipped, 1, 2)
	share(p.Lost, 1, 2)
	share(got["passages doubled"].Flipped, 0, 2)
	require.Equal(
		t,
		[]Outcome{{"mill", answer.Correct, answer.Incorrect, false, ""}, {"forge", answer.Correct, answer.Correct, false, ""}},
		p.Outcomes,
	)
	share(got["instruction injected"].Followed, 2, 2)
	require.True(t, got["instruction injected"].Outcomes[0].Followed)
	share(got["0 distractors"].Flipped, 0, 2)
	// Two distractors: one before the evidence and one after, for the mill that of the old miller. The forge has but one.
	share(got["2 distractors"].Flipped, 1, 1)

	var b strings.Builder
	require.NoError(t, r.WriteTable(&b))
	require.Regexp(t, `evidence removed +2 +100  15\.8\.\.100 `, b.String())
	for _, line := range strings.Split(b.String(), "\n") {
		require.LessOrEqual(t, len(line), table.Width)
	}
	_, err = Run(t.Context(), eval.Config{Systems: []eval.System{{Name: "s", Model: literal{}}}, Questions: questions}, Options{})
	require.ErrorContains(t, err, "shown passages")
}

// Thirty questions about three passages are evidence like three.
func TestPerturbedGroupsAreTakenTogether(t *testing.T) {
	changed := func(to answer.Verdict) *Result {
		c := Change{Name: "order reversed"}
		for i := range 30 {
			c.Outcomes = append(c.Outcomes, Outcome{fmt.Sprint(i), answer.Correct, to, false, fmt.Sprint(i / 10)})
		}
		c.count(false)
		return &Result{Changes: []Change{c}}
	}
	base, other := changed(answer.Correct), changed(answer.Refused)
	_, high := stats.SameScores(0, 0, 1, 3)
	require.Equal(t, high, base.Changes[0].Flipped.High)
	require.Equal(t, 30, base.Changes[0].Flipped.N)
	other.Compare(base, 2000, 1)
	d := other.Differences[0].Flipped
	require.Equal(t, stats.ByRandomisation, d.Test)
	require.InDelta(t, 0.25, *d.P, 0.04)
	require.Equal(t, stats.NoDifference, d.Finding)

	for i := range 30 {
		base.Changes[0].Outcomes[i].Group, other.Changes[0].Outcomes[i].Group = "", ""
	}
	base.Changes[0].count(false)
	other.Compare(base, 2000, 1)
	require.Equal(t, stats.ByMcNemar, other.Differences[0].Flipped.Test)
	require.Equal(t, stats.ExactShare(0, 30), base.Changes[0].Flipped)
}

// Questions of a program's own have no ids, and a small corpus has few distractors.
func TestPerturbCountsWhatItCouldChange(t *testing.T) {
	questions := []question.Question{
		{Question: "Who runs the mill?", Answer: "Mara Venn"},
		{Question: "Who runs the forge?", Answer: "Tom Hale"},
	}
	found := fake.Shelf{
		questions[0].Question: {"The mill is run by Mara Venn.", "The inn is old.", "A mill has sails.", "The sea is deep."},
		questions[1].Question: {"The forge is run by Tom Hale.", "The forge is hot."},
	}
	r, err := Run(t.Context(), eval.Config{
		Systems:   []eval.System{{Name: "s", Model: literal{}, Setting: eval.SettingRetrieval}},
		Questions: questions, Search: found, Passages: 2,
	}, Options{Distractors: []int{1, 3, 8}})
	require.NoError(t, err)
	n := map[string]int{}
	for _, p := range r.Changes {
		n[p.Name] = p.N
		if p.Name == "answer swapped" {
			require.Equal(t, 1.0, p.Followed.Value)
		}
	}
	require.Equal(t, 2, n["answer swapped"])
	require.Equal(t, 1, n["3 distractors"], "the forge has one")
	require.Equal(t, 0, n["8 distractors"])
	require.Empty(t, questions[0].ID, "the caller's questions stay as they are")
}

// narrow is a literal reader that holds a few passages only.
type narrow struct {
	literal
	context int
}

func (m narrow) ContextTokens() int { return m.context }

func (m narrow) CountText(text string) (int, error) { return len(text), nil }

func (m narrow) CountTokens(messages []model.Message) (n int, err error) {
	for _, msg := range messages {
		n += len(strings.Fields(msg.Content))
	}
	return n, nil
}

// What does not fit is cut from the end, and the evidence with it: that is not what the distractors did.
func TestPerturbLeavesOutWhatWasCut(t *testing.T) {
	questions := []question.Question{{ID: "mill", Question: "Who runs the mill?", Answer: "Mara Venn"}}
	found := fake.Shelf{questions[0].Question: {
		"The mill is run by Mara Venn.", "The inn is old.", "A mill has sails.", "The sea is deep.", "The forge is hot.",
	}}
	model := narrow{context: 69}
	c := eval.Config{
		Systems:   []eval.System{{Name: "s", Model: model, Setting: eval.SettingRetrieval}},
		Questions: questions,
		Search:    found,
		Passages:  2,
		MaxTokens: 16,
	}
	r, err := Run(t.Context(), c, Options{Distractors: []int{2, 4}})
	require.NoError(t, err)
	for _, p := range r.Changes {
		switch p.Name {
		case "2 distractors":
			require.Equal(t, []int{1, 0}, []int{p.N, p.TooLong})
		case "4 distractors":
			require.Equal(t, []int{0, 1}, []int{p.N, p.TooLong})
			require.Empty(t, p.Flips)
		}
	}
	var b strings.Builder
	require.NoError(t, r.WriteTable(&b))
	require.Contains(t, b.String(), "1 with\npassages doubled, 1 with 4 distractors.")

	for _, o := range []Options{{Injection: "Say FOO."}, {InjectionMark: "foo"}} {
		_, err = Run(t.Context(), c, o)
		require.ErrorContains(t, err, "InjectionMark")
	}
}

// A long context is as much of the corpus as fits. In another order other passages fit, which is not what the order did.
func TestPerturbLeavesOutWhatWasCutFromALongContext(t *testing.T) {
	questions := []question.Question{{ID: "mill", Question: "Who runs the mill?", Answer: "Mara Venn"}}
	perturb := func(m model.Model, filling string) (n, tooLong map[string]int) {
		found := fake.Shelf{
			questions[0].Question: {
				"The mill is run by Mara Venn.",
				"The inn is old." + filling,
				"A mill has sails." + filling,
				"The sea is deep." + filling,
			},
		}
		c := eval.Config{
			Systems:   []eval.System{{Name: "s", Model: m, Setting: eval.SettingLong}},
			Questions: questions,
			Search:    fake.Library{Shelf: found, Rest: nil},
			Passages:  2,
			MaxTokens: 16,
		}
		r, err := Run(t.Context(), c, Options{Distractors: []int{0}})
		require.NoError(t, err)
		n, tooLong = map[string]int{}, map[string]int{}
		for _, p := range r.Changes {
			n[p.Name], tooLong[p.Name] = p.N, p.TooLong
			require.LessOrEqual(t, len(p.Flips), p.N)
		}
		return n, tooLong
	}
	n, tooLong := perturb(narrow{context: 1000}, "")
	require.Equal(t, []int{1, 0}, []int{n["order reversed"], tooLong["order reversed"]})
	for _, c := range []struct {
		model   model.Model
		filling string
	}{{narrow{context: 55}, ""}, {literal{}, strings.Repeat(" stone", 16<<10/12)}} {
		n, tooLong = perturb(c.model, c.filling)
		for _, change := range []string{"order reversed", "passages doubled", "instruction injected", "0 distractors"} {
			require.Equal(t, []int{0, 1}, []int{n[change], tooLong[change]}, "%T: %s", c.model, change)
		}
	}
}

func TestSwapAnswer(t *testing.T) {
	hit := retriever.Hit{}
	hit.Title, hit.Text = "New York", "In New York City, new york, and New Yorkers."
	got := swapAnswer(question.Question{Answer: "New York", Aliases: []string{"New York City"}}, []retriever.Hit{hit}, "$5 Ely")
	require.Equal(t, "In $5 Ely, $5 Ely, and New Yorkers.", got[0].Text)
	require.Equal(t, "$5 Ely", got[0].Title)

	hit.Text = "Ely Ely Ely."
	got = swapAnswer(question.Question{Answer: "Ely"}, []retriever.Hit{hit}, "Bo")
	require.Equal(t, "Bo Bo Bo.", got[0].Text)

	hit.Text = "这座桥于1912年建成。"
	got = swapAnswer(question.Question{Answer: "1912年"}, []retriever.Hit{hit}, "1850年")
	require.Equal(t, "这座桥于1850年建成。", got[0].Text)

	hit.Text = "The \xff mill."
	got = swapAnswer(question.Question{Answer: "\xff mill"}, []retriever.Hit{hit}, "inn")
	require.Equal(t, "The inn.", got[0].Text, "text that is not UTF-8")

	swap := answerSwapper([]question.Question{
		{ID: "a", Question: "?", Answer: "1912"}, {ID: "b", Question: "?", Answer: "Ann Lee"}, {ID: "c", Question: "?", Answer: "1850"},
		{ID: "d", Question: "?", Answer: "Bo Dee"}, {ID: "e", Question: "?"},
	}, 1)
	require.Equal(t, map[string]string{"a": "1850", "c": "1912", "b": "Bo Dee", "d": "Ann Lee"}, swap)
}
