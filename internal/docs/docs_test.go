//go:build cgo

// Package docs holds README.md and docs/ to what they say: their links lead somewhere and their Go compiles.
package docs

import (
	"bytes"
	"encoding/json"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

const root = "../.."

// pages are the documents, by their path from the root.
func pages(t *testing.T) map[string]string {
	t.Helper()
	out := map[string]string{}
	for _, pattern := range []string{"*.md", "docs/*.md", "examples/*/*.md"} {
		found, err := filepath.Glob(filepath.Join(root, pattern))
		require.NoError(t, err)
		require.NotEmpty(t, found)
		for _, path := range found {
			text, err := os.ReadFile(path)
			require.NoError(t, err)
			name, err := filepath.Rel(root, path)
			require.NoError(t, err)
			out[name] = string(text)
		}
	}
	return out
}

var (
	block   = regexp.MustCompile("(?ms)^```(\\w*)\n(.*?)^```$")
	link    = regexp.MustCompile(`\]\(([^)\s]+)\)`)
	heading = regexp.MustCompile(`(?m)^#+ +(.*)$`)
	notSlug = regexp.MustCompile(`[^\p{L}\p{N}_\- ]`)
)

// anchors are what a link into the page can name, as GitHub derives them from headings.
func anchors(page string) []string {
	var out []string
	for _, h := range heading.FindAllStringSubmatch(block.ReplaceAllString(page, ""), -1) {
		out = append(out, strings.ReplaceAll(notSlug.ReplaceAllString(strings.ToLower(h[1]), ""), " ", "-"))
	}
	return out
}

func TestLinks(t *testing.T) {
	pages := pages(t)
	for name, page := range pages {
		for _, l := range link.FindAllStringSubmatch(block.ReplaceAllString(page, ""), -1) {
			if strings.Contains(l[1], "://") {
				continue
			}
			path, anchor, _ := strings.Cut(l[1], "#")
			target := name
			if path != "" {
				target = filepath.Join(filepath.Dir(name), path)
			}
			_, err := os.Stat(filepath.Join(root, target))
			require.NoError(t, err, "%s links to %s", name, l[1])
			if anchor != "" {
				require.Contains(t, anchors(pages[target]), anchor, "%s links to %s", name, l[1])
			}
		}
	}
}

// given are the names that pieces of programs take for granted.
const given = "ctx context.Context, base *local.Model, m, cached model.Model, index *retriever.Index, " +
	"questions []question.Question, examples []lora.Example, mux *http.ServeMux"

// packages are what pieces of programs may name, by the name of the package.
var packages = map[string]string{
	"context": "context", "errors": "errors", "log": "log", "fmt": "fmt", "os": "os",
	"http": "net/http", "slog": "log/slog", "time": "time", "runtime": "runtime",
}

func init() {
	const module = "github.com/ragft/ragft/"
	for _, path := range []string{
		"llama", "lora", "retriever", "ragft",
		"ragft/answer", "ragft/assistant", "ragft/confidence", "ragft/eval", "ragft/eval/forget", "ragft/eval/probe", "ragft/eval/robust",
		"ragft/export", "ragft/finetune", "ragft/judge", "ragft/model", "ragft/model/cache", "ragft/model/local", "ragft/model/ollama",
		"ragft/model/openai", "ragft/model/pool", "ragft/opt", "ragft/prompt", "ragft/publish", "ragft/question",
		"ragft/question/dataset", "ragft/recipe", "ragft/recipe/memory", "ragft/recipe/selfdemo", "ragft/report", "ragft/rows",
		"ragft/searchtune", "ragft/service",
	} {
		packages[filepath.Base(path)] = module + path
	}
}

// program makes a file of a block: it is one, or the body of a function, in which a line "..." stands for what was left
// out, or an expression.
func program(text string) (string, error) {
	if strings.HasPrefix(text, "package ") {
		return text, nil
	}
	text = strings.ReplaceAll("\n"+text, "\n...\n", "\n")
	if _, err := parser.ParseExpr(text); err == nil {
		text = "_ = " + strings.TrimSpace(text) + "\n"
	}
	file, err := parser.ParseFile(token.NewFileSet(), "", "package p\nfunc f() {\n"+text+"}", parser.SkipObjectResolution)
	if err != nil {
		return "", err
	}
	for _, statement := range file.Decls[0].(*ast.FuncDecl).Body.List { // what is only shown is used
		if a, ok := statement.(*ast.AssignStmt); ok && a.Tok == token.DEFINE {
			for _, left := range a.Lhs {
				if name := left.(*ast.Ident).Name; name != "_" {
					text += "_ = " + name + "\n"
				}
			}
		}
	}
	imports := ""
	for name, path := range packages {
		declared := regexp.MustCompile(`(?m)\b` + name + `(, \w+)* :=`).MatchString(text) // a variable of that name
		if !declared && regexp.MustCompile(`\b`+name+`\.[A-Z]`).MatchString(text+given) {
			imports += fmt.Sprintf("import %q\n", path)
		}
	}
	result := ""
	if strings.Contains(text, "return err") {
		result, text = "error ", text+"return nil\n"
	}
	return "package p\n" + imports + "func f(" + given + ") " + result + "{\n{\n" + text + "}\n}\n", nil
}

func TestGoCompiles(t *testing.T) {
	module, err := filepath.Abs(root)
	require.NoError(t, err)
	dir := t.TempDir()
	overlay := map[string]string{} // the files lie in the module for the compiler only
	var built []string
	for name, page := range pages(t) {
		for i, b := range block.FindAllStringSubmatch(page, -1) {
			if b[1] != "go" {
				continue
			}
			text, err := program(b[2])
			require.NoError(t, err, "%s: block %d", name, i+1)
			at := fmt.Sprintf("%s_%d", strings.ReplaceAll(strings.TrimSuffix(name, ".md"), string(filepath.Separator), "_"), i+1)
			file := filepath.Join(dir, at+".go")
			require.NoError(t, os.WriteFile(file, []byte(text), 0o600))
			overlay[filepath.Join(module, "internal", "docs", at, "block.go")] = file
			built = append(built, "./internal/docs/"+at)
		}
	}
	require.NotEmpty(t, built)
	slices.Sort(built)
	list, err := json.Marshal(map[string]any{"Replace": overlay})
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(filepath.Join(dir, "overlay.json"), list, 0o600))
	c := exec.CommandContext(t.Context(), "go", append([]string{"build", "-overlay", filepath.Join(dir, "overlay.json")}, built...)...)
	c.Dir = module
	var out bytes.Buffer
	c.Stdout, c.Stderr = &out, &out
	require.NoError(t, c.Run(), "%s", &out)
}
