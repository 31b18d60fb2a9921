package all

import (
	"archive/zip"
	"bytes"
	"context"
	"fmt"
	"io"
	"runtime"
	"runtime/debug"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/ragft/ragft/retriever"
	"github.com/ragft/ragft/retriever/format"
)

// readFile reads one file and returns how long that took and how much more memory was in use meanwhile: garbage is collected often,
// so that this is what the reader holds.
func readFile(t *testing.T, name, data string) (doc retriever.Document, took time.Duration, peak uint64, err error) {
	t.Helper()
	r := format.Find(name, []byte(data[:min(len(data), 8<<10)]))
	require.NotNil(t, r, name)
	defer debug.SetGCPercent(debug.SetGCPercent(25))
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	before := m.HeapInuse
	ctx, cancel := context.WithCancel(t.Context())
	var most atomic.Uint64
	watched := make(chan struct{})
	go func() {
		defer close(watched)
		for ctx.Err() == nil {
			runtime.ReadMemStats(&m)
			most.Store(max(most.Load(), m.HeapInuse))
			time.Sleep(5 * time.Millisecond)
		}
	}()
	start := time.Now()
	doc, err = r.Read(t.Context(), name, data)
	took = time.Since(start)
	cancel()
	<-watched
	if most.Load() > before {
		peak = most.Load() - before
	}
	return doc, took, peak, err
}

// skipped is the reason for which a file is not read.
func skipped(t *testing.T, name string, err error) retriever.Skip {
	t.Helper()
	var skip retriever.Skip
	require.ErrorAs(t, err, &skip, name)
	return skip
}

// locked is a PDF that needs a password: the check of the empty one fails.
func locked(pages ...[]string) string {
	const encrypt = "/Encrypt<</Filter/Standard/V 1/R 2/P -44/O<%064x>/U<%064x>>>/ID[<%032x><%032x>]"
	return strings.Replace(pdf("", pages...), "/Root", fmt.Sprintf(encrypt, 1, 2, 3, 3)+"/Root", 1)
}

// A PDF that cannot be read says why, and how many of its pages have no text.
func TestPDFWithoutText(t *testing.T) {
	text, picture := []string{"11 The pilot of Selby is Fay Horn."}, []string{"/"}
	for name, c := range map[string]struct {
		data   string
		reason retriever.SkipReason
		detail string
	}{
		"locked.pdf": {locked(text, text, text), retriever.SkipEncrypted, "it needs a password; 3 pages without text"},
		"one.pdf":    {locked(text), retriever.SkipEncrypted, "it needs a password; 1 page without text"},
		"scan.pdf":   {pdf("", picture, picture, picture, picture), retriever.SkipScanned, "4 of 4 pages have no text"},
	} {
		_, _, _, err := readFile(t, name, c.data)
		require.Equal(t, retriever.Skip{Reason: c.reason, Detail: c.detail}, skipped(t, name, err), name)
	}
	doc, _, _, err := readFile(t, "part.pdf", pdf("", picture, text, picture))
	require.NoError(t, err)
	require.Equal(t, "2 of 3 pages have no text", doc.Missing)
	require.Contains(t, doc.Text, "Fay Horn")
}

// workbook is an XLSX file whose sheet and other parts are given as XML.
func workbook(t *testing.T, sheet func(io.Writer), parts ...string) string {
	t.Helper()
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	part := func(name string, write func(io.Writer)) {
		w, err := z.Create(name)
		require.NoError(t, err)
		write(w)
	}
	const main = `xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main" ` +
		`xmlns:r="http://schemas.openxmlformats.org/officeDocument/2006/relationships"`
	text := func(s string) func(io.Writer) {
		return func(w io.Writer) { _, _ = io.WriteString(w, s) } // a buffer takes everything
	}
	part("[Content_Types].xml", text(`<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types">`+
		`<Override PartName="/xl/workbook.xml" `+
		`ContentType="application/vnd.openxmlformats-officedocument.spreadsheetml.sheet.main+xml"/></Types>`))
	part("_rels/.rels", text(fmt.Sprintf(rels, relation("r1", "officeDocument", "xl/workbook.xml"))))
	part("xl/workbook.xml",
		text(`<workbook `+main+`><sheets><sheet name="Cells" sheetId="1" r:id="r1"/></sheets></workbook>`))
	part("xl/_rels/workbook.xml.rels", text(fmt.Sprintf(rels, relation("r1", "worksheet", "worksheets/sheet1.xml")+
		relation("r2", "sharedStrings", "sharedStrings.xml")+relation("r3", "styles", "styles.xml"))))
	part("xl/worksheets/sheet1.xml", func(w io.Writer) {
		text(`<worksheet ` + main + `><sheetData>`)(w)
		sheet(w)
		text(`</sheetData></worksheet>`)(w)
	})
	for i := 0; i+1 < len(parts); i += 2 {
		part(parts[i], text(parts[i+1]))
	}
	require.NoError(t, z.Close())
	return b.String()
}

// rows writes rows of cells.
func rows(n, columns int, cell string) func(io.Writer) {
	return func(w io.Writer) {
		for i := range n {
			fmt.Fprintf(w, `<row r="%d">%s</row>`, i+1, strings.Repeat(cell, columns))
		}
	}
}

// A million cells are read within the time that a file may take, and within 600 MB: it takes some seconds of a core and about
// 230 MB, see the log.
func TestMillionCells(t *testing.T) {
	data := workbook(t, func(w io.Writer) {
		for row := range 10_000 {
			fmt.Fprintf(w, `<row r="%d">`, row+1)
			for column := range 100 {
				fmt.Fprintf(w, `<c><v>%d</v></c>`, row*100+column)
			}
			io.WriteString(w, `</row>`)
		}
	})
	doc, took, peak, err := readFile(t, "cells.xlsx", data)
	require.NoError(t, err)
	t.Logf("a million cells, %d kB, %d MB of text: %v, %d MB", len(data)>>10, len(doc.Text)>>20, took.Round(time.Millisecond), peak>>20)
	require.Contains(t, doc.Text, "99: 999999")
	require.Empty(t, doc.Missing)
	require.Less(t, peak, uint64(600<<20))
}

// Workbooks that are small and would be very large are refused, or read in part, within the same bounds.
func TestSpreadsheetBombs(t *testing.T) {
	const shared, styles = "xl/sharedStrings.xml", "xl/styles.xml"
	long := strings.Repeat("a", 1<<20)
	for name, data := range map[string]string{
		"zeros.xlsx": workbook(t, func(w io.Writer) {
			for range 300 {
				w.Write(make([]byte, 1<<20))
			}
		}),
		"shared.xlsx": workbook(t, rows(100, 16384, `<c t="s"><v>0</v></c>`), shared, `<sst><si><t>`+long+`</t></si></sst>`),
		"rich.xlsx": workbook(t, rows(1, 16384, `<c t="s"><v>0</v></c>`), shared,
			`<sst><si>`+strings.Repeat(`<r><t>`+long[:1000]+`</t></r>`, 1000)+`</si></sst>`),
		"format.xlsx": workbook(t, rows(100, 16384, `<c s="1"><v>1</v></c>`), styles, `<styleSheet><numFmts><numFmt numFmtId="200" formatCode="0`+
			`&quot;`+long+`&quot;"/></numFmts><cellXfs><xf/><xf numFmtId="200" applyNumberFormat="1"/></cellXfs></styleSheet>`),
	} {
		_, took, peak, err := readFile(t, name, data)
		t.Logf("%s, %d kB: %v; %v, %d MB", name, len(data)>>10, err, took.Round(time.Millisecond), peak>>20)
		require.Equal(t, retriever.SkipLimit, skipped(t, name, err).Reason, name)
		require.Less(t, peak, uint64(600<<20), name)
	}
	header := func(w io.Writer) {
		fmt.Fprintf(w, `<row r="1"><c t="str"><v>%s</v></c><c t="str"><v>b</v></c></row>`, long)
		rows(1000, 2, `<c><v>1</v></c>`)(w)
	}
	for name, data := range map[string]string{
		"header.xlsx": workbook(t, header), // whose name would stand in every row
		"wide.xlsx":   workbook(t, rows(1000, 1, `<c r="XFD1"><v>1</v></c>`)),
		"tall.xlsx":   workbook(t, func(w io.Writer) { io.WriteString(w, `<row r="1048576"><c><v>1</v></c></row>`) }),
	} {
		doc, took, peak, err := readFile(t, name, data)
		t.Logf("%s: %v, %q; %v, %d MB", name, err, doc.Missing, took.Round(time.Millisecond), peak>>20)
		require.Less(t, len(doc.Text), 8<<20, name)
		require.Less(t, peak, uint64(600<<20), name)
	}
}
