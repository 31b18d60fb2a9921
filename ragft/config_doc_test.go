package ragft_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"reflect"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// The comment of every key states its default, the one that its tag has.
func TestCommentsStateDefaults(t *testing.T) {
	configs := func(f fs.FileInfo) bool { return strings.HasPrefix(f.Name(), "config") }
	files, err := parser.ParseDir(token.NewFileSet(), ".", configs, parser.ParseComments)
	require.NoError(t, err)
	states := regexp.MustCompile(`(?s)(0|""|Nil|Unset|False)\s+=\s`)
	n := 0
	ast.Inspect(files["ragft"], func(node ast.Node) bool {
		field, ok := node.(*ast.Field)
		if !ok || field.Tag == nil {
			return true
		}
		text, err := strconv.Unquote(field.Tag.Value)
		require.NoError(t, err)
		tag := reflect.StructTag(text)
		if name, ok := field.Type.(*ast.Ident); ok && strings.HasSuffix(name.Name, "Config") {
			return true
		}
		n++
		comment := field.Doc.Text()
		require.Regexp(t, states, comment, field.Names[0].Name)
		if value := tag.Get("default"); value != "" && !strings.ContainsAny(value, " [") {
			require.Contains(t, strings.ReplaceAll(comment, "selfdemo", ""), strings.Trim(value, `"`), field.Names[0].Name)
		}
		return true
	})
	require.Greater(t, n, 150)
}
