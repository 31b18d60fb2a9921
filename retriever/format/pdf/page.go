package pdf

import (
	"strings"

	"github.com/klippa-app/go-pdfium/requests"
)

// page is the text of one page.
type page struct {
	lines   []line
	objects int // of any kind
	bytes   int
	broken  bool // it could not be read
}

// line is one line of a page, in points from the bottom.
type line struct {
	text        string
	top, bottom float32
}

func (l line) height() float32 { return l.top - l.bottom }

// readPage reads a page. Where PDFium misses blanks, wide gaps between characters count as such.
func readPage(f file, index int) (p page, err error) {
	instance := f.instance
	loaded, err := instance.FPDF_LoadPage(&requests.FPDF_LoadPage{Document: f.document, Index: index})
	if err != nil {
		return p, err
	}
	defer instance.FPDF_ClosePage(&requests.FPDF_ClosePage{Page: loaded.Page}) //nolint:errcheck // closing the instance frees it too
	ref := requests.Page{ByReference: &loaded.Page}
	objects, err := instance.FPDFPage_CountObjects(&requests.FPDFPage_CountObjects{Page: ref})
	if err != nil {
		return p, err
	}
	p.objects = objects.Count
	text, err := instance.FPDFText_LoadPage(&requests.FPDFText_LoadPage{Page: ref})
	if err != nil {
		return p, err
	}
	defer instance.FPDFText_ClosePage(&requests.FPDFText_ClosePage{TextPage: text.TextPage}) //nolint:errcheck // as above
	chars, err := instance.FPDFText_CountChars(&requests.FPDFText_CountChars{TextPage: text.TextPage})
	if err != nil || chars.Count <= 0 {
		return p, err
	}
	got, err := instance.FPDFText_GetText(&requests.FPDFText_GetText{TextPage: text.TextPage, StartIndex: 0, Count: chars.Count})
	if err != nil {
		return p, err
	}
	p.bytes = len(got.Text)
	at := 0 // in UTF-16 units, by which PDFium counts
	for raw := range strings.Lines(got.Text) {
		first := at + units(raw[:len(raw)-len(strings.TrimLeft(raw, " \t\u00a0"))])
		whole := raw
		if f.gaps {
			whole = separated(instance, text.TextPage, raw, at)
		}
		at += units(raw)
		l := line{text: strings.TrimRight(strings.TrimSpace(whole), "\x00")}
		if l.text == "" {
			continue
		}
		box, err := instance.FPDFText_GetLooseCharBox(&requests.FPDFText_GetLooseCharBox{TextPage: text.TextPage, Index: first})
		if err == nil {
			l.top, l.bottom = max(box.Rect.Top, box.Rect.Bottom), min(box.Rect.Top, box.Rect.Bottom)
		}
		p.lines = append(p.lines, l)
	}
	return p, nil
}

// units counts the UTF-16 units of a text.
func units(s string) (n int) {
	for _, r := range s {
		if n++; r > 0xffff {
			n++
		}
	}
	return n
}
