// Package docx reads the documents of Word (Office Open XML, ISO/IEC 29500). Importing
// the package registers the format.
//
// Pages are known where the program that wrote the file marked them, as Word does, or
// where the author broke them.
package docx

import (
	"context"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"

	"github.com/ragft/ragft/internal/archive"
	"github.com/ragft/ragft/retriever"
	"github.com/ragft/ragft/retriever/format"
)

func init() {
	format.Register(format.Format{Name: "DOCX", Extensions: []string{".docx", ".docm", ".dotx"}, Reader: reader{}})
}

type reader struct{}

func (reader) Read(ctx context.Context, _, data string) (doc retriever.Document, err error) {
	a, err := archive.Open(data)
	if err != nil {
		return doc, err
	}
	_, top := a.Links("")
	main := "word/document.xml"
	if list := top["officeDocument"]; len(list) > 0 {
		main = list[0]
	}
	text, err := a.Read(main)
	if err != nil {
		return doc, err
	}
	links, parts := a.Links(main)
	r := body{ctx: ctx, archive: a, links: links, page: 1, current: current{text: &strings.Builder{}}}
	for _, name := range parts["styles"] {
		r.styles = stylesOf(a, name)
	}
	r.paged = r.countPages(text)
	if err := r.read(text); err != nil {
		return doc, err
	}
	missing, err := r.notes(parts)
	if err != nil {
		return doc, err
	}
	doc, err = r.b.Done(a.Text("docProps/core.xml", "title"))
	doc.Missing = missing
	return doc, err
}

// notes adds the footnotes and endnotes, and says which of them are not in the file.
func (r *body) notes(parts map[string][]string) (missing string, err error) {
	r.paged = false
	for _, kind := range []string{"footnotes", "endnotes"} {
		for _, name := range parts[kind] {
			notes, err := r.archive.Read(name)
			if skip := (retriever.Skip{}); errors.As(err, &skip) {
				return "", err
			}
			if err != nil {
				missing = "its " + kind + " cannot be read"
				continue
			}
			r.b.Place(kind)
			r.links, _ = r.archive.Links(name)
			if err := r.read(notes); err != nil {
				return "", err
			}
		}
	}
	return missing, nil
}

// body reads the paragraphs of a part.
type body struct {
	ctx     context.Context
	archive *archive.Archive
	links   map[string]string // parts that the text refers to
	b       format.Builder
	styles  styles
	paged   bool
	breaks  []bool // which sections after the first begin a page; nil where Word has marked the pages
	section int
	page    int
	broken  bool // the author began the page, and nothing is on it yet: Word marks where it shows this page, too
	drawn   bool // a picture is in the document

	current
	around []current // the paragraphs around a text box, which go on after it
	row    []string  // cells of the table row, without those of a table in it
	table  int       // depth
	cell   strings.Builder
}

// current is the paragraph that is being read.
type current struct {
	text   *strings.Builder
	level  int
	item   bool
	about  bool // what is being read are its properties
	before bool // a page begins before it
	joined bool // its end was deleted, so that the next one goes on with it
	last   bool // a section ends with it
	hidden bool // the text that is being read is not shown
}

func (r *body) read(text string) error {
	d := archive.Decoder(text)
	if r.paged {
		r.b.Place("p. 1")
	}
	for {
		token, err := d.Token()
		if errors.Is(err, io.EOF) {
			r.paragraph() // what a last one without an end has
			return nil
		}
		if err != nil {
			return err
		}
		if err := r.ctx.Err(); err != nil {
			return err
		}
		switch t := token.(type) {
		case xml.StartElement:
			if err := r.start(d, t); err != nil {
				return err
			}
		case xml.EndElement:
			r.end(t.Name.Local)
		}
		if r.b.Full() {
			return nil
		}
	}
}

func (r *body) start(d *xml.Decoder, e xml.StartElement) error {
	switch e.Name.Local {
	case "t":
		var text string
		if err := d.DecodeElement(&text, &e); err != nil {
			return err
		}
		if !r.hidden {
			r.text.WriteString(text)
			r.broken = r.broken && strings.TrimSpace(text) == ""
		}
	case "r":
		r.hidden = false
	case "vanish":
		r.hidden = isOn(e)
	case "tab", "ptab":
		r.text.WriteByte('\t')
	case "rt": // how a word is read stands above it
		r.text.WriteByte(' ')
	case "br", "cr":
		if r.text.WriteByte('\n'); archive.Attr(e, "type") == "page" {
			r.newPage()
			r.broken = true
		}
	case "lastRenderedPageBreak":
		if !r.broken {
			r.newPage()
		}
		r.broken = false
	case "noBreakHyphen":
		r.text.WriteByte('-')
	case "drawing", "pict", "object":
		if !r.hidden {
			r.drawn, r.broken = true, false
		}
	case "tbl":
		r.flush()
		r.table++
	case "txbxContent":
		r.around = append(r.around, r.current)
		r.current = current{text: &strings.Builder{}}
	case "relIds", "chart":
		return r.drawing(e)
	case "tabs", "Fallback", "del", "moveFrom", "rPrChange", "pPrChange", "sectPrChange":
		r.joined = r.joined || r.about && (e.Name.Local == "del" || e.Name.Local == "moveFrom")
		return d.Skip() // tab stops, copies for old programs, and what was deleted
	default:
		r.property(e)
	}
	return nil
}

// property reads one of a paragraph.
func (r *body) property(e xml.StartElement) {
	switch e.Name.Local {
	case "pPr":
		r.about = true
	case "pStyle":
		style := archive.Attr(e, "val")
		r.level, r.before = max(r.level, r.styles.levels[style]), r.styles.breaks[style]
	case "outlineLvl":
		if n, err := strconv.Atoi(archive.Attr(e, "val")); err == nil && n >= 0 && n < 9 {
			r.level = n + 1
		}
	case "numPr":
		r.item = true
	case "pageBreakBefore":
		r.before = isOn(e)
	case "sectPr":
		r.last = r.about
	}
}

// isOn is the value of an element that is on or off.
func isOn(e xml.StartElement) bool {
	switch archive.Attr(e, "val") {
	case "0", "false", "off":
		return false
	}
	return true
}

// drawing adds what a diagram or a chart says. One that is missing is a picture that says nothing.
func (r *body) drawing(e xml.StartElement) error {
	for _, at := range e.Attr {
		if name := r.links[at.Value]; name != "" && (at.Name.Local == "dm" || at.Name.Local == "id") {
			lines, err := r.archive.Drawing(name)
			if skip := (retriever.Skip{}); errors.As(err, &skip) {
				return err
			}
			if len(lines) > 0 {
				r.text.WriteString("\n" + strings.Join(lines, "\n") + "\n")
			}
		}
	}
	return nil
}

// newPage is called within a paragraph: what it has so far is on the page before.
func (r *body) newPage() {
	if !r.paged {
		return
	}
	if r.table == 0 && strings.TrimSpace(r.text.String()) != "" {
		r.paragraph()
	}
	r.page++
	r.b.Place(fmt.Sprintf("p. %d", r.page))
}

func (r *body) end(name string) {
	switch name {
	case "p":
		r.endParagraph()
	case "pPr":
		if r.about = false; r.before && r.breaks != nil && r.table == 0 && !r.broken && r.text.Len() == 0 && (r.drawn || !r.b.Empty()) {
			r.newPage()
		}
	case "rt":
		r.text.WriteByte(' ')
	case "tc":
		r.flush()
		if r.table == 1 {
			r.row = append(r.row, format.OneLine(r.cell.String()))
			r.cell.Reset()
		}
	case "tr":
		if r.table == 1 {
			if row := strings.Join(r.row, " | "); strings.Trim(row, " |") != "" {
				r.b.Line(row)
			}
			r.row = nil
		}
	case "tbl":
		r.table = max(0, r.table-1)
	case "txbxContent":
		if last := len(r.around) - 1; last >= 0 {
			r.flush()
			r.current, r.around = r.around[last], r.around[:last]
		}
	}
}

func (r *body) endParagraph() {
	last := r.last
	if !r.joined {
		r.flush()
	}
	r.current = current{text: r.text}
	if last {
		if r.breaks != nil && (r.section >= len(r.breaks) || r.breaks[r.section]) && !r.broken {
			r.newPage()
			r.broken = true
		}
		r.section++
	}
}

// flush ends a paragraph, also one that should go on in a next one, but there is none where it stands.
func (r *body) flush() {
	if r.table > 0 {
		r.cell.WriteString(" " + r.text.String())
		r.text.Reset()
		return
	}
	r.paragraph()
}

func (r *body) paragraph() {
	text := r.text.String()
	r.text.Reset()
	switch {
	case r.level > 0:
		r.b.Heading(r.level, text)
	case r.item:
		if text = strings.TrimSpace(text); text != "" {
			r.b.Line("- " + text)
		}
	default:
		r.b.Paragraph(text)
	}
}
