package structure

import (
	"bufio"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/stretchr/testify/require"
)

const (
	mostLines   = 400
	mostColumns = 140 // characters, a tab being one
)

// generated says whether a tool wrote the file, as its first lines then say.
func generated(lines []string) bool {
	for _, line := range lines[:min(len(lines), 5)] {
		if strings.HasPrefix(line, "// Code generated") && strings.HasSuffix(line, "DO NOT EDIT.") {
			return true
		}
	}
	return false
}

func readLines(t *testing.T, path string) []string {
	t.Helper()
	file, err := os.Open(path)
	require.NoError(t, err)
	defer file.Close()
	var lines []string
	scanner := bufio.NewScanner(file)
	scanner.Buffer(nil, 1<<24)
	for scanner.Scan() {
		lines = append(lines, scanner.Text())
	}
	require.NoError(t, scanner.Err())
	return lines
}

// TestFilesAndLinesAreShort leaves out what stands in testdata.
func TestFilesAndLinesAreShort(t *testing.T) {
	for _, path := range sourceFiles(t) {
		if !slices.Contains([]string{".go", ".cpp", ".hpp", ".h"}, filepath.Ext(path)) {
			continue
		}
		lines := readLines(t, filepath.Join(root, path))
		if generated(lines) {
			continue
		}
		if len(lines) > mostLines {
			t.Errorf("%s has %d lines, at most %d are allowed: divide it", path, len(lines), mostLines)
		}
		for i, line := range lines {
			if n := utf8.RuneCountInString(line); n > mostColumns {
				t.Errorf("%s:%d has %d columns, at most %d are allowed: break it", path, i+1, n, mostColumns)
			}
		}
	}
}
