package structure

import (
	"bytes"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

var (
	packageComment = regexp.MustCompile(`(?m)^(?:// |/\*\n)Package \w+ `)
	exampleFunc    = regexp.MustCompile(`(?m)^func Example`)
)

// TestPackagesIntroduceThemselves holds every package that a program may import to a comment that says what it is, and an
// example. Readers of formats need no example: a program imports them for their effect.
func TestPackagesIntroduceThemselves(t *testing.T) {
	all, paths := packages(t)
	for _, path := range paths {
		first, _, _ := strings.Cut(path, "/")
		if strings.Contains(path, "internal/") || first == "examples" || first == "cmd" || first == ".ci" {
			continue
		}
		files, err := filepath.Glob(filepath.Join(all[module+"/"+path].Dir, "*.go"))
		require.NoError(t, err)
		comment, example := false, strings.HasPrefix(path, "retriever/format/")
		for _, file := range files {
			text, err := os.ReadFile(file)
			require.NoError(t, err)
			text = bytes.ReplaceAll(text, []byte("\r\n"), []byte("\n"))
			comment = comment || packageComment.Match(text)
			example = example || strings.HasSuffix(file, "_test.go") && exampleFunc.Match(text)
		}
		if !comment {
			t.Errorf("%s: no comment says what the package is", path)
		}
		if !example {
			t.Errorf("%s: no example shows how it is used", path)
		}
	}
}
