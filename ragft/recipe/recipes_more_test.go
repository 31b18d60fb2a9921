package recipe

import (
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/ragft/ragft/internal/fake"
	"github.com/ragft/ragft/ragft/answer"
	"github.com/ragft/ragft/ragft/opt"
	"github.com/ragft/ragft/ragft/question"
	"github.com/ragft/ragft/ragft/rows"
	"github.com/ragft/ragft/retriever"
	"github.com/stretchr/testify/require"
)

func TestShares(t *testing.T) {
	// 10 rows by 1 : 1 : 2 are 2.5, 2.5 and 5: the first of equal remainders is rounded up.
	require.Equal(t, []int{3, 2, 5}, shares(10, []float64{1, 1, 2}, []int{9, 9, 9}))
	require.Equal(t, []int{1, 9}, shares(10, []float64{1, 9}, []int{9, 20}))
	require.Equal(t, []int{5, 5}, shares(20, []float64{1, 1}, []int{5, 5}), "no row comes twice")
	// Without a total, the scarcest part decides: 6 rows of weight 3 allow 2 of weight 1.
	require.Equal(t, []int{2, 6}, shares(0, []float64{1, 3}, []int{9, 6}))
}

// What is shown must not give away whether the oracle is among it.
func TestRAFTShowsAsManyPassagesWithoutTheOracle(t *testing.T) {
	in, search := Input{}, fake.Shelf{}
	for i := range 200 {
		q := question.Question{ID: fmt.Sprint(i), Question: fmt.Sprintf("Who keeps inn %d?", i), Answer: fmt.Sprintf("Ann%d", i)}
		search[q.Question] = []string{fmt.Sprintf("Ann%d keeps inn %d.", i, i), "It rains.", "It snows.", "It hails.", "It blows.", "It shines."}
		if i%4 == 0 {
			q.Answer, q.Unanswerable = "", true
		}
		in.Questions = append(in.Questions, q)
	}
	in.Search = search
	r, err := RAFT{Distractors: opt.Of(2)}.Rows(t.Context(), in)
	require.NoError(t, err)
	kinds := map[rows.Kind]int{}
	for _, row := range r.Rows {
		require.Len(t, row.Chunks, 3)
		kinds[row.Kind]++
	}
	require.InDelta(t, 0.8, float64(kinds[rows.KindAnswer])/150, 0.1, "of 150 with an oracle; three standard deviations")
	require.Equal(t, 200, kinds[rows.KindAnswer]+kinds[rows.KindRefusal])

	r, err = RAFT{Distractors: opt.Of(0)}.Rows(t.Context(), in)
	require.NoError(t, err)
	for _, row := range r.Rows {
		require.Len(t, row.Chunks, 1, "the oracle alone, or one passage in its place")
	}

	// An answer in parts has an oracle for each.
	both := question.Question{ID: "both", Question: "Who came?", Answer: "Ann, Bo", Parts: [][]string{{"Ann"}, {"Bo"}}}
	in = Input{Questions: []question.Question{both}, Search: fake.Shelf{both.Question: {"Ann came.", "Bo came.", "It rains.", "It snows.",
		"It hails.", "It blows."}}}
	for _, share := range []float64{1, 0} {
		r, err = RAFT{Distractors: opt.Of(2), OracleShare: opt.Of(share)}.Rows(t.Context(), in)
		require.NoError(t, err)
		require.Len(t, r.Rows[0].Chunks, 4, share)
	}
}

func TestRAFTQuotesWhatHoldsTheAnswer(t *testing.T) {
	ask := func(q question.Question, hits ...retriever.Hit) *Result {
		t.Helper()
		q.ID, q.Question = "q", "Who?"
		r, err := RAFT{OracleShare: opt.Of(1.0)}.Rows(t.Context(), Input{Search: fake.FixedHits(hits), Questions: []question.Question{q}})
		require.NoError(t, err)
		return r
	}
	hit := func(id, title, text string) retriever.Hit {
		return retriever.Hit{Chunk: retriever.Chunk{ID: id, Title: title, Text: text}}
	}
	titled := hit("a", "Mara Venn", "She was born in a hut. She runs the mill.")
	r := ask(question.Question{Answer: "Mara Venn"}, titled, hit("b", "", "It rains."))
	require.Equal(t, 1, r.Dropped["no-oracle"], "no sentence of the text says it")
	r = ask(question.Question{Answer: "Mara Venn"}, titled, hit("b", "", "It rains. Mara Venn is here."))
	require.Equal(t, "The document says: \"Mara Venn is here.\"\nAnswer: Mara Venn", r.Rows[0].Response())

	parts := question.Question{Answer: "Ann, Bo", Parts: [][]string{{"Ann"}, {"Bo", "Bob"}}}
	r = ask(parts, hit("a", "", "Ann came."), hit("b", "", "It rains."), hit("c", "", "Bob came."))
	require.Equal(t, "The document says: \"Ann came.\"\nThe document says: \"Bob came.\"\nAnswer: Ann, Bo", r.Rows[0].Response())
	require.Equal(t, answer.Present, r.Rows[0].Context)
	require.Len(t, r.Rows[0].Chunks, 3)
	r = ask(parts, hit("a", "", "Ann came."), hit("b", "", "It rains."))
	require.Equal(t, 1, r.Dropped["no-oracle"], "a part is missing")
	r = ask(parts, hit("a", "", "Ann and Bo came."), hit("b", "", "It rains."))
	require.Equal(t, "The document says: \"Ann and Bo came.\"\nAnswer: Ann, Bo", r.Rows[0].Response())
}

func TestDrawRows(t *testing.T) {
	rows := []rows.Row{{ID: "a"}, {ID: "b"}, {ID: "c"}, {ID: "d"}}
	require.Len(t, drawRows(rows, 9, rand.New(rand.NewPCG(1, 1))), 4)
	drawn := drawRows(rows, 2, rand.New(rand.NewPCG(1, 1)))
	require.Len(t, drawn, 2)
	require.Less(t, drawn[0].ID, drawn[1].ID)
	require.Empty(t, drawRows(rows, 0, rand.New(rand.NewPCG(1, 1))))
}
