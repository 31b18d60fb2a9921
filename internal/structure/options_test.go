package structure

import (
	"go/ast"
	"go/token"
	"regexp"
	"slices"
	"testing"
)

// optionTypes are the types whose fields a user may leave unset.
var optionTypes = regexp.MustCompile(`^(\w*Options|Config|\w+Config|Limits|Policy|Preferences|Sampling)$`)

// says is a default, or what leaving the field out means: "(default 8)", "0 is no limit", "nil: none", "required".
var says = regexp.MustCompile(`(?i)\b(default\w*|required|needed|optional|0|zero|empty|unset|left out|if set)\b|""`)

// scalar says whether a field holds a number or a text: what a bool, a function or a list does when it is left out needs
// no words.
func scalar(of ast.Expr) bool {
	switch of := of.(type) {
	case *ast.Ident:
		return slices.Contains([]string{"int", "int32", "int64", "uint32", "uint64", "float32", "float64", "string"}, of.Name)
	case *ast.SelectorExpr:
		return of.Sel.Name == "Duration"
	case *ast.IndexExpr: // opt.Value[int]
		return true
	}
	return false
}

// TestOptionsStateTheirDefault looks at the fields of option types that a program of somebody else's can set.
func TestOptionsStateTheirDefault(t *testing.T) {
	_, paths := packages(t)
	for _, path := range paths {
		if !public(path) {
			continue
		}
		for _, file := range parsed(t, path, false) {
			for _, d := range file.Decls {
				g, ok := d.(*ast.GenDecl)
				if !ok || g.Tok != token.TYPE {
					continue
				}
				for _, s := range g.Specs {
					spec := s.(*ast.TypeSpec)
					if fields, ok := spec.Type.(*ast.StructType); ok && spec.Name.IsExported() && optionTypes.MatchString(spec.Name.Name) {
						unclear(t, path+"."+spec.Name.Name, g.Doc.Text(), fields)
					}
				}
			}
		}
	}
}

// needed is a sentence about a type that names fields which have no default.
var needed = regexp.MustCompile(`[^.]*\b(needed|required)\.`)

// unclear reports the fields of a type whose comments do not say what leaving them out means.
func unclear(t *testing.T, of, doc string, fields *ast.StructType) {
	t.Helper()
	group := "" // a comment may be about the fields that follow it
	for _, f := range fields.Fields.List {
		if text := f.Doc.Text() + f.Comment.Text(); text != "" {
			group = text
		}
		if !scalar(f.Type) {
			continue
		}
		for _, name := range f.Names {
			field := of + "." + name.Name
			if !name.IsExported() || name.Name == "Seed" || says.MatchString(group) {
				continue // every number is a seed, 0 too
			}
			if !regexp.MustCompile(`\b` + name.Name + `\b`).MatchString(needed.FindString(doc)) {
				t.Errorf("the comment of %s does not state its default, or that it is required", field)
			}
		}
	}
}
