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
	_, parts := a.Links("")
	main := "word/document.xml"
	if list := parts["officeDocument"]; len(list) > 0 {
		main = list[0]
	}
	text, err := a.Read(main)
	if err != nil {
		return doc, err
	}
	_, parts = a.Links(main)
	levels := map[string]int{}
	for _, name := range parts["styles"] {
		levels = headingStyles(a, name)
	}
	paged := strings.Contains(text, "lastRenderedPageBreak") || strings.Contains(text, `w:type="page"`)
	r := body{ctx: ctx, levels: levels, page: 1, paged: paged, current: current{text: &strings.Builder{}}}
	if err := r.read(text); err != nil {
		return doc, err
	}
	for _, kind := range []string{"footnotes", "endnotes"} {
		for _, name := range parts[kind] {
			notes, err := a.Read(name)
			if err != nil {
				return doc, err
			}
			r.paged = false
			r.b.Place(kind)
			if err := r.read(notes); err != nil {
				return doc, err
			}
		}
	}
	return r.b.Done(a.Text("docProps/core.xml", "title"))
}

// headingStyles returns the heading level of each style that has one, by its id. A
// style may have it from the one that it is based on.
func headingStyles(a *archive.Archive, name string) map[string]int {
	levels, based := map[string]int{}, map[string]string{}
	d, err := a.XML(name)
	if err != nil {
		return levels
	}
	id := ""
	for {
		token, err := d.Token()
		if err != nil {
			break
		}
		e, ok := token.(xml.StartElement)
		if !ok {
			continue
		}
		switch value := archive.Attr(e, "val"); e.Name.Local {
		case "style":
			id = archive.Attr(e, "styleId")
		case "name":
			name := strings.ToLower(value)
			if n, err := strconv.Atoi(strings.TrimPrefix(name, "heading ")); err == nil && strings.HasPrefix(name, "heading ") {
				levels[id] = n
			} else if name == "title" {
				levels[id] = 1
			}
		case "outlineLvl":
			if n, err := strconv.Atoi(value); err == nil && n >= 0 && n < 9 && levels[id] == 0 {
				levels[id] = n + 1
			}
		case "basedOn":
			based[id] = value
		}
	}
	for id := range based {
		from := id
		for range 10 {
			if from = based[from]; levels[id] == 0 && levels[from] > 0 {
				levels[id] = levels[from]
			}
		}
	}
	return levels
}

// body reads the paragraphs of a part.
type body struct {
	ctx    context.Context
	b      format.Builder
	levels map[string]int
	paged  bool
	page   int
	broken bool // the author began the page, and it has no text yet: Word marks where it shows this page, too

	current
	around []current // the paragraphs around a text box, which go on after it
	row    []string  // cells of the table row, without those of a table in it
	table  int       // depth
	cell   strings.Builder
}

// current is the paragraph that is being read.
type current struct {
	text  *strings.Builder
	level int
	item  bool
}

func (r *body) read(text string) error {
	d := archive.Decoder(text)
	if r.paged {
		r.b.Place("p. 1")
	}
	for {
		token, err := d.Token()
		if errors.Is(err, io.EOF) {
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
		r.text.WriteString(text)
		r.broken = r.broken && strings.TrimSpace(text) == ""
	case "tab":
		r.text.WriteByte('\t')
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
	case "pStyle":
		r.level = max(r.level, r.levels[archive.Attr(e, "val")])
	case "outlineLvl":
		if n, err := strconv.Atoi(archive.Attr(e, "val")); err == nil && n >= 0 && n < 9 {
			r.level = n + 1
		}
	case "numPr":
		r.item = true
	case "tbl":
		r.table++
	case "txbxContent":
		r.around = append(r.around, r.current)
		r.current = current{text: &strings.Builder{}}
	case "tabs", "Fallback", "del", "moveFrom", "rPrChange", "pPrChange":
		return d.Skip() // tab stops, copies for old programs, and what was deleted
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
		if r.table > 0 {
			r.cell.WriteString(" " + r.text.String())
			r.text.Reset()
		} else {
			r.paragraph()
		}
		r.level, r.item = 0, false
	case "tc":
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
			r.current, r.around = r.around[last], r.around[:last]
		}
	}
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
