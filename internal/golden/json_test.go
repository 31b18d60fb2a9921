//go:build cgo

package golden

import (
	"bytes"
	"cmp"
	"encoding/json"
	"fmt"
	"regexp"
	"slices"
	"strings"
)

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
