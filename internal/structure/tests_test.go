package structure

import (
	"go/ast"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// testName is what "go test" runs.
var testName = regexp.MustCompile(`^(Test|Benchmark|Fuzz|Example)($|[^a-z])`)

// present are the tests of the module by folder and name, and how many have a name.
func present(t *testing.T) (map[string]bool, map[string]int) {
	t.Helper()
	placed, named := map[string]bool{}, map[string]int{}
	seen := map[string]bool{}
	for _, path := range sourceFiles(t) {
		folder := filepath.ToSlash(filepath.Dir(path))
		if !strings.HasSuffix(path, "_test.go") || seen[folder] {
			continue
		}
		seen[folder] = true
		for _, file := range parsed(t, folder, true) {
			for _, d := range file.Decls {
				if f, ok := d.(*ast.FuncDecl); ok && f.Recv == nil && testName.MatchString(f.Name.Name) {
					placed[folder+" "+f.Name.Name] = true
					named[f.Name.Name]++
				}
			}
		}
	}
	return placed, named
}

// table are the lines of a file in testdata, in fields; those that begin with # are comments.
func table(t *testing.T, name string) [][]string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("testdata", name))
	require.NoError(t, err)
	var out [][]string
	for _, line := range strings.Split(string(text), "\n") {
		if line != "" && !strings.HasPrefix(line, "#") {
			out = append(out, strings.Fields(line))
		}
	}
	return out
}

// TestNoTestHasVanished compares the tests with those of before the module was divided into packages. One may move
// freely; one that is renamed or deleted needs a line in testdata/renamed-tests.txt.
func TestNoTestHasVanished(t *testing.T) {
	placed, named := present(t)
	renamed := map[string][]string{}
	for _, line := range table(t, "renamed-tests.txt") {
		require.GreaterOrEqual(t, len(line), 3, "renamed-tests.txt: %v lacks what replaced the test, or why it is gone", line)
		renamed[line[0]] = line[1:]
	}
	before := table(t, "tests-before.txt")
	require.Len(t, before, 730)
	count := map[string]int{}
	for _, line := range before {
		name := line[1]
		count[name]++
		now, moved := renamed[name]
		switch {
		case !moved && named[name] < count[name]: // several folders may have a test of that name
			t.Errorf("%s, which was in %s, is gone: restore it, or say in testdata/renamed-tests.txt what replaced it or why", name, line[0])
		case moved && named[name] > 0:
			t.Errorf("%s is there: delete its line in testdata/renamed-tests.txt", name)
		case moved && now[0] != "-" && !placed[now[0]+" "+now[1]]:
			t.Errorf("there is no %s in %s, which replaces %s by testdata/renamed-tests.txt", now[1], now[0], name)
		}
	}
}
