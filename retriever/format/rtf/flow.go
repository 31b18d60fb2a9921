package rtf

import (
	"strings"

	"github.com/ragft/ragft/retriever/format"
)

// flow is a text of paragraphs: that of the document, or that of its notes.
type flow struct {
	b     format.Builder
	text  strings.Builder // of the paragraph
	level int             // of a heading
	item  bool            // of a list
	cells []string
	cell  strings.Builder
}

func (f *flow) add(text string, level int) {
	f.text.WriteString(text)
	if strings.TrimSpace(text) != "" {
		f.level = level
	}
}

// end ends a paragraph. In a table it belongs to the cell.
func (f *flow) end(table bool) {
	text := f.text.String()
	f.text.Reset()
	level, item := f.level, f.item
	f.level, f.item = 0, false
	if table {
		f.cell.WriteString(" " + text)
		return
	}
	f.endRow()
	switch {
	case level > 0:
		f.b.Heading(level, text)
	case item:
		if text = strings.TrimSpace(text); text != "" {
			f.b.Line("- " + text)
		}
	default:
		f.b.Paragraph(text)
	}
}

func (f *flow) endCell() {
	f.end(true)
	f.cells = append(f.cells, format.OneLine(f.cell.String()))
	f.cell.Reset()
}

// endRow writes the cells of a row as a line.
func (f *flow) endRow() {
	if strings.TrimSpace(f.cell.String()) != "" {
		f.cells = append(f.cells, format.OneLine(f.cell.String()))
	}
	f.cell.Reset()
	if row := strings.Join(f.cells, " | "); strings.Trim(row, " |") != "" {
		f.b.Line(row)
	}
	f.cells = nil
}
