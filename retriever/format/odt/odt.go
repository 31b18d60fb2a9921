// Package odt reads the texts of LibreOffice (OpenDocument, ISO/IEC 26300). Importing
// the package registers the format.
package odt

import (
	"context"
	"encoding/xml"
	"errors"
	"io"
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
	r.flow = &flow{b: &r.main}
	if named, err := a.Read("styles.xml"); err == nil {
		_ = r.styles.add(ctx, named) // a text without its styles is read all the same
	}
	if err := r.styles.add(ctx, text); err != nil {
		return doc, err
	}
	r.main.Place("p. 1")
	d := archive.Decoder(text)
	for !r.main.Full() && !r.notes[0].Full() && !r.notes[1].Full() {
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
				r.chars(string(t))
			}
		}
		if err != nil {
			return doc, err
		}
	}
	if err := r.addNotes(); err != nil {
		return doc, err
	}
	doc, err = r.main.Done(a.Text("meta.xml", "title"))
	if r.page == 1 {
		doc.Sections = unplaced(doc.Sections)
	}
	return doc, err
}

// unplaced removes the place of the first section: a file that does not show where its pages end is not a file of one page.
func unplaced(sections []retriever.Section) []retriever.Section {
	if len(sections) > 0 && sections[0].Place == "p. 1" {
		if sections[0].Place = ""; sections[0].Level == 0 {
			return sections[1:]
		}
	}
	return sections
}
