package structure

import (
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// TestGuidesAreShort holds the pages that people read to a length that they read. The reference of options is made from
// the code.
func TestGuidesAreShort(t *testing.T) {
	const most = 150
	pages, err := filepath.Glob(filepath.Join(root, "docs", "*.md"))
	require.NoError(t, err)
	more, err := filepath.Glob(filepath.Join(root, "*.md"))
	require.NoError(t, err)
	for _, path := range append(pages, more...) {
		name := filepath.Base(path)
		lines := readLines(t, path)
		if name == "CHANGELOG.md" || strings.Contains(strings.Join(lines[:min(len(lines), 5)], "\n"), "generated from the code") {
			continue
		}
		if len(lines) > most {
			t.Errorf("%s has %d lines, at most %d are allowed: divide it", name, len(lines), most)
		}
	}
}
