package all

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/ragft/ragft/retriever"
)

// The front matter of a compressed Markdown file is no passage.
func TestGzipOfMarkdown(t *testing.T) {
	doc, _, _, err := readFile(t, "a.md.gz",
		gzipped(t, "---\ntitle: The weir\nauthor: Tam Reed\n---\nIt was built by Odo Lark.\n\n# Gates\n\nThey were made by Una Brook.\n"))
	require.NoError(t, err)
	chunks, err := retriever.Split(doc, retriever.SplitOptions{})
	require.NoError(t, err)
	var got []string
	for _, c := range chunks {
		got = append(got, c.Title+": "+c.Text)
	}
	require.Equal(t, []string{"The weir: It was built by Odo Lark.", "The weir > Gates: # Gates\n\nThey were made by Una Brook."}, got)
}

// A compressed Markdown file is read as it is without: each chunk has its place in the whole text, and what follows the front matter
// is not taken for a second one.
func TestGzipReadsAsTheFileItself(t *testing.T) {
	for _, text := range []string{
		"---\ntitle: The weir\n---\nIt was built by Odo Lark.\n\n# Gates\n\nThey were made by Una Brook.\n",
		"---\ntitle: T\n---\n---\nNote: read this\n---\nText",
	} {
		plain, err := retriever.TextReader(retriever.Markdown).Read(t.Context(), "a.md", text)
		require.NoError(t, err)
		packed, _, _, err := readFile(t, "a.md.gz", gzipped(t, text))
		require.NoError(t, err)
		want, err := retriever.Split(plain, retriever.SplitOptions{})
		require.NoError(t, err)
		got, err := retriever.Split(packed, retriever.SplitOptions{})
		require.NoError(t, err)
		require.Len(t, got, len(want))
		for i, c := range got {
			require.Equal(t, []any{want[i].Text, want[i].Title, want[i].Start, want[i].End}, []any{c.Text, c.Title, c.Start, c.End})
			require.Equal(t, c.Text, strings.TrimSpace(text[c.Start:c.End]))
		}
	}
}
