package structure

import (
	"bytes"
	"encoding/json"
	"errors"
	"go/ast"
	"go/parser"
	"go/token"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"
)

const (
	root   = "../.."
	module = "github.com/ragft/ragft"
)

// listed is what "go list -json" says of a package.
type listed struct {
	ImportPath, Name, Dir              string
	Standard                           bool
	Module                             *struct{ Main bool }
	Imports, TestImports, XTestImports []string
	Deps, CgoFiles                     []string
}

// ours says whether the package belongs to this module.
func (p *listed) ours() bool { return p.Module != nil && p.Module.Main }

// short is the path of one of our packages below the module: "ragft/model".
func short(path string) string { return strings.TrimPrefix(strings.TrimPrefix(path, module), "/") }

// graph is every package that the module compiles, by import path. It is read once, with cgo on, so that the packages
// which need it are seen.
var graph = sync.OnceValues(func() (map[string]*listed, error) {
	c := exec.Command("go", "list", "-deps", "-e",
		"-json=ImportPath,Name,Dir,Standard,Module,Imports,TestImports,XTestImports,Deps,CgoFiles", "./...")
	c.Dir = root
	c.Env = append(os.Environ(), "CGO_ENABLED=1")
	var problem bytes.Buffer
	c.Stderr = &problem
	out, err := c.Output()
	if err != nil {
		return nil, errors.New(problem.String())
	}
	all := map[string]*listed{}
	for decoder := json.NewDecoder(bytes.NewReader(out)); ; {
		p := new(listed)
		if err := decoder.Decode(p); err == io.EOF {
			return all, nil
		} else if err != nil {
			return nil, err
		}
		all[p.ImportPath] = p
	}
})

// packages are all packages, and the paths of ours below the module, in order.
func packages(t *testing.T) (map[string]*listed, []string) {
	t.Helper()
	all, err := graph()
	require.NoError(t, err)
	var paths []string
	for _, p := range all {
		if p.ours() {
			paths = append(paths, short(p.ImportPath))
		}
	}
	require.NotEmpty(t, paths)
	slices.Sort(paths)
	return all, paths
}

// parsed are the Go files of a folder of the module, by name: all of them, whatever their build constraints.
func parsed(t *testing.T, folder string, tests bool) map[string]*ast.File {
	t.Helper()
	names, err := filepath.Glob(filepath.Join(root, folder, "*.go"))
	require.NoError(t, err)
	files := map[string]*ast.File{}
	for _, name := range names {
		if strings.HasSuffix(name, "_test.go") != tests {
			continue
		}
		file, err := parser.ParseFile(token.NewFileSet(), name, nil, parser.ParseComments|parser.SkipObjectResolution)
		require.NoError(t, err)
		files[filepath.Base(name)] = file
	}
	return files
}

// sourceFiles are the paths below the module of the files that its authors write: not what build.sh fetches or makes.
func sourceFiles(t *testing.T) []string {
	t.Helper()
	var paths []string
	err := filepath.WalkDir(root, func(path string, d os.DirEntry, err error) error {
		if err != nil {
			return err
		}
		name := d.Name()
		if d.IsDir() && path != root && (strings.HasPrefix(name, ".git") || name == "third_party" || name == "testdata" || name == "vendor") {
			return filepath.SkipDir
		}
		if !d.IsDir() && !strings.HasPrefix(name, "zz_") {
			relative, err := filepath.Rel(root, path)
			if err != nil {
				return err
			}
			paths = append(paths, filepath.ToSlash(relative))
		}
		return nil
	})
	require.NoError(t, err)
	return paths
}
