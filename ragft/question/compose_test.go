package question

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"github.com/ragft/ragft/internal/fake"
	"github.com/ragft/ragft/internal/layout"
	"github.com/ragft/ragft/ragft/model"
	"github.com/ragft/ragft/ragft/opt"
	"github.com/ragft/ragft/retriever"
	"github.com/stretchr/testify/require"
)

func writer() *composer {
	return &composer{ComposeOptions: ComposeOptions{}.withDefaults(), seen: map[string]bool{}}
}

func TestVerifyWritten(t *testing.T) {
	chunk := retriever.Chunk{ID: "c", Text: "The Blue Inn stands in Dunmore. It was opened in 1912 by Ann Lee."}
	good := Question{Question: "Who opened the Blue Inn?", Answer: "Ann Lee"}
	for _, c := range []struct {
		text string
		want string
		q    Question
	}{
		{"Question: Who opened the Blue Inn?\nAnswer: Ann Lee", "", good},
		{"Sure!\n\n**Question:** Who opened the Blue Inn?\n**Answer:** Ann Lee.\n\nQuestion: Another?", "", good},
		{"Q: Who opened the Blue Inn?\nA: \"ann lee\"", "", Question{Question: good.Question, Answer: "ann lee"}},
		{"1912", "unparsed", Question{}},
		{"Question: Who opened the Blue Inn?", "unparsed", Question{}},
		{"Answer: Ann Lee\nQuestion: Who opened the Blue Inn?", "unparsed", Question{}},
		{"Question: Who?\nAnswer: Ann Lee", "no-question", Question{}},
		{"Question: Name who opened the inn.\nAnswer: Ann Lee", "no-question", Question{}},
		{"Question: Who opened the Blue Inn?\nAnswer: Blue Inn stands in Dunmore It was opened in 1912 by Ann Lee", "long-answer", Question{}},
		{"Question: Who opened the Blue Inn?\nAnswer: Tom Fox", "unsupported", Question{}},
		{"Question: Who opened the Blue Inn?\nAnswer: Unknown", "unsupported", Question{}},
		{"Question: Did Ann Lee open the Blue Inn?\nAnswer: Ann Lee", "given-away", Question{}},
		{"Question: Who is named in the document?\nAnswer: Ann Lee", "contextual", Question{}},
	} {
		got, rejection := writer().verify(fake.Says(c.text), chunk)
		require.Equal(t, c.want, rejection, c.text)
		require.Equal(t, c.q, got, c.text)
	}
	cut := fake.Says("Question: Who opened the Blue Inn?\nAnswer: Ann")
	cut.Truncated = true
	_, rejection := writer().verify(cut, chunk)
	require.Equal(t, "truncated", rejection)
}

func composeFixture(n int) []retriever.Chunk {
	var chunks []retriever.Chunk
	for i := range n {
		chunks = append(chunks, fake.Passage("a.md", fmt.Sprint("Mill ", i), fmt.Sprintf("Mill %d was built by Ann Lee.", i), 0).Chunk)
	}
	return append(chunks, fake.Passage("a.md", "short", "Too short.", 0).Chunk)
}

func TestComposeQuestions(t *testing.T) {
	m := &fake.Model{Reply: func(req model.Request, sample int) model.Sample {
		mill := strings.Fields(req.Messages[1].Content)[3] // Document 1: Mill n
		if sample == 1 {
			return fake.Says("Question: who built  mill " + mill + "?\nAnswer: Ann Lee")
		}
		return fake.Says("Question: Who built Mill " + mill + "?\nAnswer: Ann Lee")
	}}
	var progress []model.Progress
	got, err := Compose(t.Context(), m, composeFixture(3), ComposeOptions{PerChunk: 2, MinChunk: opt.Of(15), Batch: 2,
		Progress: func(p model.Progress) { progress = append(progress, p) }})
	require.NoError(t, err)
	require.Equal(t, []Question{
		{ID: "a.md#Mill 0/1", Question: "Who built Mill 0?", Answer: "Ann Lee"},
		{ID: "a.md#Mill 1/1", Question: "Who built Mill 1?", Answer: "Ann Lee"},
		{ID: "a.md#Mill 2/1", Question: "Who built Mill 2?", Answer: "Ann Lee"},
	}, got.Questions)
	require.Equal(t, map[string]int{"duplicate": 3}, got.Rejected)
	require.Equal(t, 3, got.Chunks, "the short one was not asked about")
	require.Len(t, progress, 2)
	require.Equal(t, 4, progress[1].Done)
	require.Equal(t, []int{2, 3}, []int{progress[0].Calls, progress[1].Calls})
	require.Equal(t, []int{3, progress[1].Tokens}, []int{got.Cost.Calls, got.Cost.Tokens})
	bound := ComposeOptions{PerChunk: 2, MinChunk: opt.Of(15)}.Estimate(composeFixture(3))
	require.Equal(t, []int{3, 3 * 2 * 96}, []int{bound.Calls, bound.Tokens})
	require.Equal(t, []model.Message{
		{Role: model.RoleSystem, Content: layout.System},
		{Role: model.RoleUser, Content: "Document 1: Mill 0\nMill 0 was built by Ann Lee.\n\n" + defaultComposePrompt}}, m.Requests[0].Messages)

	got, err = Compose(t.Context(), m, composeFixture(20), ComposeOptions{MinChunk: opt.Of(0), Limit: 5, Batch: 4})
	require.NoError(t, err)
	require.Len(t, got.Questions, 5)
	require.Equal(t, 8, got.Chunks, "no batch after the limit")
}

func TestComposeRefusesNegativeOptions(t *testing.T) {
	for _, o := range []ComposeOptions{{PerChunk: -1}, {MinChunk: opt.Of(-1)}, {Temperature: opt.Of(-0.5)}} {
		_, err := Compose(t.Context(), fake.AlwaysSays("x"), composeFixture(1), o)
		require.Error(t, err, "%+v", o)
	}
}

func TestComposeStopsWhenCancelled(t *testing.T) {
	m := fake.AlwaysSays("x")
	ctx, cancel := context.WithCancel(t.Context())
	_, err := Compose(ctx, m, composeFixture(5), ComposeOptions{MinChunk: opt.Of(0), Batch: 1,
		Progress: func(model.Progress) { cancel() }})
	require.ErrorIs(t, err, context.Canceled)
	require.Equal(t, 1, m.Calls)
}

func FuzzParseWritten(f *testing.F) {
	f.Add("Question: Who?\nAnswer: Ann")
	f.Add("**Q:** \n*A*:")
	f.Fuzz(func(t *testing.T, text string) {
		q, err := parseWritten(text)
		if err == nil && (q.Question == "" || q.Answer == "") {
			t.Fatalf("accepted %+v", q)
		}
	})
}
