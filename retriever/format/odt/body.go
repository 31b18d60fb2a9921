package odt

import (
	"encoding/xml"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/ragft/ragft/internal/archive"
	"github.com/ragft/ragft/retriever/format"
)

// body reads content.xml.
type body struct {
	main   format.Builder
	notes  [2]format.Builder // footnotes and endnotes
	styles styles
	page   int
	begun  bool // something stands before
	ended  bool // a page ends before what follows

	*flow
	around []*flow // those that go on after the note or the text box in them
}

// flow is a text of paragraphs: that of the document, of a note or of a text box.
type flow struct {
	b      *format.Builder // where they go
	inside int             // depth of paragraphs
	level  int
	items  int // depth of list items
	text   strings.Builder
	table  int
	cell   strings.Builder
	row    []string
}

// boxes are the elements that may hold a text of their own within a paragraph, besides notes.
var boxes = []string{
	"text-box", "custom-shape", "rect", "circle", "ellipse", "line", "polyline", "polygon", "regular-polygon", "path", "connector", "caption",
	"measure",
}

func (r *body) start(d *xml.Decoder, e xml.StartElement) error {
	if r.hides(e) {
		return d.Skip()
	}
	switch e.Name.Local {
	case "h", "p":
		r.breakBefore("paragraph", e)
	case "table":
		r.breakBefore("table", e)
	}
	switch name := e.Name.Local; name {
	case "h", "p":
		r.startParagraph(e)
	case "list-item":
		r.items++
	case "table":
		r.table++
	case "s":
		n, _ := strconv.Atoi(archive.Attr(e, "c"))
		r.text.WriteString(strings.Repeat(" ", min(max(n, 1), 80)))
	case "tab":
		r.text.WriteByte('\t')
	case "ruby-text": // how a word is read stands above it
		r.text.WriteByte(' ')
	case "line-break":
		r.text.WriteByte('\n')
	case "soft-page-break":
		r.softBreak()
	case "note":
		kind := 0
		if archive.Attr(e, "note-class") == "endnote" {
			kind = 1
		}
		r.enter(&flow{b: &r.notes[kind]})
	case "annotation", "tracked-changes", "note-citation", "forms", "automatic-styles", "desc":
		return d.Skip()
	case "title": // of a picture; there is a field of this name, too
		if strings.Contains(e.Name.Space, "svg") {
			return d.Skip()
		}
	default:
		if slices.Contains(boxes, name) {
			r.enter(&flow{b: r.b, table: min(r.table, 1)}) // in a cell it is a part of the cell
		}
	}
	return nil
}

func (r *body) startParagraph(e xml.StartElement) {
	if r.inside++; r.inside > 1 {
		return
	}
	r.level = 0
	if e.Name.Local == "h" {
		level, _ := strconv.Atoi(archive.Attr(e, "outline-level"))
		r.level = max(level, 1)
	} else if r.styles.isTitle(archive.Attr(e, "style-name")) {
		r.level = 1
	}
}

// hides says whether what is in an element is not shown.
func (r *body) hides(e xml.StartElement) bool {
	switch e.Name.Local {
	case "section":
		return archive.Attr(e, "display") == "none"
	case "span":
		return r.styles.hidden("text", archive.Attr(e, "style-name"))
	case "p", "h":
		return r.styles.hidden("paragraph", archive.Attr(e, "style-name"))
	}
	return false
}

// chars adds text, in which any white space is a blank.
func (f *flow) chars(text string) {
	for text != "" {
		rest := strings.TrimLeft(text, " \t\r\n")
		if before := f.text.String(); len(rest) < len(text) && before != "" && !strings.HasSuffix(before, " ") {
			f.text.WriteByte(' ')
		}
		n := strings.IndexAny(rest, " \t\r\n")
		if n < 0 {
			n = len(rest)
		}
		f.text.WriteString(rest[:n])
		text = rest[n:]
	}
}

func (r *body) enter(f *flow) {
	r.around = append(r.around, r.flow)
	r.flow = f
}

// leave goes on with what is around a note or a text box.
func (r *body) leave() {
	if len(r.around) == 0 {
		return
	}
	box := r.flow
	r.flow, r.around = r.around[len(r.around)-1], r.around[:len(r.around)-1]
	r.cell.WriteString(box.cell.String())
}

// addNotes puts the notes behind the text.
func (r *body) addNotes() error {
	for i, kind := range []string{"footnotes", "endnotes"} {
		notes, err := r.notes[i].Done("")
		if err != nil {
			return err
		}
		r.main.Place(kind)
		r.main.Document(notes, "", 0)
	}
	return nil
}

// breakBefore begins a page before a paragraph or a table if its style says so. Those in cells, frames and notes begin none.
func (r *body) breakBefore(family string, e xml.StartElement) {
	if r.table > 0 || r.inside > 0 || len(r.around) > 0 {
		return
	}
	before, after := r.styles.breaks(family, archive.Attr(e, "style-name"))
	if r.begun && (before || r.ended) {
		r.newPage()
	}
	r.begun, r.ended = true, after
}

// softBreak begins a page where the program that wrote the file did. A note may go on there, but its text stands elsewhere.
func (r *body) softBreak() {
	if len(r.around) > 0 {
		return
	}
	if r.inside > 0 && r.table == 0 {
		r.paragraph() // what it has so far is on the page before
	}
	r.newPage()
}

func (r *body) newPage() {
	r.page++
	r.main.Place(fmt.Sprintf("p. %d", r.page))
}

func (r *body) end(name string) {
	switch name {
	case "h", "p":
		r.inside = max(0, r.inside-1)
		if r.table > 0 {
			r.cell.WriteString(" " + r.text.String())
			r.text.Reset()
		} else if r.inside == 0 {
			r.paragraph()
			r.level = 0
		} else {
			r.text.WriteByte(' ')
		}
	case "ruby-text":
		r.text.WriteByte(' ')
	case "list-item":
		r.items = max(0, r.items-1)
	case "table-cell":
		if r.table == 1 {
			r.row = append(r.row, format.OneLine(r.cell.String()))
			r.cell.Reset()
		}
	case "table-row":
		if row := strings.Join(r.row, " | "); r.table == 1 && strings.Trim(row, " |") != "" {
			r.b.Line(row)
		}
		if r.table == 1 {
			r.row = nil
		}
	case "table":
		r.table = max(0, r.table-1)
	case "note":
		r.leave()
	default:
		if slices.Contains(boxes, name) {
			r.leave()
		}
	}
}

func (f *flow) paragraph() {
	text := strings.TrimSpace(f.text.String())
	f.text.Reset()
	switch {
	case f.level > 0:
		f.b.Heading(f.level, text)
	case f.items > 0 && text != "":
		f.b.Line("- " + text)
	default:
		f.b.Paragraph(text)
	}
}
