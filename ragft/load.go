package ragft

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"

	"github.com/blevesearch/bleve/v2/search"
	"go.yaml.in/yaml/v3"
)

// LoadConfig reads a project file: YAML, with the keys of [Config]. Paths in it
// are relative to its folder. A key that does not exist, one that is given
// twice, and a value that its field does not take are errors that name file and
// line, and the nearest key; they wrap [ErrConfig].
func LoadConfig(path string) (Config, error) {
	var c Config
	data, err := os.ReadFile(path)
	if err != nil {
		return c, fmt.Errorf("project file: %w", err)
	}
	var doc yaml.Node
	if err := yaml.Unmarshal(data, &doc); err != nil {
		return c, kindOf(ErrConfig, fmt.Errorf("%s: %w", path, err))
	}
	if len(bytes.TrimSpace(data)) == 0 || len(doc.Content) == 0 {
		return c, nil
	}
	d := decoder{dir: filepath.Dir(path)}
	if err := d.section(doc.Content[0], reflect.ValueOf(&c).Elem(), ""); err != nil {
		var at *placed
		if errors.As(err, &at) {
			err = fmt.Errorf("%s:%d: %w", path, at.line, at.err)
		}
		return c, kindOf(ErrConfig, err)
	}
	return c, nil
}

// placed is an error at a line of a file.
type placed struct {
	line int
	err  error
}

func (p *placed) Error() string { return p.err.Error() }

// decoder sets the fields of a config from YAML.
type decoder struct {
	dir string // what paths are relative to; "" = as they are
}

func fail(n *yaml.Node, format string, args ...any) error {
	return &placed{n.Line, fmt.Errorf(format, args...)}
}

// section sets the fields of a struct.
func (d decoder) section(n *yaml.Node, into reflect.Value, name string) error {
	if n.Kind == yaml.AliasNode {
		n = n.Alias
	}
	if n.Kind != yaml.MappingNode {
		if name == "" {
			return fail(n, "a mapping of keys to values is expected")
		}
		return fail(n, "%s: a mapping of keys to values is expected", name)
	}
	seen := map[string]bool{}
	for i := 0; i+1 < len(n.Content); i += 2 {
		key, value := n.Content[i], n.Content[i+1]
		full := join(name, key.Value)
		field, ok := fieldOf(into, key.Value)
		if !ok {
			return fail(key, "unknown key %s%s", full, suggest(full))
		}
		if seen[key.Value] {
			return fail(key, "%s is given twice", full)
		}
		seen[key.Value] = true
		if isSection(field.value) {
			if err := d.section(value, field.value, full); err != nil {
				return err
			}
		} else if err := d.value(value, field, full); err != nil {
			return err
		}
	}
	return nil
}

// value sets one field.
func (d decoder) value(n *yaml.Node, f field, name string) error {
	n = ownNode(n)
	list := f.value.Kind() == reflect.Slice
	items := []*yaml.Node{n}
	if n.Kind == yaml.SequenceNode {
		if !list {
			return fail(n, "%s takes one value, not a list", name)
		}
		for i := range n.Content {
			n.Content[i] = ownNode(n.Content[i])
		}
		items = n.Content
	}
	for _, item := range items {
		if item.Kind != yaml.ScalarNode || item.Tag == "!!null" {
			return fail(item, "%s: a value is expected", name)
		}
		if list && f.value.Type().Elem().Kind() == reflect.String {
			item.Tag = "!!str" // self-demo=2, 1e-3: whatever it looks like
		}
	}
	if f.kind() == "text" && !list {
		n.Tag = "!!str"
		n.Value = d.located(f, n.Value)
	}
	if f.is("bytes") {
		size, err := parseBytes(n.Value)
		if err != nil {
			return fail(n, "%s: %w", name, err)
		}
		f.value.SetInt(size)
		return nil
	}
	fresh := reflect.New(f.value.Type())
	target := n
	if list && n.Kind != yaml.SequenceNode {
		target = &yaml.Node{Kind: yaml.SequenceNode, Tag: "!!seq", Content: items, Line: n.Line}
	}
	if err := target.Decode(fresh.Interface()); err != nil {
		wrong := n.Value
		for _, item := range items {
			if list && item.Decode(reflect.New(f.value.Type().Elem()).Interface()) != nil {
				wrong = item.Value
			}
		}
		return fail(n, "%s: %q is not %s", name, wrong, f.kind())
	}
	if err := f.check(fresh.Elem()); err != nil {
		return fail(n, "%s: %w", name, err)
	}
	f.value.Set(fresh.Elem())
	return nil
}

// ownNode is a copy of a node, or of what it is an alias of, since other keys may name the same node.
func ownNode(n *yaml.Node) *yaml.Node {
	if n.Kind == yaml.AliasNode {
		n = n.Alias
	}
	copied := *n
	copied.Content = slices.Clone(n.Content)
	return &copied
}

// located makes a path relative to the folder of the file.
func (d decoder) located(f field, s string) string {
	named := false
	switch {
	case f.is("model"):
		prefix, _, found := strings.Cut(s, ":")
		named = found && !strings.ContainsAny(prefix, `/\.`) || s == "none"
	case f.is("layout"):
		_, named = layouts[s]
	case !f.is("path"):
		named = true
	}
	if named || s == "" || d.dir == "" || filepath.IsAbs(s) {
		return s
	}
	return filepath.Join(d.dir, s)
}

func join(section, key string) string {
	if section == "" {
		return key
	}
	return section + "." + key
}

// Set sets the value of a key, such as "train.warmup", as the project file would:
// lists as [a, b], or a,b where no item holds text with commas. Paths are taken
// as they are. Errors wrap [ErrConfig].
func (c *Config) Set(key, value string) error {
	into := reflect.ValueOf(c).Elem()
	parts := strings.Split(key, ".")
	for i, part := range parts {
		f, ok := fieldOf(into, part)
		if !ok {
			return kindOf(ErrConfig, fmt.Errorf("unknown key %s%s", key, suggest(key)))
		}
		if last := i == len(parts)-1; last == isSection(f.value) {
			if last {
				return kindOf(ErrConfig, fmt.Errorf("%s is a section: set one of its keys, such as %s", key, join(key, firstKey(f.value))))
			}
			return kindOf(ErrConfig, fmt.Errorf("unknown key %s: %s is not a section", key, strings.Join(parts[:i+1], ".")))
		} else if last {
			if err := (decoder{}).value(scalarOf(f, value), f, key); err != nil {
				return kindOf(ErrConfig, err)
			}
			return nil
		}
		into = f.value
	}
	return nil
}

// scalarOf is the YAML of a value that is given as text.
func scalarOf(f field, value string) *yaml.Node {
	scalar := func(s string) *yaml.Node { return &yaml.Node{Kind: yaml.ScalarNode, Value: s} }
	if f.value.Kind() != reflect.Slice {
		return scalar(value)
	}
	var doc yaml.Node
	if strings.HasPrefix(value, "[") && yaml.Unmarshal([]byte(value), &doc) == nil && len(doc.Content) == 1 &&
		doc.Content[0].Kind == yaml.SequenceNode {
		return doc.Content[0]
	}
	if f.is("text") {
		return scalar(value)
	}
	list := &yaml.Node{Kind: yaml.SequenceNode, Tag: "!!seq"}
	for item := range strings.SplitSeq(value, ",") {
		list.Content = append(list.Content, scalar(strings.TrimSpace(item)))
	}
	return list
}

// suggest names the nearest key, if one is near.
func suggest(name string) string {
	name = strings.ReplaceAll(name, "_", "-")
	_, last, _ := cutLast(name, ".")
	if last == "" {
		last = name
	}
	best, least := "", max(2, len(last)/3)+1
	for _, key := range configKeys() {
		_, own, found := cutLast(key, ".")
		if !found {
			own = key
		}
		d := search.LevenshteinDistance(last, own)
		if key == name {
			d = 0
		} else if d == 0 && !sameSection(name, key) {
			d = 1 // the key of another section
		}
		if d < least {
			best, least = key, d
		}
	}
	if best == "" {
		return ""
	}
	return "; did you mean " + best + "?"
}

func sameSection(a, b string) bool {
	a, _, _ = cutLast(a, ".")
	b, _, _ = cutLast(b, ".")
	return a == b
}

// configKeys lists all keys, sections included.
func configKeys() []string {
	var keys []string
	walkKeys(reflect.ValueOf(&Config{}).Elem(), "", func(name string, f field) { keys = append(keys, name) })
	slices.Sort(keys)
	return keys
}
