//go:build cgo && unix

package main

import (
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"
)

// What holds text of users is theirs alone, whatever the umask; models and exports are as readable as any new file.
func TestModesOfFiles(t *testing.T) {
	workplace(t)
	old := syscall.Umask(0)
	defer syscall.Umask(old)
	must(t, "index")
	must(t, "demonstrate")
	must(t, "train", "--set", "train.checkpoint-every=1")
	must(t, "evaluate", "--set", "evaluate.batch=4")
	must(t, "report", "--set", "report.file=.ragft/pages/report.html")
	syscall.Umask(0o022)
	must(t, "merge")
	must(t, "export", "peft")
	syscall.Umask(0o077)
	must(t, "convert", namedModel(t), ".ragft/closed.gguf")

	public := map[string]fs.FileMode{ // of what is not text of users
		"adapter.gguf": 0o666, "metrics.jsonl": 0o666, "attention.json": 0o666,
		"merged.gguf": 0o644, "peft": 0o755, "peft/adapter_config.json": 0o644, "peft/adapter_model.safetensors": 0o644,
		"closed.gguf": 0o600,
	}
	seen := 0
	require.NoError(t, filepath.WalkDir(".ragft", func(path string, d fs.DirEntry, err error) error {
		require.NoError(t, err)
		info, err := d.Info()
		require.NoError(t, err)
		name, mode := strings.TrimPrefix(filepath.ToSlash(path), ".ragft/"), info.Mode().Perm()
		if want, ok := public[name]; ok {
			seen++
			require.Equal(t, want, mode, name)
		} else if d.IsDir() {
			require.Equal(t, fs.FileMode(0o700), mode, name)
		} else if filepath.Base(name) != "index_meta.json" { // Bleve's own settings
			require.Equal(t, fs.FileMode(0o600), mode, name)
		}
		return nil
	}))
	require.GreaterOrEqual(t, seen, 7)
}

// namedModel is the model of the project file.
func namedModel(t *testing.T) string {
	t.Helper()
	for _, line := range strings.Split(readText(t, projectFile), "\n") {
		if path, ok := strings.CutPrefix(line, "model: "); ok {
			return path
		}
	}
	t.Fatal("no model")
	return ""
}

func readText(t *testing.T, path string) string {
	t.Helper()
	data, err := os.ReadFile(path)
	require.NoError(t, err)
	return string(data)
}
