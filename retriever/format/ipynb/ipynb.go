// Package ipynb reads Jupyter notebooks: their text, code and printed results. Importing
// the package registers the format.
package ipynb

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"

	"github.com/ragft/ragft/internal/charsets"
	"github.com/ragft/ragft/retriever"
	"github.com/ragft/ragft/retriever/format"
)

func init() {
	format.Register(format.Format{Name: "notebook", Extensions: []string{".ipynb"}, Reader: reader{}})
}

// maxOutput is how much of a printed result is kept, in bytes.
const maxOutput = 2000

// lines is a text, or a list of lines.
type lines string

func (l *lines) UnmarshalJSON(data []byte) error {
	var list []string
	if json.Unmarshal(data, &list) == nil {
		*l = lines(strings.Join(list, ""))
		return nil
	}
	return json.Unmarshal(data, (*string)(l))
}

type cell struct {
	Type    string `json:"cell_type"`
	Source  lines  `json:"source"`
	Input   lines  `json:"input"` // of format 3
	Outputs []struct {
		Text lines `json:"text"`
		Data struct {
			Plain lines `json:"text/plain"`
		} `json:"data"`
	} `json:"outputs"`
}

type reader struct{}

func (reader) Read(ctx context.Context, _, data string) (doc retriever.Document, err error) {
	var book struct {
		Cells      []cell
		Worksheets []struct{ Cells []cell }
	}
	if err := json.Unmarshal(charsets.Unmarked([]byte(data)), &book); err != nil {
		return doc, err
	}
	cells := book.Cells
	for _, sheet := range book.Worksheets {
		cells = append(cells, sheet.Cells...)
	}
	var b format.Builder
	title := ""
	for i, c := range cells {
		if err := ctx.Err(); err != nil {
			return doc, err
		}
		b.Place(fmt.Sprintf("cell %d", i+1))
		text := strings.TrimSpace(string(c.Source + c.Input))
		if c.Type == "markdown" {
			sections := retriever.MarkdownSections(text)
			if title == "" && len(sections) > 0 {
				title = sections[0].Heading
			}
			b.Document(retriever.Document{Text: text, Sections: sections}, "", 0)
			continue
		}
		b.Paragraph(text)
		for _, o := range c.Outputs {
			out := strings.TrimSpace(string(o.Text + o.Data.Plain))
			b.Paragraph(strings.ToValidUTF8(out[:min(len(out), maxOutput)], ""))
		}
	}
	return b.Done(title)
}
