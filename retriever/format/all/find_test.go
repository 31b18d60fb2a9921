package all

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/ragft/ragft/retriever/format"
)

// A text that speaks of a format is not of it.
func TestTextsThatNameAFormat(t *testing.T) {
	binary := "%PDF-1.4\n%\xe2\xe3\xcf\xd3\n"
	long := strings.Repeat("é", 4<<10)
	for head, names := range map[string][]string{
		"A file begins with %PDF-1.4, or is no PDF.\n": {"a.md", "a.txt", "a.jsonl", "a.data"},
		"It is: " + binary:         {"a.md", "a.txt"},
		"A mark: %PDF-1.4 " + long: {"a.data"},
		"In it are the bytes mimetypeapplication/epub+zip, and more": {"a.md", "a.data"},
	} {
		for _, name := range names {
			require.Nil(t, format.Find(name, []byte(head)[:min(len(head), 1<<13)]), "%s: %.40q", name, head)
		}
	}
	for _, name := range []string{"a.md", "a.data", "a.pdf", "a"} {
		require.NotNil(t, format.Find(name, []byte(binary)), name)
	}
	require.NotNil(t, format.Find("a.data", []byte("HTTP/1.1 200 OK\r\n\r\n"+binary)))
	require.NotNil(t, format.Find("a.pdf", []byte("HTTP/1.1 200 OK\r\n\r\n%PDF-1.4\n")))
}
