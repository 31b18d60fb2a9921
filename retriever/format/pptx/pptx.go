// Package pptx reads the presentations of PowerPoint (Office Open XML, ISO/IEC 29500),
// with the notes of the speaker. Importing the package registers the format.
package pptx

import (
	"context"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/ragft/ragft/internal/archive"
	"github.com/ragft/ragft/retriever"
	"github.com/ragft/ragft/retriever/format"
)

func init() {
	format.Register(format.Format{Name: "PPTX", Extensions: []string{".pptx", ".pptm", ".ppsx"}, Reader: reader{}})
}

type reader struct{}

func (reader) Read(ctx context.Context, _, data string) (doc retriever.Document, err error) {
	a, err := archive.Open(data)
	if err != nil {
		return doc, err
	}
	main := "ppt/presentation.xml"
	if _, parts := a.Links(""); len(parts["officeDocument"]) > 0 {
		main = parts["officeDocument"][0]
	}
	slides, err := order(a, main)
	if err != nil {
		return doc, err
	}
	r := deck{archive: a}
	for i, name := range slides {
		if err := ctx.Err(); err != nil {
			return doc, err
		}
		r.b.Place(fmt.Sprintf("slide %d", i+1))
		if err := r.slide(name); errors.As(err, &retriever.Skip{}) {
			return doc, err
		} else if err != nil {
			r.missing = append(r.missing, fmt.Sprintf("slide %d: %v", i+1, err))
		}
		if r.b.Full() {
			break
		}
	}
	doc, err = r.b.Done(a.Text("docProps/core.xml", "title"))
	if doc.Missing = strings.Join(r.missing[:min(len(r.missing), 5)], "; "); len(r.missing) > 5 {
		doc.Missing += fmt.Sprintf("; %d more", len(r.missing)-5)
	}
	return doc, err
}

// deck puts the slides together.
type deck struct {
	archive *archive.Archive
	b       format.Builder
	missing []string
}

// slide adds a slide. With an error, it has what stands before.
func (r *deck) slide(name string) error {
	text, err := r.archive.Read(name)
	if err != nil {
		return err
	}
	shapes, broken := shapes(text)
	for _, s := range shapes {
		if s.isTitle() {
			r.b.Heading(1, s.text())
		}
	}
	for _, s := range shapes {
		if !s.isTitle() {
			r.b.Paragraph(s.text())
		}
	}
	_, parts := r.archive.Links(name)
	for _, drawing := range append(parts["diagramData"], parts["chart"]...) {
		lines, err := r.archive.Drawing(drawing)
		if errors.As(err, &retriever.Skip{}) {
			return err
		}
		r.b.Paragraph(strings.Join(lines, "\n"))
	}
	for _, notes := range parts["notesSlide"] {
		text, err := r.archive.Read(notes)
		if err != nil {
			return err
		}
		list, err := shapesOf(text)
		for _, s := range list {
			if s.kind == "body" && s.text() != "" {
				r.b.Paragraph("Notes: " + s.text())
			}
		}
		broken = errors.Join(broken, err)
	}
	return broken
}

// order returns the slides as they are shown.
func order(a *archive.Archive, main string) (slides []string, err error) {
	links, _ := a.Links(main)
	d, err := a.XML(main)
	if err != nil {
		return nil, err
	}
	for {
		token, err := d.Token()
		if errors.Is(err, io.EOF) {
			return slides, nil
		}
		if err != nil {
			return nil, err
		}
		if e, ok := token.(xml.StartElement); ok && e.Name.Local == "sldId" {
			for _, attr := range e.Attr {
				if name, ok := links[attr.Value]; ok && attr.Name.Local == "id" && attr.Name.Space != "" {
					slides = append(slides, name)
				}
			}
		}
	}
}

// shape is a text of a slide.
type shape struct {
	kind  string // of placeholder: "title", "body", "sldNum"; empty for others
	lines []string
}

func (s shape) isTitle() bool { return s.kind == "title" || s.kind == "ctrTitle" }

func (s shape) text() string { return strings.Join(s.lines, "\n") }

// shapes are those of a slide that have text of its own.
func shapes(text string) ([]shape, error) {
	list, err := shapesOf(text)
	var out []shape
	for _, s := range list {
		if s.kind != "sldNum" && s.kind != "dt" && s.kind != "ftr" {
			out = append(out, s)
		}
	}
	return out, err
}

// page reads the shapes of a slide, or of notes.
type page struct {
	d    *xml.Decoder
	out  []shape
	s    shape
	line strings.Builder
	cell []string // its paragraphs
	row  []string
	rows int // depth
}

// shapesOf returns the shapes, with an error those before it.
func shapesOf(text string) ([]shape, error) {
	p := page{d: archive.Decoder(text)}
	for {
		token, err := p.d.Token()
		if errors.Is(err, io.EOF) {
			return p.out, nil
		}
		if err != nil {
			p.end("sp")
			return p.out, err
		}
		switch t := token.(type) {
		case xml.StartElement:
			if err := p.start(t); err != nil {
				return p.out, err
			}
		case xml.EndElement:
			p.end(t.Name.Local)
		}
	}
}

func (p *page) start(e xml.StartElement) error {
	switch e.Name.Local {
	case "sp", "graphicFrame":
		p.s = shape{}
	case "ph":
		if p.s.kind = archive.Attr(e, "type"); p.s.kind == "" {
			p.s.kind = "content"
		}
	case "t":
		var part string
		if err := p.d.DecodeElement(&part, &e); err != nil {
			return err
		}
		p.line.WriteString(strings.ReplaceAll(part, "_x000B_", " ")) // a line that ends within a title
	case "br":
		p.line.WriteByte(' ')
	case "tr":
		p.row = nil
		p.rows++
	case "Fallback":
		return p.d.Skip()
	}
	return nil
}

func (p *page) end(name string) {
	switch name {
	case "p":
		if text := format.OneLine(p.line.String()); text != "" && p.rows > 0 {
			p.cell = append(p.cell, text)
		} else if text != "" {
			p.s.lines = append(p.s.lines, text)
		}
		p.line.Reset()
	case "tc":
		if len(p.cell) > 0 {
			p.row = append(p.row, strings.Join(p.cell, " "))
		}
		p.cell = nil
	case "tr":
		if p.rows = max(0, p.rows-1); len(p.row) > 0 {
			p.s.lines = append(p.s.lines, strings.Join(p.row, " | "))
		}
	case "sp", "graphicFrame":
		if len(p.s.lines) > 0 {
			p.out = append(p.out, p.s)
		}
		p.s = shape{}
	}
}
