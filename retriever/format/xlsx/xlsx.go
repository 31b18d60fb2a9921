// Package xlsx reads the workbooks of Excel (Office Open XML, ISO/IEC 29500) with
// excelize. Each row becomes a line in which the header of the column stands before
// each value, so that a passage can be read by itself. Importing the package registers
// the format.
package xlsx

import (
	"context"
	"fmt"
	"strings"

	"github.com/xuri/excelize/v2"

	"github.com/ragft/ragft/internal/archive"
	"github.com/ragft/ragft/internal/plural"
	"github.com/ragft/ragft/retriever"
	"github.com/ragft/ragft/retriever/format"
)

func init() {
	format.Register(format.Format{Name: "XLSX", Extensions: []string{".xlsx", ".xlsm", ".xltx"}, Reader: reader{}})
}

const (
	maxUnpacked = 256 << 20 // bytes of the archive
	maxInMemory = 16 << 20  // bytes of a part; larger ones go to a temporary file
	maxCells    = 2_000_000
	blockWords  = 120 // rows of a place have about this many words
	blockBytes  = 64 << 10
	maxHeader   = 200 // bytes of a column's name that are repeated in each row
)

type reader struct{}

func (reader) Read(ctx context.Context, _, data string) (doc retriever.Document, err error) {
	a, err := archive.Open(data)
	if err != nil {
		return doc, err
	}
	if err := checkText(ctx, a); err != nil {
		return doc, err
	}
	f, err := excelize.OpenReader(strings.NewReader(data), excelize.Options{
		UnzipSizeLimit: maxUnpacked, UnzipXMLSizeLimit: maxInMemory,
		ShortDatePattern: "yyyy-mm-dd", // 03-02-26 by default, which has two digits of the year and is read in either order
	})
	if err != nil {
		if strings.Contains(err.Error(), "unzip size exceeds") {
			err = retriever.Skip{Reason: retriever.SkipLimit, Detail: fmt.Sprintf("it is larger than %d MB unpacked", maxUnpacked>>20)}
		}
		return doc, err
	}
	defer f.Close()
	w := writer{ctx: ctx}
	for _, sheet := range f.GetSheetList() {
		if err := w.sheet(f, sheet); err != nil {
			return doc, err
		}
	}
	title := ""
	if props, err := f.GetDocProps(); err == nil {
		title = props.Title
	}
	doc, err = w.b.Done(title)
	doc.Missing = w.missing()
	return doc, err
}

// writer writes the rows of all sheets.
type writer struct {
	ctx   context.Context
	b     format.Builder
	cells int
	last  string // the last place
	lost  int    // sheets that could not be read
	why   string // the first of them was not
}

// missing says what of the workbook was not read.
func (w *writer) missing() string {
	var parts []string
	if w.lost > 0 {
		parts = append(parts, fmt.Sprintf("%s could not be read: %s", plural.N(w.lost, "sheet"), w.why))
	}
	if w.cells > maxCells {
		parts = append(parts, fmt.Sprintf("only the first %d cells were read, up to %s", maxCells, w.last))
	}
	return strings.Join(parts, "; ")
}

func (w *writer) sheet(f *excelize.File, name string) error {
	rows, err := f.Rows(name)
	if err != nil {
		if w.lost++; w.lost == 1 { // excelize has no rows of a sheet whose name Excel would not allow
			w.why = fmt.Sprintf("%q: %v", strings.ToValidUTF8(name[:min(len(name), maxHeader)], ""), err)
		}
		return nil
	}
	defer rows.Close()
	var header, block []string
	first, words, size, headed := 0, 0, 0, false
	flush := func(last int) {
		if len(block) == 0 {
			return
		}
		if w.last = fmt.Sprintf("sheet %s, rows %d-%d", name, first, last); first == last {
			w.last = fmt.Sprintf("sheet %s, row %d", name, first)
		}
		w.b.Place(w.last)
		if !headed {
			w.b.Heading(1, name)
			headed = true
		}
		w.b.Paragraph(strings.Join(block, "\n"))
		block, words, size = nil, 0, 0
	}
	number, last := 0, 0
	for rows.Next() && w.cells <= maxCells && !w.b.Full() {
		number++
		if err := w.ctx.Err(); err != nil {
			return err
		}
		cells, err := rows.Columns()
		if err != nil {
			return err
		}
		w.cells += len(cells) + 1
		line := row(header, cells)
		if line == "" {
			continue
		}
		if header == nil && isHeader(cells) {
			header = headerOf(cells)
			line = row(nil, cells)
		}
		n := len(strings.Fields(line))
		if words+n > blockWords || size+len(line) > blockBytes {
			flush(last)
		}
		if len(block) == 0 {
			first = number
		}
		block, words, size, last = append(block, line), words+n, size+len(line), number
	}
	flush(last)
	return rows.Error()
}

// isHeader reports whether the first row with text names the columns: it has several
// cells.
func isHeader(cells []string) bool {
	n := 0
	for _, c := range cells {
		if strings.TrimSpace(c) != "" {
			n++
		}
	}
	return n > 1
}

// headerOf returns the names of the columns, cut where they are long.
func headerOf(cells []string) (names []string) {
	for _, c := range cells {
		if c = format.OneLine(c); len(c) > maxHeader {
			c = strings.ToValidUTF8(c[:maxHeader], "") + "…"
		}
		names = append(names, c)
	}
	return names
}

// row joins the cells that have text, each behind its header.
func row(header, cells []string) string {
	var parts []string
	for i, c := range cells {
		if c = format.OneLine(c); c == "" {
			continue
		}
		if i < len(header) && header[i] != "" {
			c = header[i] + ": " + c
		}
		parts = append(parts, c)
	}
	return strings.Join(parts, " | ")
}
