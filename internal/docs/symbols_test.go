//go:build cgo

package docs

import (
	"go/ast"
	"go/parser"
	"go/token"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// symbol is what of a package a guide names: a name, and a field or method of it.
var symbol = regexp.MustCompile(`\b([a-z]+)\.([A-Z]\w*)(?:\.([A-Z]\w*))?`)

// TestSymbols looks for each name of the packages that the guides give.
func TestSymbols(t *testing.T) {
	exported := map[string]map[string]bool{}
	for name, path := range packages {
		if folder, ours := strings.CutPrefix(path, "github.com/ragft/ragft/"); ours {
			exported[name] = names(t, filepath.Join(root, folder))
		}
	}
	found := 0
	for path, text := range pages(t) {
		if path == "CHANGELOG.md" { // names what is gone
			continue
		}
		for _, m := range symbol.FindAllStringSubmatch(text, -1) {
			if exported[m[1]] == nil {
				continue
			}
			found++
			require.True(t, exported[m[1]][m[2]], "%s names %s", path, m[0])
			if m[3] != "" {
				require.True(t, exported[m[1]][m[2]+"."+m[3]], "%s names %s", path, m[0])
			}
		}
	}
	require.Greater(t, found, 50)
}

// names are the exported names of a package, and those of fields and methods with that of their type before them.
func names(t *testing.T, folder string) map[string]bool {
	all := map[string]bool{}
	files, err := filepath.Glob(filepath.Join(folder, "*.go"))
	require.NoError(t, err)
	for _, path := range files {
		file, err := parser.ParseFile(token.NewFileSet(), path, nil, parser.SkipObjectResolution)
		require.NoError(t, err)
		for _, d := range file.Decls {
			switch d := d.(type) {
			case *ast.FuncDecl:
				if !strings.HasSuffix(path, "_test.go") || strings.HasPrefix(d.Name.Name, "Example") {
					all[receiver(d)+d.Name.Name] = true
				}
			case *ast.GenDecl:
				if strings.HasSuffix(path, "_test.go") {
					continue
				}
				for _, s := range d.Specs {
					addSpec(all, s)
				}
			}
		}
	}
	return all
}

// receiver is the type's name and a point, or nothing.
func receiver(d *ast.FuncDecl) string {
	if d.Recv == nil {
		return ""
	}
	of := d.Recv.List[0].Type
	if star, ok := of.(*ast.StarExpr); ok {
		of = star.X
	}
	name, ok := of.(*ast.Ident)
	if !ok {
		return "?."
	}
	return name.Name + "."
}

func addSpec(all map[string]bool, s ast.Spec) {
	switch s := s.(type) {
	case *ast.ValueSpec:
		for _, n := range s.Names {
			all[n.Name] = true
		}
	case *ast.TypeSpec:
		all[s.Name.Name] = true
		var members *ast.FieldList
		switch of := s.Type.(type) {
		case *ast.StructType:
			members = of.Fields
		case *ast.InterfaceType:
			members = of.Methods
		default:
			return
		}
		for _, f := range members.List {
			for _, n := range f.Names {
				all[s.Name.Name+"."+n.Name] = true
			}
		}
	}
}
