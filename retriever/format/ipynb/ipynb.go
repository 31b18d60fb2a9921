// Package ipynb reads Jupyter notebooks: their text, code and printed results. Importing
// the package registers the format.
package ipynb

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/ragft/ragft/internal/charsets"
	"github.com/ragft/ragft/internal/frontmatter"
	"github.com/ragft/ragft/retriever"
	"github.com/ragft/ragft/retriever/format"
)

func init() {
	format.Register(format.Format{Name: "notebook", Extensions: []string{".ipynb"}, Reader: reader{}})
}

// lines is a text, or a list of lines.
type lines string

func (l *lines) UnmarshalJSON(data []byte) error {
	var b strings.Builder
	err := elements(data, func(d *json.Decoder) error {
		var line string
		err := d.Decode(&line)
		b.WriteString(line)
		return err
	})
	if errors.Is(err, errNoList) {
		return json.Unmarshal(data, (*string)(l))
	}
	*l = lines(b.String())
	return err
}

var errNoList = errors.New("not a list")

// elements calls do for each element of a list, one at a time: millions of empty ones take a few bytes in the file and a
// hundred times as much as a slice.
func elements(data []byte, do func(*json.Decoder) error) error {
	d := json.NewDecoder(bytes.NewReader(data))
	if start, err := d.Token(); err != nil || start != json.Delim('[') {
		return errors.Join(errNoList, err)
	}
	for d.More() {
		if err := do(d); err != nil {
			return err
		}
	}
	return nil
}

type cell struct {
	Type    string  `json:"cell_type"`
	Source  lines   `json:"source"`
	Input   lines   `json:"input"` // of format 3
	Level   level   `json:"level"` // of a heading in format 3
	Outputs outputs `json:"outputs"`
}

type reader struct{}

func (reader) Read(ctx context.Context, _, data string) (doc retriever.Document, err error) {
	b := book{ctx: ctx, d: json.NewDecoder(bytes.NewReader(charsets.Unmarked([]byte(data))))}
	if err := b.object(true); err != nil {
		return doc, err
	}
	if _, err := b.d.Token(); !errors.Is(err, io.EOF) {
		return doc, errors.New("text after the notebook")
	}
	return b.out.Done(b.title)
}

// book reads the cells of a notebook one after another.
type book struct {
	ctx   context.Context
	d     *json.Decoder
	out   format.Builder
	cells int
	title string
}

// object reads the notebook, or a worksheet of one of format 3.
func (b *book) object(whole bool) error {
	start, err := b.d.Token()
	if err != nil {
		return err
	}
	if start != json.Delim('{') {
		return errors.New("not an object")
	}
	for b.d.More() {
		key, err := b.d.Token()
		if err != nil {
			return err
		}
		switch {
		case key == "cells":
			err = b.list(b.cell)
		case key == "worksheets" && whole:
			err = b.list(func() error { return b.object(false) })
		default:
			var other json.RawMessage
			err = b.d.Decode(&other)
		}
		if err != nil {
			return err
		}
	}
	_, err = b.d.Token()
	return err
}

// list reads a list, which may be null.
func (b *book) list(element func() error) error {
	start, err := b.d.Token()
	if err != nil || start == nil {
		return err
	}
	if start != json.Delim('[') {
		return errNoList
	}
	for b.d.More() {
		if err := b.ctx.Err(); err != nil {
			return err
		}
		if err := element(); err != nil {
			return err
		}
	}
	_, err = b.d.Token()
	return err
}

// cell reads a cell and adds its text.
func (b *book) cell() error {
	var c cell
	if err := b.d.Decode(&c); err != nil || b.out.Full() {
		return err
	}
	b.cells++
	b.out.Place(fmt.Sprintf("cell %d", b.cells))
	text := strings.TrimSpace(string(c.Source + c.Input))
	whole, front := text, 0
	if b.cells == 1 && (c.Type == "markdown" || c.Type == "raw") {
		front, b.title = frontmatter.Find(text)
		text = text[front:]
	}
	switch c.Type {
	case "heading":
		b.title = cmp.Or(b.title, text)
		b.out.Heading(int(c.Level), text)
		return nil
	case "markdown":
		sections := retriever.MarkdownSections(whole)
		for i := range sections {
			sections[i].Start -= front
		}
		if b.title == "" && len(sections) > 0 {
			b.title = sections[0].Heading
		}
		b.out.Document(retriever.Document{Text: text, Sections: sections}, "", 0)
		return nil
	}
	b.out.Paragraph(text)
	for _, o := range c.Outputs {
		b.out.Paragraph(o)
	}
	return nil
}
