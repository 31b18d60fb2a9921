//go:build cgo

package golden

import (
	"bytes"
	"errors"
	"flag"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/ragft/ragft/internal/llamacpp"
)

var update = flag.Bool("update", false, "record the golden files again")

// run is one run of the command. Runs share a project, in which each finds what those before it left.
type run struct {
	name    string
	command string   // a key of commands
	set     []string // keys of options, with =VALUE where the option takes one
	raw     []string // options spelled as they are, for those that do not exist
	words   []string // arguments
	stdin   string
	text    bool               // without --json
	short   bool               // a hash of standard output is enough, beside its shape
	keep    string             // regular expression of the lines of standard output that are the same on all machines
	fixed   bool               // the model's arithmetic decides nothing: all of it is compared on every platform
	files   []string           // written files and folders to record
	counts  []string           // regular expressions of JSON paths whose values are compared on every platform
	loose   []string           // regular expressions of JSON paths whose keys the model's arithmetic decides
	before  func(p *workplace) // prepares the project
	replace func(p *workplace) *recorded
}

// workplace is a project with some of the quickstart's documents and questions.
type workplace struct {
	t       *testing.T
	binary  string
	dir     string
	env     []string
	teacher string             // its model, as --model names it
	served  map[string]*server // by what they serve
}

const (
	moduleRoot = "../.."
	shipped    = moduleRoot + "/examples/basemodel/ragft-base-f16.gguf"
	quickstart = moduleRoot + "/examples/quickstart"
)

func TestGolden(t *testing.T) {
	p := newWorkplace(t)
	platform := llamacpp.Platform()
	if recorded, err := filepath.Glob("testdata/*." + platform + ".golden"); err == nil && len(recorded) == 0 {
		t.Logf("no figures are recorded for %s: only what does not depend on arithmetic is compared", platform)
	}
	seen := map[string]bool{}
	for _, r := range runs() {
		require.False(t, seen[r.name], "two runs are called %s", r.name)
		seen[r.name] = true
		// Every run happens, with -run of one of them too, since the later ones need what the earlier ones leave.
		got := p.run(r)
		t.Run(r.name, func(t *testing.T) {
			everywhere, here := got.everywhere(r), got.here(r)
			if r.fixed {
				everywhere, here = here, ""
			}
			compare(t, filepath.Join("testdata", r.name+".golden"), everywhere, true)
			compare(t, filepath.Join("testdata", r.name+"."+platform+".golden"), here, false)
		})
	}
	unused(t, seen)
}

// compare holds text against a golden file, or writes it. A file that may be missing belongs to another platform.
func compare(t *testing.T, path, text string, needed bool) {
	t.Helper()
	if *update {
		if text == "" {
			require.NoError(t, os.RemoveAll(path))
			return
		}
		require.NoError(t, os.MkdirAll(filepath.Dir(path), 0o755))
		require.NoError(t, os.WriteFile(path, []byte(text), 0o644))
		return
	}
	want, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) && !needed {
		return
	}
	require.NoError(t, err)
	if !bytes.Equal(want, []byte(text)) {
		t.Errorf("%s: what comes out has changed (- golden, + now). If that is intended: -update, and a line in CHANGELOG.md.\n%s",
			path, difference(string(want), text))
	}
}

// difference shows the lines that differ: one by one if there are as many as before, and otherwise from the first to the last.
func difference(want, got string) string {
	a, b := strings.Split(want, "\n"), strings.Split(got, "\n")
	var out []string
	add := func(mark string, lines []string) {
		for _, line := range lines[:min(len(lines), 20)] {
			out = append(out, mark+line[:min(len(line), 400)])
		}
	}
	if len(a) == len(b) {
		for i := range a {
			if a[i] != b[i] && len(out) < 40 {
				add(fmt.Sprintf("%d - ", i+1), a[i:i+1])
				add(fmt.Sprintf("%d + ", i+1), b[i:i+1])
			}
		}
		return strings.Join(out, "\n")
	}
	first, end := 0, 0
	for first < min(len(a), len(b)) && a[first] == b[first] {
		first++
	}
	for end < min(len(a), len(b))-first && a[len(a)-1-end] == b[len(b)-1-end] {
		end++
	}
	add("  ", a[max(0, first-3):first])
	add("- ", a[first:len(a)-end])
	add("+ ", b[first:len(b)-end])
	return strings.Join(out, "\n")
}

// unused refuses golden files of runs that are gone.
func unused(t *testing.T, seen map[string]bool) {
	t.Helper()
	files, err := filepath.Glob("testdata/*.golden")
	require.NoError(t, err)
	for _, f := range files {
		name, _, _ := strings.Cut(filepath.Base(f), ".")
		switch {
		case seen[name]:
		case *update:
			require.NoError(t, os.Remove(f))
		default:
			t.Errorf("%s belongs to no run", f)
		}
	}
}

func newWorkplace(t *testing.T) *workplace {
	t.Helper()
	watch(t)
	p := &workplace{t: t, dir: t.TempDir(), served: map[string]*server{}}
	p.binary = filepath.Join(t.TempDir(), "ragft")
	build := exec.Command("go", "build", "-o", p.binary, "../../cmd/ragft")
	out, err := build.CombinedOutput()
	require.NoError(t, err, string(out))
	for _, e := range os.Environ() {
		name, _, _ := strings.Cut(e, "=")
		if !slices.Contains([]string{"HOME", "OLLAMA_HOST", "OPENAI_BASE_URL", "OPENAI_API_KEY", "RAGFT_TOKEN", "NO_COLOR"}, name) {
			p.env = append(p.env, e)
		}
	}
	p.env = append(p.env, "HOME="+p.dir, "OLLAMA_HOST=http://127.0.0.1:1")
	p.prepare()
	p.teacher = startTeacher(p)
	return p
}

// watch looks at every source file, so that 'go test' runs the test again when one of them changes: it does not see by
// itself what the command is built of.
func watch(t *testing.T) {
	t.Helper()
	for _, dir := range []string{"cmd", "internal", "llama", "lora", "ragft", "retriever", "examples"} {
		require.NoError(t, filepath.WalkDir(filepath.Join(moduleRoot, dir), func(path string, d fs.DirEntry, err error) error {
			if err != nil || d.IsDir() {
				return err
			}
			if ext := filepath.Ext(path); ext == ".golden" || strings.HasSuffix(path, "_test.go") {
				return nil
			}
			_, err = os.Stat(path)
			return err
		}))
	}
}
