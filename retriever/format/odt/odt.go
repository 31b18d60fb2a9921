// Package odt reads the texts of LibreOffice (OpenDocument, ISO/IEC 26300). Importing
// the package registers the format.
package odt

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
	format.Register(format.Format{Name: "ODT", Extensions: []string{".odt", ".ott"}, Reader: reader{}})
}

type reader struct{}

func (reader) Read(ctx context.Context, _, data string) (doc retriever.Document, err error) {
	a, err := archive.Open(data)
	if err != nil {
		return doc, err
	}
	if manifest, err := a.Read("META-INF/manifest.xml"); err == nil && strings.Contains(manifest, "encryption-data") {
		return doc, retriever.Skip{Reason: retriever.SkipEncrypted}
	}
	text, err := a.Read("content.xml")
	if err != nil {
		return doc, err
	}
	r := body{styles: styles{}, page: 1}
	if named, err := a.Read("styles.xml"); err == nil {
		_ = r.styles.add(ctx, named) // a text without its styles is read all the same
	}
	if err := r.styles.add(ctx, text); err != nil {
		return doc, err
	}
	r.b.Place("p. 1")
	d := archive.Decoder(text)
	for !r.b.Full() {
		if err := ctx.Err(); err != nil {
			return doc, err
		}
		token, err := d.Token()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return doc, err
		}
		switch t := token.(type) {
		case xml.StartElement:
			err = r.start(d, t)
		case xml.EndElement:
			r.end(t.Name.Local)
		case xml.CharData:
			if r.inside > 0 {
				r.text.Write(t)
			}
		}
		if err != nil {
			return doc, err
		}
	}
	doc, err = r.b.Done(a.Text("meta.xml", "title"))
	if r.page == 1 {
		doc.Sections = unplaced(doc.Sections)
	}
	return doc, err
}

// unplaced removes the place of the first section: a file that does not show where its pages end is not a file of one page.
func unplaced(sections []retriever.Section) []retriever.Section {
	if len(sections) > 0 {
		if sections[0].Place = ""; sections[0].Level == 0 {
			return sections[1:]
		}
	}
	return sections
}

// body reads the paragraphs of content.xml.
type body struct {
	b      format.Builder
	styles styles
	page   int
	begun  bool // something stands before
	ended  bool // a page ends before what follows
	inside int  // depth of paragraphs
	level  int
	items  int // depth of list items
	text   strings.Builder
	table  int
	cell   strings.Builder
	row    []string
}

func (r *body) start(d *xml.Decoder, e xml.StartElement) error {
	switch e.Name.Local {
	case "h", "p":
		r.breakBefore("paragraph", e)
	case "table":
		r.breakBefore("table", e)
	}
	switch e.Name.Local {
	case "h":
		r.level, _ = strconv.Atoi(archive.Attr(e, "outline-level"))
		r.level = max(r.level, 1)
		r.inside++
	case "p":
		if r.level = 0; archive.Attr(e, "style-name") == "Title" {
			r.level = 1
		}
		r.inside++
	case "list-item":
		r.items++
	case "table":
		r.table++
	case "s":
		n, _ := strconv.Atoi(archive.Attr(e, "c"))
		r.text.WriteString(strings.Repeat(" ", min(max(n, 1), 80)))
	case "tab":
		r.text.WriteByte('\t')
	case "line-break":
		r.text.WriteByte('\n')
	case "soft-page-break":
		if r.inside > 0 && r.table == 0 {
			r.paragraph() // what it has so far is on the page before
		}
		r.newPage()
	case "annotation", "tracked-changes", "note-citation", "forms", "automatic-styles":
		return d.Skip()
	}
	return nil
}

// breakBefore begins a page before a paragraph or a table if its style says so. Those in cells and frames begin none.
func (r *body) breakBefore(family string, e xml.StartElement) {
	if r.table > 0 || r.inside > 0 {
		return
	}
	before, after := r.styles.breaks(family, archive.Attr(e, "style-name"))
	if r.begun && (before || r.ended) {
		r.newPage()
	}
	r.begun, r.ended = true, after
}

func (r *body) newPage() {
	r.page++
	r.b.Place(fmt.Sprintf("p. %d", r.page))
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
	}
}

func (r *body) paragraph() {
	text := strings.TrimSpace(r.text.String())
	r.text.Reset()
	switch {
	case r.level > 0:
		r.b.Heading(r.level, text)
	case r.items > 0 && text != "":
		r.b.Line("- " + text)
	default:
		r.b.Paragraph(text)
	}
}
