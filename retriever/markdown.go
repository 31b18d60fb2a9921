package retriever

import (
	"bytes"
	"regexp"
	"strings"

	"github.com/yuin/goldmark/ast"
	"github.com/yuin/goldmark/parser"
	gtext "github.com/yuin/goldmark/text"
	"github.com/yuin/goldmark/util"

	"github.com/ragft/ragft/internal/frontmatter"
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
	start, _ = frontmatter.Find(text)
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
			Start: start + begin, Level: h.Level, Heading: attributes.ReplaceAllString(strings.TrimSpace(text[start+at.Start:start+at.Stop]), ""),
		})
	}
	return list, start
}

// attributes are what extensions of Markdown write behind a heading, such as {#intro}: they are no part of it.
var attributes = regexp.MustCompile(`[ \t]+\{:?[ \t]*[#.][^{}]*\}$`)

// maxMarkdownLines bounds what is parsed: a line of few bytes takes several hundred in memory.
const maxMarkdownLines = 1_000_000

// maxIndent is the most that can stand before the text of a heading in its line, but
// for blanks after "#".
const maxIndent = 1 << 10

// markdownTitle gives the front matter's title, else the first heading.
func markdownTitle(text string) string {
	if _, title := frontmatter.Find(text); title != "" {
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
