package retriever

import "github.com/ragft/ragft/internal/htmltext"

// htmlDocument extracts title, text and headings of a page. Headings become lines
// that start with "#", as in Markdown, and list items start with "- ".
func htmlDocument(page string) Document {
	p := htmltext.Read(page)
	doc := Document{Title: p.Title, Text: p.Text, Format: HTML}
	for _, h := range p.Headings {
		doc.Sections = append(doc.Sections, Section{Start: h.Start, Level: h.Level, Heading: h.Text})
	}
	return doc
}
