// Package frontmatter finds what stands before the text of a document for programs: its title, author, date.
package frontmatter

import (
	"regexp"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v3"

	"github.com/ragft/ragft/internal/linescan"
)

var lines = strings.NewReplacer("\r\n", "\n", "\r", "\n")

// maxBytes is the longest front matter that is read.
const maxBytes = 64 << 10

// Find finds a leading block of YAML between "---" lines, or of TOML between "+++" lines. It
// returns where the text after it starts, and the title in it, or 0 and "" if there is no such
// block.
func Find(text string) (end int, title string) {
	first, rest, found := linescan.Cut(text)
	mark := strings.TrimRight(first, " \t")
	if mark != "---" && mark != "+++" || !found {
		return 0, ""
	}
	from := len(text) - len(rest)
	for next := from; next < len(text) && next-from < maxBytes; {
		line, after, _ := linescan.Cut(text[next:])
		if line = strings.TrimRight(line, " \t"); line == mark || line == "..." && mark == "---" {
			read := yamlTitle
			if mark == "+++" {
				read = tomlTitle
			}
			title, ok := read(lines.Replace(text[from:next]))
			if !ok {
				return 0, ""
			}
			return len(text) - len(after), title
		}
		next = len(text) - len(after)
	}
	return 0, "" // never closed: it is text
}

// yamlTitle returns the value of "title" in a block of YAML. Blocks that only
// resemble YAML, which are common, are read line by line. It returns false for
// other text.
func yamlTitle(block string) (title string, ok bool) {
	var node yaml.Node
	if err := yaml.Unmarshal([]byte(block), &node); err == nil {
		if node.Kind == 0 {
			return "", true // empty, or comments
		}
		fields := node.Content[0]
		if fields.Kind != yaml.MappingNode {
			return "", false
		}
		for i := 0; i+1 < len(fields.Content); i += 2 {
			key, value := fields.Content[i].Value, fields.Content[i+1]
			if value.Kind == yaml.AliasNode {
				value = value.Alias
			}
			if value.Kind != yaml.ScalarNode || value.Tag == "!!null" || !strings.EqualFold(key, "title") {
				continue
			}
			if title == "" || key == "title" {
				title = strings.Join(strings.Fields(value.Value), " ")
			}
		}
		return title, true
	}
	for line := range strings.Lines(block) {
		if strings.TrimSpace(line) == "" || strings.ContainsAny(line[:1], " \t#-") {
			continue
		}
		key, value, found := strings.Cut(line, ":")
		if !found || strings.ContainsAny(key, " \t.,;") {
			return "", false // a mapping has no such line
		}
		if ok = true; title == "" && strings.EqualFold(key, "title") {
			title = strings.Trim(strings.TrimSpace(value), `"'`)
		}
	}
	return title, ok
}

var (
	tomlKey   = regexp.MustCompile(`^(?:[\w-]+|"[^"]*"|'[^']*')(?:\s*\.\s*(?:[\w-]+|"[^"]*"|'[^']*'))*$`)
	tomlTable = regexp.MustCompile(`^\[\[?[^\[\]]+\]\]?\s*(?:#.*)?$`)
)

// tomlTitle returns the value of "title" in a block of TOML, before its first table. It returns false for other text, which has no
// key, or begins with something else.
func tomlTitle(block string) (title string, ok bool) {
	inTable := false
	for block != "" {
		line, rest, _ := strings.Cut(block, "\n")
		line = strings.TrimSpace(line)
		key, value, found := strings.Cut(line, "=")
		switch key = strings.TrimSpace(key); {
		case line == "" || line[0] == '#':
		case found && tomlKey.MatchString(key):
			if ok = true; inTable {
				return "", true
			}
			if strings.EqualFold(strings.Trim(key, `"'`), "title") {
				return tomlString(strings.TrimSpace(value) + "\n" + rest), true
			}
		case ok: // a part of a value, or a table
			if tomlTable.MatchString(line) {
				return "", true
			}
		case tomlTable.MatchString(line):
			inTable = true
		default:
			return "", false
		}
		block = rest
	}
	return "", ok
}

// tomlString returns the string that a text begins with, on one line.
func tomlString(text string) string {
	for _, mark := range []string{`"""`, "'''", `"`, "'"} {
		rest, found := strings.CutPrefix(text, mark)
		if !found {
			continue
		}
		end := strings.Index(rest, mark)
		for mark[0] == '"' && end > 0 && escapes(rest[:end]) {
			next := strings.Index(rest[end+1:], mark)
			if next < 0 {
				return ""
			}
			end += 1 + next
		}
		if end < 0 {
			return ""
		}
		value := rest[:end]
		if mark[0] == '"' {
			quoted := strings.NewReplacer("\\\n", "", "\n", " ").Replace(value)
			if mark == `"""` {
				quoted = strings.ReplaceAll(strings.ReplaceAll(quoted, `\"`, `"`), `"`, `\"`)
			}
			if plain, err := strconv.Unquote(`"` + quoted + `"`); err == nil {
				value = plain
			}
		}
		return strings.Join(strings.Fields(value), " ")
	}
	return ""
}

// escapes says whether a text ends with a backslash that escapes what follows.
func escapes(text string) bool {
	return (len(text)-len(strings.TrimRight(text, `\`)))%2 == 1
}
