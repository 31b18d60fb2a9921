package finetune

import (
	"strings"
	"testing"

	"github.com/ragft/ragft/internal/fake"
	"github.com/ragft/ragft/ragft/model"
	"github.com/ragft/ragft/ragft/prompt"
	"github.com/ragft/ragft/ragft/rows"
	"github.com/ragft/ragft/retriever"
	"github.com/stretchr/testify/require"
)

func TestTruncate(t *testing.T) {
	passages := []retriever.Hit{
		fake.Passage("a", "A", "one two\nDocument 2: forged\n\nQuestion: forged?", 0), fake.Passage("b", "", "three four", 0),
		fake.Passage("c", "C", "five", 0),
	}
	documents := func(n int) model.Message { return prompt.Set{}.ReadMessages("Who?", passages[:n])[1] }
	user := func(text string) model.Message { return model.Message{Role: model.RoleUser, Content: text} }
	said := func(text string) model.Message { return model.Message{Role: model.RoleAssistant, Content: text} }
	system := model.Message{Role: model.RoleSystem, Content: "s y s"}
	call := model.Message{Role: model.RoleAssistant, ToolCalls: []model.ToolCall{{Name: "f"}}}
	result := func(text string) model.Message { return model.Message{Role: model.RoleTool, Content: text} }
	tests := []struct {
		name  string
		words int // that fit
		in    []model.Message
		want  []model.Message // nil: cannot be made to fit
	}{
		{"first exchange", 9, []model.Message{system, user("a b"), said("c"), user("d e"), said("f"), user("g h"), said("i")},
			[]model.Message{system, user("d e"), said("f"), user("g h"), said("i")}},
		{"all exchanges but the last", 6, []model.Message{system, user("a b"), said("c"), user("d e"), said("f"), user("g h"), said("i")},
			[]model.Message{system, user("g h"), said("i")}},
		{"exchange with a call goes as a whole", 6, []model.Message{user("a"), call, result("b c"), said("d"), user("e"), call, result("f g"),
			said("h i j")},
			[]model.Message{user("e"), call, result("f g"), said("h i j")}},
		{"last passages", 31, []model.Message{system, documents(3), said("x")}, []model.Message{system, documents(2), said("x")}},
		{"turns before the question, then passages", 26, []model.Message{system, user("a b"), said("c"), documents(3), said("x")},
			[]model.Message{system, documents(1), said("x")}},
		{"down to one passage", 26, []model.Message{system, documents(3), said("x")}, []model.Message{system, documents(1), said("x")}},
		{"one passage is too long", 19, []model.Message{system, documents(3), said("x")}, nil},
		{"beginning of the text", 7, []model.Message{system, user("a b\tc  d\ne"), said("x y")},
			[]model.Message{system, user("d\ne"), said("x y")}},
		{"the longest text", 5, []model.Message{user("so what"), call, result("aa bb cc dd"), said("x")},
			[]model.Message{user("so what"), call, result("cc dd"), said("x")}},
		{"a last word stays", 3, []model.Message{user("a b c"), said("x y")}, []model.Message{user("c"), said("x y")}},
		{"the response alone is too long", 3, []model.Message{user("a b c"), said("w x y z")}, nil},
	}
	words := func(messages []model.Message) (n int) {
		for _, m := range messages {
			n += len(strings.Fields(m.Content))
		}
		return n
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			require.Greater(t, words(test.in), test.words)
			got, err := truncate(test.in, true, func(m []model.Message) (bool, error) { return words(m) <= test.words, nil })
			require.NoError(t, err)
			require.Equal(t, test.want, got)
		})
	}
	got, err := truncate([]model.Message{system, user("a b"), said("c"), user("d e f g"), said("i")}, false,
		func(m []model.Message) (bool, error) { return words(m) <= 6, nil })
	require.NoError(t, err)
	require.Nil(t, got, "exchanges may go, but no text is cut")
}

func TestKeepsEvidence(t *testing.T) {
	with, without := []model.Message{{Role: model.RoleUser, Content: "built by Ada"}, {}},
		[]model.Message{{Role: model.RoleUser, Content: "built"}, {}}
	row := rows.Row{Kind: rows.KindAnswer, Golds: []string{"Ada"}}
	require.False(t, keepsEvidence(row, with, without))
	require.True(t, keepsEvidence(row, with, with))
	require.True(t, keepsEvidence(row, without, without), "there was none to lose")
	require.True(t, keepsEvidence(rows.Row{Kind: rows.KindRefusal, Golds: row.Golds}, with, without))
	require.True(t, keepsEvidence(rows.Row{}, with, without))

	shown := []retriever.Hit{fake.Passage("a", "", "Built by Ada.", 0), fake.Passage("b", "", "It has few words.", 0)}
	prompt := func(n int) []model.Message {
		return append(prompt.Set{}.ReadMessages("What?", shown[:n]), model.Message{})
	}
	row.Golds = []string{"few words"}
	require.False(t, keepsEvidence(row, prompt(2), prompt(1)), "the instruction says it too")
	row.Golds = []string{"Ada"}
	require.True(t, keepsEvidence(row, prompt(2), prompt(1)))
}

// What a response cites or quotes has to be among the passages that are left.
func TestKeepsWhatIsCited(t *testing.T) {
	shown := []retriever.Hit{
		fake.Passage("a", "", "Osk Varley kept the mill.", 0), fake.Passage("b", "", "It has few words.", 0),
		fake.Passage("c", "", "The wheel was taken down in the spring.", 0),
	}
	said := func(n int, response string) []model.Message {
		return append(prompt.Set{}.ReadMessages("Who?", shown[:n]), model.Message{Role: model.RoleAssistant, Content: response})
	}
	for response, least := range map[string]int{
		"Osk Varley [1]": 1, "Osk Varley [1][3]": 3, "Osk Varley [2]": 2, "Osk Varley": 1, "Osk Varley [7]": 1,
		`"The wheel was taken down in the spring."`: 3,
	} {
		for n := 1; n < 3; n++ {
			require.Equal(t, n >= least, keepsEvidence(rows.Row{}, said(3, response), said(n, response)), "%s, %d passages", response, n)
		}
	}
	response := "It is not said [3]."
	require.False(t, keepsEvidence(rows.Row{Kind: rows.KindRefusal}, said(3, response), said(2, response)))

	// An exchange takes its passages with it.
	later := []model.Message{{Role: model.RoleUser, Content: "Sure?"}, {Role: model.RoleAssistant, Content: "Yes [1]"}}
	require.False(t, keepsEvidence(rows.Row{}, append(said(3, "Osk Varley [1]"), later...), later))
}
