package main

import (
	"flag"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"maps"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/spf13/pflag"
	"github.com/stretchr/testify/require"

	"github.com/ragft/ragft/ragft/question/dataset"
)

var update = flag.Bool("update", false, "write docs/options.md again")

// The reference of all flags and keys is written from the code: go test ./cmd/ragft -run TestReference -update
func TestReference(t *testing.T) {
	const path = "../../docs/options.md"
	text := reference(t)
	if *update {
		require.NoError(t, os.WriteFile(path, []byte(text), 0o644))
	}
	kept, err := os.ReadFile(path)
	require.NoError(t, err)
	require.Equal(t, string(kept), text, "write it again with -update")
}

func reference(t *testing.T) string {
	var b strings.Builder
	b.WriteString("# Options\n\nThis page is generated from the code: `go test ./cmd/ragft -run TestReference -update`. " +
		"[The command line](command-line.md) explains how flags and project file go together.\n\n## Flags\n\n")
	root := (&app{}).root()
	all := root.PersistentFlags()
	b.WriteString("Every command takes these:\n\n" + flagTable(all))
	for _, cmd := range root.Commands() {
		if cmd.GroupID == "" {
			continue
		}
		fmt.Fprintf(&b, "\n### %s\n\n%s.\n\n%s", cmd.Name(), cmd.Short, flagTable(cmd.LocalNonPersistentFlags()))
	}
	b.WriteString(
		"\n## Keys of the project file\n\nA key stands in `ragft.yaml`, below the name of its section, or is set for one run by `--set " +
			"KEY=VALUE`.\n",
	)
	section := "?"
	for _, k := range readReference(t) {
		if k.section != section {
			section = k.section
			title, note := "`"+section+"`", k.about
			if section == "" {
				title, note = "At the top", "These keys are shared by the commands."
			}
			fmt.Fprintf(&b, "\n### %s\n\n%s\n\n| key | value | meaning |\n|---|---|---|\n", title, note)
		}
		fmt.Fprintf(&b, "| `%s` | %s | %s |\n", k.name, k.kind, strings.ReplaceAll(k.text, "|", `\|`))
	}
	return b.String()
}

func flagTable(flags *pflag.FlagSet) string {
	text := "| flag | key | meaning |\n|---|---|---|\n"
	flags.VisitAll(func(f *pflag.Flag) {
		name, usage := pflag.UnquoteUsage(f)
		spelled := "--" + f.Name
		if name != "" {
			spelled += " " + name
		}
		spelled = "`" + spelled + "`"
		if f.Shorthand != "" {
			spelled = "`-" + f.Shorthand + "`, " + spelled
		}
		key := ""
		if s, ok := f.Value.(*setting); ok {
			key = "`" + s.key + "`"
		}
		text += fmt.Sprintf("| %s | %s | %s |\n", spelled, key, strings.ReplaceAll(usage, "|", `\|`))
	})
	return text
}

// referenceKey is a key of the project file, as its field and comment say.
type referenceKey struct{ name, section, kind, text, about string }

// readReference reads the keys out of the source of package ragft.
func readReference(t *testing.T) (keys []referenceKey) {
	t.Helper()
	structs := map[string]*ast.TypeSpec{}
	about := map[string]string{}
	files, err := filepath.Glob("../../ragft/config*.go")
	require.NoError(t, err)
	for _, path := range files {
		file, err := parser.ParseFile(token.NewFileSet(), path, nil, parser.ParseComments|parser.SkipObjectResolution)
		require.NoError(t, err)
		for _, d := range file.Decls {
			if g, ok := d.(*ast.GenDecl); ok && g.Tok == token.TYPE {
				for _, s := range g.Specs {
					spec := s.(*ast.TypeSpec)
					structs[spec.Name.Name], about[spec.Name.Name] = spec, oneLine(g.Doc.Text(), 1000)
				}
			}
		}
	}
	require.Contains(t, structs, "Config")
	var walk func(name, section string)
	walk = func(name, section string) {
		nested := map[string]string{} // key: type
		var order []string
		fields := fieldKeys(structs[name])
		for _, f := range structs[name].Type.(*ast.StructType).Fields.List {
			key := yamlKey(f)
			if key == "" || key == "-" {
				continue
			}
			kind := strings.TrimPrefix(typeText(f.Type), "[]")
			full := strings.TrimPrefix(section+"."+key, ".")
			if strings.HasSuffix(kind, "Config") {
				nested[full] = kind
				order = append(order, full)
				continue
			}
			require.NotEmpty(t, f.Doc.Text(), "%s has no comment", full)
			keys = append(
				keys,
				referenceKey{
					full,
					section,
					kindText(f),
					meaning(f, fields, fieldKeys(structs["Config"])),
					sectionText(about[name], name, section),
				},
			)
		}
		for _, full := range order {
			walk(nested[full], full)
		}
	}
	walk("Config", "")
	return keys
}

func yamlKey(f *ast.Field) string {
	if f.Tag == nil {
		return ""
	}
	return reflect.StructTag(strings.Trim(f.Tag.Value, "`")).Get("yaml")
}

// fieldKeys are the keys of a section by the names of their fields.
func fieldKeys(spec *ast.TypeSpec) map[string]string {
	keys := map[string]string{}
	for _, f := range spec.Type.(*ast.StructType).Fields.List {
		if key := yamlKey(f); key != "" && key != "-" {
			keys[f.Names[0].Name] = key
		}
	}
	return keys
}

func typeText(e ast.Expr) string {
	switch e := e.(type) {
	case *ast.Ident:
		return e.Name
	case *ast.ArrayType:
		return "[]" + typeText(e.Elt)
	case *ast.SelectorExpr:
		return e.Sel.Name
	case *ast.IndexExpr: // opt.Value
		return typeText(e.Index)
	}
	return "?"
}

func kindText(f *ast.Field) string {
	check := reflect.StructTag(strings.Trim(f.Tag.Value, "`")).Get("check")
	kind, list := strings.CutPrefix(typeText(f.Type), "[]")
	words := map[string]string{
		"int":      "whole number",
		"int64":    "whole number",
		"uint64":   "whole number",
		"float64":  "number",
		"bool":     "true or false",
		"Duration": "time, such as 30s",
		"string":   "text",
	}
	text := words[kind]
	switch {
	case check == "bytes":
		text = "size, such as 3GiB"
	case strings.HasPrefix(check, "path"):
		text = "file or folder"
	case check == "share":
		text = "number from 0 to 1"
	case strings.HasPrefix(check, "oneof="):
		text = strings.Join(strings.Fields(strings.TrimPrefix(check, "oneof=")), ", ")
	}
	if list {
		text = "list: " + text
	}
	return text
}

var (
	methods     = regexp.MustCompile(`\[Project\.(\w+)\]`)
	topLevel    = regexp.MustCompile("`?([\\w-]+)`? of \\[Config\\]")
	goNames     = regexp.MustCompile(`\b(?:prompt|recipe|question|selfdemo|judge)\.(?:Default\w+|MemoryCriteria)\b`)
	links       = regexp.MustCompile(`; see \[?[\w.]+\]?,? ?(?:which it becomes)?|\[([\w.]+)\]`)
	preposition = regexp.MustCompile(`^(?:of|that|to|shown) `)
	fallback    = regexp.MustCompile(`(?:0|""|Nil|False|Unset) = `)
	commandOf   = map[string]string{
		"Index":       "index",
		"Questions":   "questions",
		"Demonstrate": "demonstrate",
		"Train":       "train",
		"TuneSearch":  "tune-search",
		"Evaluate":    "evaluate",
		"Assistant":   "ask",
		"Serve":       "serve",
		"Merge":       "merge",
		"Convert":     "convert",
		"Publish":     "publish",
		"Export":      "export",
	}
)

// meaning is the comment of a field in the words of the project file.
func meaning(f *ast.Field, own, top map[string]string) string {
	text := plain(oneLine(f.Doc.Text(), 1000))
	if rest, ok := strings.CutPrefix(text, f.Names[0].Name+" "); ok && !preposition.MatchString(rest) {
		rest = strings.TrimPrefix(strings.TrimPrefix(rest, "is "), "are ")
		text = strings.ToUpper(rest[:1]) + rest[1:] // "Chunk is the size of a passage": without the name, which stands beside it
	} else if ok {
		own = maps.Clone(own)
		delete(own, f.Names[0].Name)
		top = own
	}
	for _, keys := range []map[string]string{own, top} {
		for name, key := range keys {
			text = regexp.MustCompile(`(^|[^\w.`+"`"+`-])`+name+`\b([^\w'.-]|\.( |$)|$)`).ReplaceAllString(text, "${1}`"+key+"`${2}")
		}
	}
	if at := fallback.FindAllStringIndex(text, -1); len(at) > 0 {
		first := at[0]
		for _, match := range at {
			if strings.HasPrefix(text[match[0]:], "Unset") {
				first = match
			}
		}
		value := text[first[1]:]
		if strings.HasPrefix(text[first[0]:], "False") {
			value = "false, " + value
		}
		text = text[:first[0]] + "Default: " + value
	}
	return text
}

// plain leaves the names of Go out.
func plain(text string) string {
	text = topLevel.ReplaceAllString(text, "$1 at the top")
	text = methods.ReplaceAllStringFunc(
		text,
		func(s string) string { return "`ragft " + commandOf[methods.FindStringSubmatch(s)[1]] + "`" },
	)
	text = strings.NewReplacer(" of Dir", " in the project folder", "dataset.Formats", formats(), "prompt.Set", "the library").
		Replace(text)
	return links.ReplaceAllString(goNames.ReplaceAllString(text, "the built-in text"), "$1")
}

// formats lists the formats of data sets.
func formats() string {
	var names []string
	for _, f := range dataset.Formats() {
		names = append(names, string(f))
	}
	return strings.Join(names, ", ")
}

func sectionText(about, name, section string) string {
	text := plain(about)
	for _, start := range []string{name + " is ", name + " are "} {
		if rest, ok := strings.CutPrefix(text, start); ok {
			text = strings.ToUpper(rest[:1]) + rest[1:]
		}
	}
	return text
}

// The reference has every key, in the order of the code, and no names of Go.
func TestReferenceIsForUsers(t *testing.T) {
	keys := readReference(t)
	require.Greater(t, len(keys), 150)
	var names []string
	for _, k := range keys {
		require.NotContains(t, names, k.name)
		names = append(names, k.name)
		require.NotRegexp(t, `\[\w+\.?\w*\]|\b[a-z]+\.[A-Z]\w+|\bUnset\b|\bNil\b`, k.text, k.name)
		require.NotContains(t, k.kind, "?", k.name)
	}
	require.True(t, slices.Contains(names, "demonstrate.self-demo.votes"))
}
