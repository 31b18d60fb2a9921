//go:build cgo

package golden

import (
	"bytes"
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/stretchr/testify/require"

	"github.com/ragft/ragft/internal/gguf"
)

// recorded is what came out of a run.
type recorded struct {
	code  int
	parts []part
}

// part is an output or a file. Its kind is text, notes (what is said on standard error), json (of one or several lines), html,
// gguf, binary, or exact, which is the same everywhere.
type part struct {
	name, kind string
	data       []byte
	hashed     bool // long: a hash of it is enough
}

func (r *recorded) add(name, kind string, data []byte) {
	if len(data) > 0 {
		r.parts = append(r.parts, part{name: name, kind: kind, data: data})
	}
}

// addPath adds a file, or all files of a folder. A # before its name asks for a hash only.
func (r *recorded) addPath(p *workplace, name string) {
	name, hashed := strings.CutPrefix(name, "#")
	root := filepath.Join(p.dir, path(name))
	if _, err := os.Stat(root); errors.Is(err, fs.ErrNotExist) {
		r.add(name, "exact", []byte("not written"))
		return
	}
	require.NoError(p.t, filepath.WalkDir(root, func(file string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		data, err := os.ReadFile(file)
		if err != nil {
			return err
		}
		inner, err := filepath.Rel(root, file)
		shown := name
		if inner != "." {
			shown += "/" + inner
		}
		r.parts = append(r.parts, part{name: shown, kind: kindOf(file, data), data: data, hashed: hashed})
		return err
	}))
}

func kindOf(name string, data []byte) string {
	switch ext := filepath.Ext(name); {
	case ext == ".json" || ext == ".jsonl":
		return "json"
	case ext == ".html":
		return "html"
	case ext == ".gguf":
		return "gguf"
	case utf8.Valid(data):
		return "text"
	}
	return "binary"
}

// here is all that came out, as it is on this platform.
func (r *recorded) here(c run) string {
	var b strings.Builder
	fmt.Fprintf(&b, "exit code %d\n", r.code)
	for _, p := range r.parts {
		text := p.full(c.fixed)
		if text == "" {
			continue
		}
		if p.hashed {
			text = fmt.Sprintf("sha256 %s of %d bytes\n%s", hash([]byte(text)), len(text), p.first(c.fixed))
		}
		fmt.Fprintf(&b, "\n== %s\n%s\n", p.name, strings.TrimRight(text, "\n"))
	}
	return b.String()
}

// everywhere is what does not depend on arithmetic.
func (r *recorded) everywhere(c run) string {
	var b strings.Builder
	fmt.Fprintf(&b, "exit code %d\n", r.code)
	for _, p := range r.parts {
		if text := p.shape(c); text != "" {
			fmt.Fprintf(&b, "\n== %s\n%s\n", p.name, strings.TrimRight(text, "\n"))
		}
	}
	return b.String()
}

func (p part) full(rounded bool) string {
	switch p.kind {
	case "json":
		var b strings.Builder
		for _, v := range values(p.data) {
			writeValue(&b, maskValue(v, rounded), "")
			b.WriteByte('\n')
		}
		return b.String()
	case "html":
		return headingsOfPage(p.data)
	case "gguf":
		return contentsOfGGUF(p.data, true)
	case "exact":
		return string(p.data)
	case "binary":
		return "sha256 " + hash(p.data)
	}
	return maskText(string(p.data))
}

// first are the first values of several.
func (p part) first(rounded bool) string {
	all := values(p.data)
	if p.kind != "json" || len(all) < 2 {
		return ""
	}
	var b strings.Builder
	for _, v := range all[:2] {
		writeValue(&b, maskValue(v, rounded), "")
		b.WriteByte('\n')
	}
	return b.String() + "..."
}

func (p part) shape(c run) string {
	switch p.kind {
	case "json":
		return shapeOf(values(p.data), c.counts, c.loose)
	case "exact":
		return string(p.data)
	case "html":
		return headingsOfPage(p.data)
	case "gguf":
		return contentsOfGGUF(p.data, false)
	case "text":
		return headings(string(p.data))
	}
	return ""
}

func hash(data []byte) string {
	sum := sha256.Sum256(data)
	return hex.EncodeToString(sum[:])
}

// values reads JSON objects that follow one another. What is no JSON becomes a string.
func values(data []byte) (all []any) {
	d := json.NewDecoder(bytes.NewReader(data))
	d.UseNumber()
	for d.More() {
		v, err := ordered(d)
		if err != nil {
			return []any{string(data)}
		}
		all = append(all, v)
	}
	return all
}

// object is a JSON object with its keys in order.
type object []member

type member struct {
	key   string
	value any
}

func ordered(d *json.Decoder) (any, error) {
	t, err := d.Token()
	if err != nil {
		return nil, err
	}
	switch t {
	case json.Delim('{'):
		o := object{}
		for d.More() {
			key, err := d.Token()
			if err != nil {
				return nil, err
			}
			v, err := ordered(d)
			if err != nil {
				return nil, err
			}
			o = append(o, member{key.(string), v})
		}
		_, err = d.Token()
		return o, err
	case json.Delim('['):
		list := []any{}
		for d.More() {
			v, err := ordered(d)
			if err != nil {
				return nil, err
			}
			list = append(list, v)
		}
		_, err = d.Token()
		return list, err
	}
	return t, nil
}

// writeValue writes JSON: what fits on a line is one line.
func writeValue(b *strings.Builder, v any, indent string) {
	if line := compact(v); len(line)+len(indent) <= 160 {
		b.WriteString(line)
		return
	}
	switch v := v.(type) {
	case object:
		b.WriteString("{\n")
		for _, m := range v {
			fmt.Fprintf(b, "%s %s: ", indent, compact(m.key))
			writeValue(b, m.value, indent+" ")
			b.WriteByte('\n')
		}
		b.WriteString(indent + "}")
	case []any:
		b.WriteString("[\n")
		for _, x := range v {
			b.WriteString(indent + " ")
			writeValue(b, x, indent+" ")
			b.WriteByte('\n')
		}
		b.WriteString(indent + "]")
	default:
		b.WriteString(compact(v))
	}
}

func compact(v any) string {
	switch v := v.(type) {
	case object:
		var parts []string
		for _, m := range v {
			parts = append(parts, compact(m.key)+": "+compact(m.value))
		}
		return "{" + strings.Join(parts, ", ") + "}"
	case []any:
		var parts []string
		for _, x := range v {
			parts = append(parts, compact(x))
		}
		return "[" + strings.Join(parts, ", ") + "]"
	}
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(v); err != nil {
		return fmt.Sprint(v)
	}
	return strings.TrimSpace(b.String())
}

// decided are paths of JSON whose keys, or whose being there, arithmetic decides wherever they come.
var decided = []string{`.*\.votes`, `.*\.matrix\.(absent|present)`, `.*\.(only_base|only_other)`}

// shapeOf lists the paths of all values with their types, and the values of those that counts matches.
func shapeOf(all []any, counts, loose []string) string {
	types, order := map[string]string{}, []string{}
	var told []string
	note := func(path, kind string) {
		old, seen := types[path]
		if !seen {
			order = append(order, path)
		}
		if !seen || old == "value" {
			types[path] = kind
		}
	}
	var walk func(path, concrete string, v any)
	walk = func(path, concrete string, v any) {
		if matches(counts, concrete) {
			told = append(told, concrete+" = "+compact(v))
		}
		switch v := v.(type) {
		case object:
			note(path, "object")
			if matches(loose, path) || matches(decided, path) {
				return
			}
			for _, m := range v {
				if matches(decided, path+"."+m.key) && isFigure(m.value) {
					continue // left out where it is 0
				}
				walk(path+"."+m.key, concrete+"."+m.key, m.value)
			}
		case []any:
			note(path, "list")
			if matches(loose, path) {
				return
			}
			for i, x := range v {
				walk(path+"[]", fmt.Sprintf("%s[%d]", concrete, i), x)
			}
		case string:
			note(path, "string")
		case bool:
			note(path, "bool")
		default: // A number may be null on another platform.
			note(path, "value")
		}
	}
	for i, v := range all {
		concrete := ""
		if len(all) > 1 {
			concrete = fmt.Sprint("#", i)
		}
		walk("", concrete, v)
	}
	if matches(counts, "lines") {
		told = append(told, fmt.Sprintf("lines = %d", len(all)))
	}
	return strings.Join(append(objects(types, order), told...), "\n")
}

// objects puts the keys of each object on a line.
func objects(types map[string]string, paths []string) (lines []string) {
	slices.Sort(paths)
	keys := map[string][]string{}
	for _, path := range paths {
		if at := strings.LastIndexByte(path, '.'); at >= 0 && !strings.HasSuffix(path, "[]") {
			keys[path[:at]] = append(keys[path[:at]], path[at+1:]+" "+types[path])
		}
	}
	for _, path := range paths {
		switch kind := types[path]; {
		case kind == "object":
			lines = append(lines, cmp.Or(path, ".")+" {"+strings.Join(keys[path], ", ")+"}")
		case strings.HasSuffix(path, "[]") && kind != "list":
			lines = append(lines, path+" "+kind)
		}
	}
	return lines
}

func matches(patterns []string, s string) bool {
	for _, p := range patterns {
		if regexp.MustCompile("^(?:" + p + ")$").MatchString(s) {
			return true
		}
	}
	return false
}

// headings are the headings of the tables in text: what stands above a line of dashes, up to an empty line.
func headings(text string) string {
	var out, block []string
	for line := range strings.Lines(text) {
		line = strings.TrimRight(line, " \n")
		switch {
		case line == "":
			block = nil
		case strings.Trim(line, "-") == "":
			out = append(append(out, block...), line)
		default:
			block = append(block, line)
		}
	}
	return strings.Join(out, "\n")
}

var pageHeading = regexp.MustCompile(`(?s)<h[1-4][^>]*>.*?</h[1-4]>`)

func headingsOfPage(data []byte) string {
	var out []string
	for _, h := range pageHeading.FindAllString(string(data), -1) {
		out = append(out, strings.Join(strings.Fields(h), " "))
	}
	return strings.Join(out, "\n")
}

// contentsOfGGUF lists the metadata and tensors of a GGUF file, and its hash with them if arithmetic is asked for.
func contentsOfGGUF(data []byte, arithmetic bool) string {
	f, err := os.CreateTemp("", "*.gguf")
	if err != nil {
		return err.Error()
	}
	defer os.Remove(f.Name())
	_, err = f.Write(data)
	f.Close()
	if err != nil {
		return err.Error()
	}
	g, err := gguf.Open(f.Name())
	if err != nil {
		return err.Error()
	}
	defer g.Close()
	var lines []string
	if arithmetic {
		lines = append(lines, "sha256 "+hash(data))
	}
	for _, kv := range g.Metadata() {
		line := kv.Key
		if value := fmt.Sprint(kv.Value); arithmetic && len(value) <= 200 {
			line += " = " + value
		}
		lines = append(lines, line)
	}
	for _, info := range g.Tensors() {
		lines = append(lines, fmt.Sprintf("%s %s %v", info.Name, info.Type, info.Dims))
	}
	return strings.Join(lines, "\n")
}
