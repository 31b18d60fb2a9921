//go:build cgo

package docs

import (
	"path/filepath"
	"regexp"
	"testing"

	"github.com/stretchr/testify/require"
)

// sourcePath is the path of a file or folder of the module in backquotes; * stands for a part of a name.
var sourcePath = regexp.MustCompile("`((?:cmd|docs|examples|internal|llama|lora|ragft|retriever)/[\\w*./-]*|\\.ci/\\w+)`")

// TestPaths looks for each file and folder of the module that the pages name.
func TestPaths(t *testing.T) {
	found := 0
	for name, page := range pages(t) {
		if name == filepath.Join("docs", "families.md") { // has names of models
			continue
		}
		for _, m := range sourcePath.FindAllStringSubmatch(page, -1) {
			found++
			there, err := filepath.Glob(filepath.Join(root, m[1]))
			require.NoError(t, err)
			if len(there) == 0 {
				t.Errorf("%s names %s, which is not there", name, m[1])
			}
		}
	}
	require.Greater(t, found, 50)
}
