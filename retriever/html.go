package retriever

import (
	"cmp"

	"github.com/ragft/ragft/internal/frontmatter"
	"github.com/ragft/ragft/internal/htmltext"
)

// htmlDocument extracts title, text and headings of a page. Headings become lines
// that start with "#", as in Markdown, and list items start with "- ".
func htmlDocument(page string) Document {
	front, title := frontmatter.Find(page)
	p := htmltext.Read(page[front:])
	doc := Document{Title: cmp.Or(p.Title, title), Text: p.Text, Format: HTML}
	for _, h := range p.Headings {
		doc.Sections = append(doc.Sections, Section{Start: h.Start, Level: h.Level, Heading: h.Text})
	}
	return doc
}
