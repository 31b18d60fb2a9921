package ragft

import (
	"bytes"
	"errors"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestRowFiles(t *testing.T) {
	questions, search, model := inn()
	got, err := Generate(t.Context(), model, search, questions, GenerateOptions{Policy: PolicyOptions{MaxRefusals: 1}})
	require.NoError(t, err)
	require.NotEmpty(t, got.Rows)
	path := filepath.Join(t.TempDir(), "rows.jsonl")
	require.NoError(t, WriteRowsFile(path, got.Rows))
	again, err := ReadRowsFile(path)
	require.NoError(t, err)
	require.Equal(t, got.Rows, again)
}

func TestReadRowsNamesTheLine(t *testing.T) {
	const good = `{"messages":[{"role":"user","content":"a"},{"role":"assistant","content":"b"}]}` + "\n"
	rows, err := ReadRows(strings.NewReader(good + good))
	require.NoError(t, err)
	require.Len(t, rows, 2)
	require.Equal(t, "b", rows[0].Response())
	for text, want := range map[string]string{
		good + "{":    "line 2: unexpected end",
		good + "\n{}": `line 3: "messages" needs a prompt and a response`,
		`{"messages":[{"role":"assistant","content":"b"}]}`:                                           `line 1: "messages" needs`,
		`{"messages":[{"role":"user","content":"a"},{"role":"user","content":"b"}]}`:                  `line 1: the last message has the role "user"`,
		`{"messages":[{"role":"user","content":"a"},{"role":"assistant","content":""}]}`:              "line 1: the response is empty",
		`{"messages":[{"role":"user","content":"a"},{"role":"assistant","content":"b"}],"chunks":{}}`: "line 1",
	} {
		_, err := ReadRows(strings.NewReader(text))
		require.ErrorContains(t, err, want, text)
		var line *LineError
		require.True(t, errors.As(err, &line))
	}
}

func FuzzReadRows(f *testing.F) {
	f.Add([]byte(`{"id":"q/answer","kind":"answer","messages":[{"role":"user","content":"a"},{"role":"assistant","content":"b"}],` +
		`"candidates":[{"arm":"read","index":0,"text":"b","votes":{"yes":1,"no":0},"mean_logprob":-0.5}],"chunks":[{"id":"c","score":1.5}],` +
		`"provenance":{"rendered":{"read":"00"},"seed":18446744073709551615}}`))
	f.Add([]byte("{}\n"))
	f.Add([]byte(`{"messages":null}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		rows, err := ReadRows(bytes.NewReader(data))
		if err != nil {
			var line *LineError
			require.True(t, errors.As(err, &line), "%v", err)
			return
		}
		var first, second bytes.Buffer
		for _, row := range rows {
			require.NotEmpty(t, row.Response())
			require.NotEmpty(t, row.Prompt())
		}
		require.NoError(t, WriteRows(&first, rows))
		again, err := ReadRows(bytes.NewReader(first.Bytes()))
		require.NoError(t, err)
		require.NoError(t, WriteRows(&second, again))
		require.Equal(t, first.String(), second.String())
	})
}
