package table

import (
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/stretchr/testify/require"
)

func TestTable(t *testing.T) {
	table := New("name", "made-up\nanswers", "n", "finding")
	table.Left = []int{3}
	table.Row("base,\ndocuments", "50.0\n0.0..100", 6, "better")
	table.Row("tüned", "-", 12, "")
	require.Equal(t, `              made-up
name          answers     n    finding
--------------------------------------
base,            50.0     6    better
documents    0.0..100
tüned               -    12
`, table.String())
}

func TestTableFits(t *testing.T) {
	heads := make([]string, 10)
	row := make([]any, 10)
	for i := range heads {
		heads[i], row[i] = "head", strings.Repeat("ü", 10)
	}
	narrow := New(heads...)
	narrow.Row(row...)
	row[0] = strings.Repeat("a long name ", 20)
	cut := New(heads...)
	cut.Row(row...)
	for _, table := range []*Table{narrow, cut} {
		for line := range strings.Lines(table.String()) {
			require.LessOrEqual(t, utf8.RuneCountInString(strings.TrimSuffix(line, "\n")), Width)
		}
		require.Contains(t, table.String(), row[9], "only the first column is cut")
	}
	require.NotContains(t, narrow.String(), "…")
	hopeless := New("head", strings.Repeat("x", 2*Width))
	hopeless.Row("name", 1)
	require.Contains(t, hopeless.String(), "\n… ", "there is no room for names")
	require.Contains(t, cut.String(), "…")
}

func TestWrap(t *testing.T) {
	for line := range strings.Lines(Wrap(strings.Repeat("word ", 100))) {
		require.LessOrEqual(t, len(line), Width+1)
	}
	require.Equal(t, "one two\nthree\n", wrap("one  two\n three", 8))
	require.Equal(t, "averylongword\nend\n", wrap("averylongword end", 8))
	require.Equal(t, "äöü äöü\n", wrap("äöü äöü", 7), "characters, not bytes")
}

func TestCut(t *testing.T) {
	require.Equal(t, "äöü", Cut("äöü", 3))
	require.Equal(t, "äö…", Cut("äöüx", 3))
	require.Equal(t, "two lines", Cut(" two\n  lines ", 9))
}
