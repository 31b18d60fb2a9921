package all

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// Notebooks of a million empty cells, results or lines take memory in proportion to the file, which has about 3 MB.
func TestNotebookBombs(t *testing.T) {
	list := func(before, element, after string) string {
		return before + "[" + strings.Repeat(element+",", 1_000_000) + element + "]" + after
	}
	for name, data := range map[string]string{
		"cells.ipynb":   list(`{"cells":`, "{}", "}"),
		"sheets.ipynb":  list(`{"worksheets":[{"cells":`, "{}", "}]}"),
		"results.ipynb": list(`{"cells":[{"outputs":`, "{}", "}]}"),
		"lines.ipynb":   list(`{"cells":[{"source":`, `""`, "}]}"),
	} {
		doc, took, peak, err := readFile(t, name, data)
		t.Logf("%s: %v, %d MB", name, took, peak>>20)
		require.NoError(t, err, name)
		require.Empty(t, doc.Text, name)
		require.Less(t, peak, uint64(45<<20), name)
	}
}

// Notebooks are read as before: null is nothing, a text may be a list, and what follows the notebook is an error.
func TestNotebooks(t *testing.T) {
	doc, _, _, err := readFile(t, "a.ipynb", "\xef\xbb\xbf"+`{"metadata":{"cells":[1]},"cells":null,"worksheets":[{"cells":[`+
		`{"cell_type":"code","input":["a = 1\n","b"],"source":null,"outputs":[{"text":"one"},{"data":{"text/plain":["two\n","three"]}}]},`+
		`{"outputs":null,"source":"c"}]}]} `)
	require.NoError(t, err)
	require.Equal(t, "a = 1\nb\n\none\n\ntwo\nthree\n\nc", doc.Text)
	require.Equal(t, "cell 1", doc.Sections[0].Place)
	require.Equal(t, "cell 2", doc.Sections[len(doc.Sections)-1].Place)
	for _, data := range []string{`{} {}`, `[]`, `{"cells":{}}`, `{"cells":[{"source":[1]}]}`, `{"cells":[{"outputs":{}}]}`, `{"cells":[]`} {
		_, _, _, err := readFile(t, "a.ipynb", data)
		require.Error(t, err, data)
	}
}
