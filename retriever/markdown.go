package retriever

import (
	"bytes"
	"strings"

	"github.com/yuin/goldmark/ast"
	"github.com/yuin/goldmark/parser"
	gtext "github.com/yuin/goldmark/text"
	"github.com/yuin/goldmark/util"
	"go.yaml.in/yaml/v3"
)

// MarkdownSections returns the headings of a Markdown text, as Split finds them, for
// documents that contain such a text.
func MarkdownSections(text string) []Section {
	list, _ := markdownSections(text)
	return list
}

// markdownSections finds the headings of a Markdown text, as CommonMark defines
// them, and where the text after the front matter starts. Headings in lists and
// quotations do not count. The cost is linear in the length of the text. A text of
// more than maxMarkdownLines lines counts as one without headings.
func markdownSections(text string) (list []Section, start int) {
	start, _ = frontMatter(text)
	if max(strings.Count(text, "\n"), strings.Count(text, "\r")) > maxMarkdownLines {
		return nil, start
	}
	source := markdownSource(text[start:])
	blocks := parser.NewParser(parser.WithBlockParsers(
		util.Prioritized(parser.NewSetextHeadingParser(), 100), util.Prioritized(parser.NewThematicBreakParser(), 200),
		util.Prioritized(parser.NewListParser(), 300), util.Prioritized(parser.NewListItemParser(), 400),
		util.Prioritized(parser.NewCodeBlockParser(), 500), util.Prioritized(parser.NewATXHeadingParser(), 600),
		util.Prioritized(parser.NewFencedCodeBlockParser(), 700), util.Prioritized(parser.NewBlockquoteParser(), 800),
		util.Prioritized(parser.NewHTMLBlockParser(), 900), util.Prioritized(parser.NewParagraphParser(), 1000)))
	root := blocks.Parse(gtext.NewReader(source))
	for node := root.FirstChild(); node != nil; node = node.NextSibling() {
		h, ok := node.(*ast.Heading)
		// An underline below several lines is a rule, not meant for all of them.
		if !ok || h.Lines().Len() != 1 {
			continue
		}
		at := h.Lines().At(0)
		line := bytes.LastIndexByte(source[max(0, at.Start-maxIndent):at.Start], '\n')
		begin := at.Start - min(at.Start, maxIndent) + line + 1
		list = append(list, Section{
			Start: start + begin, Level: h.Level, Heading: strings.TrimSpace(text[start+at.Start : start+at.Stop]),
		})
	}
	return list, start
}

// maxMarkdownLines bounds what is parsed: a line of few bytes takes several hundred in memory.
const maxMarkdownLines = 1_000_000

// maxIndent is the most that can stand before the text of a heading in its line, but
// for blanks after "#".
const maxIndent = 1 << 10

// frontMatterBytes is the longest front matter that is read.
const frontMatterBytes = 64 << 10

// frontMatter finds a leading block of YAML between "---" lines. It returns where
// the text after it starts, and the title in it, or 0 and "" if there is no such
// block.
func frontMatter(text string) (end int, title string) {
	first, rest, found := cutLine(text)
	if strings.TrimRight(first, " \t") != "---" || !found {
		return 0, ""
	}
	from := len(text) - len(rest)
	for next := from; next < len(text) && next-from < frontMatterBytes; {
		line, after, _ := cutLine(text[next:])
		if line = strings.TrimRight(line, " \t"); line == "---" || line == "..." {
			title, ok := yamlTitle(text[from:next])
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
	block = strings.ReplaceAll(strings.ReplaceAll(block, "\r\n", "\n"), "\r", "\n")
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

// cutLine returns the first line, which ends with CR, LF or both, and what follows.
func cutLine(text string) (line, rest string, found bool) {
	n := strings.IndexAny(text, "\r\n")
	if n < 0 {
		return text, "", false
	}
	if strings.HasPrefix(text[n:], "\r\n") {
		return text[:n], text[n+2:], true
	}
	return text[:n], text[n+1:], true
}

// markdownTitle gives the front matter's title, else the first heading.
func markdownTitle(text string) string {
	if _, title := frontMatter(text); title != "" {
		return title
	}
	list, _ := markdownSections(text)
	for _, s := range list {
		if s.Heading != "" {
			return s.Heading
		}
	}
	return ""
}
