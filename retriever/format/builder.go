package format

import (
	"strings"
	"unicode/utf8"

	"github.com/ragft/ragft/retriever"
)

// Builder puts a document together: paragraphs, headings, and the places where they
// stand. The zero value is empty.
type Builder struct {
	text     strings.Builder
	sections []retriever.Section
	place    string // to be added with the next text
	full     bool
}

// Place says where in the file the text that follows stands, such as "p. 12". A
// passage does not reach into another place.
func (b *Builder) Place(name string) { b.place = name }

// Heading adds a heading of a level from 1 to 6 as a paragraph.
func (b *Builder) Heading(level int, text string) {
	if text = OneLine(text); text == "" {
		return
	}
	level = min(max(level, 1), 6)
	b.break_(2)
	b.section(retriever.Section{Level: level, Heading: text})
	b.add(strings.Repeat("#", level) + " " + text)
}

// Paragraph adds a paragraph, which may have several lines.
func (b *Builder) Paragraph(text string) { b.block(text, 2) }

// Line adds a line to the paragraph before it.
func (b *Builder) Line(text string) { b.block(text, 1) }

func (b *Builder) block(text string, gap int) {
	if text = strings.Trim(text, " \t\r\n\f\u00a0"); text == "" {
		return
	}
	if b.place != "" {
		gap = 2
	}
	b.break_(gap)
	if b.place != "" {
		b.section(retriever.Section{})
	}
	b.add(text)
}

// Document adds the text of another document. Its places stand behind the prefix, and
// its headings level steps deeper.
func (b *Builder) Document(doc retriever.Document, prefix string, level int) {
	text := strings.TrimRight(doc.Text, " \t\r\n")
	if strings.TrimSpace(text) == "" {
		return
	}
	b.break_(2)
	if b.place != "" || len(doc.Sections) == 0 {
		b.section(retriever.Section{})
	}
	start := b.text.Len()
	for _, s := range doc.Sections {
		s.Start += start
		if s.Level > 0 {
			s.Level = min(s.Level+level, 6)
		}
		if s.Place != "" && prefix != "" {
			s.Place = prefix + ", " + s.Place
		}
		b.sections = append(b.sections, s)
	}
	b.add(text)
}

// section starts one at the end of the text.
func (b *Builder) section(s retriever.Section) {
	s.Start, s.Place = b.text.Len(), b.place
	b.place = ""
	b.sections = append(b.sections, s)
}

// break_ ends a line, or a paragraph.
func (b *Builder) break_(lines int) {
	if b.text.Len() > 0 {
		b.text.WriteString("\n\n"[:lines])
	}
}

func (b *Builder) add(text string) {
	if b.full = b.full || b.text.Len()+len(text) > MaxText; b.full {
		return
	}
	if !utf8.ValidString(text) {
		text = strings.ToValidUTF8(text, "\uFFFD")
	}
	b.text.WriteString(text)
}

// Empty reports whether nothing was added yet.
func (b *Builder) Empty() bool { return b.text.Len() == 0 }

// Full reports whether the text has reached MaxText. What is added then is lost, so
// that a reader should stop.
func (b *Builder) Full() bool { return b.full }

// Done returns the document. It is an error if the text is beyond MaxText.
func (b *Builder) Done(title string) (retriever.Document, error) {
	if b.full {
		return retriever.Document{}, tooMuch
	}
	return retriever.Document{Title: OneLine(title), Text: b.text.String(), Format: retriever.Text, Sections: b.sections}, nil
}

// OneLine puts a text on one line.
func OneLine(text string) string { return strings.Join(strings.Fields(text), " ") }
