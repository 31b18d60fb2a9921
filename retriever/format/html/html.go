// Package html reads pages without what surrounds their text: menus, footers and the
// like. Importing the package registers the format, in place of the reader of package
// retriever, which keeps all text.
//
// go-readability finds the body. Where it keeps less than half of the visible words,
// the page is no article, and all of it is kept but for its navigation.
package html

import (
	"cmp"
	"context"
	"net/url"
	"slices"
	"strings"

	"codeberg.org/readeck/go-readability/v2"
	"golang.org/x/net/html"
	"golang.org/x/net/html/atom"

	"github.com/ragft/ragft/internal/charsets"
	"github.com/ragft/ragft/internal/frontmatter"
	"github.com/ragft/ragft/internal/htmltext"
	"github.com/ragft/ragft/retriever"
	"github.com/ragft/ragft/retriever/format"
)

func init() {
	format.Register(format.Format{Name: "HTML", Extensions: []string{".html", ".htm", ".xhtml"}, Reader: reader{}})
}

// maxArticle is the largest page in which an article is looked for, as that takes much
// memory.
const maxArticle = 8 << 20

type reader struct{}

func (reader) Read(_ context.Context, _, data string) (retriever.Document, error) {
	text, ok := charsets.HTML(data)
	if !ok {
		return retriever.Document{}, retriever.Skip{Reason: retriever.SkipBinary}
	}
	front, title := frontmatter.Find(text)
	text = text[front:]
	whole := htmltext.Read(text)
	page := whole
	if len(text) <= maxArticle {
		if body, ok := body(htmltext.Repair(text), whole); ok {
			page = body
		}
	}
	doc := retriever.Document{Title: cmp.Or(whole.Title, title), Text: page.Text, Format: retriever.HTML}
	for _, h := range page.Headings {
		doc.Sections = append(doc.Sections, retriever.Section{Start: h.Start, Level: h.Level, Heading: h.Text})
	}
	return doc, nil
}

// body returns the page without navigation.
func body(text string, whole htmltext.Page) (htmltext.Page, bool) {
	root, err := html.Parse(strings.NewReader(text))
	if err != nil { // it is nested too deep
		return htmltext.Page{}, false
	}
	removeNavigation(root)
	rest, ok := render(root)
	if !ok || words(rest)*10 < words(whole) {
		return htmltext.Page{}, false // its text stands in what seemed to be navigation
	}
	article, err := readability.FromDocument(root, &url.URL{})
	if err != nil || article.Node == nil {
		return rest, true
	}
	found, ok := render(article.Node)
	if !ok || words(found)*2 < words(whole) {
		return rest, true
	}
	// Readability takes a heading that repeats the title for part of the page's frame.
	if len(rest.Headings) > 0 && !slices.ContainsFunc(found.Headings,
		func(h htmltext.Heading) bool { return h.Text == rest.Headings[0].Text }) &&
		rest.Headings[0].Level == 1 {
		found = htmltext.Read("<h1>" + html.EscapeString(rest.Headings[0].Text) + "</h1>" + source(article.Node))
	}
	return found, true
}

func words(p htmltext.Page) int { return len(strings.Fields(p.Text)) }

func source(n *html.Node) string {
	var b strings.Builder
	if html.Render(&b, n) != nil {
		return ""
	}
	return b.String()
}

func render(n *html.Node) (htmltext.Page, bool) {
	text := source(n)
	return htmltext.Read(text), text != ""
}

func inHeading(n *html.Node) bool {
	for p := range n.Ancestors() {
		switch p.Data {
		case "h1", "h2", "h3", "h4", "h5", "h6":
			return true
		}
	}
	return false
}

// removeNavigation removes menus, footers, and what is hidden.
func removeNavigation(root *html.Node) {
	var gone []*html.Node
	for n := range root.Descendants() {
		if n.Type != html.ElementNode {
			continue
		}
		if n.Data == "button" && inHeading(n) {
			n.Data, n.DataAtom = "span", atom.Span // which unfolds the section: the heading is its text
		}
		role, hidden := "", false
		for _, a := range n.Attr {
			switch a.Key {
			case "role":
				role = a.Val
			case "hidden":
				hidden = true
			}
		}
		inBody := n.Parent != nil && n.Parent.Data == "body"
		if n.Data == "nav" || n.Data == "footer" && inBody || hidden || role == "navigation" || role == "contentinfo" || role == "search" {
			gone = append(gone, n)
		}
	}
	for _, n := range gone {
		if n.Parent != nil {
			n.Parent.RemoveChild(n)
		}
	}
}
