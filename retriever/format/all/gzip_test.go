package all

import (
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
