package dataset

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

const squadPart = `{"data": [{"title": "T", "paragraphs": [{"context": "Osk keeps the light.", "qas": [` +
	`{"id": "a", "question": "Who?", "answers": [{"text": "Osk"}]}, {"id": "a", "question": "When?", "answers": []}, ` +
	`{"id": "a#2", "question": "Where?", "answers": [{"text": "light"}]}]}]}]}`

func ids(t *testing.T, text string, format Format) (ids []string) {
	t.Helper()
	set, err := Read(strings.NewReader(text), format)
	require.NoError(t, err)
	for _, item := range set.Items {
		ids = append(ids, item.ID)
	}
	return ids
}

// A byte order mark is no part of a file, whatever the format.
func TestByteOrderMark(t *testing.T) {
	const pubmed = `{"7": {"QUESTION": "Is it?", "CONTEXTS": ["It is."], "LABELS": ["AIM"], "final_decision": "yes"}}`
	popqa := "id\tquestion\tpossible_answers\n1\tWho?\t[\"Osk\"]\n"
	for _, text := range []string{squadPart, pubmed, popqa, `{"id":"x","question":"Who?","answer":"Osk"}`} {
		require.Equal(t, ids(t, text, Detect), ids(t, "\xef\xbb\xbf"+text, Detect), text)
	}
	var utf16 strings.Builder
	utf16.WriteString("\xff\xfe")
	for _, c := range []byte(squadPart) {
		utf16.Write([]byte{c, 0})
	}
	require.Equal(t, ids(t, squadPart, Detect), ids(t, utf16.String(), Detect))
}

func TestMadeUpIDsDifferFromThoseGiven(t *testing.T) {
	require.Equal(t, []string{"a", "a#3", "a#2"}, ids(t, squadPart, Detect))
	line := func(id string) string { return `{` + id + `"question":"Who?","answer":"Osk"}` + "\n" }
	require.Equal(t, []string{"x#2", "x", "x#3"}, ids(t, line(`"id":"x#2",`)+line(`"id":"x",`)+line(`"id":"x",`), Plain))
	require.Equal(t, []string{"q1#2", "q1"}, ids(t, line("")+line(`"id":"q1",`), Plain))
	noID := strings.Replace(strings.Replace(squadPart, `"id": "a", "question": "When`, `"question": "When`, 1), `"a#2"`, `"squad-2"`, 1)
	require.Equal(t, []string{"a", "squad-2#2", "squad-2"}, ids(t, noID, Detect))
}

func TestLinesThatEndWithCR(t *testing.T) {
	rows := `{"question":"Who keeps the light?","answer":"Osk Varley"}` + "\r" + `{"question":"Where?","answer":"here"}` + "\r\n\r" +
		`{"question":"When?","answer":"now"}` + "\n"
	require.Equal(t, []string{"q1", "q2", "q4"}, ids(t, rows, Detect))
	require.Equal(t, []string{"1", "2"}, ids(t, "id\tquestion\tpossible_answers\r1\tWho?\t[\"Osk\"]\r2\tWhen?\t[\"now\"]\r", Detect))
}
