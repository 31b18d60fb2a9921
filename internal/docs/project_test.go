//go:build cgo

package docs

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/ragft/ragft/ragft"
)

// TestProjectFiles reads the project files on the pages as a project does: an unknown key or value is an error.
func TestProjectFiles(t *testing.T) {
	found := 0
	for name, page := range pages(t) {
		for i, b := range block.FindAllStringSubmatch(page, -1) {
			if b[1] != "yaml" {
				continue
			}
			found++
			file := filepath.Join(t.TempDir(), "ragft.yaml")
			require.NoError(t, os.WriteFile(file, []byte(b[2]), 0o600))
			_, err := ragft.LoadConfig(file)
			require.NoError(t, err, "%s: block %d", name, i+1)
		}
	}
	require.Greater(t, found, 4)
}
