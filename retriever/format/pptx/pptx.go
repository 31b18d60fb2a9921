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
	const main = "ppt/presentation.xml"
	slides, err := order(a, main)
	if err != nil {
		return doc, err
	}
	var b format.Builder
	for i, name := range slides {
		if err := ctx.Err(); err != nil {
			return doc, err
		}
		text, err := a.Read(name)
		if err != nil {
			return doc, err
		}
		shapes, err := shapes(text)
		if err != nil {
			return doc, fmt.Errorf("slide %d: %w", i+1, err)
		}
		place := fmt.Sprintf("slide %d", i+1)
		b.Place(place)
		for _, s := range shapes {
			if s.isTitle() {
				b.Heading(1, s.text())
			}
		}
		for _, s := range shapes {
			if !s.isTitle() {
				b.Paragraph(s.text())
			}
		}
		_, parts := a.Links(name)
		for _, notes := range parts["notesSlide"] {
			text, err := a.Read(notes)
			if err != nil {
				return doc, err
			}
			list, err := shapesOf(text)
			if err != nil {
				return doc, err
			}
			for _, s := range list {
				if s.kind == "body" && s.text() != "" {
					b.Paragraph("Notes: " + s.text())
				}
			}
		}
		if b.Full() {
			break
		}
	}
	return b.Done(a.Text("docProps/core.xml", "title"))
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

func shapesOf(text string) (out []shape, err error) {
	d := archive.Decoder(text)
	var s shape
	var line strings.Builder
	var row []string
	cells := false
	for {
		token, err := d.Token()
		if errors.Is(err, io.EOF) {
			return out, nil
		}
		if err != nil {
			return nil, err
		}
		switch t := token.(type) {
		case xml.StartElement:
			switch t.Name.Local {
			case "sp", "graphicFrame":
				s = shape{}
			case "ph":
				if s.kind = archive.Attr(t, "type"); s.kind == "" {
					s.kind = "content"
				}
			case "t":
				var part string
				if err := d.DecodeElement(&part, &t); err != nil {
					return nil, err
				}
				line.WriteString(part)
			case "br":
				line.WriteByte(' ')
			case "tr":
				row, cells = nil, true
			case "Fallback":
				if err := d.Skip(); err != nil {
					return nil, err
				}
			}
		case xml.EndElement:
			switch t.Name.Local {
			case "p":
				if text := format.OneLine(line.String()); text != "" && cells {
					row = append(row, text)
				} else if text != "" {
					s.lines = append(s.lines, text)
				}
				line.Reset()
			case "tr":
				if cells = false; len(row) > 0 {
					s.lines = append(s.lines, strings.Join(row, " | "))
				}
			case "sp", "graphicFrame":
				if len(s.lines) > 0 {
					out = append(out, s)
				}
				s = shape{}
			}
		}
	}
}
