package retriever

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/ragft/ragft/internal/linescan"
)

// section is a part of a document whose borders no chunk crosses.
type section struct {
	start, end int    // bytes in the document's text
	title      string // the headings above it, joined by " > "
	place      string
}

// titleSeparator separates the headings in a chunk's title.
const titleSeparator = " > "

// maxHeading is the length in bytes at which a heading is cut in titles, which every
// chunk below it repeats.
const maxHeading = 200

// maxPlace is the same for places. An attachment with a name as long as a file's can be still has the page in its place.
const maxPlace = 1000

// sections calls yield for each section of a document from start on, in order, until
// yield returns false. A heading without text of its own belongs to the section after
// it.
func sections(doc Document, list []Section, start int, yield func(section) bool) {
	h := headings{docTitle: shorten(doc.Title, maxHeading)}
	cur := section{start: start, title: h.docTitle}
	last := start // of the section before
	for i, s := range list {
		s.Start = min(max(s.Start, last), len(doc.Text))
		for s.Start > last && s.Start < len(doc.Text) && !utf8.RuneStart(doc.Text[s.Start]) {
			s.Start--
		}
		body := doc.Text[last:s.Start]
		last = s.Start
		if hasBody(body, i > 0 && list[i-1].Level > 0) {
			cur.end = s.Start
			if !yield(cur) {
				return
			}
			cur.start = s.Start
		}
		if s.Level > 0 {
			h.push(min(s.Level, len(h.path)), shorten(s.Heading, maxHeading))
			cur.title = h.title()
		}
		if s.Place != "" {
			cur.place = s.Place
		}
	}
	cur.end = len(doc.Text)
	yield(cur)
}

// hasBody reports whether a section has text besides its heading, which is its first
// line. An underline is not text.
func hasBody(text string, heading bool) bool {
	for heading && text != "" {
		line, rest, _ := linescan.Cut(text)
		text = rest
		heading = strings.IndexFunc(line, isWord) < 0 // blank lines may come before
	}
	return strings.IndexFunc(text, isWord) >= 0
}

func isWord(r rune) bool { return unicode.IsLetter(r) || unicode.IsNumber(r) }

// shorten puts a heading or a place on one line and cuts it at a number of bytes.
func shorten(s string, limit int) string {
	if len(s) <= limit && !strings.ContainsAny(s, "\r\n\t") {
		return s
	}
	s = strings.Join(strings.Fields(s[:min(len(s), 4*limit)]), " ")
	if len(s) <= limit {
		return strings.ToValidUTF8(s, "")
	}
	s = strings.ToValidUTF8(s[:limit], "")
	if n := strings.LastIndexByte(s, ' '); n > limit/2 {
		s = s[:n]
	}
	return s + "…"
}

// headings holds the path of headings above a section.
type headings struct {
	docTitle string
	path     [6]string
}

func (h *headings) push(level int, text string) {
	h.path[level-1] = text
	clear(h.path[level:])
}

// title joins the path. The document's own title comes first, unless the first
// heading repeats it.
func (h *headings) title() string {
	parts := make([]string, 0, len(h.path)+1)
	if h.docTitle != "" {
		parts = append(parts, h.docTitle)
	}
	for _, p := range h.path {
		if p != "" && (len(parts) != 1 || parts[0] != p) {
			parts = append(parts, p)
		}
	}
	return strings.Join(parts, titleSeparator)
}
