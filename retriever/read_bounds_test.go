package retriever

import (
	"fmt"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/stretchr/testify/require"
)

// Rows without text are reported one by one as long as they are few.
func TestManyEmptyRows(t *testing.T) {
	rows := strings.Repeat("{\"text\":\"\"}\n", 1000) + "{\"text\":\"alpha\"}\n"
	docs, report, err := loaded(ctx, fstest.MapFS{"a.jsonl": {Data: []byte(rows)}}, LoadOptions{})
	require.NoError(t, err)
	require.Equal(t, "a.jsonl#1001", docs[0].Source)
	require.Len(t, report.Skipped, maxEmptyRows+1)
	require.Equal(t, Skip{Path: "a.jsonl#100", Reason: SkipNoText}, report.Skipped[99])
	require.Equal(t, Skip{Path: "a.jsonl", Reason: SkipPart, Detail: "900 more rows without text"}, report.Skipped[100])
}

// A text of more lines than are parsed has no headings, and is read.
func TestMarkdownOfTooManyLines(t *testing.T) {
	for _, end := range []string{"\n", "\r\n", "\r"} {
		text := strings.Repeat("# a"+end, maxMarkdownLines+1)
		require.Empty(t, MarkdownSections(text), fmt.Sprintf("%q", end))
		doc, err := TextReader(Markdown).Read(ctx, "a.md", text)
		require.NoError(t, err)
		require.Empty(t, doc.Title)
		require.Equal(t, text, doc.Text)
	}
}
